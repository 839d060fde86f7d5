// What asyncio promises about cancelling tasks, and about sleeping.

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
#include <chrono>
#include <cmath>
#include <ctime>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> wait_for_gate(future<void> gate) {
  co_await gate;
}

coro<void> linger() {
  co_await sleep(1h);
}

coro<int> fail() {
  throw std::runtime_error("broken");
  co_return 0;
}

// Awaits `x` and says how that ended: "done" or "cancelled: message".
template <class Awaitable>
coro<std::string> ending_of(Awaitable x) {
  try {
    co_await std::move(x);
  } catch (const cancelled_error& stop) {
    co_return "cancelled: " + stop.message();
  }
  co_return "done";
}

// Runs `body`, and cancels its own task when `limit` is over: what a timeout is
// made of. Returns true if the limit ended it.
template <class F>
coro<bool> stopped_after(std::chrono::milliseconds limit, F body) {
  auto self = current_task();
  auto fired = std::make_shared<std::atomic<bool>>(false);
  auto alarm = get_running_loop().call_later(limit, [fired, self] {
    *fired = true;
    self.cancel();
  });
  bool interrupted = false;
  try {
    co_await body();
  } catch (const cancelled_error&) {
    interrupted = true;
  }
  alarm.cancel();
  if (!interrupted)
    co_return false;
  if (!*fired || self.uncancel() > 0)
    throw cancelled_error{};
  co_return true;
}

double cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec)
       + static_cast<double>(used.tv_nsec) / 1e9;
}

} // namespace

// -- what is cancelled, and when ----------------------------------------------

TEST_CASE("cancel: cancels what the task waits for at once (fact 31)",
          "[cancel][order]") {
  bool at_once = false;
  bool still_waiting = false;
  std::string end;
  run([&]() -> coro<void> {
    auto gate = future<void>::make();
    auto child = create_task(wait_for_gate(gate));
    co_await turns(2);
    child.cancel();
    at_once = gate.cancelled();
    still_waiting = !child.done();
    end = co_await ending_of(child);
  });

  CHECK(at_once);
  CHECK(still_waiting);
  CHECK(end == "cancelled: ");
}

TEST_CASE("cancel: cancels the future that the task waits for (fact 31)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool gate_cancelled = false;
    bool child_cancelled = false;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto child = create_task(wait_for_gate(gate));
        co_await blocked(child);
        child.cancel();
        co_await ending_of(child);
        gate_cancelled = gate.cancelled();
        child_cancelled = child.cancelled();
      },
      options);

    CHECK(gate_cancelled);
    CHECK(child_cancelled);
  });
}

TEST_CASE("cancel: of the awaited future ends the task cancelled (fact 32)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    int requests = -1;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto child = create_task(wait_for_gate(gate));
        co_await sleep(0s);
        gate.cancel();
        co_await ending_of(child);
        cancelled = child.cancelled();
        requests = child.cancelling();
      },
      options);

    CHECK(cancelled);
    CHECK(requests == 0);
  });
}

TEST_CASE("cancel: of a task and of its future interrupts once (fact 33)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> interruptions{0};
    std::atomic<int> ends{0};
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto child = create_task([&]() -> coro<void> {
          try {
            co_await gate;
          } catch (const cancelled_error&) {
            ++interruptions;
            throw;
          }
        });
        child.add_done_callback([&] { ++ends; });
        co_await blocked(child);
        gate.cancel();
        child.cancel();
        co_await ending_of(child);
        cancelled = child.cancelled();
        co_await reached([&] { return ends > 0; });
        co_await turns(5);
      },
      options);

    CHECK(cancelled);
    CHECK(interruptions == 1);
    CHECK(ends == 1);
  });
}

TEST_CASE("cancel: comes at the next step of a task that only yields "
          "(fact 34)",
          "[cancel][order]") {
  record<int> steps;
  bool cancelled = false;
  run([&]() -> coro<void> {
    auto child = create_task([&]() -> coro<void> {
      for (int i = 0; i < 100; ++i) {
        steps.add(i);
        co_await sleep(0s);
      }
    });
    co_await turns(3);
    child.cancel();
    co_await ending_of(child);
    cancelled = child.cancelled();
  });

  CHECK(cancelled);
  CHECK(steps.all() == std::vector{0, 1, 2});
}

TEST_CASE("cancel: ends a task that only yields (fact 34)", "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        std::atomic<bool> runs{false};
        auto child = create_task([&]() -> coro<void> {
          for (;;) {
            runs = true;
            co_await sleep(0s);
          }
        });
        co_await reached([&] { return runs.load(); });
        child.cancel();
        co_await ending_of(child);
        cancelled = child.cancelled();
      },
      options);

    CHECK(cancelled);
  });
}

TEST_CASE("cancel: a task that has not begun never runs (fact E8)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool began = false;
    std::string end;
    int requests = 0;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      auto child = create_task(
        [&]() -> coro<void> {
          began = true;
          co_return;
        },
        in_group);
      child.cancel("one");
      child.cancel("two");
      end = co_await ending_of(child);
      requests = child.cancelling();
    });

    CHECK_FALSE(began);
    CHECK(end == "cancelled: two");
    CHECK(requests == 2);
  });
}

TEST_CASE("cancel: twice in one turn interrupts once with the first message "
          "(fact E8)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> messages;
    int requests = 0;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      auto gate = future<void>::make();
      auto child = create_task(
        [&]() -> coro<void> {
          for (int i = 0; i < 2; ++i) {
            try {
              co_await gate;
            } catch (const cancelled_error& stop) {
              messages.push_back(stop.message());
            }
            gate = future<void>::make();
            gate.set_result();
          }
        },
        in_group);
      co_await blocked(child);
      child.cancel("one");
      child.cancel("two");
      requests = child.cancelling();
      co_await child;
    });

    CHECK(messages == std::vector<std::string>{"one"});
    CHECK(requests == 2);
  });
}

TEST_CASE("cancel: of another task leaves our own count at 0 (fact E9)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    int own_requests = -1;
    run(
      [&]() -> coro<void> {
        auto child = create_task(linger());
        child.cancel("not you");
        end = co_await ending_of(child);
        own_requests = current_task().cancelling();
      },
      options);

    CHECK(end == "cancelled: not you");
    CHECK(own_requests == 0);
  });
}

// -- answers of the task ------------------------------------------------------

TEST_CASE("cancel: a task may catch it and return a value (fact 35)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = true;
    int value = run(
      [&]() -> coro<int> {
        auto began = future<void>::make();
        auto child = create_task([&]() -> coro<int> {
          began.set_result();
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
            co_return 42;
          }
          co_return 0;
        });
        co_await began;
        child.cancel();
        auto got = co_await child;
        cancelled = child.cancelled();
        co_return got;
      },
      options);

    CHECK(value == 42);
    CHECK_FALSE(cancelled);
  });
}

TEST_CASE("cancel: a task may catch it and wait for something else (fact 36)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = true;
    bool second_cancelled = true;
    int value = run(
      [&]() -> coro<int> {
        auto began = future<void>::make();
        auto second = future<int>::make();
        auto child = create_task([&]() -> coro<int> {
          began.set_result();
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
          }
          auto got = co_await second;
          co_return got + 1;
        });
        co_await began;
        child.cancel();
        co_await reached(
          [&] { return contains(to_string(child), "wait_for=<Future"); });
        second.set_result(41);
        auto got = co_await child;
        cancelled = child.cancelled();
        second_cancelled = second.cancelled();
        co_return got;
      },
      options);

    CHECK(value == 42);
    CHECK_FALSE(cancelled);
    CHECK_FALSE(second_cancelled);
  });
}

TEST_CASE("cancel: of the running task interrupts its next await (fact 37)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool after_cancel = false;
    bool after_sleep = false;
    bool cancelled = false;
    auto start = std::chrono::steady_clock::now();
    run(
      [&]() -> coro<void> {
        auto child = create_task([&]() -> coro<void> {
          current_task().cancel();
          after_cancel = true;
          co_await sleep(1h);
          after_sleep = true;
        });
        co_await ending_of(child);
        cancelled = child.cancelled();
      },
      options);

    CHECK(after_cancel);
    CHECK_FALSE(after_sleep);
    CHECK(cancelled);
    CHECK(std::chrono::steady_clock::now() - start < 1min);
  });
}

TEST_CASE("cancel: of the running task counts although no await follows "
          "(fact 38)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        auto child = create_task([]() -> coro<int> {
          current_task().cancel();
          co_return 12;
        });
        co_await ending_of(child);
        cancelled = child.cancelled();
      },
      options);

    CHECK(cancelled);
  });
}

TEST_CASE("cancel: of the running task reaches what it awaits next (fact 39)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool outer_cancelled = false;
    bool inner_cancelled = false;
    bool gate_cancelled = false;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto inner = create_task(wait_for_gate(gate));
        co_await blocked(inner);
        auto outer = create_task([&]() -> coro<void> {
          current_task().cancel();
          co_await inner;
        });
        co_await ending_of(outer);
        outer_cancelled = outer.cancelled();
        co_await ending_of(inner);
        inner_cancelled = inner.cancelled();
        gate_cancelled = gate.cancelled();
      },
      options);

    CHECK(outer_cancelled);
    CHECK(inner_cancelled);
    CHECK(gate_cancelled);
  });
}

TEST_CASE("cancel: is seen by the innermost coroutine first (fact 40)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    bool cancelled = true;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto inner = [&]() -> coro<void> {
          try {
            co_await gate;
          } catch (const cancelled_error&) {
            events.add(gate.cancelled() ? "inner, future cancelled" : "inner");
            throw;
          }
        };
        auto outer = create_task([&]() -> coro<void> {
          try {
            co_await inner();
          } catch (const cancelled_error&) {
            events.add("outer");
          }
        });
        co_await blocked(outer);
        outer.cancel();
        co_await outer;
        cancelled = outer.cancelled();
      },
      options);

    CHECK(events.all()
          == std::vector<std::string>{"inner, future cancelled", "outer"});
    CHECK_FALSE(cancelled);
  });
}

TEST_CASE("cancel: takes the timer of a sleep back (fact 42)", "[cancel]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> begun{0};
    std::atomic<int> interrupted{0};
    std::atomic<int> slept{0};
    run(
      [&]() -> coro<void> {
        std::vector<task<void>> sleepers;
        for (int i = 0; i < 200; ++i)
          sleepers.push_back(create_task([&]() -> coro<void> {
            ++begun;
            try {
              co_await sleep(200ms);
              ++slept;
            } catch (const cancelled_error&) {
              ++interrupted;
            }
            co_await sleep(300ms); // a timer left over would end this one early
          }));
        co_await reached([&] { return begun == 200; });
        auto start = get_running_loop().time();
        for (auto& sleeper : sleepers)
          sleeper.cancel();
        for (auto& sleeper : sleepers)
          co_await sleeper;
        if (get_running_loop().time() - start < 300ms)
          slept += 1000;
      },
      options);

    CHECK(interrupted + slept == 200);
    CHECK(interrupted > 0);
  });
}

// -- messages -----------------------------------------------------------------

TEST_CASE("cancel: its message reaches whoever awaits the task (fact 43)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    auto end = run(
      [&]() -> coro<std::string> {
        auto child = create_task(linger());
        co_await sleep(0s);
        child.cancel("time is up");
        co_return co_await ending_of(child);
      },
      options);

    CHECK(end == "cancelled: time is up");
  });
}

TEST_CASE("cancel: exception() and result() of the task throw it (fact 44)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    std::string by_exception;
    std::string by_result;
    run(
      [&]() -> coro<void> {
        auto child = create_task(linger());
        co_await sleep(0s);
        child.cancel("enough");
        co_await ending_of(child);
        try {
          child.exception();
        } catch (const cancelled_error& stop) {
          by_exception = stop.message();
        }
        try {
          child.result();
        } catch (const cancelled_error& stop) {
          by_result = stop.message();
        }
      },
      options);

    CHECK(by_exception == "enough");
    CHECK(by_result == "enough");
  });
}

TEST_CASE("cancel: stays nested in the error that replaces it (fact 45)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    std::string kept;
    run(
      [&]() -> coro<void> {
        auto child = create_task(linger());
        co_await sleep(0s);
        child.cancel("the reason");
        auto converter = create_task([&]() -> coro<void> {
          try {
            co_await child;
          } catch (const cancelled_error&) {
            std::throw_with_nested(std::runtime_error("converted"));
          }
        });
        try {
          co_await converter;
        } catch (const std::runtime_error& problem) {
          try {
            std::rethrow_if_nested(problem);
          } catch (const cancelled_error& stop) {
            kept = stop.message();
          }
        }
      },
      options);

    CHECK(kept == "the reason");
  });
}

// -- counting -----------------------------------------------------------------

TEST_CASE("cancel: twice before the task runs counts two (fact 46)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool first = false;
    bool second = false;
    bool cancelled = false;
    int none = -1;
    int requests = -1;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      auto child = create_task(linger(), in_group);
      none = child.cancelling();
      first = child.cancel();
      second = child.cancel();
      requests = child.cancelling();
      co_await ending_of(child);
      cancelled = child.cancelled();
    });

    CHECK(none == 0);
    CHECK(first);
    CHECK(second);
    CHECK(requests == 2);
    CHECK(cancelled);
  });
}

TEST_CASE("uncancel: brings the count back and the task goes on (fact 47)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    int during = -1;
    int left = -1;
    int after = -1;
    bool went_on = false;
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        auto began = future<void>::make();
        auto caught = future<void>::make();
        auto child = create_task([&]() -> coro<void> {
          began.set_result();
          bool interrupted = false;
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
            auto self = current_task();
            during = self.cancelling();
            left = self.uncancel();
            after = self.cancelling();
            interrupted = true;
          }
          co_await sleep(0s);
          went_on = interrupted;
          caught.set_result();
          co_await sleep(1h);
        });
        co_await began;
        child.cancel();
        co_await caught;
        child.cancel();
        co_await ending_of(child);
        cancelled = child.cancelled();
      },
      options);

    CHECK(during == 1);
    CHECK(left == 0);
    CHECK(after == 0);
    CHECK(went_on);
    CHECK(cancelled);
  });
}

TEST_CASE("uncancel: never goes below 0 (fact 47)", "[cancel]") {
  for_each_worker_count([](run_options options) {
    int left = run(
      []() -> coro<int> {
        current_task().uncancel();
        co_return current_task().uncancel();
      },
      options);

    CHECK(left == 0);
  });
}

TEST_CASE("uncancel: at 0 takes back what was not delivered (fact 47)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    auto end = run(
      []() -> coro<std::string> {
        current_task().cancel();
        current_task().uncancel();
        auto ending = co_await ending_of(sleep(0s));
        co_return ending;
      },
      options);

    CHECK(end == "done");
  });
}

TEST_CASE("uncancel: code after a block that cancelled its own task is "
          "unaffected (fact 50)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool stopped = false;
    int count = -1;
    bool went_on = false;
    run(
      [&]() -> coro<void> {
        auto child = create_task([&]() -> coro<void> {
          stopped = co_await stopped_after(5ms, [] { return linger(); });
          count = current_task().cancelling();
          co_await sleep(1ms);
          went_on = true;
        });
        co_await child;
      },
      options);

    CHECK(stopped);
    CHECK(count == 0);
    CHECK(went_on);
  });
}

TEST_CASE("uncancel: an outer block that fires first is not swallowed by an "
          "inner one (fact 50)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> inner_returned{false};
    bool outer_stopped = false;
    int count = -1;
    run(
      [&]() -> coro<void> {
        auto inner_block = [&]() -> coro<void> {
          co_await stopped_after(1min, [] { return linger(); });
          inner_returned = true;
        };
        auto child = create_task([&]() -> coro<void> {
          outer_stopped = co_await stopped_after(5ms, inner_block);
          count = current_task().cancelling();
        });
        co_await child;
      },
      options);

    CHECK(outer_stopped);
    CHECK_FALSE(inner_returned);
    CHECK(count == 0);
  });
}

// -- errors and cancelling ----------------------------------------------------

TEST_CASE("cancel: an exit thrown by the task's handler leaves the loop "
          "(fact 51)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    loop_options how;
    how.threads = options.threads;
    auto loop = new_event_loop(how);
    auto child = loop.create_task([]() -> coro<void> {
      try {
        co_await sleep(1h);
      } catch (const cancelled_error&) {
        throw system_exit{3};
      }
    }());
    loop.run_until_complete(turns(3));
    int status = 0;
    child.cancel();
    try {
      loop.run_until_complete(linger());
    } catch (const system_exit& exit) {
      status = exit.status();
    }
    for (auto& left : all_tasks(loop))
      left.cancel();
    loop.run_until_complete(
      reached([&] { return all_tasks(loop).size() == 1; })); // it alone

    CHECK(status == 3);
    REQUIRE(child.done());
    CHECK_FALSE(child.cancelled());
    CHECK(is_a<system_exit>(child.exception()));
    loop.close();
  });
}

TEST_CASE("cancel: of a failed task silences the report about its exception "
          "(fact 52)",
          "[cancel]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    bool accepted = true;
    std::size_t others = 0;
    run(
      [&]() -> coro<void> {
        errors.watch(get_running_loop());
        {
          auto silenced = create_task(fail());
          co_await reached([&] { return silenced.done(); });
          accepted = silenced.cancel();
        }
        co_await turns(2);
        others = errors.size();
        {
          auto reported = create_task(fail());
          co_await reached([&] { return reported.done(); });
        }
        co_await reached([&] { return errors.size() > 0; });
      },
      options);

    CHECK_FALSE(accepted);
    CHECK(others == 0);
    CHECK(errors.count("never retrieved") == 1);
  });
}

TEST_CASE("cancel: of a finished task changes nothing (fact 289)", "[cancel]") {
  for_each_worker_count([](run_options options) {
    bool accepted = true;
    int value = run(
      [&]() -> coro<int> {
        auto child = create_task([]() -> coro<int> { co_return 5; });
        co_await child;
        accepted = child.cancel();
        co_return co_await child;
      },
      options);

    CHECK_FALSE(accepted);
    CHECK(value == 5);
  });
}

// -- sleep --------------------------------------------------------------------

TEST_CASE("sleep: of 0 lets all that is ready run first (fact 54)",
          "[sleep][order]") {
  int ran = 0;
  int seen = 0;
  int value = 0;
  run([&]() -> coro<void> {
    for (int i = 0; i < 10; ++i)
      get_running_loop().call_soon([&] { ++ran; });
    value = co_await sleep(0s, 42);
    seen = ran;
  });

  CHECK(seen == 10);
  CHECK(value == 42);
}

TEST_CASE("sleep: takes its time and returns its value (fact 55)", "[sleep]") {
  for_each_worker_count([](run_options options) {
    std::chrono::nanoseconds took{};
    auto value = run(
      [&]() -> coro<std::string> {
        auto loop = get_running_loop();
        auto start = loop.time();
        auto got = co_await sleep(20ms, std::string{"yeah"});
        took = loop.time() - start;
        co_return got;
      },
      options);

    CHECK(value == "yeah");
    CHECK(took >= 20ms);
    CHECK(took < 5s);
  });
}

TEST_CASE("sleep: refuses a delay that is not a number (fact 56)", "[sleep]") {
  for_each_worker_count([](run_options options) {
    bool refused = run(
      []() -> coro<bool> {
        std::chrono::duration<double> never{
          std::numeric_limits<double>::quiet_NaN()};
        try {
          co_await sleep(never);
        } catch (const std::invalid_argument&) {
          co_return true;
        }
        co_return false;
      },
      options);

    CHECK(refused);
  });
}

TEST_CASE("sleep: an endless delay can be cancelled (fact 56)", "[sleep]") {
  for_each_worker_count([](run_options options) {
    auto end = run(
      []() -> coro<std::string> {
        std::chrono::duration<double> endless{
          std::numeric_limits<double>::infinity()};
        auto child = create_task(ending_of(sleep(endless)));
        co_await sleep(1ms);
        child.cancel("over");
        auto ending = co_await ending_of(child);
        co_return ending + ", "
          + (child.cancelled() ? "not begun" : child.result());
      },
      options);

    CHECK(end == "done, cancelled: over");
  });
}

TEST_CASE("sleep: short delays do not make the loop spin (fact 57)",
          "[sleep]") {
  for_each_worker_count([](run_options options) {
    double used = 0;
    bool early = false;
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        for (double delay = 1e-2; delay > 1e-10; delay /= 10) {
          std::chrono::duration<double> wanted{delay};
          auto start = loop.time();
          co_await sleep(wanted);
          early = early || loop.time() - start < wanted - 1ns;
        }
        auto before = cpu_seconds();
        co_await sleep(200ms);
        used = cpu_seconds() - before;
      },
      options);

    CHECK_FALSE(early);
    CHECK(used < 0.1);
  });
}
