// A bucket of tokens. What it gives when is checked in virtual time, too:
// tests/simulation/primitives_time_test.cpp.

#include <troupe/rate_limiter.hpp>
#include <troupe/run.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> take(rate_limiter limiter, std::size_t count, int number,
                record<int>& order) {
  co_await limiter.acquire(count);
  order.add(number);
}

} // namespace

TEST_CASE("rate_limiter: gives no more than the burst and the rate",
          "[rate_limiter][threads]") {
  for_each_worker_count([](run_options options) {
    std::chrono::duration<double> took{0};
    rate_limiter_statistics end;
    run(
      [&]() -> coro<void> {
        rate_limiter limiter{1'000, 5};
        record<int> order;
        auto begin = std::chrono::steady_clock::now();
        std::vector<task<>> all;
        for (int i = 0; i < 25; ++i)
          all.push_back(create_task(take(limiter, 1, i, order)));
        for (auto& each : all)
          co_await each;
        took = std::chrono::steady_clock::now() - begin;
        end = limiter.statistics();
      },
      options);

    CHECK(took.count() >= 0.0199);
    CHECK(end.taken == 25);
    CHECK(end.waiting == 0);
  });
}

TEST_CASE("rate_limiter: who asks for few does not overtake",
          "[rate_limiter][threads]") {
  for_each_worker_count([](run_options options) {
    record<int> order;
    bool tried = true;
    run(
      [&]() -> coro<void> {
        rate_limiter limiter{500, 10, "calls"};
        co_await limiter.acquire(10);
        auto large = create_task(take(limiter, 10, 1, order));
        co_await waiting_at(limiter, 1);
        auto small = create_task(take(limiter, 1, 2, order));
        co_await waiting_at(limiter, 2);
        tried = limiter.try_acquire(0);
        co_await large;
        co_await small;
      },
      options);

    CHECK_FALSE(tried);
    CHECK(order.all() == std::vector{1, 2});
  });
}

TEST_CASE("rate_limiter: when one leaves, those behind move up",
          "[rate_limiter][threads]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    record<int> order;
    run(
      [&]() -> coro<void> {
        rate_limiter limiter{0.001, 2}; // a token in a thousand seconds
        co_await limiter.acquire(1);
        auto large = create_task(take(limiter, 2, 1, order));
        co_await waiting_at(limiter, 1);
        auto small = create_task(take(limiter, 1, 2, order));
        co_await waiting_at(limiter, 2);
        large.cancel();
        end = co_await ending_of(large);
        co_await small;
      },
      options);

    CHECK(end == "cancelled");
    CHECK(order.all() == std::vector{2});
  });
}

TEST_CASE("rate_limiter: tokens of a cancelled task come back",
          "[rate_limiter]") {
  std::vector<std::size_t> seen;
  run([&]() -> coro<void> {
    rate_limiter limiter{0.001, 2};
    record<int> order;
    co_await limiter.acquire(1);
    auto large = create_task(take(limiter, 2, 1, order));
    auto small = create_task(take(limiter, 1, 2, order));
    co_await waiting_at(limiter, 2);
    large.cancel(); // the other one has its token now, but did not go on
    seen.push_back(limiter.statistics().available);
    small.cancel();
    co_await ending_of(small);
    seen.push_back(limiter.statistics().available);
    seen.push_back(limiter.statistics().taken);
  });

  CHECK(seen == std::vector<std::size_t>{0, 1, 1});
}

TEST_CASE("rate_limiter: can be tried, also before a loop runs",
          "[rate_limiter]") {
  rate_limiter limiter{0.001, 2};
  CHECK(limiter.try_acquire());
  CHECK(limiter.try_acquire());
  CHECK_FALSE(limiter.try_acquire());
  CHECK(limiter.statistics().available == 0);
  bool full = false;
  run([&]() -> coro<void> {
    full = limiter.try_acquire(2);
    co_return;
  });
  CHECK(full);
}

TEST_CASE("rate_limiter: misuse names it and says what to do",
          "[rate_limiter]") {
  std::vector<std::string> texts;
  texts.push_back(text_of_error([] { rate_limiter{0}; }));
  texts.push_back(text_of_error([] { rate_limiter{1, 0}; }));
  rate_limiter limiter{2.5, 3, "calls"};
  texts.push_back(
    text_of_error([&] { static_cast<void>(limiter.acquire(4)); }));
  texts.push_back(
    text_of_error([&] { static_cast<void>(limiter.try_acquire(4)); }));

  CHECK(
    texts
    == std::vector<std::string>{
      "rate_limiter: the rate is 0.000000; give a number of tokens a "
      "second above 0",
      "rate_limiter: the burst is 0; give how many tokens can be taken at "
      "once, 1 or more",
      "acquire of 4 tokens of <rate_limiter 'calls' 2.5 a second, burst 3>, "
      "which never has more than 3 at once; ask for fewer, or give it a "
      "larger burst",
      "acquire of 4 tokens of <rate_limiter 'calls' 2.5 a second, burst 3>, "
      "which never has more than 3 at once; ask for fewer, or give it a "
      "larger burst"});
}
