// gather, wait, shield and as_completed.

#include "differential/helpers.hpp"

#include <algorithm>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

namespace differential {

std::string sorted_results(const std::vector<task<std::string>>& tasks) {
  std::vector<std::string> all;
  for (const auto& x : tasks)
    all.push_back(x.result());
  std::sort(all.begin(), all.end());
  return list(all);
}

} // namespace differential

namespace {

using worker = task<std::string>;

worker start(const char* name, int turns, bool fails = false) {
  return create_task(work(name, turns, fails));
}

coro<> pass(int turns) {
  for (int i = 0; i < turns; ++i)
    co_await sleep(0s);
}

template <class T>
bool holds(const std::vector<T>& all, const any_future& x) {
  return std::find(all.begin(), all.end(), x) != all.end();
}

} // namespace

PROGRAM(200_gather_order) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    auto got = co_await gather(work("a", 3), work("b", 1), work("c", 5));
    print(list(got));
    print("after");
    co_await ticks;
  });
}

PROGRAM(201_gather_error) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    try {
      co_await gather(work("a", 6), work("b", 2, true), work("c", 3, true));
    } catch (const std::invalid_argument& e) {
      print("error", e);
    }
    co_await ticks;
  });
}

PROGRAM(202_gather_outcomes) {
  run([]() -> coro<void> {
    auto a = start("a", 9);
    auto b = start("b", 2, true);
    get_running_loop().call_soon([a] { a.cancel(); });
    auto [x, y, z] = co_await gather(return_exceptions, a, b, work("c", 1));
    print(kind(x));
    print(kind(y));
    print(kind(z));
  });
}

PROGRAM(203_gather_cancel) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(8));
    auto a = start("a", 9);
    auto b = start("b", 2);
    auto c = start("c", 9);
    auto group = gather(a, b, c);
    auto waits = create_task(ending("waits", group));
    co_await pass(4);
    bool first = group.cancel("stop");
    bool done = group.done();
    print(first, done, group.cancel("again"));
    co_await waits;
    print(group.done(), group.cancelled(), group.cancel());
    print(a.cancelled(), b.cancelled(), c.cancelled());
    co_await ticks;
  });
}

PROGRAM(204_gather_cancel_outcomes) {
  auto stubborn = [](std::string name) -> coro<std::string> {
    try {
      co_await sleep(1h);
    } catch (const cancelled_error& e) {
      say(name + " cleans", e.message());
    }
    co_await sleep(0s);
    co_await sleep(0s);
    co_return name;
  };
  auto wait = [](auto group) -> coro<> {
    try {
      co_await group;
    } catch (const cancelled_error& e) {
      say("waits CancelledError", e.message());
    }
  };
  run([&]() -> coro<void> {
    auto ticks = create_task(ticker(8));
    auto group
      = gather(return_exceptions, stubborn("a"), work("b", 9), stubborn("c"));
    auto waits = create_task(wait(group));
    co_await pass(2);
    bool asked = waits.cancel("stop");
    print(asked, waits.cancelling());
    co_await waits;
    print(group.cancelled());
    co_await ticks;
  });
}

PROGRAM(205_gather_child_cancelled) {
  run([]() -> coro<void> {
    auto a = start("a", 9);
    auto b = start("b", 5);
    auto group = gather(a, b);
    co_await pass(1);
    bool asked = a.cancel("one");
    print(asked, group.done());
    co_await ending("group", group);
    print(group.done(), group.cancelled(), b.done());
    print(co_await b);
  });
}

PROGRAM(206_gather_duplicates) {
  run([]() -> coro<void> {
    auto a = start("a", 2);
    auto got = co_await gather(a, work("b", 1), a);
    print(list(got));
    auto c = start("c", 9);
    auto group = gather(c, c);
    co_await pass(1);
    bool asked = group.cancel("x");
    print(asked, c.cancelling());
    co_await ending("group", group);
  });
}

PROGRAM(207_gather_futures) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<std::string>();
    auto y = loop.create_future<std::string>();
    auto both = gather(x, y);
    std::vector<task<>> tasks{
      create_task(ending("both 1", both)), create_task(ending("x", x)),
      create_task(ending("y", y)), create_task(ending("both 2", both))};
    both.add_done_callback([] { print("callback of both"); });
    y.add_done_callback([] { print("callback of y"); });
    co_await pass(1);
    y.set_result("why");
    co_await pass(1);
    print("y is set");
    x.set_result("ex");
    loop.call_soon([] { print("soon"); });
    for (auto& t : tasks)
      co_await t;
  });
}

PROGRAM(208_gather_nested) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(7));
    {
      auto inner = gather(work("a", 1), work("b", 2));
      auto outer = gather(inner, work("c", 3));
      auto [ab, c] = co_await outer;
      print("[" + list(ab) + ", '" + c + "']");
    }
    auto inner = gather(work("d", 9), work("e", 9));
    auto outer = gather(inner, work("f", 9));
    co_await pass(1);
    print(outer.cancel("all"));
    try {
      co_await outer;
    } catch (const cancelled_error& e) {
      say("outer CancelledError", e.message());
    }
    co_await ending("inner", inner);
    co_await ticks;
  });
}

PROGRAM(209_wait_all) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    std::vector<worker> tasks{start("a", 3), start("b", 1), start("c", 2)};
    auto got = co_await wait(tasks);
    print(sorted_results(got.done), got.pending.size());
    got = co_await wait(tasks);
    print("again", got.done.size(), got.pending.size());
    co_await ticks;
  });
}

PROGRAM(210_wait_first) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    std::vector<worker> tasks{start("a", 2), start("b", 2), start("c", 3),
                              start("d", 4), start("e", 9)};
    auto got = co_await wait(tasks, {.return_when = first_completed});
    print(sorted_results(got.done), got.pending.size());
    got = co_await wait(got.pending, {.return_when = first_completed});
    print(sorted_results(got.done), got.pending.size());
    print(co_await tasks[4]);
    co_await ticks;
  });
}

PROGRAM(211_wait_exception) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    auto a = start("a", 9);
    auto b = start("b", 3, true);
    auto c = start("c", 9);
    get_running_loop().call_soon([a] { a.cancel(); });
    std::vector<worker> all{a, b, c};
    auto got = co_await wait(all, {.return_when = first_exception});
    print(holds(got.done, a), holds(got.done, b), holds(got.done, c),
          got.pending.size());
    co_await ending("b", b);
    co_await c;
    co_await ticks;
  });
}

PROGRAM(212_wait_timeout) {
  run([]() -> coro<void> {
    auto never = get_running_loop().create_future<std::string>();
    auto a = start("a", 2);
    std::vector<future<std::string>> both{never, a};
    std::vector<worker> only{a};
    auto got = co_await wait(both, {.timeout = 250ms});
    print(holds(got.done, a), holds(got.pending, never), never.cancelled());
    got = co_await wait(both, {.timeout = 0s});
    print(got.done.size(), got.pending.size());
    auto one = co_await wait(only, {.timeout = -1s});
    print(one.done.size(), one.pending.size());
    got = co_await wait(both, {.timeout = 1h, .return_when = first_completed});
    print(got.done.size(), got.pending.size());
  });
}

PROGRAM(213_wait_cancelled) {
  auto waits = [](std::vector<worker> tasks) -> coro<> {
    try {
      co_await wait(tasks);
    } catch (const cancelled_error& e) {
      say("wait cancelled", e.message());
      throw;
    }
  };
  run([&]() -> coro<void> {
    auto ticks = create_task(ticker(7));
    auto a = start("a", 4);
    std::vector<worker> all{a};
    auto waiter = create_task(waits(all));
    co_await pass(2);
    bool asked = waiter.cancel("no");
    print(asked, a.cancelling());
    co_await ending("waiter", waiter);
    print(co_await a);
    co_await ticks;
  });
}

PROGRAM(214_wait_late_cancel) {
  auto waits = [](std::vector<future<int>> futures) -> coro<> {
    try {
      auto got = co_await wait(futures);
      print("wait got", got.done.size());
    } catch (const cancelled_error&) {
      print("wait cancelled");
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    for (int turns = 0; turns < 4; ++turns) {
      auto future = loop.create_future<int>();
      std::vector<troupe::future<int>> all{future};
      auto waiter = create_task(waits(all));
      co_await pass(1);
      future.set_result(1);
      for (int i = 0; i < turns; ++i)
        co_await sleep(0s);
      print(turns, waiter.cancel());
      co_await ending("waiter", waiter);
    }
  });
}

PROGRAM(215_shield) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(7));
    auto inner = start("a", 2);
    auto outer = shield(inner);
    auto waits = create_task(ending("inner", inner));
    auto got = co_await outer;
    print(outer == inner, got);
    co_await waits;
    print(shield(inner) == inner);
    co_await ending("b", shield(work("b", 1, true)));
    co_await ticks;
  });
}

PROGRAM(216_shield_cancel) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(8));
    auto inner = start("a", 5);
    auto waits = create_task(ending("waits", shield(inner)));
    co_await pass(2);
    bool asked = waits.cancel("no");
    print(asked, inner.cancelling());
    co_await waits;
    print(inner.done());
    print(co_await inner);
    auto outer = shield(work("b", 3));
    bool first = outer.cancel();
    bool done = outer.cancelled();
    print(first, done, outer.cancel());
    co_await ticks;
  });
}

PROGRAM(217_shield_inner) {
  run([]() -> coro<void> {
    auto inner = start("a", 5);
    auto outer = shield(inner);
    auto waits = create_task(ending("waits", outer));
    co_await pass(1);
    print(inner.cancel("inner"));
    co_await waits;
    print(outer.cancelled(), inner.cancelled());
    auto loop = get_running_loop();
    auto a = loop.create_future<std::string>();
    auto b = loop.create_future<std::string>();
    auto x = shield(a);
    auto y = shield(b);
    auto group = gather(x, y);
    bool asked = group.cancel();
    print(asked, x.cancelled(), y.cancelled(), a.done(), b.done());
    co_await ending("group", group);
  });
}

PROGRAM(218_as_completed) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(9));
    std::vector<worker> tasks{start("a", 5), start("b", 1), start("c", 3),
                              start("d", 2)};
    for (auto following : as_completed(tasks))
      print("got", co_await following);
    print("end");
    co_await ticks;
  });
}

PROGRAM(219_as_completed_timeout) {
  run([]() -> coro<void> {
    using future = troupe::future<std::string>;
    auto loop = get_running_loop();
    auto never = loop.create_future<std::string>();
    auto also = loop.create_future<std::string>();
    auto a = start("a", 2);
    auto b = start("b", 3, true);
    std::vector<future> all{never, a, also, b};
    for (auto following : as_completed(all, {.timeout = 250ms}))
      co_await ending("next", std::move(following));
    print(never.done(), also.done());
    std::vector<future> only{a};
    for (auto following : as_completed(only, {.timeout = 1h}))
      co_await ending("next", std::move(following));
    for (auto following : as_completed(std::vector<future>()))
      print("never", bool(following));
  });
}

PROGRAM(220_as_completed_two) {
  run([]() -> coro<void> {
    auto ticks = create_task(ticker(8));
    std::vector<worker> tasks{start("a", 5), start("b", 3)};
    auto line = as_completed(tasks);
    auto first = *line.begin();
    auto second = *line.begin();
    auto one = create_task(ending("one", std::move(first)));
    auto two = create_task(ending("two", std::move(second)));
    co_await pass(2);
    one.cancel("leave");
    co_await one;
    co_await two;
    co_await ticks;
  });
}
