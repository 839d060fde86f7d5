#include <troupe/stream.hpp>

#include "support/sockets.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using troupe::coro;
using troupe::create_task;

// With many connections that wait the loop lets them look for data themselves
// before it looks at its sockets.

namespace {

constexpr std::size_t many = 24;

coro<std::vector<linked>> link_many(plain_listener& listener) {
  std::vector<linked> all;
  for (std::size_t i = 0; i < many; ++i)
    all.push_back(co_await link_to(listener));
  co_return all;
}

coro<std::string> read_to_end(troupe::stream_reader reader) {
  co_return co_await reader.read();
}

coro<std::string> read_exactly(troupe::stream_reader reader,
                               std::size_t count) {
  co_return co_await reader.readexactly(count);
}

// A connection whose peer says a text bit by bit, and what was read of it.
class speaker {
public:
  explicit speaker(linked to, std::size_t number)
    : to_(std::move(to)),
      text_(std::to_string(number) + ":" + counting_pattern(2'000)),
      rest_(text_) {}

  void say(std::size_t size) {
    size = std::min(size, rest_.size());
    to_.peer.send(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }

  coro<void> listen(unsigned dice) {
    if (reading_ && reading_->done())
      co_await hear();
    if (!reading_)
      reading_ = create_task(read_somehow(to_.reader, dice));
    else if (dice % 8 == 0)
      reading_->cancel();
  }

  coro<void> end() {
    say(rest_.size());
    to_.peer.finish();
    if (reading_) {
      reading_->cancel();
      co_await hear();
    }
    got_ += co_await to_.reader.read();
    co_await close_and_wait(to_.writer);
  }

  bool heard_all() const {
    return got_ == text_;
  }

private:
  coro<void> hear() {
    try {
      got_ += co_await *reading_;
    } catch (const troupe::cancelled_error&) {
    }
    reading_.reset();
  }

  linked to_;
  std::string text_;
  std::string_view rest_;
  std::string got_;
  std::optional<troupe::task<std::string>> reading_;
};

} // namespace

TEST_CASE("stream: of many that wait, each gets its data, in any order",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    plain_listener listener{how.family, 64};
    std::vector<std::string> got(many);
    troupe::run(
      [&]() -> coro<void> {
        auto all = co_await link_many(listener);
        std::vector<troupe::task<std::string>> reads;
        for (auto& each : all)
          reads.push_back(create_task(read_exactly(each.reader, 4)));
        co_await turns(3);
        for (std::size_t i = many; i-- > 0;) {
          all[i].peer.send("half");
          got[i] = co_await reads[i];
        }
        for (auto& each : all)
          each.writer.close();
      },
      how.options);
    CHECK(got == std::vector<std::string>(many, "half"));
  });
}

TEST_CASE("stream: many that speak at once, bit by bit, are each heard whole",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    plain_listener listener{how.family, 64};
    std::vector<std::unique_ptr<speaker>> all;
    troupe::run(
      [&]() -> coro<void> {
        auto links = co_await link_many(listener);
        for (auto& link : links)
          all.push_back(std::make_unique<speaker>(std::move(link), all.size()));
        for (int round = 0; round < 200; ++round) {
          for (auto& each : all) {
            if (random() % 4 == 0)
              each->say(random() % 40);
            co_await each->listen(random());
            if (random() % 2 == 0)
              each->say(random() % 20);
          }
          co_await turns(static_cast<int>(random() % 3));
        }
        for (auto& each : all)
          co_await each->end();
      },
      how.options);
    CHECK(std::all_of(all.begin(), all.end(),
                      [](auto& each) { return each->heard_all(); }));
  });
}

TEST_CASE("stream: of many that wait, each is told of its end or its loss",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    plain_listener listener{how.family, 64};
    std::size_t ended = 0;
    std::size_t lost = 0;
    troupe::run(
      [&]() -> coro<void> {
        auto all = co_await link_many(listener);
        std::vector<troupe::task<std::string>> reads;
        for (auto& each : all)
          reads.push_back(create_task(read_to_end(each.reader)));
        co_await turns(1);
        all[0].peer.finish();
        CHECK(co_await reads[0] == ""); // half of the others asked by now
        for (std::size_t i = 1; i < many; ++i) {
          all[i].peer.send("end");
          if (i % 2 == 0)
            all[i].peer.finish();
          else
            all[i].peer.reset();
        }
        for (auto& read : reads)
          try {
            std::string text = co_await read;
            ended += text == "end" ? 1 : 0;
          } catch (const std::system_error& e) {
            lost += e.code().value() == ECONNRESET ? 1 : 0;
          }
        for (auto& each : all)
          each.writer.close();
      },
      how.options);
    CHECK(ended == many / 2 - 1);
    CHECK(lost == many / 2);
  });
}

TEST_CASE("stream: many that always have data let a new one in",
          "[stream][server][threads]") {
  for_each_setting([](setting how) {
    std::string got;
    std::atomic<std::size_t> rounds{0};
    troupe::run(
      [&]() -> coro<void> {
        auto server = co_await troupe::start_server(
          [](troupe::stream_reader reader,
             troupe::stream_writer writer) -> coro<void> {
            while (auto line = co_await reader.next()) {
              writer.write(*line);
              co_await writer.drain();
            }
            writer.close();
          },
          how.host(), 0);
        auto port = server.sockets()[0].getsockname().port;
        std::vector<troupe::task<>> busy;
        for (std::size_t i = 0; i < many; ++i)
          busy.push_back(create_task([&]() -> coro<void> {
            auto [reader, writer]
              = co_await troupe::open_connection(how.host(), port);
            for (;;) {
              writer.write("again\n");
              co_await reader.readline();
              ++rounds;
            }
          }));
        co_await reached([&] { return rounds > 20 * many; });
        auto [reader, writer]
          = co_await troupe::open_connection(how.host(), port);
        writer.write("new\n");
        got = co_await reader.readline();
        co_await close_and_wait(writer);
        for (auto& each : busy)
          each.cancel();
        for (auto& each : busy)
          try {
            co_await each;
          } catch (const troupe::cancelled_error&) {
          }
        server.close();
        server.close_clients();
        co_await server.wait_closed();
      },
      how.options);
    CHECK(got == "new\n");
  });
}
