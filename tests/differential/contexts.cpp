// Context variables, and asynchronous generators.

#include "differential/program.hpp"

#include <optional>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

PROGRAM(68_task_contexts) {
  static context_var<int> variable{"variable", 0};
  auto child = [](std::string name, int turns) -> coro<void> {
    print(name, "began with", variable.get());
    for (int turn = 0; turn < turns; ++turn) {
      variable.set(variable.get() + 10);
      co_await sleep(0s);
      print(name, variable.get());
    }
  };
  auto plain = [](int value) -> coro<void> {
    variable.set(value);
    co_return;
  };
  run([&]() -> coro<void> {
    variable.set(1);
    auto a = create_task(child("a", 2));
    variable.set(2);
    auto b = create_task(child("b", 3));
    variable.set(3);
    co_await sleep(0s);
    print("main", variable.get());
    co_await plain(4);
    print("a coroutine is no task", variable.get());
    auto c = create_task(plain(5));
    co_await c;
    print("a task is", variable.get());
    co_await a;
    co_await b;
    print("main", variable.get());
  });
  print("outside", variable.get());
}

PROGRAM(69_callback_contexts) {
  static context_var<std::string> variable{"variable", "unset"};
  auto show = [](const char* where, const char* value = nullptr) {
    print(where, variable.get());
    if (value)
      variable.set(value);
  };
  auto waiter = [&](future<> x) -> coro<void> {
    variable.set("waiter's");
    co_await x;
    show("waiter");
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future();
    variable.set("one");
    loop.call_soon([&] { show("soon 1", "changed by soon 1"); });
    loop.call_later(-1s, [&] { show("timer", "changed by the timer"); });
    x.add_done_callback([&] { show("done 1", "changed by done 1"); });
    variable.set("two");
    loop.call_soon([&] { show("soon 2"); });
    x.add_done_callback([&] { show("done 2"); });
    auto t = create_task(waiter(x));
    co_await sleep(0s);
    variable.set("three");
    x.set_result();
    x.add_done_callback([&] { show("done 3"); });
    loop.call_soon([&] {
      show("outer", "four");
      loop.call_soon([&] { show("inner"); });
    });
    co_await t;
    show("main");
    co_await sleep(0s);
  });
}

PROGRAM(70_contexts) {
  static context_var<std::string> variable{"variable"};
  static context_var<std::string> other{"other", "default"};
  auto show = [](std::string where) {
    print(where, variable.get("nothing"), other.get());
  };
  auto child = [&](std::string name) -> coro<void> {
    show(name);
    variable.set(name);
    co_await sleep(0s);
    show(name);
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    try {
      variable.get();
    } catch (const std::out_of_range&) {
      print("unset");
    }
    auto shared = copy_context();
    shared.run([] { variable.set("in the context"); });
    shared.run([&] { show("in the context"); });
    show("main");
    auto a = loop.create_task(child("a"), task_options{.context = shared});
    auto b = loop.create_task(child("b"), task_options{.context = shared});
    loop.call_soon([&] { show("callback"); }, shared);
    co_await a;
    co_await b;
    shared.run([&] { show("after the tasks"); });
    show("main");
    auto token = variable.set("first");
    auto inner = variable.set("second");
    show("set twice");
    variable.reset(inner);
    show("reset once");
    variable.reset(token);
    show("reset twice");
    other.set("changed");
    co_await create_task(child("c"));
    show("main");
  });
}

PROGRAM(71_generators) {
  auto numbers = [](std::string name, int end) -> async_generator<int> {
    print(name, "begins");
    for (int i = 0; i < end; ++i) {
      co_await sleep(0s);
      co_yield i;
      print(name, "after", i);
    }
    print(name, "ends");
  };
  auto quick = [](int end) -> async_generator<int> {
    for (int i = 0; i < end; ++i)
      co_yield i* i;
  };
  auto reader = [&](std::string name, int end) -> coro<void> {
    auto source = numbers(name, end);
    while (auto i = co_await source.next())
      print(name, "got", *i);
  };
  run([&]() -> coro<void> {
    std::vector<task<>> tasks;
    tasks.push_back(create_task(reader("a", 3)));
    tasks.push_back(create_task(reader("b", 1)));
    tasks.push_back(create_task(reader("c", 0)));
    get_running_loop().call_soon([] { print("soon"); });
    int total = 0;
    auto squares = quick(4);
    while (auto square = co_await squares.next())
      total += *square;
    print("total without a turn", total);
    for (auto& t : tasks) {
      co_await t;
      print("main");
    }
  });
}

PROGRAM(72_generator_break) {
  auto source = [](std::string name) -> async_generator<int> {
    finally closed{name, "is closed"};
    for (int i = 0; i < 5; ++i) {
      print(name, "gives", i);
      co_yield i;
      co_await sleep(0s);
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto one = source("one");
    while (auto i = co_await one.next()) {
      print("main got", *i);
      if (*i == 1)
        break;
    }
    loop.call_soon([] { print("soon"); });
    print("close");
    co_await one.aclose();
    print("closed");
    while (auto i = co_await one.next())
      print("never", *i);
    co_await one.aclose();
    auto untouched = source("untouched");
    co_await untouched.aclose();
    while (auto i = co_await untouched.next())
      print("never", *i);
    co_await sleep(0s);
    auto last = source("last");
    while (co_await last.next()) {
    }
    co_await last.aclose();
    print("end");
  });
}

PROGRAM(73_generator_errors) {
  auto fails = [](int n) -> async_generator<int> {
    for (int i = 0; i < n; ++i) {
      co_yield i;
      co_await sleep(0s);
    }
    throw std::invalid_argument("generator");
  };
  auto waits = []() -> async_generator<std::string> {
    finally leaves{"generator leaves"};
    try {
      co_yield "first";
      co_await sleep(1h);
      co_yield "never";
    } catch (const cancelled_error& e) {
      print("generator cancelled", e);
      throw;
    }
  };
  auto reader = [&]() -> coro<void> {
    try {
      auto source = waits();
      while (auto words = co_await source.next())
        print("reader got", *words);
    } catch (const cancelled_error&) {
      print("reader cancelled");
      throw;
    }
  };
  run([&]() -> coro<void> {
    auto source = fails(2);
    try {
      while (auto i = co_await source.next())
        print("main got", *i);
    } catch (const std::invalid_argument& e) {
      print("main caught", e);
    }
    while (auto i = co_await source.next())
      print("never", *i);
    print("it has ended");
    auto t = create_task(reader());
    co_await sleep(0s);
    t.cancel("from main");
    try {
      co_await t;
    } catch (const cancelled_error&) {
      print(t.cancelled());
    }
  });
}

PROGRAM(74_generator_left_open) {
  auto source = [](std::string name) -> async_generator<int> {
    finally closed{name, "is closed"};
    co_yield 1;
    co_yield 2;
  };
  auto ended = []() -> async_generator<int> {
    co_yield 1;
  };
  std::vector<async_generator<int>> box;
  run([&]() -> coro<void> {
    box.push_back(source("left open"));
    box.push_back(ended());
    while (auto i = co_await box[0].next()) {
      print("main got", *i);
      break;
    }
    while (auto i = co_await box[1].next())
      print("main got", *i);
    get_running_loop().call_soon([] { print("soon"); });
    print("main ends");
  });
  print("over");
}

PROGRAM(97_generator_cleanup) {
  auto source
    = [](std::string name, int turns) -> async_generator<std::string> {
    std::exception_ptr closing;
    try {
      for (int i = 0; i < 5; ++i)
        co_yield name + " " + std::to_string(i);
    } catch (...) {
      closing = std::current_exception();
    }
    print(name, "cleans up");
    for (int turn = 0; turn < turns; ++turn) {
      co_await sleep(0s);
      print(name, "clean", turn);
    }
    if (closing)
      std::rethrow_exception(closing);
  };
  auto reader = [&](std::string name, char stop, int turns) -> coro<void> {
    auto words = source(name, turns);
    while (auto word = co_await words.next()) {
      print("got", *word);
      if (word->back() == stop)
        break;
      co_await sleep(0s);
    }
    co_await words.aclose();
    print(name, "closed");
  };
  auto close = [](async_generator<std::string>& generator) -> coro<void> {
    co_await generator.aclose();
    print("closed by a task");
  };
  run([&]() -> coro<void> {
    std::vector<task<>> tasks;
    tasks.push_back(create_task(reader("a", '1', 2)));
    tasks.push_back(create_task(reader("b", '0', 3)));
    tasks.push_back(create_task(reader("c", '9', 1)));
    for (auto& t : tasks) {
      co_await t;
      print("main");
    }
    auto early = source("early", 1);
    auto first = co_await early.next();
    print("first", *first);
    get_running_loop().call_soon([] { print("soon"); });
    auto closing = create_task(close(early));
    co_await closing;
    print("end");
  });
}
