// Futures and their done callbacks.

#include "differential/program.hpp"

#include <algorithm>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

PROGRAM(27_done_callbacks) {
  auto report = [](std::string name) {
    return [name](const future<int>& f) {
      print(name, f.result());
    };
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<int>();
    x.add_done_callback(report("first"));
    x.add_done_callback([&](const future<int>& f) {
      print("adder", f.result());
      f.add_done_callback(report("added inside"));
      print("adder ends");
    });
    x.add_done_callback(report("third"));
    loop.call_soon([] { print("soon before"); });
    x.set_result(5);
    print("set");
    loop.call_soon([] { print("soon after"); });
    x.add_done_callback(report("on a done future"));
    print("turn 0");
    co_await sleep(0s);
    print("turn 1");
    co_await sleep(0s);
    print("end");
  });
}

PROGRAM(28_callbacks_taken_back) {
  auto hello = [](const future<>&) {
    print("hello");
  };
  auto other = [=](const future<>& f) {
    print("other");
    print("too late:", f.remove_done_callback(hello));
  };
  run([&]() -> coro<void> {
    auto x = get_running_loop().create_future();
    x.add_done_callback(hello);
    x.add_done_callback(other);
    x.add_done_callback(hello);
    print(x.remove_done_callback(hello));
    print(x.remove_done_callback(hello));
    x.add_done_callback(hello);
    x.set_result();
    print("after:", x.remove_done_callback(hello));
    co_await sleep(0s);
    print("end");
  });
}

PROGRAM(29_mixed_line) {
  auto waiter = [](std::string name, future<std::string> x) -> coro<void> {
    print(name, "waits");
    auto got = co_await x;
    print(name, got);
    co_await sleep(0s);
    print(name, "ends");
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<std::string>();
    for (int i = 0; i < 3; ++i) {
      create_task(waiter("w" + std::to_string(i), x));
      co_await sleep(0s);
      x.add_done_callback([i] { print("callback", i); });
    }
    create_task(waiter("late", x));
    x.set_result("value");
    create_task(waiter("later", x));
    loop.call_soon([] { print("soon"); });
    for (int turn = 0; turn < 4; ++turn) {
      print("turn", turn);
      co_await sleep(0s);
    }
  });
}

PROGRAM(30_set_exception) {
  auto waiter = [](std::string name, future<int> x) -> coro<void> {
    try {
      co_await x;
    } catch (const std::invalid_argument& e) {
      print(name, "caught", e);
    }
    try {
      x.result();
    } catch (const std::invalid_argument& e) {
      print(name, "read", e);
    }
  };
  run([&]() -> coro<void> {
    auto x = get_running_loop().create_future<int>();
    std::vector<task<>> tasks;
    for (int i = 0; i < 3; ++i)
      tasks.push_back(create_task(waiter("w" + std::to_string(i), x)));
    co_await sleep(0s);
    x.add_done_callback([](const future<int>& f) {
      try {
        std::rethrow_exception(f.exception());
      } catch (const std::invalid_argument& e) {
        print("callback", e);
      }
    });
    x.set_exception(std::invalid_argument("bad"));
    print(x.done(), x.cancelled());
    for (auto& t : tasks)
      co_await t;
    try {
      co_await x;
    } catch (const std::invalid_argument& e) {
      print("main caught", e);
    }
    print("end");
  });
}

namespace {

template <class F>
void attempt(const char* name, F function) {
  try {
    function();
    print(name, "done");
  } catch (const invalid_state_error&) {
    print(name, "invalid state");
  } catch (const cancelled_error& e) {
    if (e.message().empty())
      print(name, "cancelled");
    else
      print(name, "cancelled", e);
  } catch (const error& e) {
    print(name, e.code() == errc::not_supported ? "refused" : e.what());
  }
}

} // namespace

PROGRAM(31_invalid_states) {
  auto child = []() -> coro<void> {
    co_await sleep(0s);
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto f = loop.create_future<int>();
    std::invalid_argument problem("x");
    attempt("result of pending", [&] { f.result(); });
    attempt("exception of pending", [&] { f.exception(); });
    attempt("set", [&] { f.set_result(1); });
    attempt("set twice", [&] { f.set_result(2); });
    attempt("fail after set", [&] { f.set_exception(problem); });
    bool was_cancelled = f.cancel();
    print(was_cancelled, f.cancelled(), f.result(),
          f.exception() ? "an error" : "None");
    auto g = loop.create_future<int>();
    bool first = g.cancel();
    bool second = g.cancel();
    print(first, second, g.cancelled(), g.done());
    attempt("set cancelled", [&] { g.set_result(1); });
    attempt("result of cancelled", [&] { g.result(); });
    attempt("exception of cancelled", [&] { g.exception(); });
    auto h = loop.create_future<int>();
    print(h.cancel("why"));
    attempt("result with message", [&] { h.result(); });
    auto t = create_task(child());
    attempt("set a task", [&] { t.set_result(); });
    attempt("fail a task", [&] { t.set_exception(problem); });
    co_await t;
    print("task", t.done(), t.cancelled(), t.exception() ? "failed" : "None");
  });
}

PROGRAM(32_cancelled_future) {
  auto waiter
    = [](std::string name, future<> x, bool swallow) -> coro<std::string> {
    try {
      co_await x;
    } catch (const cancelled_error& e) {
      print(name, "cancelled", e, current_task().cancelling());
      if (!swallow)
        throw;
    }
    co_return name;
  };
  run([&]() -> coro<void> {
    auto x = get_running_loop().create_future();
    std::vector<task<std::string>> tasks;
    for (int i = 0; i < 3; ++i)
      tasks.push_back(create_task(waiter("w" + std::to_string(i), x, i == 1)));
    co_await sleep(0s);
    x.add_done_callback(
      [](const future<>& f) { print("callback", f.cancelled()); });
    bool first = x.cancel("enough");
    bool second = x.cancel("again");
    print(first, second);
    for (int i = 0; i < 3; ++i) {
      try {
        print("main got", co_await tasks[i]);
      } catch (const cancelled_error&) {
        print("main sees", i, "cancelled");
      }
      print(tasks[i].cancelled(), tasks[i].cancelling());
    }
  });
}

PROGRAM(33_chained_futures) {
  auto waiter = [](int i, future<int> x) -> coro<void> {
    int got = co_await x;
    print("waiter", i, got);
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    std::vector<future<int>> chain;
    for (int i = 0; i < 5; ++i)
      chain.push_back(loop.create_future<int>());
    for (int i = 0; i < 4; ++i)
      chain[i].add_done_callback([next = chain[i + 1]](const future<int>& f) {
        next.set_result(f.result() + 1);
      });
    for (int i = 4; i >= 0; --i)
      create_task(waiter(i, chain[i]));
    co_await sleep(0s);
    loop.call_soon([first = chain[0]] { first.set_result(10); });
    for (int turn = 0; turn < 8; ++turn) {
      auto done = std::count_if(chain.begin(), chain.end(),
                                [](const auto& f) { return f.done(); });
      print("turn", turn, done);
      co_await sleep(0s);
    }
  });
}

PROGRAM(34_poll) {
  using text_future = future<std::string>;
  auto poller = [](std::string name, text_future x) -> coro<void> {
    int turns = 0;
    while (!x.done()) {
      ++turns;
      co_await sleep(0s);
    }
    print(name, "saw it after", turns, "turns:", x.result());
  };
  auto setter = [](text_future x) -> coro<void> {
    for (int i = 0; i < 3; ++i)
      co_await sleep(0s);
    print("sets");
    x.set_result("v");
    co_await sleep(0s);
    print("setter ends");
  };
  run([&]() -> coro<void> {
    auto x = get_running_loop().create_future<std::string>();
    auto before = create_task(poller("before", x));
    auto sets = create_task(setter(x));
    auto after = create_task(poller("after", x));
    print("main got", co_await x);
    co_await before;
    co_await sets;
    co_await after;
  });
}

namespace {

std::string error_text(const std::exception_ptr& problem) {
  if (!problem)
    return "None";
  try {
    std::rethrow_exception(problem);
  } catch (const std::exception& e) {
    return e.what();
  }
}

} // namespace

PROGRAM(35_callbacks_of_tasks) {
  // A callback sees a future; the name is the task's.
  auto report = [](task<int> t) {
    return [t] {
      if (t.cancelled())
        print(t.get_name(), "was cancelled");
      else if (auto problem = t.exception())
        print(t.get_name(), "failed:", error_text(problem));
      else
        print(t.get_name(), "returned", t.result());
    };
  };
  auto returns = []() -> coro<int> {
    co_await sleep(0s);
    co_return 1;
  };
  auto fails = []() -> coro<int> {
    co_await sleep(0s);
    throw std::invalid_argument("no");
  };
  auto waits = []() -> coro<int> {
    co_await sleep(1h);
    co_return 0;
  };
  run([&]() -> coro<void> {
    std::vector<task<int>> tasks;
    auto make = [&](std::string name, coro<int> body) {
      auto t = create_task(std::move(body), std::move(name));
      t.add_done_callback(report(t));
      tasks.push_back(t);
    };
    make("r", returns());
    make("f", fails());
    make("w", waits());
    make("r2", returns());
    co_await sleep(0s);
    tasks[2].cancel();
    for (int turn = 0; turn < 4; ++turn) {
      auto done = std::count_if(tasks.begin(), tasks.end(),
                                [](const auto& t) { return t.done(); });
      print("turn", turn, done);
      co_await sleep(0s);
    }
    tasks[0].add_done_callback(report(tasks[0]));
    tasks[1].add_done_callback(report(tasks[1]));
    co_await sleep(0s);
  });
}

PROGRAM(36_before_the_run) {
  using text_future = future<std::string>;
  auto child = [](std::string name, text_future x) -> coro<std::string> {
    print(name, "begins");
    auto got = co_await x;
    print(name, got);
    co_return name;
  };
  auto loop = new_event_loop();
  auto x = loop.create_future<std::string>();
  x.add_done_callback(
    [](const text_future& f) { print("callback", f.result()); });
  loop.call_soon([] { print("soon 1"); });
  auto a = loop.create_task(child("a", x));
  loop.call_later(-1s, [] { print("timer"); });
  auto b = loop.create_task(child("b", x));
  loop.call_soon([] { print("soon 2"); });
  x.set_result("early");
  print("run");
  print(loop.run_until_complete(b));
  print(a.done(), a.result());
  print(loop.run_until_complete(x));
  loop.close();
}
