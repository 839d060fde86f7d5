// Tasks, callbacks and awaits: who runs when.

#include "differential/program.hpp"

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

PROGRAM(01_first_step) {
  auto child = [](char name) -> coro<void> {
    print(name, "begins");
    co_await sleep(0s);
    print(name, "ends");
  };
  run([&]() -> coro<void> {
    std::vector<task<>> tasks;
    for (char name : {'a', 'b', 'c'})
      tasks.push_back(create_task(child(name)));
    print("made", tasks[0].done());
    co_await sleep(0s);
    print("main after one turn", tasks[0].done());
    for (auto& t : tasks)
      co_await t;
    print("end");
  });
}

namespace {

coro<int> deep(int n) {
  if (n == 0)
    co_return 0;
  co_return 1 + co_await deep(n - 1);
}

} // namespace

PROGRAM(02_ready_awaits) {
  auto plain = [](int n) -> coro<int> {
    co_return n * 2;
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto ready = loop.create_future<int>();
    ready.set_result(7);
    auto done = create_task(plain(4));
    co_await sleep(0s);
    loop.call_soon([] { print("callback"); });
    print("coroutine", co_await plain(1));
    print("deep", co_await deep(10));
    print("future", co_await ready);
    print("again", co_await ready);
    bool was_done = done.done();
    print("task", was_done, co_await done);
    print("before the yield");
    co_await sleep(0s);
    print("after the yield");
  });
}

PROGRAM(03_one_queue) {
  auto child = [](char name, int steps) -> coro<void> {
    for (int step = 0; step < steps; ++step) {
      print(name, step);
      co_await sleep(0s);
    }
    print(name, "ends");
  };
  auto waiter = [](std::string name, future<std::string> x) -> coro<void> {
    print(name, "waits");
    auto got = co_await x;
    print(name, "got", got);
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<std::string>();
    create_task(waiter("w1", x));
    x.add_done_callback([] { print("done 1"); });
    co_await sleep(0s);
    x.add_done_callback([] { print("done 2"); });
    create_task(child('a', 2));
    loop.call_soon([] { print("soon 1"); });
    x.set_result("x");
    create_task(child('b', 1));
    loop.call_soon([] { print("soon 2"); });
    for (int turn = 0; turn < 5; ++turn) {
      print("turn", turn);
      co_await sleep(0s);
    }
  });
}

PROGRAM(04_sleep_zero) {
  auto child = [](char name, int steps) -> coro<int> {
    for (int step = 0; step < steps; ++step) {
      print(name, step);
      co_await sleep(0s);
    }
    print(name, "ends");
    co_return steps;
  };
  run([&]() -> coro<void> {
    std::vector<task<int>> tasks;
    for (auto [name, steps] :
         std::map<char, int>{{'a', 3}, {'b', 0}, {'c', 5}, {'d', 1}, {'e', 4}})
      tasks.push_back(create_task(child(name, steps)));
    int total = 0;
    for (auto t = tasks.rbegin(); t != tasks.rend(); ++t) {
      total += co_await *t;
      print("main has", total);
    }
  });
}

PROGRAM(05_sleep_negative) {
  auto child = [](char name, std::vector<int> delays) -> coro<void> {
    for (int delay : delays) {
      co_await sleep(std::chrono::seconds{delay});
      print(name, delay);
    }
  };
  run([&]() -> coro<void> {
    auto a = create_task(child('a', {0, -1, 0}));
    auto b = create_task(child('b', {-1, -5}));
    auto c = create_task(child('c', {0, 0, 0, -2}));
    co_await c;
    print(a.done(), b.done(), c.done());
  });
}

namespace {

coro<int> node(std::string path, int depth) {
  print(path, "in");
  if (depth == 0)
    co_return 1;
  auto left = create_task(node(path + "l", depth - 1));
  auto right = create_task(node(path + "r", depth - 1));
  int total = co_await right;
  total += co_await left;
  print(path, "out", total);
  co_return total;
}

} // namespace

PROGRAM(06_tree) {
  run([]() -> coro<void> { print(co_await node("t", 3)); });
}

namespace {

void chain(event_loop loop, const char* name, int left) {
  print(name, left);
  if (left) {
    loop.call_soon(chain, loop, name, left - 1);
    if (left == 2)
      loop.call_soon([name] { print(name, "extra"); });
  }
}

} // namespace

PROGRAM(07_soon_chain) {
  auto child = []() -> coro<void> {
    for (int step = 0; step < 3; ++step) {
      print("child", step);
      co_await sleep(0s);
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    loop.call_soon(chain, loop, "a", 3);
    auto made = create_task(child());
    loop.call_soon(chain, loop, "b", 2);
    co_await made;
    print("main");
    co_await sleep(0s);
  });
}

PROGRAM(08_handles) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    auto first = loop.call_soon([] { print("first"); });
    auto second = loop.call_soon([] { print("second"); });
    second.cancel();
    handle fourth;
    loop.call_soon([&fourth] {
      print("third cancels the fourth");
      fourth.cancel();
    });
    fourth = loop.call_soon([] { print("fourth"); });
    auto fifth = loop.call_soon([] { print("fifth"); });
    print(first.cancelled(), second.cancelled(), fifth.cancelled());
    co_await sleep(0s);
    print(first.cancelled(), second.cancelled(), fourth.cancelled());
    first.cancel();
    fifth.cancel();
    co_await sleep(0s);
    print("end");
  });
}

PROGRAM(09_awaiters_of_a_task) {
  auto work = []() -> coro<int> {
    co_await sleep(0s);
    print("work ends");
    co_return 42;
  };
  auto waiter = [](std::string name, task<int> x, int pause) -> coro<void> {
    for (int i = 0; i < pause; ++i)
      co_await sleep(0s);
    print(name, "waits, done:", x.done());
    auto got = co_await x;
    print(name, "got", got);
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_task(work());
    x.add_done_callback(
      [](const future<int>& t) { print("callback", t.result()); });
    std::vector<task<>> waiters;
    for (int i : {2, 0, 1, 3})
      waiters.push_back(create_task(waiter("w" + std::to_string(i), x, i)));
    loop.call_soon([x] {
      x.add_done_callback(
        [](const future<int>& t) { print("late callback", t.result()); });
    });
    for (auto& w : waiters)
      co_await w;
    print("end");
  });
}

namespace {

coro<int> link(int n) {
  if (n == 0) {
    print("tasks", all_tasks().size());
    co_await sleep(0s);
    print("bottom", current_task().get_name());
    co_return 1;
  }
  int value = co_await link(n - 1);
  if (n % 25 == 0) {
    print("at", n);
    co_await sleep(0s);
  }
  co_return value + 1;
}

} // namespace

PROGRAM(10_deep) {
  auto ticker = []() -> coro<void> {
    for (int step = 0; step < 7; ++step) {
      print("tick", step);
      co_await sleep(0s);
    }
  };
  run([&]() -> coro<void> {
    auto chain = create_task(link(100), "chain");
    auto ticks = create_task(ticker());
    print("value", co_await chain);
    co_await ticks;
  });
}

namespace {

coro<void> inner(int n) {
  finally leave{"leave inner", n};
  if (n == 0) {
    co_await sleep(0s);
    throw std::invalid_argument("bottom");
  }
  co_await inner(n - 1);
}

} // namespace

PROGRAM(11_errors) {
  auto translated = []() -> coro<void> {
    try {
      co_await inner(2);
    } catch (const std::invalid_argument& e) {
      throw std::out_of_range(std::string("was ") + e.what());
    }
  };
  auto outer = [](task<> x) -> coro<std::string> {
    try {
      co_await x;
    } catch (const std::out_of_range& e) {
      print("outer caught", e);
    }
    try {
      co_await x;
    } catch (const std::out_of_range& e) {
      print("outer caught again", e);
    }
    co_return "recovered";
  };
  run([&]() -> coro<void> {
    get_running_loop().call_soon([] { print("soon"); });
    auto x = create_task(translated());
    print(co_await outer(x));
    std::string problem;
    try {
      std::rethrow_exception(x.exception());
    } catch (const std::out_of_range& e) {
      problem = e.what();
    }
    print(x.done(), x.cancelled(), problem);
  });
}

namespace {

struct custom {
  future<std::string> x;

  auto operator co_await() const {
    return x.operator co_await();
  }
};

} // namespace

PROGRAM(12_ensure_future) {
  auto child = [](std::string name) -> coro<std::string> {
    print(name, "runs");
    co_await sleep(0s);
    co_return name;
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<std::string>();
    auto t = create_task(child("task"));
    auto made = ensure_future(child("made"));
    auto wrapped = ensure_future(custom{x});
    print(ensure_future(t) == t, ensure_future(x) == x, wrapped == x);
    loop.call_soon([] { print("soon"); });
    print(all_tasks().size());
    auto from_made = co_await made;
    auto from_task = co_await t;
    print(from_made, from_task);
    x.set_result("set");
    print(wrapped.done());
    auto from_wrapped = co_await wrapped;
    print(from_wrapped);
  });
}

namespace {

std::string me() {
  auto running = current_task();
  return running ? running.get_name() : "nobody";
}

} // namespace

PROGRAM(13_names) {
  auto helper = []() -> coro<std::string> {
    co_return me();
  };
  auto child = [&](int pause) -> coro<void> {
    print("begins", me());
    for (int i = 0; i < pause; ++i) {
      co_await sleep(0s);
      print("still", me());
    }
    auto name = co_await helper();
    print("inside", name);
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    print(me());
    auto a = create_task(child(2));
    auto b = create_task(child(1), "bert");
    auto c = create_task(child(3));
    loop.call_soon([] { print("callback of", me()); });
    co_await b;
    print(me(), "after", b.get_name());
    a.set_name("anna");
    a.add_done_callback([a] { print("done", a.get_name(), me()); });
    co_await c;
    print(a.get_name(), b.get_name(), c.get_name());
    current_task().set_name("boss");
    print(me());
  });
}

PROGRAM(14_all_tasks) {
  auto count = [](std::string where) {
    print(where, all_tasks().size());
  };
  auto child = [&](int steps) -> coro<void> {
    for (int i = 0; i < steps; ++i)
      co_await sleep(0s);
    count("child " + std::to_string(steps));
  };
  run([&]() -> coro<void> {
    count("alone");
    std::vector<task<>> tasks;
    for (int n : {1, 2, 3})
      tasks.push_back(create_task(child(n)));
    count("made");
    co_await sleep(0s);
    count("began");
    co_await tasks[0];
    count("one done");
    tasks[2].cancel();
    count("one asked to cancel");
    co_await sleep(0s);
    count("that one ended");
    co_await tasks[1];
    count("all done");
    std::string names;
    for (const auto& t : all_tasks())
      names += "'" + t.get_name() + "'";
    print("[" + names + "]");
  });
}

PROGRAM(15_awaited_twice) {
  auto once = []() -> coro<int> {
    print("runs");
    co_return 1;
  };
  auto is_refused = [](coro<int>& c) -> coro<bool> {
    try {
      co_await c;
    } catch (const error& e) {
      co_return e.code() == errc::awaited_twice;
    }
    co_return false;
  };
  run([&]() -> coro<void> {
    auto c = once();
    print(co_await c);
    if (co_await is_refused(c))
      print("refused");
    auto d = once();
    d.close();
    if (co_await is_refused(d))
      print("refused after close");
  });
}

PROGRAM(16_awaits_itself) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    task<std::string> box;
    auto narcissus = [&]() -> coro<std::string> {
      loop.call_soon([] { print("soon"); });
      try {
        co_await box;
      } catch (const error& e) {
        if (e.code() == errc::awaits_itself)
          print("refused");
      }
      co_await sleep(0s);
      co_return "fine";
    };
    box = create_task(narcissus());
    print(co_await box);
  });
}
