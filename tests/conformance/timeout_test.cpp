// What asyncio promises about wait_for, timeout and timeout_at.

#include <troupe/shield.hpp>
#include <troupe/simulation.hpp>
#include <troupe/task_group.hpp>
#include <troupe/timeout.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<int> give(int value) {
  co_return value;
}

coro<int> slow(int value) {
  co_await sleep(1h);
  co_return value;
}

coro<void> long_sleep() {
  co_await sleep(1h);
}

// Awaits `x` and says how that ended.
template <class Awaitable>
coro<std::string> ending_of(Awaitable x) {
  try {
    co_await std::move(x);
  } catch (const cancelled_error&) {
    co_return "cancelled";
  } catch (const timeout_error&) {
    co_return "timeout";
  } catch (const std::exception& problem) {
    co_return problem.what();
  }
  co_return "value";
}

coro<int> swallows() {
  try {
    co_await sleep(1h);
  } catch (const cancelled_error&) {
  }
  co_return 1;
}

coro<void> cleans_up(bool& cleaned) {
  bool stopped = false;
  try {
    co_await sleep(1h);
  } catch (const cancelled_error&) {
    stopped = true;
  }
  co_await sleep(5ms);
  cleaned = stopped;
  throw cancelled_error{};
}

coro<void> breaks_in_cleanup() {
  try {
    co_await sleep(1h);
  } catch (const cancelled_error&) {
  }
  throw std::runtime_error("cleanup");
}

coro<void> notes_start(bool& started) {
  started = true;
  co_return;
}

} // namespace

// -- wait_for -----------------------------------------------------------------

TEST_CASE("wait_for: without a limit (fact 103)", "[wait_for]") {
  for_each_worker_count([](run_options options) {
    int sum = 0;
    run(
      [&]() -> coro<void> {
        sum = co_await wait_for(give(1), nullptr);
        sum += co_await wait_for(give(2), std::nullopt);
        sum += co_await wait_for(create_task(give(4)), 1h);
      },
      options);
    CHECK(sum == 7);
  });
}

TEST_CASE("wait_for: cancels what is too slow and waits for it (fact 104)",
          "[wait_for]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> ends;
    bool done = false;
    bool cleaned = false;
    run(
      [&]() -> coro<void> {
        auto inner = create_task(cleans_up(cleaned));
        ends.push_back(co_await ending_of(wait_for(inner, 5ms)));
        done = inner.done();
        ends.push_back(co_await ending_of(wait_for(slow(1), 5ms)));
      },
      options);
    CHECK(ends == std::vector<std::string>{"timeout", "timeout"});
    CHECK(done);
    CHECK(cleaned);
  });
}

TEST_CASE("wait_for: no time, but a result (fact 105)", "[wait_for]") {
  for_each_worker_count([](run_options options) {
    int sum = 0;
    run(
      [&]() -> coro<void> {
        auto done = future<int>::make();
        done.set_result(3);
        sum = co_await wait_for(done, 0s);
        sum += co_await wait_for(done, -1s);
      },
      options);
    CHECK(sum == 6);
  });
}

TEST_CASE("wait_for: no time, and the body never begins (fact 106)",
          "[wait_for]") {
  for_each_worker_count([](run_options options) {
    bool started = false;
    std::vector<std::string> ends;
    run(
      [&]() -> coro<void> {
        for (auto limit : {0s, -1s})
          ends.push_back(
            co_await ending_of(wait_for(notes_start(started), limit)));
      },
      options);
    CHECK_FALSE(started);
    CHECK(ends == std::vector<std::string>{"timeout", "timeout"});
  });
}

TEST_CASE("wait_for: a result that comes first (fact 108)", "[wait_for]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    run(
      [&]() -> coro<void> {
        auto result = future<void>::make();
        get_running_loop().call_soon([result] { result.set_result(); });
        end = co_await ending_of(wait_for(result, 1h));
      },
      options);
    CHECK(end == "value");
  });
}

TEST_CASE("wait_for: whoever swallows the cancellation wins (fact 109)",
          "[wait_for]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    run([&]() -> coro<void> { value = co_await wait_for(swallows(), 5ms); },
        options);
    CHECK(value == 1);
  });
}

TEST_CASE("wait_for: waits for the clean-up (fact 110)", "[wait_for]") {
  for_each_worker_count([](run_options options) {
    bool cleaned = false;
    std::string end;
    run(
      [&]() -> coro<void> {
        end = co_await ending_of(wait_for(cleans_up(cleaned), 5ms));
      },
      options);
    CHECK(cleaned);
    CHECK(end == "timeout");
  });
}

TEST_CASE("wait_for: an error of the clean-up comes out (fact 111)",
          "[wait_for]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> ends;
    run(
      [&]() -> coro<void> {
        ends.push_back(co_await ending_of(wait_for(breaks_in_cleanup(), 5ms)));
        auto inner = create_task(breaks_in_cleanup());
        co_await blocked(inner);
        ends.push_back(co_await ending_of(wait_for(inner, 0s)));
      },
      options);
    CHECK(ends == std::vector<std::string>{"cleanup", "cleanup"});
  });
}

TEST_CASE("wait_for: a cancelled one waits for the inner one (fact 112)",
          "[wait_for]") {
  for_each_worker_count([](run_options options) {
    bool cleaned = false;
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        auto waiter = create_task(wait_for(cleans_up(cleaned), 1h));
        co_await blocked(waiter);
        waiter.cancel();
        co_await ending_of(waiter);
        cancelled = waiter.cancelled() && cleaned;
      },
      options);
    CHECK(cancelled);
  });
}

TEST_CASE("wait_for: cancels the task that it waits for (fact 113)",
          "[wait_for]") {
  for_each_worker_count([](run_options options) {
    int cancelled = 0;
    run(
      [&]() -> coro<void> {
        for (time_limit limit : {time_limit(1h), time_limit()}) {
          auto inner = create_task(slow(1));
          auto waiter = create_task(wait_for(inner, limit));
          co_await blocked(inner);
          co_await blocked(waiter);
          waiter.cancel();
          co_await ending_of(waiter);
          cancelled += inner.cancelled() + waiter.cancelled();
        }
      },
      options);
    CHECK(cancelled == 4);
  });
}

TEST_CASE("wait_for: a shield keeps the task (fact 116)", "[wait_for]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool goes_on = false;
    run(
      [&]() -> coro<void> {
        auto inner = create_task(slow(1));
        end = co_await ending_of(wait_for(shield(inner), 5ms));
        goes_on = !inner.done() && inner.cancelling() == 0;
        inner.cancel();
      },
      options);
    CHECK(end == "timeout");
    CHECK(goes_on);
  });
}

// -- timeout ------------------------------------------------------------------

TEST_CASE("timeout: interrupts a body that is too slow (facts 117, 121)",
          "[timeout]") {
  for_each_worker_count([](run_options options) {
    record<> seen;
    std::string end;
    run(
      [&]() -> coro<void> {
        auto body = [&](timeout_scope& scope) -> coro<int> {
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
            seen.add(scope.expired() ? "cancelled, expired" : "cancelled");
            throw;
          }
          co_return 1;
        };
        end = co_await ending_of(timeout(5ms, body));
      },
      options);
    CHECK(end == "timeout");
    CHECK(seen.all() == std::vector<std::string>{"cancelled, expired"});
  });
}

TEST_CASE("timeout_at: tells its deadline (fact 118)", "[timeout]") {
  for_each_worker_count([](run_options options) {
    bool same = false;
    std::string end;
    run(
      [&]() -> coro<void> {
        auto when = get_running_loop().time() + 5ms;
        auto body = [&same, when](timeout_scope& scope) -> coro<void> {
          same = scope.when() == when;
          co_await sleep(1h);
        };
        end = co_await ending_of(timeout_at(when, body));
      },
      options);
    CHECK(same);
    CHECK(end == "timeout");
  });
}

TEST_CASE("timeout: a body in time is left alone (fact 119)", "[timeout]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    bool expired = true;
    int cancelling = 1;
    run(
      [&]() -> coro<void> {
        std::optional<timeout_scope> kept;
        auto body = [&kept](timeout_scope& scope) -> coro<int> {
          kept = scope;
          co_await sleep(0s);
          co_return 5;
        };
        value = co_await timeout(10ms, body);
        co_await sleep(15ms);
        expired = kept->expired();
        cancelling = current_task().cancelling();
      },
      options);
    CHECK(value == 5);
    CHECK_FALSE(expired);
    CHECK(cancelling == 0);
  });
}

TEST_CASE("timeout: without a limit (fact 120)", "[timeout]") {
  for_each_worker_count([](run_options options) {
    bool none_set = false;
    int value = 0;
    run(
      [&]() -> coro<void> {
        auto body = [&none_set](timeout_scope& scope) -> coro<int> {
          none_set = !scope.when();
          co_await sleep(1ms);
          co_return 3;
        };
        value = co_await timeout(nullptr, body);
        value += co_await timeout_at(std::nullopt, body);
        value += co_await timeout(std::optional<std::chrono::seconds>(), body);
      },
      options);
    CHECK(none_set);
    CHECK(value == 9);
  });
}

TEST_CASE("timeout: of zero (facts 122, 123)", "[timeout]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> ends;
    run(
      [&]() -> coro<void> {
        auto body = []() -> coro<void> {
          co_await sleep(1h);
        };
        ends.push_back(co_await ending_of(timeout(0s, body)));
        auto past = get_running_loop().time() - 5s;
        ends.push_back(co_await ending_of(timeout_at(past, body)));
        auto works = []() -> coro<void> {
          co_return;
        };
        ends.push_back(co_await ending_of(timeout(0s, works)));
      },
      options);
    CHECK(ends == std::vector<std::string>{"timeout", "timeout", "value"});
  });
}

TEST_CASE("timeout: of zero stops even one turn (facts 122, 123)",
          "[timeout][order]") {
  std::vector<std::string> ends;
  run([&]() -> coro<void> {
    auto body = []() -> coro<void> {
      co_await sleep(0s);
    };
    ends.push_back(co_await ending_of(timeout(0s, body)));
    auto past = get_running_loop().time() - 5s;
    ends.push_back(co_await ending_of(timeout_at(past, body)));
  });
  CHECK(ends == std::vector<std::string>{"timeout", "timeout"});
}

TEST_CASE("timeout: a body that awaits nothing is not interrupted (fact E13)",
          "[timeout]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    bool interrupted = false;
    run(
      [&]() -> coro<void> {
        auto body = []() -> coro<int> {
          co_return 2;
        };
        for (int i = 0; i < 100; ++i)
          value += co_await timeout(0s, body);
        try {
          co_await turns(3);
        } catch (const cancelled_error&) {
          interrupted = true;
        }
      },
      options);
    CHECK(value == 200);
    CHECK_FALSE(interrupted);
  });
}

TEST_CASE("timeout: two with one deadline (fact 124)", "[timeout][order]") {
  std::vector<std::string> got;
  run([&]() -> coro<void> {
    auto when = get_running_loop().time() + 5ms;
    auto outer = [&](timeout_scope& out) -> coro<void> {
      std::optional<timeout_scope> in;
      auto inner = [&](timeout_scope& scope) -> coro<void> {
        in = scope;
        // Both ring in one turn.
        auto spin = [when] {
          while (std::chrono::steady_clock::now() < when + 1ms) {
          }
        };
        get_running_loop().call_soon(spin);
        co_await sleep(1h);
      };
      try {
        co_await timeout_at(when, inner);
      } catch (const cancelled_error&) {
        got.push_back("inner: cancelled");
        got.push_back(in->expired() && out.expired() ? "both" : "one");
        throw;
      }
    };
    got.push_back("outer: " + co_await ending_of(timeout_at(when, outer)));
  });
  CHECK(
    got
    == std::vector<std::string>{"inner: cancelled", "both", "outer: timeout"});
}

TEST_CASE("timeout: the inner one, then the outer one (fact 125)",
          "[timeout]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> got;
    run(
      [&]() -> coro<void> {
        // If both were due at once, the inner one would end as cancelled.
        auto outer = [&](timeout_scope& scope) -> coro<void> {
          auto end = co_await ending_of(timeout(2ms, long_sleep));
          got.push_back("inner: " + end);
          scope.reschedule(get_running_loop().time() + 2ms);
          co_await sleep(1h);
        };
        auto end = co_await ending_of(timeout(1h, outer));
        got.push_back("outer: " + end);
      },
      options);
    CHECK(got == std::vector<std::string>{"inner: timeout", "outer: timeout"});
  });
}

TEST_CASE("timeout: an error of the clean-up comes out (fact 128)",
          "[timeout]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    int cancelling = 1;
    run(
      [&]() -> coro<void> {
        end = co_await ending_of(timeout(5ms, breaks_in_cleanup));
        cancelling = current_task().cancelling();
      },
      options);
    CHECK(end == "cleanup");
    CHECK(cancelling == 0);
  });
}

TEST_CASE("timeout: a cancellation from elsewhere passes (fact 129)",
          "[timeout]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    bool expired = true;
    run(
      [&]() -> coro<void> {
        auto inside = create_task([&]() -> coro<void> {
          std::optional<timeout_scope> kept;
          auto body = [&kept](timeout_scope& scope) -> coro<void> {
            kept = scope;
            co_await sleep(1h);
          };
          try {
            co_await timeout(1h, body);
          } catch (const cancelled_error&) {
            expired = kept->expired();
            throw;
          }
        });
        co_await blocked(inside);
        inside.cancel();
        co_await ending_of(inside);
        cancelled = inside.cancelled();
      },
      options);
    CHECK(cancelled);
    CHECK_FALSE(expired);
  });
}

TEST_CASE("timeout: whoever handles it is not cancelled (fact 130)",
          "[timeout]") {
  for_each_worker_count([](run_options options) {
    bool fine = false;
    run(
      [&]() -> coro<void> {
        auto inside = create_task([]() -> coro<int> {
          auto end = co_await ending_of(timeout(2ms, long_sleep));
          co_return end == "timeout" ? current_task().cancelling() : 9;
        });
        fine = co_await inside == 0 && !inside.cancelled();
      },
      options);
    CHECK(fine);
  });
}

TEST_CASE("timeout: the deadline can be moved to a sooner time (fact 131)",
          "[timeout]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    run(
      [&]() -> coro<void> {
        auto sooner = [](timeout_scope& scope) -> coro<void> {
          auto other = create_task([scope]() -> coro<void> {
            scope.reschedule(get_running_loop().time());
            co_return;
          });
          co_await sleep(1h);
        };
        end = co_await ending_of(timeout(1h, sooner));
      },
      options);
    CHECK(end == "timeout");
  });
}

// In virtual time: on a busy machine the first deadline would come too soon.
TEST_CASE("timeout: the deadline can be moved to a later time (fact 131)",
          "[timeout]") {
  std::string end;
  test::simulation sim;
  sim.run([&]() -> coro<void> {
    auto later = [](timeout_scope& scope) -> coro<void> {
      scope.reschedule(get_running_loop().time() + 1h);
      co_await sleep(30min);
      scope.reschedule(nullptr);
      if (scope.when())
        throw std::logic_error("it has a deadline");
      co_await sleep(2h);
    };
    end = co_await ending_of(timeout(10ms, later));
  });
  CHECK(end == "value");
}

TEST_CASE("timeout: what is left cannot be moved", "[timeout]") {
  for_each_worker_count([](run_options options) {
    std::error_code refused;
    run(
      [&]() -> coro<void> {
        std::optional<timeout_scope> kept;
        auto body = [&kept](timeout_scope& scope) -> coro<void> {
          kept = scope;
          co_return;
        };
        co_await timeout(1h, body);
        refused = error_of([&] { kept->reschedule(nullptr); });
      },
      options);
    CHECK(refused == errc::invalid_state);
  });
}

TEST_CASE("timeout: in the clean-up of a cancelled task (facts 135, 136)",
          "[timeout]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> ends;
    run(
      [&]() -> coro<void> {
        for (auto limit : {std::chrono::milliseconds(2),
                           std::chrono::milliseconds(3'600'000)}) {
          std::atomic<bool> inside{false};
          std::string end;
          auto work = create_task([&]() -> coro<void> {
            try {
              co_await sleep(1h);
            } catch (const cancelled_error&) {
            }
            inside = true;
            end = co_await ending_of(timeout(limit, long_sleep));
          });
          co_await blocked(work);
          work.cancel();
          if (limit > 1s) {
            co_await reached([&] { return inside.load(); });
            co_await blocked(work);
            work.cancel();
          }
          co_await work;
          ends.push_back(end);
        }
      },
      options);
    CHECK(ends == std::vector<std::string>{"timeout", "cancelled"});
  });
}

TEST_CASE("timeout: in the clean-up of another one (fact 137)", "[timeout]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> ends;
    run(
      [&]() -> coro<void> {
        auto outer = [&]() -> coro<void> {
          bool stopped = false;
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
            stopped = true;
          }
          ends.push_back(co_await ending_of(timeout(2ms, long_sleep)));
          if (stopped)
            throw cancelled_error{};
        };
        ends.push_back(co_await ending_of(timeout(2ms, outer)));
      },
      options);
    CHECK(ends == std::vector<std::string>{"timeout", "timeout"});
  });
}

TEST_CASE("timeout: around a group whose child breaks (fact 138)",
          "[timeout]") {
  for_each_worker_count([](run_options options) {
    std::string text;
    int cancelling = 1;
    run(
      [&]() -> coro<void> {
        auto scope = [](task_group& group) -> coro<void> {
          group.create_task(breaks_in_cleanup());
          co_await sleep(1h);
        };
        auto body = [scope]() {
          return with_task_group(scope);
        };
        try {
          co_await timeout(10ms, body);
        } catch (const exception_group& group) {
          text = describe(group.exceptions().at(0));
        }
        cancelling = current_task().cancelling();
      },
      options);
    CHECK(text == "std::runtime_error: cleanup");
    CHECK(cancelling == 0);
  });
}

TEST_CASE("timeout: a lambda's captures live as long as it runs", "[timeout]") {
  for_each_worker_count([](run_options options) {
    std::string got;
    run(
      [&]() -> coro<void> {
        coro<std::string> made = [] {
          std::string text = "a text that is too long for the small buffer";
          return timeout(1h, [text]() -> coro<std::string> {
            co_await sleep(0s);
            co_return text;
          });
        }();
        got = co_await made;
      },
      options);
    CHECK(got == "a text that is too long for the small buffer");
  });
}
