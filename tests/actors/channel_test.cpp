// Items between tasks, until the channel is closed.

#include <troupe/channel.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> send_all(channel<int> out, std::vector<int> items, bool closes) {
  for (int x : items)
    co_await out.send(x);
  if (closes)
    out.close();
}

coro<void> collect(channel<int> in, record<int>& got) {
  while (auto x = co_await in.next())
    got.add(*x);
}

coro<bool> sending(channel<int> x, std::size_t count) {
  return reached([x, count] { return x.statistics().sending == count; });
}

coro<bool> receiving(channel<int> x, std::size_t count) {
  return reached([x, count] { return x.statistics().receiving == count; });
}

} // namespace

TEST_CASE("channel: carries items in their order until it is closed",
          "[channel][threads]") {
  for_each_worker_count([](run_options options) {
    for (int capacity : {0, 1, 3}) {
      INFO("capacity " << capacity);
      record<int> got;
      run(
        [&]() -> coro<void> {
          channel<int> items{capacity};
          auto reader = create_task(collect(items, got));
          auto writer = create_task(send_all(items, {1, 2, 3, 4, 5}, true));
          co_await writer;
          co_await reader;
        },
        options);

      CHECK(got.all() == std::vector{1, 2, 3, 4, 5});
    }
  });
}

TEST_CASE("channel: without capacity a sender waits for a receiver",
          "[channel][threads]") {
  for_each_worker_count([](run_options options) {
    std::string text;
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        channel<int> items{0, "items"};
        got.push_back(items.try_send(0));
        auto one = create_task(send_all(items, {1}, false));
        co_await sending(items, 1);
        auto two = create_task(send_all(items, {2}, false));
        co_await sending(items, 2);
        text = to_string(items);
        got.push_back(one.done());
        got.push_back(co_await items.receive());
        got.push_back(items.try_receive().value_or(-1));
        got.push_back(items.try_receive().value_or(-1));
        co_await one;
        co_await two;
      },
      options);

    CHECK(text == "<channel 'items' 0 of 0 items, 2 sending>");
    CHECK(got == std::vector{0, 0, 1, 2, -1});
  });
}

TEST_CASE("channel: items can be sent ahead up to the capacity",
          "[channel][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        channel<int> items{2};
        co_await items.send(1);
        got.push_back(items.try_send(2));
        got.push_back(items.try_send(3));
        auto more = create_task(send_all(items, {3}, false));
        co_await sending(items, 1);
        for (int i = 0; i < 3; ++i)
          got.push_back(co_await items.receive());
        co_await more;
        got.push_back(static_cast<int>(items.capacity()));
      },
      options);

    CHECK(got == std::vector{1, 0, 1, 2, 3, 2});
  });
}

TEST_CASE("channel: an item goes to a receiver that waits, not to who tries",
          "[channel]") {
  std::vector<int> seen;
  run([&]() -> coro<void> {
    channel<int> items;
    record<int> got;
    auto reader = create_task(collect(items, got));
    co_await receiving(items, 1);
    seen.push_back(items.try_send(1));
    seen.push_back(items.try_send(2)); // nobody else waits
    seen.push_back(items.try_receive().has_value());
    co_await reached([&] { return got.size() == 1; });
    items.close();
    co_await reader;
    seen.push_back(got.all().at(0));
  });

  CHECK(seen == std::vector{1, 0, 0, 1});
}

TEST_CASE("channel: closing turns senders away, and receivers once it is empty",
          "[channel][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> ends;
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        channel<int> items{1, "items"};
        items.close();
        items.close();
        ends.push_back(co_await ending_of(items.send(1)));
        ends.push_back(co_await ending_of(items.receive()));
        ends.push_back(text_of_error([&] { items.try_send(1); }));
        ends.push_back(text_of_error([&] { items.try_receive(); }));
        got.push_back(items.closed());

        channel<int> full{1};
        co_await full.send(7);
        auto sender = create_task(send_all(full, {8}, false));
        co_await sending(full, 1);
        full.close();
        ends.push_back(co_await ending_of(sender));
        got.push_back(co_await full.receive());
        got.push_back((co_await full.next()).has_value());

        channel<int> empty;
        auto reader = create_task(ending_of(empty.receive()));
        co_await receiving(empty, 1);
        empty.close();
        ends.push_back(co_await reader);
      },
      options);

    CHECK(ends
          == std::vector<std::string>{
            "send to <channel 'items' 0 of 1 items, closed>; stop when it is "
            "closed",
            "receive from <channel 'items' 0 of 1 items, closed>; stop when it "
            "is closed",
            "send to <channel 'items' 0 of 1 items, closed>; stop when it is "
            "closed",
            "receive from <channel 'items' 0 of 1 items, closed>; stop when it "
            "is closed",
            "send to <channel 1 of 1 items, closed>; stop when it is closed",
            "receive from <channel 0 of 0 items, closed>; stop when it is "
            "closed"});
    CHECK(got == std::vector{1, 7, 0});
  });
}

TEST_CASE("channel: a negative capacity is refused", "[channel]") {
  CHECK(text_of_error([] { channel<int>{-1}; })
        == "channel: the capacity is -1; give 0 (a sender waits for a "
           "receiver) or how many items can be sent ahead");
}

TEST_CASE("channel: a cancelled send sends nothing", "[channel][threads]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool found = true;
    run(
      [&]() -> coro<void> {
        channel<int> items;
        auto sender = create_task(send_all(items, {1}, false));
        co_await sending(items, 1);
        sender.cancel();
        end = co_await ending_of(sender);
        found = items.try_receive().has_value();
      },
      options);

    CHECK(end == "cancelled");
    CHECK_FALSE(found);
  });
}

TEST_CASE("channel: a send whose item was taken has happened, and the "
          "cancellation comes later",
          "[channel]") {
  std::vector<std::string> seen;
  run([&]() -> coro<void> {
    channel<std::string> items;
    auto body = [&]() -> coro<void> {
      co_await items.send("item");
      seen.push_back("sent");
      co_await sleep(0s);
      seen.push_back("not reached");
    };
    auto sender = create_task(body);
    co_await reached([&] { return items.statistics().sending == 1; });
    seen.push_back(*items.try_receive());
    sender.cancel();
    seen.push_back(co_await ending_of(sender));
  });

  CHECK(seen == std::vector<std::string>{"item", "sent", "cancelled"});
}

TEST_CASE("channel: what was on its way to a cancelled receiver is kept",
          "[channel]") {
  std::vector<int> got;
  std::string end;
  run([&]() -> coro<void> {
    for (int capacity : {0, 1}) {
      channel<int> items{capacity};
      auto reader = create_task(ending_of(items.receive()));
      co_await receiving(items, 1);
      co_await items.send(capacity);
      reader.cancel();
      end += co_await reader + ';';
      got.push_back(co_await items.receive());
    }
  });

  CHECK(end == "cancelled;cancelled;");
  CHECK(got == std::vector{0, 1});
}

TEST_CASE("channel: carries what can only be moved, and destroys what is left",
          "[channel]") {
  auto counter = std::make_shared<int>(0);
  run([&]() -> coro<void> {
    channel<std::unique_ptr<std::shared_ptr<int>>> items{2};
    auto item = std::make_unique<std::shared_ptr<int>>(counter);
    co_await items.send(std::move(item));
    auto other = std::make_unique<std::shared_ptr<int>>(counter);
    co_await items.send(std::move(other));
    auto third = std::make_unique<std::shared_ptr<int>>(counter);
    CHECK_FALSE(items.try_send(std::move(third)));
    CHECK(third != nullptr);
    auto got = co_await items.receive();
    CHECK(got->use_count() == 4);
  });

  CHECK(counter.use_count() == 1);
}

TEST_CASE("channel: from many to many, each item once", "[channel][threads]") {
  for_each_worker_count([](run_options options) {
    for (int capacity : {0, 1, 8}) {
      INFO("capacity " << capacity);
      std::atomic<long> sum{0};
      std::atomic<int> count{0};
      run(
        [&]() -> coro<void> {
          channel<int> items{capacity};
          auto produce = [&](int first) -> coro<void> {
            for (int i = first; i < first + 500; ++i)
              co_await items.send(i);
          };
          auto consume = [&]() -> coro<void> {
            while (auto x = co_await items.next()) {
              sum += *x;
              ++count;
            }
          };
          std::vector<task<>> producers;
          std::vector<task<>> consumers;
          for (int i = 0; i < 4; ++i) {
            producers.push_back(create_task(produce(i * 500)));
            consumers.push_back(create_task(consume));
          }
          for (auto& each : producers)
            co_await each;
          items.close();
          for (auto& each : consumers)
            co_await each;
        },
        options);

      CHECK(count == 2'000);
      CHECK(sum == 2'000L * 1'999 / 2);
    }
  });
}
