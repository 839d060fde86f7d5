// What asyncio promises about task groups.

#include <troupe/task_group.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

coro<int> give(int value) {
  co_return value;
}

coro<void> fails(const char* text) {
  co_await sleep(0s);
  throw std::runtime_error(text);
}

coro<void> lingers() {
  co_await sleep(1h);
}

// Breaks when it is cancelled.
coro<void> breaks(const char* text) {
  try {
    co_await sleep(1h);
  } catch (const cancelled_error&) {
  }
  throw std::runtime_error(text);
}

// The errors of a group in brackets, or how else `x` ended.
template <class Awaitable>
coro<std::string> ending_of(Awaitable x) {
  try {
    co_await std::move(x);
  } catch (const cancelled_error&) {
    co_return "cancelled";
  } catch (const exception_group& group) {
    std::string text = "[";
    for (const auto& each : group.exceptions())
      text += (text.size() > 1 ? ", " : "")
            + (is_a<cancelled_error>(each) ? "cancelled"
                                           : describe(each).substr(20));
    co_return text + "]";
  } catch (const std::exception& problem) {
    co_return problem.what();
  } catch (const keyboard_interrupt&) {
    co_return "interrupt";
  }
  co_return "value";
}

int cancelling() {
  return current_task().cancelling();
}

// True if the next await is interrupted.
coro<bool> next_await_interrupted() {
  try {
    co_await turns(3);
  } catch (const cancelled_error&) {
    co_return true;
  }
  co_return false;
}

} // namespace

TEST_CASE("task_group: waits for its children (fact 139)", "[task_group]") {
  for_each_worker_count([](run_options options) {
    int sum = 0;
    bool done = false;
    run(
      [&]() -> coro<void> {
        task<int> a;
        task<int> b;
        auto body = [&](task_group& group) -> coro<int> {
          a = group.create_task(give(1));
          b = group.create_task([]() -> coro<int> {
            co_await sleep(5ms);
            co_return 2;
          });
          co_return 4;
        };
        sum = co_await with_task_group(body);
        done = a.done() && b.done();
        sum += a.result() + b.result();
      },
      options);
    CHECK(done);
    CHECK(sum == 7);
  });
}

TEST_CASE("task_group: without children", "[task_group]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    run(
      [&]() -> coro<void> {
        value = co_await with_task_group(
          [](task_group&) -> coro<int> { co_return 3; });
        co_await with_task_group([]() -> coro<void> { co_return; });
      },
      options);
    CHECK(value == 3);
  });
}

TEST_CASE("task_group: a cancelled child is no failure (facts 140, E11)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    int other = 0;
    run(
      [&]() -> coro<void> {
        auto body = [&](task_group& group) -> coro<void> {
          auto a = group.create_task(lingers());
          auto b = group.create_task(give(5));
          group.create_task([]() -> coro<void> {
            throw cancelled_error("mine");
            co_return;
          });
          a.cancel();
          other = co_await b;
        };
        end = co_await ending_of(with_task_group(body));
      },
      options);
    CHECK(end == "value");
    CHECK(other == 5);
  });
}

TEST_CASE("task_group: an error cancels the others (fact 141)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        task<void> sleeper;
        auto body = [&](task_group& group) -> coro<void> {
          sleeper = group.create_task(lingers());
          group.create_task(fails("one"));
          co_return;
        };
        end = co_await ending_of(with_task_group(body));
        cancelled = sleeper.cancelled();
      },
      options);
    CHECK(end == "[one]");
    CHECK(cancelled);
  });
}

TEST_CASE("task_group: an error interrupts the body (facts 142, 170)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string inside;
    std::string end;
    bool leaked = true;
    run(
      [&]() -> coro<void> {
        auto body = [&](task_group& group) -> coro<void> {
          group.create_task(fails("one"));
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
            inside = "cancelled";
            throw;
          }
        };
        end = co_await ending_of(with_task_group(body));
        leaked = co_await next_await_interrupted();
      },
      options);
    CHECK(inside == "cancelled");
    CHECK(end == "[one]");
    CHECK_FALSE(leaked);
  });
}

TEST_CASE("task_group: a cancelled parent ends all (facts 143, 144)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    for (bool in_body : {false, true}) {
      bool cancelled = false;
      run(
        [&]() -> coro<void> {
          task<void> child;
          std::atomic<bool> inside{false};
          auto body = [&](task_group& group) -> coro<void> {
            child = group.create_task(lingers());
            inside = true;
            if (in_body)
              co_await sleep(1h);
          };
          auto scope = with_task_group(body);
          auto parent = create_task(std::move(scope));
          co_await reached([&] { return inside.load(); });
          co_await blocked(parent);
          parent.cancel();
          auto end = co_await ending_of(parent);
          cancelled
            = end == "cancelled" && parent.cancelled() && child.cancelled();
        },
        options);
      CHECK(cancelled);
    }
  });
}

TEST_CASE("task_group: errors go before a cancellation (facts 145, 149)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    run(
      [&]() -> coro<void> {
        std::atomic<bool> inside{false};
        auto body = [&](task_group& group) -> coro<void> {
          auto child = group.create_task(breaks("late"));
          co_await blocked(child);
          inside = true;
          co_await sleep(1h);
        };
        auto scope = with_task_group(body);
        auto parent = create_task(std::move(scope));
        co_await reached([&] { return inside.load(); });
        co_await blocked(parent);
        parent.cancel();
        end = co_await ending_of(parent);
      },
      options);
    CHECK(end == "[late]");
  });
}

TEST_CASE("task_group: an error of the body (fact 146)", "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        task<void> child;
        auto body = [&](task_group& group) -> coro<void> {
          child = group.create_task(lingers());
          throw std::runtime_error("body");
          co_return;
        };
        end = co_await ending_of(with_task_group(body));
        cancelled = child.cancelled();
      },
      options);
    CHECK(end == "[body]");
    CHECK(cancelled);
  });
}

TEST_CASE("task_group: an outer error ends an inner group (fact 148)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool inner_cancelled = false;
    run(
      [&]() -> coro<void> {
        auto outer = [&](task_group& group) -> coro<void> {
          group.create_task(fails("outer"));
          auto inner = [](task_group& mine) -> coro<void> {
            mine.create_task(lingers());
            co_return;
          };
          try {
            co_await with_task_group(inner);
          } catch (const cancelled_error&) {
            inner_cancelled = true;
            throw;
          }
        };
        end = co_await ending_of(with_task_group(outer));
      },
      options);
    CHECK(end == "[outer]");
    CHECK(inner_cancelled);
  });
}

TEST_CASE("task_group: the body turns its cancellation into an error "
          "(facts 151, 152)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    texts ends;
    run(
      [&]() -> coro<void> {
        std::atomic<bool> inside{false};
        auto body = [&](task_group& group) -> coro<void> {
          group.create_task(lingers());
          inside = true;
          co_await breaks("converted");
        };
        auto scope = with_task_group(body);
        auto parent = create_task(std::move(scope));
        co_await reached([&] { return inside.load(); });
        co_await blocked(parent);
        parent.cancel();
        ends.push_back(co_await ending_of(parent));

        auto both = [](task_group& group) -> coro<void> {
          group.create_task(fails("child"));
          co_await breaks("body");
        };
        ends.push_back(co_await ending_of(with_task_group(both)));
      },
      options);
    CHECK(ends == texts{"[converted]", "[child, body]"});
  });
}

TEST_CASE("task_group: an interrupt of the body comes out bare (fact 153)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    run(
      [&]() -> coro<void> {
        auto body = [](task_group& group) -> coro<void> {
          group.create_task(lingers());
          throw keyboard_interrupt{};
          co_return;
        };
        end = co_await ending_of(with_task_group(body));
      },
      options);
    CHECK(end == "interrupt");
  });
}

TEST_CASE("task_group: any thrown object is an error (fact 154)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    bool is_int = false;
    run(
      [&]() -> coro<void> {
        auto body = [](task_group& group) -> coro<void> {
          group.create_task([]() -> coro<void> {
            throw 7;
            co_return;
          });
          co_return;
        };
        try {
          co_await with_task_group(body);
        } catch (const exception_group& group) {
          is_int = is_a<int>(group.exceptions().at(0));
        }
      },
      options);
    CHECK(is_int);
  });
}

TEST_CASE("task_group: waits for late children (fact 156)", "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> ended{0};
    run(
      [&]() -> coro<void> {
        auto body = [&](task_group& group) -> coro<void> {
          group.create_task([&ended, group]() -> coro<void> {
            co_await turns(5); // the body has ended
            group.create_task([&ended]() -> coro<void> {
              co_await turns(5);
              ++ended;
            });
            ++ended;
          });
          co_return;
        };
        co_await with_task_group(body);
      },
      options);
    CHECK(ended == 2);
  });
}

TEST_CASE("task_group: an error ends those that spawn (fact 157)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    run(
      [&]() -> coro<void> {
        auto body = [](task_group& group) -> coro<void> {
          group.create_task([group]() -> coro<void> {
            for (;;) {
              group.create_task(lingers());
              co_await sleep(0s);
            }
          });
          group.create_task([]() -> coro<void> {
            co_await sleep(2ms);
            throw std::runtime_error("stop");
          });
          co_return;
        };
        end = co_await ending_of(with_task_group(body));
      },
      options);
    CHECK(contains(end, "stop"));
  });
}

TEST_CASE("task_group: refuses where it is not alive (facts 159, 160)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    texts refused;
    error_log told;
    run(
      [&]() -> coro<void> {
        told.watch(get_running_loop());
        task_group group;
        auto attempt = [&] {
          try {
            group.create_task(give(1));
          } catch (const invalid_state_error& problem) {
            refused.push_back(problem.what());
          }
        };
        attempt();
        auto body = [](task_group&) -> coro<void> {
          co_return;
        };
        co_await with_task_group(group, body);
        attempt();
        try {
          co_await with_task_group(group, body);
        } catch (const invalid_state_error& problem) {
          refused.push_back(problem.what());
        }
      },
      options);
    REQUIRE(refused.size() == 3);
    CHECK(contains(refused[0], "has not been entered"));
    CHECK(contains(refused[1], "is finished"));
    CHECK(contains(refused[2], "was entered before"));
    CHECK(told.size() == 0);
  });
}

TEST_CASE("task_group: its own cancellation is balanced (fact 165)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    int left = 1;
    run(
      [&]() -> coro<void> {
        auto body = [](task_group& group) -> coro<void> {
          group.create_task(fails("one"));
          co_await sleep(1h);
        };
        co_await ending_of(with_task_group(body));
        left = cancelling();
      },
      options);
    CHECK(left == 0);
  });
}

TEST_CASE("task_group: nested groups that both fail (fact 166)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    int inside = 0;
    int after = 1;
    texts ends;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        std::atomic<int> begun{0};
        auto fail_at = [&begun, gate](const char* text) -> coro<void> {
          ++begun;
          try {
            co_await gate;
          } catch (const cancelled_error&) { // by the other group, first
          }
          throw std::runtime_error(text);
        };
        auto outer = [&](task_group& group) -> coro<void> {
          auto failing = group.create_task(fail_at("outer"));
          auto inner = [&](task_group& mine) -> coro<void> {
            mine.create_task(fail_at("inner"));
            // Cancelled before it begins it would not fail.
            co_await reached([&] { return begun == 2; });
            gate.set_result();
            co_await reached([&] { return failing.done(); });
            co_await sleep(1h);
          };
          ends.push_back(co_await ending_of(with_task_group(inner)));
          // Its own request may come a moment later.
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
            inside = cancelling();
          }
        };
        ends.push_back(co_await ending_of(with_task_group(outer)));
        after = cancelling();
      },
      options);
    CHECK(ends == texts{"[inner]", "[outer]"});
    CHECK(inside == 1);
    CHECK(after == 0);
  });
}

TEST_CASE("task_group: a cancellation from outside is not lost (fact 167)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool interrupted = false;
    int left = 0;
    run(
      [&]() -> coro<void> {
        std::atomic<bool> inside{false};
        auto body = [&](task_group& group) -> coro<void> {
          auto child = group.create_task(breaks("child"));
          co_await blocked(child);
          inside = true;
          co_await sleep(1h);
        };
        auto parent = create_task([&]() -> coro<void> {
          end = co_await ending_of(with_task_group(body));
          left = cancelling();
          interrupted = co_await next_await_interrupted();
        });
        co_await reached([&] { return inside.load(); });
        co_await blocked(parent);
        parent.cancel();
        co_await parent;
      },
      options);
    CHECK(end == "[child]");
    CHECK(left == 1);
    CHECK(interrupted);
  });
}

TEST_CASE("task_group: a resource that breaks at its end (fact 168)",
          "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    int left = 1;
    run(
      [&]() -> coro<void> {
        auto body = [](task_group& group) -> coro<void> {
          group.create_task(fails("child"));
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
            throw std::runtime_error("resource");
          }
        };
        end = co_await ending_of(with_task_group(body));
        left = cancelling();
      },
      options);
    CHECK(end == "[child, resource]");
    CHECK(left == 0);
  });
}

TEST_CASE("task_group: a child that fails at once (fact 169)", "[task_group]") {
  for_each_worker_count([](run_options options) {
    for (int eager : {0, 1}) {
      std::string end;
      bool went_on = false;
      run(
        [&]() -> coro<void> {
          auto body = [&](task_group& group) -> coro<void> {
            auto fail = []() -> coro<void> {
              throw std::runtime_error("at once");
              co_return;
            };
            group.create_task(fail, {.eager_start = eager});
            went_on = true;
            co_await sleep(1h);
          };
          end = co_await ending_of(with_task_group(body));
        },
        options);
      CHECK(end == "[at once]");
      CHECK(went_on);
    }
  });
}

TEST_CASE("task_group: does not keep its errors (fact 171)", "[task_group]") {
  std::weak_ptr<int> alive;
  bool gone = false;
  struct heavy {
    std::shared_ptr<int> load;
  };
  run([&]() -> coro<void> {
    task_group group;
    {
      auto body = [&](task_group& mine) -> coro<void> {
        mine.create_task([&]() -> coro<void> {
          auto load = std::make_shared<int>(1);
          alive = load;
          throw heavy{load};
          co_return;
        });
        co_return;
      };
      try {
        co_await with_task_group(group, body);
      } catch (const exception_group&) {
      }
    }
    try {
      throw 1; // the last exception of the thread's chain is another one
    } catch (int) {
    }
    co_await ending_of(fails("other"));
    gone = alive.expired();
  });
  CHECK(gone);
}

TEST_CASE("task_group: awaiting a cancelled child (fact E12)", "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    int left = 1;
    run(
      [&]() -> coro<void> {
        auto body = [](task_group& group) -> coro<void> {
          auto child = group.create_task(lingers());
          child.cancel();
          co_await child;
        };
        end = co_await ending_of(with_task_group(body));
        left = cancelling();
      },
      options);
    CHECK(end == "cancelled");
    CHECK(left == 0);
  });
}

TEST_CASE("task_group: cancel() ends it without an error", "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool child_cancelled = false;
    bool body_went_on = false;
    int left = 1;
    run(
      [&]() -> coro<void> {
        task<void> child;
        auto body = [&](task_group& group) -> coro<void> {
          child = group.create_task(lingers());
          group.create_task([group]() -> coro<void> {
            co_await sleep(0s);
            group.cancel();
            group.cancel();
          });
          co_await sleep(1h);
          body_went_on = true;
        };
        end = co_await ending_of(with_task_group(body));
        child_cancelled = child.cancelled();
        left = cancelling();
      },
      options);
    CHECK(end == "value");
    CHECK(child_cancelled);
    CHECK_FALSE(body_went_on);
    CHECK(left == 0);
  });
}

TEST_CASE("task_group: cancel() before and after", "[task_group]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool interrupted = false;
    texts refused;
    run(
      [&]() -> coro<void> {
        task_group group;
        group.cancel();
        auto body = [&](task_group& mine) -> coro<void> {
          try {
            mine.create_task(give(1));
          } catch (const invalid_state_error& problem) {
            refused.push_back(problem.what());
          }
          interrupted = co_await next_await_interrupted();
          throw cancelled_error{};
        };
        end = co_await ending_of(with_task_group(group, body));
        group.cancel();
        if (co_await next_await_interrupted())
          end = "interrupted";
      },
      options);
    CHECK(end == "value");
    CHECK(interrupted);
    REQUIRE(refused.size() == 1);
    CHECK(contains(refused[0], "is shutting down"));
  });
}

TEST_CASE("task_group: a cancelled group has no value", "[task_group]") {
  std::error_code refused;
  run([&]() -> coro<void> {
    auto body = [](task_group& group) -> coro<int> {
      group.cancel();
      co_await sleep(1h);
      co_return 1;
    };
    try {
      co_await with_task_group(body);
    } catch (const error& problem) {
      refused = problem.code();
    }
  });
  CHECK(refused == errc::invalid_state);
}

TEST_CASE("task_group: one that is pending when the loop closes",
          "[task_group]") {
  auto loop = new_event_loop();
  loop.set_exception_handler([](event_loop&, const error_context&) {});
  auto body = [](task_group& group) -> coro<void> {
    group.create_task(lingers());
    co_await sleep(1h);
  };
  auto scope = with_task_group(body);
  auto parent = loop.create_task(std::move(scope));
  loop.call_later(2ms, [loop]() mutable { loop.stop(); });
  loop.run_forever();
  loop.close();
  CHECK_FALSE(parent.done());
}
