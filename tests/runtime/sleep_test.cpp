#include <troupe/run.hpp>
#include <troupe/sleep.hpp>

#include "support/test.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("sleep: never ends early", "[sleep]") {
  std::vector<std::chrono::nanoseconds> early;
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    for (auto delay : {1ns, 700ns, 50'000ns, 1'000'000ns, 3'700'000ns}) {
      auto due = loop.time() + delay;
      co_await sleep(delay);
      if (loop.time() < due)
        early.push_back(delay);
    }
  });
  CHECK(early.empty());
}

TEST_CASE("sleep: takes any duration, also one that is too long to add up",
          "[sleep]") {
  bool cancelled = false;
  run([&]() -> coro<void> {
    co_await sleep(-1h);
    co_await sleep(0.0005s);
    co_await sleep(std::chrono::duration<float, std::milli>(0.25f));
    auto forever = create_task(
      []() -> coro<void> { co_await sleep(std::chrono::hours::max()); });
    auto longer = create_task([]() -> coro<void> {
      co_await sleep(
        std::chrono::duration<double>(std::numeric_limits<double>::infinity()));
    });
    co_await sleep(0s);
    forever.cancel();
    longer.cancel();
    co_await sleep(0s);
    cancelled = forever.cancelled() && longer.cancelled();
  });
  CHECK(cancelled);
}

TEST_CASE("sleep: refuses what is not a number (fact 56)", "[sleep]") {
  bool refused = false;
  run([&]() -> coro<void> {
    try {
      co_await sleep(std::chrono::duration<double>(
        std::numeric_limits<double>::quiet_NaN()));
    } catch (const std::invalid_argument&) {
      refused = true;
    }
  });
  CHECK(refused);
}

TEST_CASE("sleep: tasks wake in the order of their deadlines, whatever was "
          "cancelled between them",
          "[sleep]") {
  std::mt19937 random{7};
  std::vector<int> woken;
  std::vector<int> expected;
  run([&]() -> coro<void> {
    // All deadlines pass while nothing runs, so the order is theirs alone.
    struct nap {
      int delay;
      bool cancel;
    };
    std::vector<nap> naps;
    for (int i = 0; i < 2'000; ++i)
      naps.push_back({static_cast<int>(random() % 3'000'000), i % 3 == 0});
    auto loop = get_running_loop();
    auto start = loop.time();
    std::vector<timer_handle> timers;
    for (const auto& x : naps)
      timers.push_back(
        loop.call_at(start + std::chrono::nanoseconds(x.delay),
                     [&woken, delay = x.delay] { woken.push_back(delay); }));
    for (std::size_t i = 0; i < naps.size(); ++i) {
      if (naps[i].cancel)
        timers[i].cancel();
      else
        expected.push_back(naps[i].delay);
    }
    std::sort(expected.begin(), expected.end());
    co_await sleep(4ms);
    co_await sleep(0s);
  });
  CHECK(woken == expected);
}
