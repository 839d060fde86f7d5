// Timeouts, task groups and races.

#include "differential/helpers.hpp"

#include <functional>
#include <optional>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<> pass(int turns) {
  for (int i = 0; i < turns; ++i)
    co_await sleep(0s);
}

int requests() {
  return current_task().cancelling();
}

coro<> turn() {
  co_await sleep(0s);
}

coro<> long_sleep() {
  co_await sleep(1h);
}

} // namespace

PROGRAM(221_timeout) {
  run([]() -> coro<void> {
    std::optional<timeout_scope> kept;
    auto slow = [&](timeout_scope& scope) -> coro<> {
      kept = scope;
      try {
        co_await sleep(1h);
      } catch (const cancelled_error&) {
        print("inside", scope.expired(), requests());
        throw;
      }
    };
    try {
      co_await timeout(5ms, slow);
    } catch (const timeout_error&) {
      print("timeout", kept->expired(), requests());
    }
    auto quick = [&](timeout_scope& scope) -> coro<> {
      kept = scope;
      co_await sleep(0s);
    };
    co_await timeout(1h, quick);
    print("in time", kept->expired());
    auto endless = [](timeout_scope& scope) -> coro<> {
      print(!scope.when());
      co_await sleep(0s);
    };
    co_await timeout(nullptr, endless);
    auto ticks = create_task(ticker(4));
    auto works = [&](timeout_scope& scope) -> coro<> {
      kept = scope;
      print("nothing awaited");
      co_return;
    };
    for (int limit = 0; limit >= -1; --limit) {
      try {
        co_await timeout(limit * 1s, turn);
        print("never");
      } catch (const timeout_error&) {
        print("no time");
      }
      co_await timeout(limit * 1s, works);
      print(kept->expired());
    }
    co_await ticks;
  });
}

PROGRAM(222_timeout_nested) {
  auto nested = [](time_limit outer, time_limit inner) -> coro<> {
    std::optional<timeout_scope> a;
    std::optional<timeout_scope> b;
    auto inside = [&](timeout_scope& scope) -> coro<> {
      b = scope;
      co_await sleep(1h);
    };
    auto outside = [&](timeout_scope& scope) -> coro<> {
      a = scope;
      try {
        co_await timeout(inner, inside);
      } catch (const timeout_error&) {
        print("inner timeout", a->expired(), b->expired());
      } catch (const cancelled_error&) {
        print("inner cancelled", a->expired(), b->expired());
        throw;
      }
      co_await sleep(1h);
    };
    try {
      co_await timeout(outer, outside);
    } catch (const timeout_error&) {
      print("outer timeout", a->expired(), b->expired(), requests());
    }
  };
  run([&]() -> coro<void> {
    co_await nested(20ms, 2ms);
    co_await nested(2ms, 1h);
    co_await nested(0s, 0s);
    co_await nested(0s, 1h);
    co_await nested(2ms, 0s);
  });
}

PROGRAM(223_timeout_moved) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    auto to_the_past = [loop](timeout_scope& scope) -> coro<> {
      scope.reschedule(loop.time() - 1s);
      print(scope.expired());
      co_await sleep(1h);
    };
    try {
      co_await timeout(1h, to_the_past);
    } catch (const timeout_error&) {
      print("moved to the past");
    }
    std::optional<timeout_scope> kept;
    auto away = [&](timeout_scope& scope) -> coro<> {
      kept = scope;
      scope.reschedule(nullptr);
      print(!scope.when());
      co_await sleep(6ms);
    };
    co_await timeout(3ms, away);
    print("no deadline", kept->expired());
    try {
      kept->reschedule(loop.time());
    } catch (const invalid_state_error&) {
      print("too late");
    }
    auto by_callback = [loop](timeout_scope& scope) -> coro<> {
      auto again = loop;
      again.call_soon([scope, loop] { scope.reschedule(loop.time()); });
      co_await sleep(1h);
    };
    try {
      co_await timeout(1h, by_callback);
    } catch (const timeout_error&) {
      print("moved by a callback");
    }
  });
}

PROGRAM(224_timeout_cancelled) {
  auto inside = [](std::chrono::milliseconds limit, bool swallows) -> coro<> {
    std::optional<timeout_scope> kept;
    auto body = [&](timeout_scope& scope) -> coro<> {
      kept = scope;
      try {
        co_await sleep(1h);
      } catch (const cancelled_error& e) {
        std::string words = "interrupted";
        if (!e.message().empty())
          words += ' ' + e.message();
        print(words, scope.expired());
        if (!swallows)
          throw;
      }
    };
    try {
      co_await timeout(limit, body);
    } catch (const timeout_error&) {
      print("timeout");
    }
    print("left", kept->expired(), requests());
  };
  run([&]() -> coro<void> {
    for (int limit = 3'600'000; limit >= 3; limit = limit == 3 ? 0 : 3)
      for (int swallows = 0; swallows < 2; ++swallows) {
        auto task = create_task(inside(limit * 1ms, swallows == 1));
        co_await sleep(0s);
        if (limit > 3)
          task.cancel("outside");
        co_await ending("task", task);
        print(task.cancelled());
      }
  });
}

PROGRAM(225_group) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    task<std::string> a;
    task<std::string> b;
    auto two = [&](task_group& group) -> coro<> {
      a = group.create_task(work("a", 3));
      b = group.create_task(work("b", 1));
      print("body ends");
      co_return;
    };
    co_await with_task_group(two);
    print("left", a.result(), b.result());
    auto nobody = []() -> coro<> {
      print("empty");
      co_return;
    };
    co_await with_task_group(nobody);
    task<std::string> c;
    auto cancels = [&](task_group& group) -> coro<> {
      c = group.create_task(work("c", 9));
      auto d = group.create_task(work("d", 1));
      print(co_await d);
      c.cancel("only c");
    };
    co_await with_task_group(cancels);
    print("left", c.cancelled());
    co_await ticks;
  });
}

PROGRAM(226_group_error) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    auto body = [](task_group& group) -> coro<> {
      group.create_task(work("a", 9));
      group.create_task(work("b", 2, true));
      group.create_task(work("c", 2, true));
      try {
        co_await sleep(1h);
      } catch (const cancelled_error& e) {
        say("body cancelled", e.message());
        throw;
      }
    };
    try {
      co_await with_task_group(body);
    } catch (const exception_group& e) {
      print(e.message(), errors(e));
    }
    print(requests());
    task<std::string> d;
    auto breaks = [&](task_group& group) -> coro<> {
      d = group.create_task(work("d", 9));
      throw std::invalid_argument("body");
      co_return;
    };
    try {
      co_await with_task_group(breaks);
    } catch (const exception_group& e) {
      print(errors(e), d.cancelled());
    }
    co_await ticks;
  });
}

PROGRAM(227_group_cancelled) {
  auto cleans = [](bool fails) -> coro<> {
    bool stopped = false;
    try {
      co_await sleep(1h);
    } catch (const cancelled_error&) {
      stopped = true;
    }
    print("cleans");
    co_await sleep(0s);
    if (fails)
      throw std::invalid_argument("cleaning");
    if (stopped)
      throw cancelled_error{};
  };
  auto parent = [&](int turns, bool fails) -> coro<> {
    auto body = [&](task_group& group) -> coro<> {
      group.create_task(work("a", 9));
      group.create_task(cleans(fails));
      for (int i = 0; i < turns; ++i)
        co_await sleep(0s);
      print("body ends");
    };
    co_await with_task_group(body);
  };
  run([&]() -> coro<void> {
    for (int turns = 0; turns <= 9; turns += 9)
      for (int fails = 0; fails < 2; ++fails) {
        auto task = create_task(parent(turns, fails == 1));
        co_await pass(4);
        task.cancel("parent");
        try {
          co_await task;
        } catch (const cancelled_error&) {
          print("cancelled", task.cancelled());
        } catch (const exception_group& e) {
          print(errors(e));
        }
      }
  });
}

PROGRAM(228_group_nested) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    auto fails_outside = [](task_group& outer) -> coro<> {
      outer.create_task(work("a", 3, true));
      auto inside = [](task_group& inner) -> coro<> {
        inner.create_task(work("b", 9));
        co_return;
      };
      try {
        co_await with_task_group(inside);
      } catch (const cancelled_error&) {
        print("inner cancelled");
        throw;
      }
    };
    try {
      co_await with_task_group(fails_outside);
    } catch (const exception_group& e) {
      print(errors(e));
    }
    auto fails_inside = [](task_group& outer) -> coro<> {
      outer.create_task(work("c", 5));
      auto inside = [](task_group& inner) -> coro<> {
        inner.create_task(work("d", 1, true));
        co_return;
      };
      co_await with_task_group(inside);
    };
    try {
      co_await with_task_group(fails_inside);
    } catch (const exception_group& e) {
      auto inner = find_error<exception_group>(e);
      try {
        std::rethrow_exception(inner);
      } catch (const exception_group& x) {
        print(e.exceptions().size(), errors(x));
      }
    }
    co_await ticks;
  });
}

namespace {

coro<> spawns(task_group group, int depth) {
  print("depth", depth);
  co_await sleep(0s);
  if (depth)
    group.create_task(spawns(group, depth - 1));
}

void late(const task_group& group) {
  try {
    group.create_task(work("never", 1));
  } catch (const invalid_state_error&) {
    print("refused");
  }
}

} // namespace

PROGRAM(229_group_late) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    task_group group;
    auto spawn = [](task_group& mine) -> coro<> {
      mine.create_task(spawns(mine, 3));
      co_return;
    };
    co_await with_task_group(group, spawn);
    print("left");
    late(group);
    late(task_group());
    auto fails = [](task_group& mine) -> coro<> {
      mine.create_task(work("a", 1, true));
      try {
        co_await sleep(1h);
      } catch (const cancelled_error&) {
        late(mine);
        throw;
      }
    };
    try {
      co_await with_task_group(fails);
    } catch (const exception_group& e) {
      print(e.exceptions().size());
    }
    co_await ticks;
  });
}

PROGRAM(230_wait_for) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    co_await ending("none", wait_for(work("a", 2), nullptr));
    co_await ending("long", wait_for(work("b", 2), 1h));
    co_await ending("fails", wait_for(work("c", 2, true), 1h));
    co_await ending("short", wait_for(sleep(1h), 2ms));
    auto done = loop.create_future<std::string>();
    done.set_result("done");
    co_await ending("zero", wait_for(done, 0s));
    co_await ending("never", wait_for(work("d", 1), 0s));
    auto inner = create_task(long_sleep());
    co_await ending("shield", wait_for(shield(inner), 2ms));
    bool ended = inner.done();
    print(ended, inner.cancel());
    auto task = create_task(long_sleep());
    auto waits = create_task(wait_for(task, 1h));
    co_await pass(2);
    waits.cancel("outside");
    co_await ending("waits", waits);
    print(task.cancelled());
  });
}

namespace {

using candidate = std::function<coro<std::string>()>;

candidate plan(std::string name, std::chrono::milliseconds delay, bool fails) {
  return [=]() -> coro<std::string> {
    print(name, "begins");
    try {
      co_await sleep(delay);
    } catch (const cancelled_error&) {
      print(name, "cancelled");
      throw;
    }
    if (fails)
      throw std::invalid_argument(name);
    print(name, "ends");
    co_return name;
  };
}

coro<> race(time_limit delay, std::vector<candidate> plans) {
  auto got = co_await staggered_race(plans, delay);
  std::vector<std::string> problems;
  for (const auto& x : got.exceptions)
    problems.push_back(x ? kind(x) : "None");
  print(got.winner ? *got.winner : "None",
        got.index ? std::to_string(*got.index) : "None", list(problems));
}

} // namespace

PROGRAM(231_staggered) {
  run([]() -> coro<void> {
    std::vector<candidate> plans;
    co_await race(nullptr, plans);
    plans = {plan("a", 0s, false), plan("b", 0s, false)};
    co_await race(nullptr, plans);
    plans = {plan("c", 0s, true), plan("d", 0s, false)};
    co_await race(nullptr, plans);
    plans = {plan("e", 0s, true), plan("f", 0s, true), plan("g", 0s, false)};
    co_await race(1h, plans);
    plans = {plan("h", 1h, false), plan("i", 1ms, false)};
    co_await race(2ms, plans);
    plans = {plan("j", 0s, true), plan("k", 0s, true)};
    co_await race(nullptr, plans);
  });
}
