// Cancelling: where the error is thrown, and in which turn.

#include "differential/program.hpp"

#include <algorithm>
#include <functional>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

namespace {

// As print(words..., *e.args, more...): no message, no word.
template <class... Xs>
void tell(const char* name, const char* what, const cancelled_error& e,
          const Xs&... more) {
  if (e.message().empty())
    print(name, what, more...);
  else
    print(name, what, e, more...);
}

template <class... Xs>
void tell(const std::string& name, const char* what, const cancelled_error& e,
          const Xs&... more) {
  tell(name.c_str(), what, e, more...);
}

int cancelling() {
  return current_task().cancelling();
}

template <class Tasks>
int count_done(const Tasks& tasks) {
  return static_cast<int>(std::count_if(
    tasks.begin(), tasks.end(), [](const auto& t) { return t.done(); }));
}

template <class Tasks>
int count_cancelled(const Tasks& tasks) {
  return static_cast<int>(std::count_if(
    tasks.begin(), tasks.end(), [](const auto& t) { return t.cancelled(); }));
}

template <class Tasks>
int count_cancelling(const Tasks& tasks) {
  return static_cast<int>(
    std::count_if(tasks.begin(), tasks.end(),
                  [](const auto& t) { return t.cancelling() == 1; }));
}

} // namespace

PROGRAM(37_cancel_before_start) {
  auto child = [](char name) -> coro<void> {
    print(name, "runs");
    co_return;
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto a = create_task(child('a'));
    auto b = create_task(child('b'));
    auto c = create_task(child('c'));
    b.add_done_callback(
      [](const future<>& t) { print("b is done", t.cancelled()); });
    bool asked = b.cancel();
    print(asked, b.cancelled(), b.cancelling());
    loop.call_soon([done = b.done()] { print("soon", done); });
    co_await sleep(0s);
    asked = b.cancel();
    print(b.done(), b.cancelled(), asked, b.cancelling());
    try {
      co_await b;
    } catch (const cancelled_error& e) {
      print("cancelled", e.message().size());
    }
    co_await a;
    co_await c;
  });
}

PROGRAM(38_cancel_sleeping) {
  auto sleeper
    = [](std::string name, std::chrono::nanoseconds delay) -> coro<void> {
    finally leaves{name, "leaves"};
    try {
      print(name, "sleeps");
      co_await sleep(delay);
      print(name, "wakes");
    } catch (const cancelled_error& e) {
      tell(name, "cancelled", e);
      throw;
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    std::vector<task<>> tasks;
    std::vector<std::chrono::nanoseconds> delays{1h, 0s, shortest, 1h, 0s};
    for (std::size_t i = 0; i < delays.size(); ++i) {
      auto name = "s" + std::to_string(i);
      tasks.push_back(create_task(sleeper(name, delays[i]), name));
    }
    co_await sleep(0s);
    loop.call_soon([] { print("soon 1"); });
    for (auto t = tasks.rbegin(); t != tasks.rend(); ++t)
      print(t->get_name(), t->cancel("stop"));
    loop.call_soon([] { print("soon 2"); });
    for (int turn = 0; turn < 3; ++turn) {
      print("turn", turn, count_done(tasks));
      co_await sleep(0s);
    }
    print(count_cancelled(tasks));
  });
}

PROGRAM(39_cancel_awaiting_future) {
  auto waiter = [](std::string name, future<int> x) -> coro<void> {
    try {
      co_await x;
    } catch (const cancelled_error& e) {
      tell(name, "cancelled", e);
      throw;
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<int>();
    auto t = create_task(waiter("w", x));
    co_await sleep(0s);
    x.add_done_callback(
      [](const future<int>& f) { print("future", f.cancelled()); });
    loop.call_soon([] { print("soon 1"); });
    bool asked = t.cancel("by main");
    print(asked, x.cancelled(), t.done());
    loop.call_soon([] { print("soon 2"); });
    for (int turn = 0; turn < 3; ++turn) {
      print("turn", turn, t.done());
      co_await sleep(0s);
    }
    print(t.cancelled(), t.cancelling());
    try {
      x.set_result(1);
    } catch (const invalid_state_error&) {
      print("invalid state");
    }
  });
}

namespace {

coro<void> link(int n, future<> x) {
  print("link", n);
  try {
    if (n == 0)
      co_await x;
    else
      co_await create_task(link(n - 1, x));
  } catch (const cancelled_error& e) {
    print("link", n, "cancelled", e, cancelling());
    throw;
  }
}

} // namespace

PROGRAM(40_cancel_chain) {
  run([]() -> coro<void> {
    auto x = get_running_loop().create_future();
    auto t = create_task(link(4, x));
    for (int i = 0; i < 7; ++i)
      co_await sleep(0s);
    print(all_tasks().size());
    t.cancel("from above");
    print(x.cancelled());
    for (int turn = 0; turn < 7; ++turn) {
      print("turn", turn, all_tasks().size(), t.done());
      co_await sleep(0s);
    }
    print(t.cancelled());
  });
}

PROGRAM(41_swallowed_inside) {
  auto inner = [](future<> x) -> coro<std::string> {
    try {
      co_await x;
    } catch (const cancelled_error&) {
      print("inner swallows");
    }
    co_await sleep(0s);
    co_return "inner's value";
  };
  auto outer = [](task<std::string> x) -> coro<std::string> {
    auto got = co_await x;
    print("outer got", got, cancelling());
    try {
      co_await sleep(0s);
      print("outer is not cancelled");
    } catch (const cancelled_error&) {
      print("outer is cancelled");
    }
    co_return "outer's value";
  };
  run([&]() -> coro<void> {
    auto x = get_running_loop().create_future();
    auto a = create_task(inner(x));
    auto b = create_task(outer(a));
    co_await sleep(0s);
    bool asked = b.cancel();
    print(asked, a.cancelling(), b.cancelling());
    auto got = co_await b;
    print(got, b.cancelled(), a.result());
  });
}

PROGRAM(42_cancel_twice) {
  auto waiter = [](std::string name, future<> x) -> coro<int> {
    try {
      co_await x;
      print(name, "goes on");
    } catch (const cancelled_error& e) {
      tell(name, "cancelled", e, cancelling());
    }
    try {
      co_await sleep(0s);
      print(name, "is not cancelled again");
    } catch (const cancelled_error& e) {
      tell(name, "again", e);
    }
    co_return cancelling();
  };
  auto yielder = [](std::string name) -> coro<void> {
    try {
      co_await sleep(0s);
    } catch (const cancelled_error& e) {
      tell(name, "cancelled", e, cancelling());
    }
    co_await sleep(0s);
    print(name, "ends");
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto a = create_task(waiter("a", loop.create_future()));
    auto b = create_task(yielder("b"));
    co_await sleep(0s);
    auto late = create_task(waiter("late", loop.create_future()));
    for (const any_task& t : {any_task{a}, any_task{b}, any_task{late}}) {
      bool one = t.cancel("one");
      bool two = t.cancel("two");
      print(one, two, t.cancelling());
    }
    print(co_await a);
    co_await b;
    try {
      co_await late;
    } catch (const cancelled_error& e) {
      print("late", e, late.cancelling());
    }
  });
}

PROGRAM(43_swallow) {
  auto stubborn = []() -> coro<int> {
    for (int i = 0; i < 4; ++i) {
      try {
        co_await sleep(1h);
      } catch (const cancelled_error& e) {
        print("swallowed", i, e, cancelling());
      }
    }
    co_return 42;
  };
  run([&]() -> coro<void> {
    auto t = create_task(stubborn());
    co_await sleep(0s);
    for (int i = 0; i < 4; ++i) {
      print("cancel", i, t.cancel("m" + std::to_string(i)));
      co_await sleep(0s);
      print("done", t.done());
    }
    int got = co_await t;
    print(got, t.cancelled(), t.cancelling());
  });
}

PROGRAM(44_cancels_itself) {
  auto cancel_me = [](std::string message) {
    current_task().cancel(message);
  };
  auto returns = [&]() -> coro<int> {
    cancel_me("self");
    co_return 1;
  };
  auto raises = [&]() -> coro<int> {
    cancel_me("self");
    throw std::invalid_argument("instead");
    co_return 0;
  };
  auto ready_first = [&](future<std::string> ready) -> coro<int> {
    cancel_me("self");
    print("ready", co_await ready);
    try {
      co_await sleep(0s);
      print("not cut");
    } catch (const cancelled_error& e) {
      print("cut", e);
      throw;
    }
    co_return 0;
  };
  auto pending = [&](future<> x) -> coro<int> {
    cancel_me("self");
    try {
      co_await x;
    } catch (const cancelled_error& e) {
      print("cut", e, x.cancelled());
    }
    co_return 2;
  };
  auto sleeps = [&](std::chrono::hours delay) -> coro<int> {
    cancel_me("one");
    cancel_me("two");
    try {
      co_await sleep(delay);
    } catch (const cancelled_error& e) {
      print("cut", e, cancelling());
    }
    co_await sleep(0s);
    co_return 3;
  };
  auto other = [&](task<> x) -> coro<int> {
    cancel_me("self");
    try {
      co_await x;
    } catch (const cancelled_error& e) {
      print("cut", e, x.cancelled());
    }
    co_return 4;
  };
  auto slow = []() -> coro<void> {
    try {
      co_await sleep(1h);
    } catch (const cancelled_error& e) {
      print("long is cut", e);
      throw;
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto ready = loop.create_future<std::string>();
    ready.set_result("value");
    std::vector<std::pair<const char*, coro<int>>> bodies;
    bodies.emplace_back("returns", returns());
    bodies.emplace_back("raises", raises());
    bodies.emplace_back("ready", ready_first(ready));
    bodies.emplace_back("pending", pending(loop.create_future()));
    bodies.emplace_back("zero", sleeps(0h));
    bodies.emplace_back("hour", sleeps(1h));
    bodies.emplace_back("other", other(create_task(slow())));
    for (auto& [name, body] : bodies) {
      auto t = create_task(std::move(body));
      loop.call_soon([name = name] { print(name, "soon"); });
      while (!t.done()) {
        print(name, "turn");
        co_await sleep(0s);
      }
      try {
        int got = co_await t;
        print(name, "returned", got);
      } catch (const cancelled_error& e) {
        print(name, "was cancelled", e);
      } catch (const std::invalid_argument& e) {
        print(name, "failed", e);
      }
      print(t.cancelled(), t.cancelling());
    }
  });
}

PROGRAM(45_cancel_in_callbacks) {
  using text_future = future<std::string>;
  auto waiter = [](std::string name, text_future x) -> coro<void> {
    try {
      auto got = co_await x;
      print(name, "got", got);
      co_await sleep(0s);
      print(name, "ends");
    } catch (const cancelled_error& e) {
      tell(name, "cancelled", e);
      throw;
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<std::string>();
    auto a = create_task(waiter("a", x));
    co_await sleep(0s);
    auto other
      = create_task(waiter("other", loop.create_future<std::string>()));
    task<> b;
    x.add_done_callback([&b] { print("after a:", b.cancel("by f")); });
    b = create_task(waiter("b", x));
    co_await sleep(0s);
    x.add_done_callback([&] {
      bool asked_a = a.cancel("late");
      bool asked_other = other.cancel("by f, too");
      print("after b:", asked_a, asked_other);
    });
    b.add_done_callback(
      [](const future<>& t) { print("b done", t.cancelled()); });
    x.set_result("value");
    for (int turn = 0; turn < 4; ++turn) {
      print("turn", turn, a.done(), b.done(), other.done());
      co_await sleep(0s);
    }
    print(a.cancelled(), b.cancelled(), other.cancelled());
  });
}

PROGRAM(46_cancel_and_result) {
  using text_future = future<std::string>;
  auto waiter = [](std::string name, text_future x) -> coro<void> {
    try {
      auto got = co_await x;
      print(name, "got", got);
    } catch (const cancelled_error& e) {
      tell(name, "cancelled", e, x.cancelled());
      throw;
    } catch (const std::invalid_argument& e) {
      print(name, "failed", e);
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    std::vector<text_future> futures;
    std::vector<task<>> tasks;
    for (int i = 0; i < 4; ++i)
      futures.push_back(loop.create_future<std::string>());
    for (int i = 0; i < 4; ++i)
      tasks.push_back(create_task(waiter("w" + std::to_string(i), futures[i])));
    co_await sleep(0s);
    futures[0].set_result("r0");
    print(tasks[0].cancel("after the result"));
    print(tasks[1].cancel("before the result"));
    try {
      futures[1].set_result("r1");
    } catch (const invalid_state_error&) {
      print("invalid state");
    }
    futures[2].set_exception(std::invalid_argument("e2"));
    print(tasks[2].cancel("after the error"));
    futures[3].cancel("the future");
    print(tasks[3].cancel("the task"));
    for (int turn = 0; turn < 2; ++turn) {
      co_await sleep(0s);
      print(count_cancelled(tasks));
    }
    print(count_cancelling(tasks));
  });
}

PROGRAM(47_cancel_messages) {
  auto inner = []() -> coro<void> {
    co_await sleep(1h);
  };
  auto middle = [&]() -> coro<void> {
    try {
      co_await inner();
    } catch (const cancelled_error& e) {
      if (e.message().empty())
        print("middle");
      else
        print("middle", e);
      throw;
    }
  };
  auto renamed = [&]() -> coro<void> {
    try {
      co_await inner();
    } catch (const cancelled_error& e) {
      throw cancelled_error("renamed, was " + e.message());
    }
  };
  run([&]() -> coro<void> {
    using body = std::function<coro<void>()>;
    std::vector<std::pair<body, std::string>> cases;
    cases.emplace_back(inner, "m1");
    cases.emplace_back(middle, "m2");
    cases.emplace_back(renamed, "m3");
    cases.emplace_back(middle, "");
    for (const auto& [make, message] : cases) {
      auto t = create_task(make());
      co_await sleep(0s);
      if (message.empty())
        t.cancel();
      else
        t.cancel(message);
      try {
        co_await t;
      } catch (const cancelled_error& e) {
        if (e.message().empty())
          print("main");
        else
          print("main", e);
      }
    }
    auto t = create_task(inner());
    co_await sleep(0s);
    t.cancel("read");
    co_await sleep(0s);
    co_await sleep(0s);
    try {
      t.result();
    } catch (const cancelled_error& e) {
      print("result()", e);
    }
    t = create_task(inner());
    t.cancel("read, too");
    co_await sleep(0s);
    try {
      t.exception();
    } catch (const cancelled_error& e) {
      print("exception()", e);
    }
  });
}

PROGRAM(48_uncancel) {
  auto child = []() -> coro<std::string> {
    auto me = current_task();
    int before = me.cancelling();
    print("at first", before, me.uncancel());
    try {
      co_await sleep(1h);
    } catch (const cancelled_error&) {
      print("caught", me.cancelling());
    }
    int left = me.uncancel();
    print("uncancel", left, me.cancelling());
    co_await sleep(0s);
    try {
      co_await sleep(1h);
    } catch (const cancelled_error&) {
      print("caught again", me.cancelling());
    }
    print("uncancel", me.uncancel());
    print("uncancel", me.uncancel());
    print("uncancel", me.uncancel());
    co_await sleep(0s);
    co_return "fine";
  };
  run([&]() -> coro<void> {
    auto t = create_task(child());
    co_await sleep(0s);
    t.cancel();
    print("main", t.cancelling());
    co_await sleep(0s);
    co_await sleep(0s);
    t.cancel();
    t.cancel();
    print("main", t.cancelling());
    auto got = co_await t;
    print(got, t.cancelling(), t.cancelled());
    bool asked = t.cancel();
    print(asked, t.cancelling());
  });
}

PROGRAM(49_shared_future) {
  auto waiter = [](std::string name, future<std::string> x) -> coro<void> {
    finally leaves{name, "leaves"};
    try {
      auto got = co_await x;
      print(name, "got", got);
    } catch (const cancelled_error& e) {
      tell(name, "cancelled", e, cancelling());
      throw;
    }
  };
  auto slow = []() -> coro<std::string> {
    co_return co_await sleep(1h, std::string("slept"));
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<std::string>();
    std::vector<task<>> tasks;
    for (int i = 0; i < 4; ++i)
      tasks.push_back(create_task(waiter("w" + std::to_string(i), x)));
    co_await sleep(0s);
    loop.call_soon([] { print("soon"); });
    tasks[2].cancel("w2 goes");
    print(x.cancelled(), count_cancelling(tasks));
    co_await sleep(0s);
    co_await sleep(0s);
    print(count_cancelled(tasks));

    auto shared = create_task(slow());
    tasks.clear();
    for (int i = 0; i < 3; ++i)
      tasks.push_back(create_task(waiter("t" + std::to_string(i), shared)));
    co_await sleep(0s);
    co_await sleep(0s);
    bool asked = tasks[0].cancel();
    print(asked, shared.cancelled(), shared.cancelling());
    for (int turn = 0; turn < 4; ++turn) {
      print("turn", turn, shared.cancelled());
      co_await sleep(0s);
    }
    print(count_cancelled(tasks));
  });
}

PROGRAM(50_cleanup_awaits) {
  auto careful = [](std::string name, int turns) -> coro<void> {
    std::exception_ptr cancelled;
    try {
      co_await sleep(1h);
    } catch (const cancelled_error& e) {
      print(name, "cleans up", e);
      cancelled = std::current_exception();
    }
    if (!cancelled)
      co_return;
    try {
      for (int turn = 0; turn < turns; ++turn) {
        co_await sleep(0s);
        print(name, "clean", turn);
      }
    } catch (const cancelled_error& e) {
      print(name, "clean-up is cut", e);
      throw;
    }
    print(name, "is clean");
    std::rethrow_exception(cancelled);
  };
  run([&]() -> coro<void> {
    auto a = create_task(careful("a", 3));
    auto b = create_task(careful("b", 5));
    co_await sleep(0s);
    a.cancel("first");
    b.cancel("first");
    co_await sleep(0s);
    co_await sleep(0s);
    print("main cancels b again");
    b.cancel("second");
    for (const auto& t : {b, a}) {
      try {
        co_await t;
      } catch (const cancelled_error& e) {
        print("main", e, t.cancelling());
      }
    }
  });
}

PROGRAM(51_leaving) {
  auto inner = [](char name) -> coro<void> {
    finally leaves_inner{name, "leaves inner"};
    finally leaves_try{name, "leaves the try"};
    co_await sleep(1h);
  };
  auto outer = [&](char name) -> coro<void> {
    finally leaves{name, "leaves outer"};
    co_await inner(name);
  };
  run([&]() -> coro<void> {
    std::vector<task<>> tasks;
    for (char name : {'a', 'b', 'c'})
      tasks.push_back(create_task(outer(name)));
    tasks[1].add_done_callback([] { print("b is done"); });
    co_await sleep(0s);
    for (auto t = tasks.rbegin(); t != tasks.rend(); ++t)
      t->cancel();
    for (auto& t : tasks) {
      try {
        co_await t;
      } catch (const cancelled_error&) {
        print("main");
      }
    }
  });
}

PROGRAM(52_cancel_by_callback) {
  auto child = [](std::string name, int steps) -> coro<void> {
    try {
      for (int step = 0; step < steps; ++step) {
        print(name, step);
        co_await sleep(0s);
      }
      co_await sleep(1h);
    } catch (const cancelled_error& e) {
      tell(name, "cancelled", e);
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto a = create_task(child("a", 2));
    loop.call_soon([a] { a.cancel("after a step"); });
    auto b = create_task(child("b", 0));
    loop.call_soon([b] { b.cancel("soon"); });
    auto c = create_task(child("c", 9));
    loop.call_later(-1s, [c] { c.cancel("timer"); });
    auto d = create_task(child("d", 1));
    loop.call_soon(
      [loop, d]() mutable { loop.call_soon([d] { d.cancel("two turns"); }); });
    for (const auto& t : {a, b, c, d}) {
      co_await t;
      print("main");
    }
  });
}

PROGRAM(53_raises_the_cancellation) {
  auto gives_up = [](int pause) -> coro<void> {
    for (int i = 0; i < pause; ++i)
      co_await sleep(0s);
    throw cancelled_error("gave up");
  };
  run([&]() -> coro<void> {
    for (int pause : {0, 2}) {
      auto t = create_task(gives_up(pause));
      t.add_done_callback(
        [](const future<>& f) { print("done", f.cancelled()); });
      try {
        co_await t;
      } catch (const cancelled_error& e) {
        print("caught", e);
      }
      print(t.cancelled(), t.cancelling(), cancelling());
    }
    try {
      co_await gives_up(1);
    } catch (const cancelled_error& e) {
      print("caught inside", e);
    }
  });
}

PROGRAM(54_converted) {
  auto to_error = []() -> coro<std::string> {
    try {
      co_await sleep(1h);
    } catch (const cancelled_error& e) {
      throw std::invalid_argument("was cancelled: " + e.message());
    }
    co_return "";
  };
  auto to_value = []() -> coro<std::string> {
    try {
      co_await sleep(1h);
    } catch (const cancelled_error&) {
      co_return "a value";
    }
    co_return "";
  };
  auto waits_for = [](task<std::string> x) -> coro<std::string> {
    try {
      co_return co_await x;
    } catch (const std::invalid_argument& e) {
      co_return std::string("caught ") + e.what();
    }
  };
  run([&]() -> coro<void> {
    for (bool error : {true, false}) {
      auto inner = create_task(error ? to_error() : to_value());
      auto outer = create_task(waits_for(inner));
      co_await sleep(0s);
      co_await sleep(0s);
      outer.cancel("from main");
      auto got = co_await outer;
      print(got, outer.cancelled(), outer.cancelling(), inner.cancelling(),
            inner.cancelled());
    }
  });
}

PROGRAM(55_cancel_many) {
  auto member = [](int i, task<> before) -> coro<void> {
    bool swallowed = false;
    try {
      if (before)
        co_await before;
      else
        co_await sleep(1h);
      print(i, "ends");
    } catch (const cancelled_error& e) {
      print(i, "cancelled", e);
      if (i % 3)
        throw;
      swallowed = true;
    }
    if (swallowed) {
      co_await sleep(0s);
      print(i, "goes on");
    }
  };
  auto names = [](const auto& tasks, auto wanted) {
    std::string all;
    for (const auto& t : tasks)
      if (wanted(t))
        all += (all.empty() ? "" : " ") + t.get_name();
    return all;
  };
  run([&]() -> coro<void> {
    std::vector<task<>> tasks;
    for (int i = 0; i < 10; ++i)
      tasks.push_back(
        create_task(member(i, tasks.empty() ? task<>{} : tasks.back()),
                    "t" + std::to_string(i)));
    for (int i = 0; i < 2; ++i)
      co_await sleep(0s);
    tasks[4].cancel("at 4");
    print(std::find_if(tasks.begin(), tasks.end(),
                       [](const auto& t) { return t.cancelling() == 1; })
          - tasks.begin());
    for (int turn = 0; turn < 14; ++turn) {
      auto left = names(tasks, [](const auto& t) { return !t.done(); });
      if (left.empty())
        print("turn", turn);
      else
        print("turn", turn, left);
      if (turn == 3)
        print(tasks[9].cancel("at 9"));
      co_await sleep(0s);
    }
    print(names(tasks, [](const auto& t) { return t.cancelled(); }));
  });
}

PROGRAM(56_cancel_the_maker) {
  auto child = [](std::string name, any_task maker, int steps) -> coro<void> {
    for (int step = 0; step < steps; ++step) {
      co_await sleep(0s);
      print(name, step);
    }
    if (maker)
      print(name, "cancels its maker", maker.cancel(name));
    co_await sleep(0s);
    print(name, "ends");
  };
  auto maker = [&]() -> coro<std::string> {
    create_task(child("a", {}, 4));
    auto b = create_task(child("b", current_task(), 1));
    try {
      co_await sleep(1h);
    } catch (const cancelled_error& e) {
      print("maker cancelled by", e);
    }
    co_await b;
    co_return "made";
  };
  run([&]() -> coro<void> {
    auto got = co_await create_task(maker());
    print(got);
    print("left", all_tasks().size());
    for (int i = 0; i < 3; ++i)
      co_await sleep(0s);
    print("left", all_tasks().size());
  });
}

PROGRAM(93_cancel_goes_through) {
  auto inner = []() -> coro<std::string> {
    for (int i = 0; i < 3; ++i) {
      try {
        co_await sleep(1h);
      } catch (const cancelled_error& e) {
        print("inner swallows", e, cancelling());
      }
    }
    co_return "value";
  };
  auto outer = [](task<std::string> x) -> coro<int> {
    try {
      auto got = co_await x;
      print("outer got", got);
    } catch (const cancelled_error& e) {
      tell("outer", "cancelled", e);
    }
    co_return cancelling();
  };
  run([&]() -> coro<void> {
    auto t = create_task(inner());
    auto waits = create_task(outer(t));
    co_await sleep(0s);
    for (const char* message : {"one", "two", "three"}) {
      bool asked = waits.cancel(message);
      print(asked, t.cancelling(), waits.cancelling());
      co_await sleep(0s);
      co_await sleep(0s);
    }
    print(co_await waits);

    t = create_task(inner());
    waits = create_task(outer(t));
    co_await sleep(0s);
    bool first = waits.cancel("first");
    bool second = waits.cancel("second");
    print(first, second);
    print(t.cancelling(), waits.cancelling());
    for (int i = 0; i < 2; ++i) {
      co_await sleep(0s);
      print(t.cancel("direct"));
    }
    print(co_await waits);
  });
}

PROGRAM(94_cancel_due_sleep) {
  auto sleeper = [](std::string name) -> coro<void> {
    try {
      co_await sleep(shortest);
      print(name, "slept");
    } catch (const cancelled_error& e) {
      tell(name, "cancelled", e, cancelling());
      throw;
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    std::vector<task<>> tasks;
    for (int i = 0; i < 3; ++i)
      tasks.push_back(create_task(sleeper("s" + std::to_string(i))));
    co_await sleep(0s);
    // The timers are moved behind this in the next turn.
    loop.call_soon([t = tasks[1]] {
      bool one = t.cancel("one");
      bool two = t.cancel("two");
      print(one, two);
    });
    loop.call_soon([loop]() mutable { loop.call_soon([] { print("soon"); }); });
    for (int turn = 0; turn < 4; ++turn) {
      print("turn", turn, count_done(tasks));
      co_await sleep(0s);
    }
    std::string words;
    for (const auto& t : tasks)
      words += (words.empty() ? "" : ", ") + text(t.cancelled());
    print("[" + words + "]");
  });
}
