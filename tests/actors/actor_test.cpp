#include <troupe/actor.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct ping {
  actor_ref from;
};

struct pong {};

coro<void> answer_pings(int rounds) {
  for (int i = 0; i < rounds; ++i)
    co_await receive([](const ping& x) { tell(x.from, pong{}); });
}

coro<int> play(actor_ref other, int rounds) {
  int got = 0;
  for (int i = 0; i < rounds; ++i) {
    tell(other, ping{self()});
    co_await receive([&](pong) { ++got; });
  }
  co_return got;
}

coro<void> double_numbers() {
  for (;;)
    co_await receive([](int x) { return 2 * x; },
                     [](const std::string& x) { return x + x; });
}

// Takes numbers in order, whatever comes between.
coro<void> take_numbers(record<>& log, int count) {
  for (int i = 0; i < count; ++i)
    co_await receive([&](int x) { log.add(std::to_string(x)); });
}

coro<void> take_all(record<>& log, int count) {
  for (int i = 0; i < count; ++i)
    co_await receive([&](int x) { log.add(std::to_string(x)); },
                     [&](const std::string& x) { log.add(x); });
}

coro<void> linger() {
  co_await sleep(1h);
}

coro<void> fail() {
  co_await sleep(0s);
  throw std::runtime_error("broken");
}

coro<void> throw_at_requests() {
  for (;;)
    co_await receive(
      [](int) -> int { throw std::runtime_error("no numbers"); });
}

coro<void> forget_requests() {
  for (;;)
    co_await receive([](reply<int>, int) {});
}

} // namespace

TEST_CASE("actor: two tasks play ping-pong", "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    int got = run(
      []() -> coro<int> {
        auto other = create_task(answer_pings(100));
        int rounds = co_await play(other, 100);
        co_await other;
        co_return rounds;
      },
      options);
    CHECK(got == 100);
  });
}

TEST_CASE("actor: a handler's result answers a request", "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    record<> got;
    run(
      [&]() -> coro<void> {
        auto server = create_task(double_numbers());
        int number = co_await ask<int>(server, 10s, 21);
        got.add(std::to_string(number));
        std::string text = co_await ask<std::string>(server, nullptr, "ab");
        got.add(text);
        server.cancel();
      },
      options);
    CHECK(got.all() == std::vector<std::string>{"42", "abab"});
  });
}

TEST_CASE("actor: messages that no handler takes stay, in their order",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    record<> log;
    run(
      [&]() -> coro<void> {
        auto child = create_task([&]() -> coro<void> {
          co_await take_numbers(log, 2);
          co_await take_all(log, 2);
        });
        tell(child, "a");
        tell(child, 1);
        tell(child, "b");
        tell(child, 2);
        co_await child;
      },
      options);
    CHECK(log.all() == std::vector<std::string>{"1", "2", "a", "b"});
  });
}

TEST_CASE("actor: urgent messages come first", "[actor]") {
  record<> log;
  run([&]() -> coro<void> {
    auto child = create_task(take_all(log, 4));
    tell(child, 1);
    tell(child, 2);
    tell(child, urgent, 3);
    tell(child, urgent, 4);
    co_await child;
  });
  CHECK(log.all() == std::vector<std::string>{"3", "4", "1", "2"});
}

TEST_CASE("actor: receive_for gives up when the time is over",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    bool got = true;
    bool empty = false;
    int value = 0;
    run(
      [&]() -> coro<void> {
        tell(self(), std::string{"another"});
        got = co_await receive_for(5ms, [](int) {});
        auto none = co_await receive_for<int>(0s);
        empty = !none;
        tell(self(), 7);
        auto some = co_await receive_for<int>(10s);
        value = some.value_or(0);
      },
      options);
    CHECK_FALSE(got);
    CHECK(empty);
    CHECK(value == 7);
  });
}

TEST_CASE("actor: messages may be moved only", "[actor]") {
  int value = run([]() -> coro<int> {
    auto child = create_task([]() -> coro<int> {
      auto got = co_await receive<std::unique_ptr<int>>();
      co_return *got;
    });
    tell(child, std::make_unique<int>(5));
    int got = co_await child;
    co_return got;
  });
  CHECK(value == 5);
}

TEST_CASE("actor: a reply handle answers later, and once", "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    int value = run(
      []() -> coro<int> {
        auto server = create_task([]() -> coro<void> {
          reply<int> kept;
          co_await receive([&](reply<int> x, int) { kept = std::move(x); });
          co_await turns(3);
          kept.set_result(9);
          kept.set_result(10); // goes nowhere
        });
        int got = co_await ask<int>(server, 10s, 1);
        co_await server;
        co_return got;
      },
      options);
    CHECK(value == 9);
  });
}

TEST_CASE("actor: a request that is dropped is answered with an error",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::error_code got;
    run(
      [&]() -> coro<void> {
        auto server = create_task(forget_requests());
        got = co_await error_of_await(ask<int>(server, 10s, 1));
        server.cancel();
      },
      options);
    CHECK(got == errc::no_answer);
  });
}

TEST_CASE("actor: an answer of another type is an error", "[actor]") {
  record<> log;
  run([&]() -> coro<void> {
    auto server = create_task(double_numbers());
    auto text = co_await ending_of(ask<long>(server, 10s, 1));
    log.add(text);
    co_await ask(server, 10s, 1); // any answer will do
    server.cancel();
  });
  REQUIRE(log.size() == 1);
  CHECK(log.all()[0]
        == "the request (int) was answered with (int), but (long) was asked "
           "for");
}

TEST_CASE("actor: what a handler throws is thrown at the asker",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::string text;
    bool lives = false;
    run(
      [&]() -> coro<void> {
        auto server = create_task(throw_at_requests());
        text = co_await ending_of(ask<int>(server, 10s, 1));
        lives = !server.done();
        server.cancel();
      },
      options);
    CHECK(text == "no numbers");
    CHECK(lives);
  });
}

TEST_CASE("actor: asking one that has ended fails in the same turn",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::error_code got;
    bool same_turn = false;
    run(
      [&]() -> coro<void> {
        auto gone = create_task(fail());
        co_await ending_of(gone);
        std::atomic<bool> turned = false;
        get_running_loop().call_soon([&] { turned = true; });
        got = co_await error_of_await(ask<int>(gone, nullptr, 1));
        same_turn = !turned;
        while (!turned)
          co_await turns(1);
      },
      options);
    CHECK(got == errc::actor_ended);
    CHECK((same_turn || options.threads > 1));
  });
}

TEST_CASE("actor: asking one that ends before it answers fails",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::error_code got;
    run(
      [&]() -> coro<void> {
        auto child = create_task(linger());
        auto asking = create_task(error_of_await(ask<int>(child, nullptr, 1)));
        co_await turns(3);
        child.cancel();
        got = co_await asking;
      },
      options);
    CHECK(got == errc::actor_ended);
  });
}

TEST_CASE("actor: an ask has a deadline, and a late answer is dropped",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::error_code got;
    int later = 0;
    run(
      [&]() -> coro<void> {
        auto server = create_task([]() -> coro<void> {
          reply<int> first;
          co_await receive([&](reply<int> x, int) { first = std::move(x); });
          co_await receive([&](reply<int> x, int) {
            first.set_result(1);
            x.set_result(2);
          });
        });
        got = co_await error_of_await(ask<int>(server, 5ms, 1));
        later = co_await ask<int>(server, 10s, 1);
        co_await server;
      },
      options);
    CHECK(got == errc::timeout);
    CHECK(later == 2);
  });
}

TEST_CASE("actor: cancelling an ask or a receive loses no message",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    record<> log;
    run(
      [&]() -> coro<void> {
        auto child = create_task([&]() -> coro<void> {
          try {
            co_await receive([](int) {});
          } catch (const cancelled_error&) {
            log.add("cancelled");
          }
          co_await take_numbers(log, 1);
        });
        co_await turns(2);
        tell(child, 4); // answers the receive, whose task is cancelled
        child.cancel();
        co_await ending_of(child);
      },
      options);
    auto all = log.all();
    CHECK((all == std::vector<std::string>{"cancelled", "4"} || all.empty()));
    CHECK((!all.empty() || options.threads > 1));
  });
}

TEST_CASE("actor: foreign threads tell, and answer", "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    int sum = 0;
    int answer = 0;
    run(
      [&]() -> coro<void> {
        auto me = self();
        std::thread other{[me] {
          for (int i = 1; i <= 10; ++i)
            tell(me, i);
        }};
        for (int i = 0; i < 10; ++i)
          co_await receive([&](int x) { sum += x; });
        other.join();
        auto server = create_task([&]() -> coro<void> {
          co_await receive([&](reply<int> kept, int x) {
            other = std::thread{[x, late = std::move(kept)]() mutable {
              late.set_result(x + 1);
            }};
          });
        });
        answer = co_await ask<int>(server, nullptr, 1);
        co_await server; // before that `other` may not be the new thread yet
        other.join();
      },
      options);
    CHECK(sum == 55);
    CHECK(answer == 2);
  });
}

TEST_CASE("actor: tasks of two loops talk", "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> got{0};
    run(
      [&]() -> coro<void> {
        auto server = create_task(double_numbers());
        actor_ref there = server;
        std::thread other{[there, &got] {
          run([&]() -> coro<void> {
            for (int i = 0; i < 20; ++i)
              got += co_await ask<int>(there, nullptr, 1);
          });
        }};
        co_await reached([&] { return got == 40; });
        other.join();
        server.cancel();
      },
      options);
    CHECK(got == 40);
  });
}

TEST_CASE("actor: a loop that is closed leaves no messages behind",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    auto held = std::make_shared<int>(1);
    {
      loop_options how;
      how.threads = options.threads;
      auto loop = new_event_loop(how);
      error_log log;
      log.watch(loop);
      auto child = loop.create_task([]() -> coro<void> {
        co_await receive([](double) {});
      }());
      auto asking = loop.create_task(
        [](actor_ref to, std::shared_ptr<int> x) -> coro<void> {
          tell(to, x);
          co_await ask<int>(to, 1h, x);
        }(child, held));
      loop.run_until_complete(turns(5));
      loop.close();
    }
    CHECK(held.use_count() == 1);
  });
}
