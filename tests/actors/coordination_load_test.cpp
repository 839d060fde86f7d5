// Locks, permits, notifications and items under load, with many workers.

#include <troupe/troupe.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// A small random number for each call, the same in each run.
class dice {
public:
  explicit dice(unsigned seed) : state_(seed * 2'654'435'761u + 1) {}

  unsigned operator()(unsigned sides) {
    state_ = state_ * 1'664'525u + 1'013'904'223u;
    return (state_ >> 16) % sides;
  }

private:
  unsigned state_;
};

coro<void> count_up(lock door, long& count, int times) {
  for (int i = 0; i < times; ++i) {
    auto held = co_await door.scoped();
    ++count;
    if (i % 16 == 0)
      co_await sleep(0s);
  }
}

coro<void> use_permits(semaphore permits, std::atomic<int>& inside,
                       std::atomic<int>& worst, int times) {
  for (int i = 0; i < times; ++i) {
    auto held = co_await permits.scoped();
    int now = ++inside;
    int before = worst;
    while (now > before && !worst.compare_exchange_weak(before, now)) {
    }
    --inside;
  }
}

coro<void> produce(queue<std::unique_ptr<int>> items, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    auto item = std::make_unique<int>(i);
    co_await items.put(std::move(item));
  }
}

coro<void> consume(queue<std::unique_ptr<int>> items, std::atomic<long>& sum,
                   std::atomic<int>& count) {
  try {
    for (;;) {
      auto item = co_await items.get();
      sum += *item;
      ++count;
      items.task_done();
    }
  } catch (const queue_shut_down&) {
  }
}

template <class T>
coro<void> await_all(std::vector<task<T>>& all) {
  for (auto& each : all) {
    try {
      co_await each;
    } catch (const cancelled_error&) {
    }
  }
}

} // namespace

TEST_CASE("coordination: a lock counts right with any number of workers",
          "[coordination][threads]") {
  for_each_worker_count([](run_options options) {
    long count = 0;
    run(
      [&]() -> coro<void> {
        lock door;
        std::vector<task<>> all;
        for (int i = 0; i < 8; ++i)
          all.push_back(create_task(count_up(door, count, 2'000)));
        co_await await_all(all);
      },
      options);

    CHECK(count == 16'000);
  });
}

TEST_CASE("coordination: permits are never more than there are",
          "[coordination][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> inside{0};
    std::atomic<int> worst{0};
    std::size_t left = 0;
    run(
      [&]() -> coro<void> {
        semaphore permits{3};
        std::vector<task<>> all;
        for (int i = 0; i < 8; ++i)
          all.push_back(
            create_task(use_permits(permits, inside, worst, 2'000)));
        co_await await_all(all);
        left = permits.statistics().value;
      },
      options);

    CHECK(worst <= 3);
    CHECK(left == 3);
  });
}

TEST_CASE("coordination: items go from many to many once",
          "[coordination][threads]") {
  for_each_worker_count([](run_options options) {
    for (int limit : {0, 1, 7}) {
      std::atomic<long> sum{0};
      std::atomic<int> count{0};
      run(
        [&]() -> coro<void> {
          queue<std::unique_ptr<int>> items{limit};
          std::vector<task<>> producers;
          std::vector<task<>> consumers;
          for (int i = 0; i < 4; ++i) {
            producers.push_back(create_task(produce(items, i * 1'000, 1'000)));
            consumers.push_back(create_task(consume(items, sum, count)));
          }
          co_await await_all(producers);
          co_await items.join();
          items.shutdown();
          co_await await_all(consumers);
        },
        options);

      CHECK(count == 4'000);
      CHECK(sum == 4'000L * 3'999 / 2);
    }
  });
}

TEST_CASE("coordination: random cancellations lose nothing",
          "[coordination][threads]") {
  for_each_worker_count([](run_options options) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
      INFO("seed " << seed);
      std::size_t value = 0;
      std::atomic<int> put{0};
      std::atomic<int> got{0};
      std::size_t left = 0;
      bool locked = true;
      std::size_t notices = 1;
      run(
        [&]() -> coro<void> {
          dice random{seed};
          lock door;
          semaphore permits{2};
          condition changed{door};
          queue<int> items{2};
          std::vector<task<>> all;
          for (int i = 0; i < 40; ++i) {
            switch (i % 4) {
              case 0:
                all.push_back(create_task([&]() -> coro<void> {
                  auto held = co_await door.scoped();
                  auto permit = co_await permits.scoped();
                  co_await sleep(0s);
                }));
                break;
              case 1:
                all.push_back(create_task([&, i]() -> coro<void> {
                  co_await items.put(i);
                  ++put;
                }));
                break;
              case 2:
                all.push_back(create_task([&]() -> coro<void> {
                  static_cast<void>(co_await items.get());
                  ++got;
                }));
                break;
              default:
                all.push_back(create_task([&]() -> coro<void> {
                  auto held = co_await changed.scoped();
                  co_await changed.wait();
                }));
            }
          }
          for (int i = 0; i < 30; ++i) {
            all[random(40)].cancel();
            if (random(3) == 0)
              co_await sleep(0s);
            if (changed.try_acquire()) {
              changed.notify();
              changed.release();
            }
          }
          // What still waits goes, each in its own way.
          for (auto& each : all)
            each.cancel();
          co_await await_all(all);
          value = permits.statistics().value;
          left = items.statistics().size;
          locked = door.locked();
          notices = changed.statistics().waiting;
        },
        options);

      CHECK(value == 2);
      CHECK(static_cast<std::size_t>(put - got) == left);
      CHECK_FALSE(locked);
      CHECK(notices == 0);
    }
  });
}
