#include <troupe/error.hpp>
#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<int> give(int value) {
  co_return value;
}

coro<void> linger() {
  co_await sleep(1h);
}

coro<void> nap_inside() {
  co_await linger();
}

template <class T>
coro<void> wait_done(future<T> x) {
  co_await reached([&] { return x.done(); });
}

// -- random cancels -----------------------------------------------------------

// What happened to one task of the storm.
struct fate {
  std::atomic<int> begun{0};
  std::atomic<int> unwound{0};
  std::atomic<int> told{0};
};

struct unwinding {
  fate& mine;

  ~unwinding() {
    ++mine.unwound;
  }
};

coro<void> sleeper(fate& mine, std::chrono::microseconds nap) {
  unwinding guard{mine};
  ++mine.begun;
  co_await sleep(nap);
}

coro<void> yielder(fate& mine, int count) {
  unwinding guard{mine};
  ++mine.begun;
  for (int i = 0; i < count; ++i)
    co_await sleep(0s);
}

coro<void> reader(fate& mine, future<void> gate) {
  unwinding guard{mine};
  ++mine.begun;
  co_await gate;
}

coro<void> follower(fate& mine, any_task leader) {
  unwinding guard{mine};
  ++mine.begun;
  co_await leader;
}

// Swallows the first interruption and cleans up.
coro<void> cleaner(fate& mine, future<void> gate) {
  unwinding guard{mine};
  ++mine.begun;
  bool interrupted = false;
  try {
    co_await gate;
  } catch (const cancelled_error&) {
    interrupted = true;
  }
  if (interrupted)
    co_await sleep(0s);
}

// Counts what did not happen exactly once.
struct storm_report {
  int not_told_once = 0;
  int not_unwound_once = 0;
  int not_done = 0;
};

coro<storm_report> storm(unsigned seed, int batches, int width) {
  std::mt19937 random{seed};
  auto below = [&](int limit) {
    return static_cast<std::size_t>(
      std::uniform_int_distribution<>{0, limit - 1}(random));
  };
  storm_report report;
  for (int batch = 0; batch < batches; ++batch) {
    std::vector<fate> fates(static_cast<std::size_t>(width));
    std::vector<future<void>> gates;
    for (int i = 0; i < 10; ++i)
      gates.push_back(future<void>::make());
    std::vector<any_task> tasks;
    for (auto& mine : fates) {
      auto how = tasks.empty() ? below(4) : below(5);
      if (how == 0)
        tasks.push_back(
          create_task(sleeper(mine, std::chrono::microseconds{below(3000)})));
      else if (how == 1)
        tasks.push_back(
          create_task(yielder(mine, static_cast<int>(below(20)))));
      else if (how == 2)
        tasks.push_back(create_task(reader(mine, gates[below(10)])));
      else if (how == 3)
        tasks.push_back(create_task(cleaner(mine, gates[below(10)])));
      else
        tasks.push_back(create_task(
          follower(mine, tasks[below(static_cast<int>(tasks.size()))])));
      tasks.back().add_done_callback([&mine] { ++mine.told; });
    }
    for (int i = 0; i < width; ++i) {
      tasks[below(width)].cancel();
      if (below(50) == 0)
        co_await sleep(0s);
      if (below(200) == 0)
        co_await sleep(100us);
    }
    for (auto& gate : gates)
      if (!gate.done())
        gate.set_result();
    co_await reached([&] {
      for (auto& mine : fates)
        if (mine.told == 0)
          return false;
      return true;
    });
    co_await turns(3); // a second call would come by now
    for (std::size_t i = 0; i < fates.size(); ++i) {
      report.not_told_once += fates[i].told != 1;
      report.not_unwound_once
        += fates[i].unwound != fates[i].begun || fates[i].begun > 1;
      report.not_done += !tasks[i].done();
      try {
        tasks[i].exception();
      } catch (const cancelled_error&) {
      }
    }
  }
  co_return report;
}

} // namespace

TEST_CASE("task: of 100,000 random cancels each task ends exactly once",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    auto report = run(storm(4711 + options.threads, 100, 1000), options);
    CHECK(report.not_told_once == 0);
    CHECK(report.not_unwound_once == 0);
    CHECK(report.not_done == 0);
  });
}

TEST_CASE("task: cancelled from foreign threads it ends once",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> ends{0};
    std::atomic<int> interruptions{0};
    run(
      [&]() -> coro<void> {
        std::vector<task<void>> tasks;
        for (int i = 0; i < 500; ++i) {
          tasks.push_back(create_task([&]() -> coro<void> {
            try {
              co_await sleep(1h);
            } catch (const cancelled_error&) {
              ++interruptions;
              throw;
            }
          }));
          tasks.back().add_done_callback([&] { ++ends; });
        }
        co_await turns(2);
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i)
          threads.emplace_back([&] {
            for (auto& each : tasks)
              each.cancel();
          });
        co_await reached([&] { return ends == 500; });
        for (auto& thread : threads)
          thread.join();
        co_await turns(3);
      },
      options);
    CHECK(ends == 500);
    CHECK(interruptions <= 500);
  });
}

TEST_CASE("task: a cancel from a foreign thread wakes a sleeping loop",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        auto child = create_task(linger());
        std::thread other{[child] {
          std::this_thread::sleep_for(10ms);
          child.cancel();
        }};
        try {
          co_await child;
        } catch (const cancelled_error&) {
          cancelled = true;
        }
        other.join();
      },
      options);
    CHECK(cancelled);
  });
}

TEST_CASE("task: a future completed by a foreign thread wakes its reader",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    int value = run(
      []() -> coro<int> {
        auto gate = future<int>::make();
        std::thread other{[gate] {
          std::this_thread::sleep_for(10ms);
          gate.set_result(3);
        }};
        auto got = co_await gate;
        other.join();
        co_return got;
      },
      options);
    CHECK(value == 3);
  });
}

TEST_CASE("task: the runtime keeps it although nobody has its handle",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> ended{false};
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        create_task([&ended, gate]() -> coro<void> {
          co_await gate;
          ended = true;
        });
        co_await turns(2);
        gate.set_result();
        co_await reached([&] { return ended.load(); });
      },
      options);
    CHECK(ended);
  });
}

TEST_CASE("task: a coroutine function lives as long as its task",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    auto bound = std::make_shared<std::string>("captured");
    std::weak_ptr<std::string> watch = bound;
    std::string seen;
    run(
      [&]() -> coro<void> {
        auto child
          = create_task([text = std::move(bound)]() -> coro<std::string> {
              co_await sleep(0s);
              co_return *text;
            });
        seen = co_await child;
      },
      options);
    CHECK(seen == "captured");
    CHECK(watch.expired());
  });
}

TEST_CASE("task: its value is destroyed with the last handle",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    std::weak_ptr<int> watch;
    bool alive = false;
    run(
      [&]() -> coro<void> {
        {
          auto child = create_task([]() -> coro<std::shared_ptr<int>> {
            co_return std::make_shared<int>(1);
          });
          co_await wait_done<std::shared_ptr<int>>(child);
          watch = child.result();
          alive = !watch.expired();
        }
        co_await reached([&] { return watch.expired(); });
      },
      options);
    CHECK(alive);
    CHECK(watch.expired());
  });
}

TEST_CASE("task: a move-only value goes to whoever awaits first",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    int value = run(
      []() -> coro<int> {
        auto child = create_task([]() -> coro<std::unique_ptr<int>> {
          co_return std::make_unique<int>(8);
        });
        auto box = co_await child;
        co_return *box;
      },
      options);
    CHECK(value == 8);
  });
}

TEST_CASE("task: get_stack names its awaits, innermost first",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> places;
    std::vector<std::string> after;
    std::string printed;
    run(
      [&]() -> coro<void> {
        auto child = create_task(nap_inside());
        co_await blocked(child);
        places = child.get_stack();
        {
          captured_standard_error output;
          child.print_stack();
          printed = output.text();
        }
        child.cancel();
        co_await wait_done<void>(child);
        after = child.get_stack();
      },
      options);
    REQUIRE(places.size() == 2);
    CHECK(places[0].starts_with("linger (task_test.cpp:"));
    CHECK(places[1].starts_with("nap_inside (task_test.cpp:"));
    CHECK(contains(printed, "linger"));
    CHECK(contains(printed, "nap_inside"));
    CHECK(after.empty());
  });
}

TEST_CASE("all_tasks: lists in the order of the making", "[task][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> names;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        std::vector<task<void>> tasks;
        for (int i = 0; i < 5; ++i)
          tasks.push_back(create_task([gate]() -> coro<void> { co_await gate; },
                                      {.name = "child " + std::to_string(i)}));
        current_task().set_name("main");
        for (auto& each : all_tasks())
          names.push_back(each.get_name());
        gate.set_result();
        for (auto& each : tasks)
          co_await each;
      },
      options);
    CHECK(names
          == std::vector<std::string>{"main", "child 0", "child 1", "child 2",
                                      "child 3", "child 4"});
  });
}

TEST_CASE("task: handles of one task are equal", "[task][threads]") {
  for_each_worker_count([](run_options options) {
    bool same = false;
    bool other = true;
    run(
      [&]() -> coro<void> {
        auto one = create_task(give(1));
        auto two = create_task(give(1));
        any_task any = one;
        same = any == one && any_future{one} == any;
        other = one == two;
        co_await one;
        co_await two;
      },
      options);
    CHECK(same);
    CHECK_FALSE(other);
    CHECK_FALSE(static_cast<bool>(any_task{}));
  });
}

TEST_CASE("serial_group: never runs two members at a time", "[task][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> inside{0};
    std::atomic<int> overlaps{0};
    long counter = 0;
    run(
      [&]() -> coro<void> {
        serial_group group;
        task_options member;
        member.group = &group;
        std::vector<task<void>> tasks;
        for (int i = 0; i < 50; ++i)
          tasks.push_back(create_task(
            [&]() -> coro<void> {
              for (int n = 0; n < 200; ++n) {
                overlaps += inside.fetch_add(1) != 0;
                ++counter;
                inside.fetch_sub(1);
                if (n % 16 == 0)
                  co_await sleep(100us);
                else
                  co_await sleep(0s);
              }
            },
            member));
        for (auto& each : tasks)
          co_await each;
      },
      options);
    CHECK(overlaps == 0);
    CHECK(counter == 10'000);
  });
}

TEST_CASE("serial_group: may go before its members", "[task][threads]") {
  for_each_worker_count([](run_options options) {
    int counter = 0;
    run(
      [&]() -> coro<void> {
        std::vector<task<void>> tasks;
        {
          serial_group group;
          serial_group copy = group;
          for (int i = 0; i < 10; ++i) {
            task_options member;
            member.group = i % 2 ? &group : &copy;
            tasks.push_back(create_task(
              [&]() -> coro<void> {
                for (int n = 0; n < 100; ++n) {
                  ++counter;
                  co_await sleep(0s);
                }
              },
              member));
          }
        }
        for (auto& each : tasks)
          co_await each;
      },
      options);
    CHECK(counter == 1000);
  });
}

TEST_CASE("task: others may look at it and rename it while it runs",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    constexpr int count = 50;
    std::atomic<int> running{count};
    std::atomic<int> wrong{0};
    int looks = 0;
    auto busy = [&](future<void> gate) -> coro<void> {
      for (int i = 0; i < 40; ++i) {
        auto child = create_task(give(i));
        wrong += co_await child != i;
        wrong += !contains(to_string(child), "result=" + std::to_string(i));
        co_await sleep(10us);
      }
      --running;
      co_await gate;
    };
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        std::vector<task<void>> tasks;
        for (int i = 0; i < count; ++i)
          tasks.push_back(create_task([&] { return busy(gate); }));
        while (running > 0) {
          for (auto& each : all_tasks()) {
            auto text = to_string(each);
            wrong += !text.starts_with("<Task ") || !text.ends_with('>');
            wrong += each.get_stack().size() > 3;
            each.set_name("seen " + std::to_string(++looks));
            wrong += !each.get_name().starts_with("seen ");
            auto number = each.add_done_callback([] {});
            wrong += each.remove_done_callback(number) == 0 && !each.done();
          }
          co_await sleep(0s);
        }
        gate.set_result();
        for (auto& each : tasks)
          co_await each;
      },
      options);
    CHECK(looks > 0);
    CHECK(wrong == 0);
  });
}

TEST_CASE("serial_group: members can wait for each other and be cancelled",
          "[task][threads]") {
  for_each_worker_count([](run_options options) {
    int ended = 0;
    bool last_cancelled = false;
    run_in_group(options, [&](task_options member) -> coro<void> {
      auto gate = future<void>::make();
      auto first = create_task(
        [&]() -> coro<void> {
          co_await gate;
          ++ended;
        },
        member);
      auto second = create_task(
        [&]() -> coro<void> {
          co_await first;
          ++ended;
        },
        member);
      auto third = create_task(linger(), member);
      co_await turns(2);
      gate.set_result();
      co_await second;
      third.cancel();
      co_await wait_done<void>(third);
      last_cancelled = third.cancelled();
    });
    CHECK(ended == 2);
    CHECK(last_cancelled);
  });
}

TEST_CASE("serial_group: needs a running loop", "[task]") {
  CHECK(error_of([] { serial_group alone; }) == errc::no_running_loop);
}

TEST_CASE("task: many hand values to each other", "[task][threads]") {
  for_each_worker_count([](run_options options) {
    constexpr int rounds = 2000;
    std::atomic<int> sum{0};
    run(
      [&]() -> coro<void> {
        std::vector<task<void>> pairs;
        for (int i = 0; i < 8; ++i)
          pairs.push_back(create_task([&]() -> coro<void> {
            for (int n = 0; n < rounds; ++n) {
              auto gate = future<int>::make();
              auto child = create_task([gate]() -> coro<void> {
                gate.set_result(1);
                co_return;
              });
              sum += co_await gate;
              co_await child;
            }
          }));
        for (auto& each : pairs)
          co_await each;
      },
      options);
    CHECK(sum == 8 * rounds);
  });
}
