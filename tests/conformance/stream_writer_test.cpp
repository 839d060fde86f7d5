#include <troupe/stream.hpp>

#include "support/sockets.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"

#include <atomic>
#include <string>
#include <vector>

using troupe::connect_options;
using troupe::coro;
using troupe::create_task;
using troupe::water_marks;

namespace {

// More than the system takes from us for a peer that does not read.
const std::string& big_block() {
  static const std::string block = counting_pattern(12 << 20);
  return block;
}

// As `talk`; the peer takes little before it is asked to receive.
template <class F>
void talk_to_slow_peer(const setting& how, F body) {
  talk(how, std::move(body), connect_options{}, 4096);
}

} // namespace

// -- writing ------------------------------------------------------------------

TEST_CASE("stream_writer: what the system does not take is sent later, in "
          "order (fact 399)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    std::size_t waiting = 0;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      std::string_view rest = big_block();
      std::size_t size = 1;
      while (!rest.empty()) {
        to.writer.write(rest.substr(0, size));
        rest.remove_prefix(std::min(size, rest.size()));
        size = size * 3 % 300'007;
      }
      to.writer.write_eof();
      waiting = to.writer.get_write_buffer_size();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    CHECK(waiting > 0);
    CHECK((got == big_block()));
  });
}

TEST_CASE("stream_writer: data behind a buffer joins it and is not sent first "
          "(fact 400)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    std::size_t before = 0;
    std::size_t after = 0;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      to.writer.write(big_block());
      before = to.writer.get_write_buffer_size();
      to.writer.write("the end");
      after = to.writer.get_write_buffer_size();
      got = co_await troupe::to_thread(
        [&] { return to.peer.receive(big_block().size() + 7); });
    });
    CHECK(before > 0);
    CHECK(after > 0);
    CHECK((got == big_block() + "the end"));
  });
}

TEST_CASE("stream_writer: what was written at once needs no buffer",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    std::size_t waiting = 99;
    talk(how, [&](linked& to) -> coro<void> {
      to.writer.write("hello");
      waiting = to.writer.get_write_buffer_size();
      got = co_await troupe::to_thread([&] { return to.peer.receive(5); });
    });
    CHECK(got == "hello");
    CHECK(waiting == 0);
  });
}

TEST_CASE("stream_writer: an empty write does nothing (fact 401)", "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    talk(how, [&](linked& to) -> coro<void> {
      to.writer.write("");
      to.writer.write(std::span<const std::byte>{});
      to.writer.writelines(std::vector<std::string>{});
      co_await to.writer.drain();
      to.writer.close();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    CHECK(got.empty());
  });
}

TEST_CASE("stream_writer: only text and bytes can be written (fact 402)",
          "[stream]") {
  auto writes = []<class T>(std::type_identity<T>) {
    return requires(troupe::stream_writer& out, T& x) { out.write(x); };
  };
  STATIC_REQUIRE(writes(std::type_identity<std::string>{}));
  STATIC_REQUIRE(writes(std::type_identity<const char*>{}));
  STATIC_REQUIRE(writes(std::type_identity<std::vector<std::byte>>{}));
  STATIC_REQUIRE_FALSE(writes(std::type_identity<int>{}));
  STATIC_REQUIRE_FALSE(writes(std::type_identity<std::wstring>{}));
  STATIC_REQUIRE_FALSE(writes(std::type_identity<std::vector<int>>{}));
}

TEST_CASE("stream_writer: bytes are sent as they are", "[stream]") {
  for_each_setting([](setting how) {
    std::string all(256, '\0');
    for (int i = 0; i < 256; ++i)
      all[static_cast<std::size_t>(i)] = static_cast<char>(i);
    std::string got;
    talk(how, [&](linked& to) -> coro<void> {
      to.writer.write(std::as_bytes(std::span{all}));
      got = co_await troupe::to_thread([&] { return to.peer.receive(256); });
    });
    CHECK((got == all));
  });
}

TEST_CASE("stream_writer: pieces are sent in order", "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    talk(how, [&](linked& to) -> coro<void> {
      to.writer.writelines({"one ", "", "two "});
      to.writer.writelines(std::vector<std::string>{"three ", "four "});
      std::vector<std::string_view> views{"five ", "six"};
      to.writer.writelines(views);
      to.writer.write_eof();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    CHECK(got == "one two three four five six");
  });
}

TEST_CASE("stream_writer: pieces that stop in the middle of one keep their "
          "order (fact 407)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    std::size_t waiting = 0;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      std::string_view all = big_block();
      std::vector<std::string_view> pieces{all.substr(0, 10)};
      for (std::size_t at = 10; at < all.size(); at += 1 << 20)
        pieces.push_back(all.substr(at, 1 << 20));
      to.writer.writelines(pieces);
      to.writer.write_eof();
      waiting = to.writer.get_write_buffer_size();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    CHECK(waiting > 0);
    CHECK((got == big_block()));
  });
}

TEST_CASE("stream_writer: thousands of small pieces are sent in one call of "
          "writelines",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    std::string_view all = std::string_view{big_block()}.substr(0, 100'000);
    talk(how, [&](linked& to) -> coro<void> {
      std::vector<std::string_view> pieces;
      for (std::size_t at = 0; at < all.size(); at += 8)
        pieces.push_back(all.substr(at, 8));
      to.writer.writelines(pieces);
      to.writer.write_eof();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    CHECK((got == all));
  });
}

// -- after an error or the end ------------------------------------------------

TEST_CASE("stream_writer: after a send error writes are dropped in silence, "
          "and soon a warning is given (fact 403)",
          "[stream]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::string printed;
    bool threw = false;
    std::size_t waiting = 99;
    {
      captured_standard_error standard_error;
      talk(how, [&](linked& to) -> coro<void> {
        reports.watch(troupe::get_running_loop());
        to.peer.reset();
        (void)co_await failure_of(to.reader.read());
        try {
          for (int i = 0; i < 20; ++i)
            to.writer.write("into the void");
        } catch (...) {
          threw = true;
        }
        waiting = to.writer.get_write_buffer_size();
      });
      printed = standard_error.text();
    }
    CHECK_FALSE(threw);
    CHECK(waiting == 0);
    bool warned = reports.size() > 0 || !printed.empty();
    CHECK(warned);
  });
}

TEST_CASE("stream_writer: what is written while it closes is dropped "
          "(fact 404)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    bool threw = false;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      to.writer.write(big_block());
      to.writer.close();
      try {
        to.writer.write("too late");
        to.writer.writelines({"too", "late"});
      } catch (...) {
        threw = true;
      }
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    CHECK_FALSE(threw);
    CHECK((got == big_block()));
  });
}

TEST_CASE("stream_writer: a write after write_eof throws, one after close is "
          "dropped (fact E20)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::error_code after_eof;
    std::error_code pieces_after_eof;
    std::error_code after_close;
    std::string got;
    talk(how, [&](linked& to) -> coro<void> {
      to.writer.write("all");
      to.writer.write_eof();
      after_eof = error_of([&] { to.writer.write("more"); });
      pieces_after_eof = error_of([&] { to.writer.writelines({"a", "b"}); });
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    talk(how, [&](linked& to) -> coro<void> {
      to.writer.close();
      after_close = error_of([&] {
        to.writer.write("more");
        to.writer.write_eof();
      });
      co_return;
    });
    CHECK(after_eof == troupe::errc::connection_closed);
    CHECK(pieces_after_eof == troupe::errc::connection_closed);
    CHECK(got == "all");
    CHECK(after_close == std::error_code{});
  });
}

TEST_CASE("stream_writer: write_eof ends the sending side once, after the "
          "buffer (fact 409)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    std::string answer;
    bool can = false;
    bool closing = true;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      can = to.writer.can_write_eof();
      to.writer.write(big_block());
      to.writer.write_eof();
      to.writer.write_eof();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
      to.writer.write_eof(); // after it was done
      closing = to.writer.is_closing();
      to.peer.send("still heard");
      to.peer.finish();
      answer = co_await to.reader.read();
    });
    CHECK(can);
    CHECK((got == big_block()));
    CHECK_FALSE(closing);
    CHECK(answer == "still heard");
  });
}

TEST_CASE("stream_writer: the peer's end leaves our side open (fact 388)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string at_end = "?";
    std::string got;
    bool closing = true;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.finish();
      at_end = co_await to.reader.read();
      closing = to.writer.is_closing();
      to.writer.write("one more thing");
      co_await to.writer.drain();
      to.writer.write_eof();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    CHECK(at_end.empty());
    CHECK_FALSE(closing);
    CHECK(got == "one more thing");
  });
}

// -- water marks and drain ----------------------------------------------------

TEST_CASE("stream_writer: the water marks are 16 and 64 KiB, and can be set",
          "[stream]") {
  for_each_setting([](setting how) {
    water_marks usual;
    water_marks chosen;
    bool refused = false;
    talk(how, [&](linked& to) -> coro<void> {
      usual = to.writer.get_write_buffer_limits();
      to.writer.set_write_buffer_limits({.low = 5, .high = 7});
      try {
        to.writer.set_write_buffer_limits({.low = 8, .high = 7});
      } catch (const std::invalid_argument&) {
        refused = true;
      }
      chosen = to.writer.get_write_buffer_limits();
      co_return;
    });
    CHECK(usual.low == 16 * 1024);
    CHECK(usual.high == 64 * 1024);
    CHECK(refused);
    CHECK(chosen.low == 5);
    CHECK(chosen.high == 7);
  });
}

TEST_CASE("stream_writer: drain waits above the high mark until the buffer is "
          "at the low mark",
          "[stream]") {
  for_each_setting([](setting how) {
    for (water_marks marks :
         {water_marks{}, water_marks{0, 0}, water_marks{0, 1000},
          water_marks{3 << 20, 4 << 20}}) {
      bool early = true;
      std::size_t left = 99 << 20;
      std::size_t received = 0;
      talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
        to.writer.set_write_buffer_limits(marks);
        to.writer.write(big_block());
        auto draining = create_task([&]() -> coro<std::size_t> {
          co_await to.writer.drain();
          co_return to.writer.get_write_buffer_size();
        });
        co_await turns(5);
        early = draining.done();
        peer_thread peer{[&] {
          received = to.peer.receive(big_block().size()).size();
        }};
        left = co_await draining;
        to.writer.write_eof();
        co_await peer.joined();
      });
      CHECK_FALSE(early);
      CHECK(left <= marks.low);
      CHECK(received == big_block().size());
    }
  });
}

TEST_CASE("stream_writer: drain below the high mark does not wait",
          "[stream]") {
  for_each_setting([](setting how) {
    std::size_t waiting = 0;
    std::size_t received = 0;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      to.writer.set_write_buffer_limits({.low = 0, .high = 64 << 20});
      to.writer.write(big_block());
      co_await to.writer.drain();
      waiting = to.writer.get_write_buffer_size();
      to.writer.close();
      received = co_await troupe::to_thread(
        [&] { return to.peer.receive_all().size(); });
    });
    CHECK(waiting > 0);
    CHECK(received == big_block().size());
  });
}

TEST_CASE("stream_writer: drain below the high mark goes on in the same step "
          "(order)",
          "[stream][order]") {
  std::vector<std::string> seen;
  talk(setting{}, [&](linked& to) -> coro<void> {
    auto other = create_task([&]() -> coro<void> {
      seen.push_back("other");
      co_return;
    });
    to.writer.write("data");
    co_await to.writer.drain();
    seen.push_back("drained");
    co_await other;
  });
  CHECK(seen == std::vector<std::string>{"drained", "other"});
}

TEST_CASE("stream_writer: drain of a closing connection lets others run "
          "(order)",
          "[stream][order]") {
  std::vector<std::string> seen;
  talk(setting{}, [&](linked& to) -> coro<void> {
    to.writer.close();
    auto other = create_task([&]() -> coro<void> {
      seen.push_back("other");
      co_return;
    });
    (void)co_await failure_of(to.writer.drain());
    seen.push_back("drained");
    co_await other;
  });
  CHECK(seen == std::vector<std::string>{"other", "drained"});
}

TEST_CASE("stream_writer: pieces above the high mark make drain wait "
          "(fact 405)",
          "[stream]") {
  for_each_setting([](setting how) {
    bool early = true;
    std::size_t waiting = 0;
    std::size_t received = 0;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      std::string_view all = big_block();
      auto third = all.size() / 3;
      std::vector<std::string_view> pieces{
        all.substr(0, third), all.substr(third, third), all.substr(2 * third)};
      to.writer.writelines(pieces);
      waiting = to.writer.get_write_buffer_size();
      auto draining
        = create_task([&]() -> coro<void> { co_await to.writer.drain(); });
      co_await turns(5);
      early = draining.done();
      peer_thread peer{[&] {
        received = to.peer.receive(3 * big_block().size()).size();
      }};
      co_await draining;
      to.writer.write_eof();
      co_await peer.joined();
    });
    CHECK(waiting > 64 * 1024);
    CHECK_FALSE(early);
    CHECK(received == big_block().size());
  });
}

TEST_CASE("stream_writer: a high mark set below the buffer makes drain wait "
          "(fact 413)",
          "[stream]") {
  for_each_setting([](setting how) {
    bool early = true;
    std::size_t received = 0;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      to.writer.set_write_buffer_limits({.low = 0, .high = 64 << 20});
      to.writer.write(big_block());
      co_await to.writer.drain();
      to.writer.set_write_buffer_limits({.low = 10, .high = 1000});
      auto draining
        = create_task([&]() -> coro<void> { co_await to.writer.drain(); });
      co_await turns(5);
      early = draining.done();
      peer_thread peer{[&] {
        received = to.peer.receive(big_block().size()).size();
      }};
      co_await draining;
      to.writer.write_eof();
      co_await peer.joined();
    });
    CHECK_FALSE(early);
    CHECK(received == big_block().size());
  });
}

TEST_CASE("stream_writer: ten tasks in drain all go on (fact 469)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::atomic<int> drained{0};
    int early = -1;
    std::size_t received = 0;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      to.writer.write(big_block());
      std::vector<troupe::task<void>> waiting;
      for (int i = 0; i < 10; ++i)
        waiting.push_back(create_task([&]() -> coro<void> {
          co_await to.writer.drain();
          ++drained;
        }));
      co_await turns(5);
      early = drained;
      peer_thread peer{[&] {
        received = to.peer.receive(big_block().size()).size();
      }};
      for (auto& one : waiting)
        co_await one;
      to.writer.write_eof();
      co_await peer.joined();
    });
    CHECK(early == 0);
    CHECK(drained == 10);
    CHECK(received == big_block().size());
  });
}

TEST_CASE("stream_writer: tasks in drain all get the error when the connection "
          "is lost",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::exception_ptr> problems;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      to.writer.write(big_block());
      std::vector<troupe::task<std::exception_ptr>> waiting;
      for (int i = 0; i < 5; ++i)
        waiting.push_back(create_task([&]() -> coro<std::exception_ptr> {
          co_return co_await failure_of(to.writer.drain());
        }));
      co_await turns(5);
      to.peer.reset();
      for (auto& one : waiting)
        problems.push_back(co_await one);
    });
    CHECK(problems.size() == 5);
    for (const auto& problem : problems)
      CHECK(is_a<std::system_error>(problem));
  });
}

TEST_CASE("stream_writer: a loop of write and drain ends when the peer has "
          "closed (fact 470)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::exception_ptr problem;
    int rounds = 0;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.close();
      problem = co_await failure_of([&]() -> coro<void> {
        for (rounds = 0; rounds < 1'000'000; ++rounds) {
          to.writer.write("foo\n");
          co_await to.writer.drain();
        }
      });
    });
    CAPTURE(rounds);
    auto code = code_of(problem);
    bool lost = code == std::errc::connection_reset
             || code == std::errc::broken_pipe
             || code == troupe::errc::connection_closed;
    CHECK(lost);
  });
}

// -- closing ------------------------------------------------------------------

TEST_CASE("stream_writer: close is seen at once, wait_closed ends when the "
          "connection is gone (fact 471)",
          "[stream]") {
  for_each_setting([](setting how) {
    bool open = true;
    bool closing = false;
    int descriptor = -2;
    int after = -2;
    std::string at_peer = "?";
    talk(how, [&](linked& to) -> coro<void> {
      open = !to.writer.is_closing();
      descriptor = to.writer.fileno();
      to.writer.close();
      closing = to.writer.is_closing();
      co_await to.writer.wait_closed();
      after = to.writer.fileno();
      at_peer = to.peer.receive_all();
    });
    CHECK(open);
    CHECK(closing);
    CHECK(descriptor >= 0);
    CHECK(after == -1);
    CHECK(at_peer.empty());
  });
}

TEST_CASE("stream_writer: a closed connection keeps no descriptor (fact 397)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::size_t before = 0;
    std::size_t after = 99;
    plain_listener listener{how.family};
    troupe::run(
      [&]() -> coro<void> {
        auto first = co_await link_to(listener); // what is made once is made
        co_await close_and_wait(first.writer);
        first.peer.close();
        before = open_descriptors();
        auto second = co_await link_to(listener);
        co_await close_and_wait(second.writer);
        second.peer.close();
        after = open_descriptors(); // both sides are still named
      },
      how.options);
    CHECK(after == before);
  });
}

TEST_CASE("stream_writer: close twice closes once (fact 393)", "[stream]") {
  for_each_setting([](setting how) {
    std::string got = "?";
    error_log reports;
    talk(how, [&](linked& to) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      to.writer.close();
      to.writer.close();
      co_await to.writer.wait_closed();
      to.writer.close();
      co_await to.writer.wait_closed();
      got = to.peer.receive_all();
    });
    CHECK(got.empty());
    CHECK(reports.size() == 0);
  });
}

TEST_CASE("stream_writer: close, abort, close close once, without an error "
          "(fact E18)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::exception_ptr problem;
    error_log reports;
    int at_peer = -1;
    talk(how, [&](linked& to) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      to.writer.close();
      to.writer.abort();
      to.writer.close();
      problem = co_await failure_of(to.writer.wait_closed());
      at_peer = to.peer.receive_to_error();
    });
    CHECK(problem == nullptr);
    CHECK(reports.size() == 0);
    CHECK(at_peer == 0);
  });
}

TEST_CASE("stream_writer: close sends the buffer first (fact 394)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    bool early = true;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      to.writer.write(big_block());
      to.writer.close();
      auto waiting = create_task(
        [&]() -> coro<void> { co_await to.writer.wait_closed(); });
      co_await turns(5);
      early = waiting.done();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
      co_await waiting;
    });
    CHECK_FALSE(early);
    CHECK((got == big_block()));
  });
}

TEST_CASE("stream_writer: abort throws the buffer away (fact 395)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::size_t before = 0;
    std::size_t after = 99;
    std::size_t received = 0;
    std::exception_ptr problem;
    bool closing = false;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      to.writer.write(big_block());
      before = to.writer.get_write_buffer_size();
      to.writer.abort();
      closing = to.writer.is_closing();
      problem = co_await failure_of(to.writer.wait_closed());
      after = to.writer.get_write_buffer_size();
      received = co_await troupe::to_thread([&] {
        std::size_t count = 0;
        try {
          for (;;) {
            auto part = to.peer.receive_some();
            if (part.empty())
              break;
            count += part.size();
          }
        } catch (const std::system_error&) {
          // A reset is as good an end.
        }
        return count;
      });
    });
    CHECK(before > 0);
    CHECK(closing);
    CHECK(after == 0);
    CHECK(problem == nullptr);
    CHECK(received < big_block().size());
  });
}

TEST_CASE("stream_writer: abort ends a close that waits for the buffer "
          "(fact 395)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::exception_ptr problem;
    talk_to_slow_peer(how, [&](linked& to) -> coro<void> {
      to.writer.write(big_block());
      to.writer.close();
      auto waiting = create_task([&]() -> coro<std::exception_ptr> {
        co_return co_await failure_of(to.writer.wait_closed());
      });
      co_await turns(3);
      to.writer.abort();
      problem = co_await waiting;
    });
    CHECK(problem == nullptr);
  });
}

TEST_CASE("stream_writer: abort twice closes once (fact 396)", "[stream]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::exception_ptr problem;
    talk(how, [&](linked& to) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      to.writer.abort();
      to.writer.abort();
      problem = co_await failure_of(to.writer.wait_closed());
    });
    CHECK(problem == nullptr);
    CHECK(reports.size() == 0);
  });
}

TEST_CASE("stream_writer: a reset that is seen by a read closes the "
          "connection without a report (fact 391)",
          "[stream]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::exception_ptr problem;
    bool closing = false;
    int descriptor = -2;
    talk(how, [&](linked& to) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      auto waiting = create_task([&]() -> coro<std::exception_ptr> {
        co_return co_await failure_of(to.reader.read(10));
      });
      co_await turns(3);
      to.peer.reset();
      problem = co_await waiting;
      closing = to.writer.is_closing();
      (void)co_await failure_of(to.writer.wait_closed());
      descriptor = to.writer.fileno();
    });
    CHECK(code_of(problem) == std::errc::connection_reset);
    CHECK(closing);
    CHECK(descriptor == -1);
    CHECK(reports.size() == 0);
  });
}

TEST_CASE("stream_writer: close and wait_closed end with data that nobody read "
          "(fact 472)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::exception_ptr problem;
    std::string line;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("a line\n" + counting_pattern(60'000));
      line = co_await to.reader.readline();
      to.writer.close();
      problem = co_await failure_of(to.writer.wait_closed());
    });
    CHECK(line == "a line\n");
    CHECK(problem == nullptr);
  });
}

TEST_CASE("stream_writer: once closed by us the reader is at its end "
          "(fact 474)",
          "[stream]") {
  for_each_setting([](setting how) {
    bool at_eof = false;
    std::string got = "?";
    std::string line = "?";
    talk(how, [&](linked& to) -> coro<void> {
      to.writer.close();
      co_await to.writer.wait_closed();
      got = co_await to.reader.read(10);
      line = co_await to.reader.readline();
      at_eof = to.reader.at_eof();
    });
    CHECK(got.empty());
    CHECK(line.empty());
    CHECK(at_eof);
  });
}

TEST_CASE("stream_writer: close ends a read that waits (fact 474)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got = "?";
    troupe::incomplete_read_error none{"", 0};
    std::exception_ptr problem;
    talk(how, [&](linked& to) -> coro<void> {
      auto waiting = create_task(
        [&]() -> coro<std::string> { co_return co_await to.reader.read(10); });
      co_await turns(3);
      to.writer.close();
      got = co_await waiting;
    });
    talk(how, [&](linked& to) -> coro<void> {
      auto waiting = create_task([&]() -> coro<std::exception_ptr> {
        co_return co_await failure_of(to.reader.readexactly(10));
      });
      co_await turns(3);
      to.writer.abort();
      problem = co_await waiting;
    });
    CHECK(got.empty());
    CHECK(is_a<troupe::incomplete_read_error>(problem));
  });
}

TEST_CASE("stream_writer: any number of tasks may wait for the end",
          "[stream]") {
  for_each_setting([](setting how) {
    std::atomic<int> ended{0};
    int early = -1;
    talk(how, [&](linked& to) -> coro<void> {
      std::vector<troupe::task<void>> waiting;
      for (int i = 0; i < 10; ++i)
        waiting.push_back(create_task([&]() -> coro<void> {
          co_await to.writer.wait_closed();
          ++ended;
        }));
      co_await turns(3);
      early = ended;
      to.writer.close();
      for (auto& one : waiting)
        co_await one;
    });
    CHECK(early == 0);
    CHECK(ended == 10);
  });
}

// -- what it knows ------------------------------------------------------------

TEST_CASE("stream_writer: an unknown name gives the fallback (fact 414)",
          "[stream]") {
  for_each_setting([](setting how) {
    bool unknown = true;
    troupe::socket_address fallback;
    troupe::socket_address known;
    talk(how, [&](linked& to) -> coro<void> {
      unknown = to.writer.get_extra_info("unknown").has_value();
      fallback = to.writer.get_extra_info("unknown", {"nowhere", 7, false});
      known = to.writer.get_extra_info("peername", {"nowhere", 7, false});
      co_return;
    });
    CHECK_FALSE(unknown);
    CHECK(fallback.host == "nowhere");
    CHECK(fallback.port == 7);
    CHECK(known.host == how.host());
  });
}

TEST_CASE("stream_writer: it knows both addresses, also when closed",
          "[stream]") {
  for_each_setting([](setting how) {
    std::optional<troupe::socket_address> peer;
    std::optional<troupe::socket_address> own;
    std::optional<troupe::socket_address> later;
    std::uint16_t peer_port = 0;
    std::uint16_t own_port = 0;
    talk(how, [&](linked& to) -> coro<void> {
      peer = to.writer.get_extra_info("peername");
      own = to.writer.get_extra_info("sockname");
      peer_port = to.peer.port();
      own_port = port_of(to.writer.fileno());
      co_await close_and_wait(to.writer);
      later = to.writer.get_extra_info("peername");
    });
    bool ipv6 = how.family == 6;
    CHECK(peer == troupe::socket_address{how.host(), peer_port, ipv6});
    CHECK(own == troupe::socket_address{how.host(), own_port, ipv6});
    CHECK(later == peer);
  });
}

TEST_CASE("socket_address: its text is what Python prints", "[stream]") {
  using troupe::socket_address;
  CHECK(to_string(socket_address{"127.0.0.1", 8888, false})
        == "('127.0.0.1', 8888)");
  CHECK(to_string(socket_address{"::1", 8888, true}) == "('::1', 8888, 0, 0)");
  std::ostringstream text;
  text << socket_address{"10.0.0.1", 1, false};
  CHECK(text.str() == "('10.0.0.1', 1)");
}

TEST_CASE("stream_writer: copies name the same connection", "[stream]") {
  for_each_setting([](setting how) {
    bool same = false;
    bool others = true;
    std::string got;
    talk(how, [&](linked& to) -> coro<void> {
      auto copy = to.writer;
      plain_listener second{how.family};
      auto other = co_await link_to(second);
      same = copy == to.writer;
      others = copy == other.writer;
      co_await close_and_wait(other.writer);
      to.writer.write("one ");
      copy.write("two");
      copy.write_eof();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    CHECK(same);
    CHECK_FALSE(others);
    CHECK(got == "one two");
  });
}
