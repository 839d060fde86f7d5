// Timeouts, task groups and races in all orders, cancelled at every step.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include "simulation/everywhere.hpp"
#include "support/test.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>

using namespace troupe;
using namespace std::chrono_literals;
using troupe::test::require;

namespace {

constexpr std::uint64_t budget = 3'000;

coro<void> spin(std::size_t turns) {
  for (std::size_t i = 0; i < turns; ++i)
    co_await sleep(0s);
}

coro<void> breaks(std::size_t turns) {
  co_await spin(turns);
  throw std::runtime_error("broken");
}

coro<void> naps(std::chrono::milliseconds delay) {
  co_await sleep(delay);
}

coro<void> cancel_some_time(any_task victim) {
  everywhere::is_victim(victim);
  if (everywhere::injecting())
    co_return;
  co_await spin(test::choose(10));
  victim.cancel("stop");
}

template <class F>
std::set<std::string> outcomes(F program, std::uint64_t schedules = budget) {
  std::set<std::string> seen;
  auto body = [&]() -> coro<void> {
    seen.insert(co_await program());
  };
  test::explore_options options;
  options.schedules = schedules;
  if (everywhere::wanted()) {
    auto program_alone = [&]() -> coro<void> {
      static_cast<void>(co_await program());
    };
    everywhere::cancel_at_each_await(program_alone);
  }
  auto found = test::explore(body, options);
  INFO(found.text());
  CHECK(found.ok());
  return seen;
}

template <class T>
coro<std::string> ending_of(T x) {
  try {
    co_await std::move(x);
  } catch (const cancelled_error&) {
    co_return "cancelled";
  } catch (const timeout_error&) {
    co_return "timeout";
  } catch (const exception_group& group) {
    co_return "group of " + std::to_string(group.exceptions().size());
  } catch (const std::exception& problem) {
    co_return problem.what();
  }
  co_return "value";
}

// What a scope left behind: the count of requests, and an interruption.
coro<void> nothing_left() {
  require(current_task().cancelling() == 0, "no request is left");
  co_await spin(3); // throws if an interruption is left
}

using names = std::set<std::string>;

} // namespace

TEST_CASE("several: a timeout races with the end of its body", "[several]") {
  auto program = []() -> coro<std::string> {
    auto body = []() -> coro<void> {
      co_await sleep(5ms);
    };
    auto end = co_await ending_of(timeout(5ms, body));
    co_await nothing_left();
    co_return end;
  };
  CHECK(outcomes(program) == names{"timeout", "value"});
}

TEST_CASE("several: wait_for races with the end of a task", "[several]") {
  auto program = []() -> coro<std::string> {
    auto inner = create_task(naps(5ms));
    auto end = co_await ending_of(wait_for(inner, 5ms));
    require(inner.done(), "it ended either way");
    co_await nothing_left();
    co_return end;
  };
  CHECK(outcomes(program) == names{"timeout", "value"});
}

TEST_CASE("several: a timeout races with a cancellation", "[several]") {
  auto program = []() -> coro<std::string> {
    auto inside = create_task([]() -> coro<std::string> {
      auto body = []() -> coro<void> {
        co_await sleep(1h);
      };
      std::string end = "none";
      try {
        co_await timeout(5ms, body);
      } catch (const timeout_error&) {
        end = "timeout";
      }
      co_await nothing_left();
      co_return end;
    });
    auto enemy = create_task([inside]() -> coro<void> {
      co_await sleep(5ms);
      inside.cancel();
    });
    auto end = co_await ending_of(inside);
    co_await enemy;
    if (end == "value")
      require(inside.result() == "timeout");
    co_return end;
  };
  auto seen = outcomes(program);
  CHECK(seen.count("cancelled") == 1);
  CHECK(seen.count("value") == 1);
}

TEST_CASE("several: nested timeouts with one deadline", "[several]") {
  auto program = []() -> coro<std::string> {
    auto text = std::make_shared<std::string>();
    auto outer = [text]() -> coro<void> {
      auto inner = []() -> coro<void> {
        co_await sleep(1h);
      };
      *text = co_await ending_of(timeout(5ms, inner));
      if (*text == "cancelled")
        throw cancelled_error{};
      co_await sleep(1h);
    };
    auto end = co_await ending_of(timeout(5ms, outer));
    co_await nothing_left();
    require(end == "timeout", "the outer one always throws");
    co_return *text;
  };
  auto seen = outcomes(program);
  CHECK(seen == names{"cancelled", "timeout"});
}

TEST_CASE("several: a deadline is moved while it passes", "[several]") {
  auto program = []() -> coro<std::string> {
    auto moved = std::make_shared<bool>(false);
    auto body = [moved](timeout_scope& scope) -> coro<void> {
      auto mover = create_task([scope, moved]() -> coro<void> {
        co_await sleep(5ms);
        try {
          scope.reschedule(get_running_loop().time() + 1h);
          *moved = true;
        } catch (const invalid_state_error&) {
        }
      });
      co_await sleep(10ms);
      co_await mover;
    };
    auto end = co_await ending_of(timeout(5ms, body));
    co_await spin(3);
    co_await nothing_left();
    require((end == "value") == *moved, "moved or passed, never both");
    co_return end;
  };
  CHECK(outcomes(program) == names{"timeout", "value"});
}

TEST_CASE("several: a group whose parent is cancelled at every step",
          "[several]") {
  auto program = []() -> coro<std::string> {
    auto alive = std::make_shared<int>(0);
    auto child = [alive](std::size_t turns) -> coro<void> {
      ++*alive;
      try {
        co_await spin(turns);
      } catch (const cancelled_error&) {
      }
      --*alive;
    };
    auto body = [child](task_group& group) -> coro<void> {
      group.create_task(child(2));
      group.create_task(child(6));
      co_await spin(3);
    };
    auto scope = with_task_group(body);
    auto parent = create_task(std::move(scope));
    auto enemy = create_task(cancel_some_time(parent));
    auto end = co_await ending_of(parent);
    require(*alive == 0, "no child outlives the scope");
    co_await enemy;
    co_return end;
  };
  CHECK(outcomes(program) == names{"cancelled", "value"});
}

TEST_CASE("several: errors, a cancellation and a group", "[several]") {
  auto program = []() -> coro<std::string> {
    auto parent = create_task([]() -> coro<std::string> {
      auto body = [](task_group& group) -> coro<void> {
        group.create_task(breaks(2));
        group.create_task(breaks(4));
        co_await spin(5);
      };
      std::string end;
      try {
        co_await with_task_group(body);
      } catch (const exception_group& group) {
        end = std::to_string(group.exceptions().size());
      }
      require(!end.empty(), "it failed or was cancelled");
      int requests = current_task().cancelling();
      bool interrupted = false;
      try {
        co_await spin(2);
      } catch (const cancelled_error&) {
        interrupted = true;
      }
      require(interrupted == (requests > 0)
                || current_task().cancelling() > requests,
              "a request is delivered, and only then");
      co_return end;
    });
    auto enemy = create_task(cancel_some_time(parent));
    auto end = co_await ending_of(parent);
    co_await enemy;
    co_return end == "value" ? parent.result() : end;
  };
  auto seen = outcomes(program);
  CHECK(seen.count("cancelled") == 1);
  CHECK(seen.count("1") == 1);
  CHECK(seen.count("2") == 1);
}

TEST_CASE("several: a failing group balances its request", "[several]") {
  auto program = []() -> coro<std::string> {
    auto body = [](task_group& group) -> coro<void> {
      group.create_task(breaks(test::choose(4)));
      co_await spin(test::choose(6));
    };
    auto end = co_await ending_of(with_task_group(body));
    require(end == "group of 1");
    co_await nothing_left();
    co_return end;
  };
  CHECK(outcomes(program) == names{"group of 1"});
}

TEST_CASE("several: nested groups that fail together", "[several]") {
  auto program = []() -> coro<std::string> {
    auto text = std::make_shared<std::string>();
    auto outer = [text](task_group& group) -> coro<void> {
      group.create_task(breaks(2));
      auto inner = [](task_group& mine) -> coro<void> {
        mine.create_task(breaks(2));
        co_await spin(8);
      };
      *text = co_await ending_of(with_task_group(inner));
      if (*text == "cancelled")
        throw cancelled_error{};
      co_await sleep(1h);
    };
    auto end = co_await ending_of(with_task_group(outer));
    require(end == "group of 1", end);
    co_await nothing_left();
    co_return *text;
  };
  CHECK(outcomes(program) == names{"cancelled", "group of 1"});
}

TEST_CASE("several: a group is ended by cancel() at every step", "[several]") {
  auto program = []() -> coro<std::string> {
    task_group group;
    auto went_on = std::make_shared<bool>(false);
    auto enemy = create_task([group]() -> coro<void> {
      co_await spin(test::choose(8));
      group.cancel();
    });
    auto body = [went_on](task_group& mine) -> coro<void> {
      try {
        mine.create_task(spin(3));
      } catch (const invalid_state_error&) {
      }
      co_await spin(3);
      *went_on = true;
    };
    co_await with_task_group(group, body);
    co_await nothing_left();
    co_await enemy;
    co_await nothing_left();
    co_return *went_on ? "to the end" : "ended early";
  };
  CHECK(outcomes(program) == names{"ended early", "to the end"});
}

TEST_CASE("several: a race has one winner", "[several]") {
  auto program = []() -> coro<std::string> {
    using candidate = std::function<coro<int>()>;
    auto runner = [](int value) -> candidate {
      return [value]() -> coro<int> {
        co_await sleep(2ms - value * 1ms); // all end together
        co_return value;
      };
    };
    std::vector<candidate> all{runner(0), runner(1), runner(2)};
    auto got = co_await staggered_race(all, 1ms);
    require(got.index.has_value() && got.winner == int(*got.index));
    int winners = 0;
    for (const auto& problem : got.exceptions)
      winners += problem == nullptr;
    require(winners == 1, "one winner");
    co_return std::to_string(*got.winner);
  };
  auto seen = outcomes(program);
  CHECK(seen.count("0") == 1);
  CHECK(seen.size() >= 2);
}

TEST_CASE("several: a race is cancelled at every step", "[several]") {
  auto program = []() -> coro<std::string> {
    using candidate = std::function<coro<int>()>;
    auto alive = std::make_shared<int>(0);
    candidate slow = [alive]() -> coro<int> {
      ++*alive;
      try {
        co_await spin(4);
      } catch (const cancelled_error&) {
        --*alive;
        throw;
      }
      --*alive;
      co_return 1;
    };
    std::vector<candidate> all{slow, slow};
    auto race = create_task(staggered_race(all, 1ms));
    auto enemy = create_task(cancel_some_time(race));
    auto end = co_await ending_of(race);
    require(*alive == 0, "no candidate outlives the race");
    co_await enemy;
    co_return end;
  };
  CHECK(outcomes(program) == names{"cancelled", "value"});
}
