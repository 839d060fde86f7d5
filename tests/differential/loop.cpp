// Running and stopping a loop, and the end of a program.

#include "differential/program.hpp"

#include <algorithm>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

namespace {

void chain(event_loop loop, const char* name, int left) {
  print(name, left);
  if (left)
    loop.call_soon(chain, loop, name, left - 1);
}

std::string text_of(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const std::exception& e) {
    return e.what();
  }
}

} // namespace

PROGRAM(57_several_runs) {
  auto child = [](std::string name, int turns) -> coro<std::string> {
    for (int turn = 0; turn < turns; ++turn) {
      print(name, turn);
      co_await sleep(0s);
    }
    co_return name;
  };
  auto loop = new_event_loop();
  auto background = loop.create_task(child("background", 12));
  loop.call_soon(chain, loop, "chain", 11);
  print(loop.run_until_complete(child("one", 2)));
  print("between");
  loop.call_soon([] { print("asked between"); });
  print(loop.run_until_complete(child("two", 0)));
  print("between", background.done());
  auto x = loop.create_future<std::string>();
  loop.call_soon([x] { x.set_result("set"); });
  print(loop.run_until_complete(x));
  print("done already:", loop.run_until_complete(x));
  print(loop.run_until_complete(background));
  print(loop.is_running(), loop.is_closed());
  loop.close();
  print(loop.is_closed());
  loop.close();
}

PROGRAM(58_stop) {
  auto loop = new_event_loop();
  auto stop = [loop]() mutable {
    loop.stop();
  };
  auto noisy = [loop](const char* name) mutable {
    print(name);
    loop.call_soon([name] { print(name, "asked inside"); });
  };
  loop.call_soon([] { print("before"); });
  loop.call_soon(stop);
  loop.call_soon(noisy, "after");
  loop.call_later(-1s, [] { print("timer of the turn"); });
  print("run 1");
  loop.run_forever();
  print("run 2");
  loop.call_soon([] { print("asked between"); });
  loop.call_soon(stop);
  loop.call_soon(stop);
  loop.run_forever();
  print("run 3");
  loop.call_later(-1s, stop);
  loop.call_soon(noisy, "third");
  loop.run_forever();
  print("run 4");
  loop.call_soon([loop, stop]() mutable { loop.call_soon(stop); });
  loop.call_soon(noisy, "fourth");
  loop.run_forever();
  print("close");
  loop.close();
}

PROGRAM(59_stopped_before) {
  auto child = []() -> coro<std::string> {
    for (int turn = 0; turn < 4; ++turn) {
      print("child", turn);
      co_await sleep(0s);
    }
    co_return "ended";
  };
  auto loop = new_event_loop();
  auto t = loop.create_task(child());
  for (int i = 0; i < 3; ++i) {
    loop.stop();
    loop.call_soon([] { print("soon"); });
    loop.run_forever();
    print("stopped", t.done());
  }
  print(loop.run_until_complete(t));
  loop.close();
}

PROGRAM(60_stopped_too_early) {
  auto loop = new_event_loop();
  auto child = [&]() -> coro<std::string> {
    print("child begins");
    co_await sleep(0s);
    loop.stop();
    print("child has stopped the loop");
    co_await sleep(0s);
    print("child goes on");
    co_return "value";
  };
  auto t = loop.create_task(child());
  loop.call_soon([] { print("soon"); });
  try {
    loop.run_until_complete(t);
  } catch (const error& e) {
    if (e.code() == errc::loop_stopped)
      print("stopped too early", t.done());
  }
  print(loop.run_until_complete(t));
  print(loop.run_until_complete(t));

  auto fails = []() -> coro<void> {
    co_await sleep(0s);
    throw std::invalid_argument("bad");
  };
  auto cancelled = []() -> coro<void> {
    throw cancelled_error("no");
    co_return;
  };
  for (bool failing : {true, false}) {
    try {
      loop.run_until_complete(failing ? fails() : cancelled());
    } catch (const std::invalid_argument& e) {
      print("failed", e);
    } catch (const cancelled_error& e) {
      print("cancelled", e);
    }
  }
  loop.close();
  try {
    loop.call_soon([] { print("never"); });
  } catch (const error& e) {
    if (e.code() == errc::loop_closed)
      print("closed");
  }
}

PROGRAM(61_left_over) {
  auto left_over = []() -> coro<void> {
    auto loop = get_running_loop();
    finally leaves{"left over leaves"};
    std::exception_ptr cancelled;
    try {
      print("left over begins");
      co_await sleep(1h);
    } catch (const cancelled_error& e) {
      print("left over cancelled", e.message().size(),
            current_task().cancelling());
      loop.call_soon([] { print("callback of the clean-up"); });
      cancelled = std::current_exception();
    }
    if (!cancelled)
      co_return;
    co_await sleep(0s);
    print("clean-up goes on");
    co_await sleep(shortest);
    print("clean-up ends");
    std::rethrow_exception(cancelled);
  };
  auto main = [&]() -> coro<std::string> {
    auto t = create_task(left_over());
    t.add_done_callback(
      [](const future<>& f) { print("done", f.cancelled()); });
    co_await sleep(0s);
    get_running_loop().call_soon([] { print("soon of main's last turn"); });
    print("main ends");
    co_return "value";
  };
  print(run(main()));
}

PROGRAM(62_all_left_over) {
  std::vector<std::string> log;
  auto left_over = [&](std::string name, int turns) -> coro<void> {
    log.push_back(name + " begins");
    std::exception_ptr cancelled;
    try {
      co_await sleep(1h);
    } catch (const cancelled_error&) {
      cancelled = std::current_exception();
    }
    for (int i = 0; i < turns; ++i)
      co_await sleep(0s);
    log.push_back(name + " is clean");
    if (cancelled)
      std::rethrow_exception(cancelled);
  };
  auto swallows = [&]() -> coro<void> {
    try {
      co_await get_running_loop().create_future();
    } catch (const cancelled_error&) {
      log.push_back("swallowed");
    }
    co_await sleep(0s);
    log.push_back("swallower ends");
  };
  auto main = [&]() -> coro<std::size_t> {
    for (int i = 0; i < 5; ++i)
      create_task(left_over("task " + std::to_string(i), i));
    create_task(swallows());
    co_await sleep(0s);
    create_task(left_over("too late", 0));
    co_return all_tasks().size();
  };
  print(run(main()));
  std::sort(log.begin(), log.end());
  for (const auto& line : log)
    print(line);
}

namespace {

int turns = 0;

void count(event_loop loop) {
  ++turns;
  print("turn", turns);
  loop.call_soon(count, loop);
}

} // namespace

PROGRAM(63_last_turns) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    loop.call_soon([] { print("soon"); });
    loop.call_soon(count, loop);
    print("main ends");
    co_return;
  });
  print("over");
}

PROGRAM(64_runner) {
  static context_var<std::string> variable{"variable", "unset"};
  auto child = [](std::string) -> coro<void> {
    print("child of", variable.get());
    variable.set("child's");
    co_return;
  };
  auto step = [&](std::string value) -> coro<std::string> {
    print("was", variable.get());
    variable.set(value);
    auto t = create_task(child(value));
    co_await t;
    print("after the child", variable.get());
    get_running_loop().call_soon([value] { print("left by", value); });
    co_return value;
  };
  runner scope;
  print(scope.run(step("one")));
  auto loop = scope.get_loop();
  print(scope.run(step("two")));
  print(scope.get_loop() == loop);
  print(scope.run(step("three")));
  scope.close();
  print("outside", variable.get());
  try {
    scope.get_loop();
  } catch (const error& e) {
    if (e.code() == errc::loop_closed)
      print("closed");
  }
}

PROGRAM(65_run) {
  using text_coro = coro<std::string>;
  auto returns = []() -> text_coro {
    co_await sleep(0s);
    co_return "42";
  };
  auto fails = []() -> text_coro {
    co_await sleep(0s);
    throw std::invalid_argument("bad");
  };
  auto cancels_itself = []() -> text_coro {
    current_task().cancel("enough");
    co_await sleep(1h);
    co_return "never";
  };
  auto nested = [&]() -> text_coro {
    try {
      run(returns);
    } catch (const error& e) {
      if (e.code() == errc::loop_running)
        co_return "refused inside a loop";
    }
    co_return "not refused";
  };
  auto child = [](std::string name) -> coro<void> {
    print(name);
    co_return;
  };
  auto leaves_children = [&]() -> text_coro {
    create_task(child("begins in the last turn"));
    co_return "left";
  };
  auto attempt = [](auto body) {
    try {
      print(run(body));
    } catch (const std::invalid_argument& e) {
      print("failed", e);
    } catch (const cancelled_error& e) {
      print("cancelled", e);
    }
  };
  attempt(returns);
  attempt(fails);
  attempt(cancels_itself);
  attempt(nested);
  attempt(returns);
  attempt(leaves_children);
}

PROGRAM(66_exception_handler) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    auto fail = [](const char* words) {
      throw std::invalid_argument(words);
    };
    loop.set_exception_handler(
      [loop](event_loop& its_loop, const error_context& what) mutable {
        print("handler", its_loop == loop, text_of(what.exception));
        loop.call_soon([] { print("asked in the handler"); });
      });
    loop.call_soon(fail, "first");
    loop.call_soon([] { print("next"); });
    loop.call_later(-1s, fail, "timer");
    auto x = loop.create_future();
    x.add_done_callback([=] { fail("done callback"); });
    x.add_done_callback([] { print("second done callback"); });
    x.set_result();
    for (int turn = 0; turn < 3; ++turn) {
      print("turn", turn);
      co_await sleep(0s);
    }
    error_context by_hand;
    by_hand.message = "by hand";
    by_hand.exception
      = std::make_exception_ptr(std::invalid_argument("by hand"));
    loop.call_exception_handler(by_hand);
    co_await sleep(0s);
    loop.set_exception_handler(nullptr);
    print(loop.has_exception_handler() ? "a handler" : "None");
  });
}

PROGRAM(67_unretrieved) {
  auto fails = [](std::string words) -> coro<void> {
    co_await sleep(0s);
    throw std::invalid_argument(words);
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    loop.set_exception_handler([](event_loop&, const error_context& what) {
      print("handler:", text_of(what.exception));
    });
    create_task(fails("a task nobody read"));
    auto kept = create_task(fails("read later"));
    auto awaited = create_task(fails("awaited"));
    co_await sleep(0s);
    co_await sleep(0s);
    print("turn");
    co_await sleep(0s);
    print("read:", text_of(kept.exception()));
    kept = {};
    try {
      co_await awaited;
    } catch (const std::invalid_argument& e) {
      print("caught", e);
    }
    awaited = {};
    auto x = loop.create_future();
    x.set_exception(std::invalid_argument("a future nobody read"));
    print("drop");
    x = {};
    print("dropped");
    x = loop.create_future();
    x.set_exception(std::invalid_argument("silenced"));
    x.cancel();
    x.exception();
    x = {};
    print("end");
  });
}

PROGRAM(95_runner_left_over) {
  auto background = [](std::string name, int turns) -> coro<void> {
    try {
      for (int turn = 0; turn < turns; ++turn) {
        print(name, turn);
        co_await sleep(0s);
      }
      print(name, "ends");
    } catch (const cancelled_error&) {
      print(name, "cancelled at the end");
      throw;
    }
  };
  auto first = [&]() -> coro<std::string> {
    create_task(background("short", 4));
    create_task(background("long", 99));
    co_await sleep(0s);
    print("first ends");
    co_return "one";
  };
  auto second = []() -> coro<std::string> {
    print("second begins with", all_tasks().size());
    for (int i = 0; i < 4; ++i)
      co_await sleep(0s);
    print("second ends with", all_tasks().size());
    co_return "two";
  };
  auto fails = []() -> coro<void> {
    co_await sleep(0s);
    throw std::invalid_argument("third");
  };
  runner scope;
  print(scope.run(first()));
  print("between");
  print(scope.run(second()));
  try {
    scope.run(fails());
  } catch (const std::invalid_argument& e) {
    print("caught", e);
  }
  print("close");
  scope.close();
  print("closed");
}

PROGRAM(96_left_over_fails) {
  auto fails_at_the_end = []() -> coro<void> {
    try {
      co_await sleep(1h);
    } catch (const cancelled_error&) {
      print("fails now");
      throw std::invalid_argument("while it was cancelled");
    }
  };
  auto main = [&]() -> coro<std::string> {
    auto loop = get_running_loop();
    loop.set_exception_handler([](event_loop&, const error_context& what) {
      print("handler:", text_of(what.exception));
    });
    auto t = create_task(fails_at_the_end());
    t.add_done_callback([] { print("done callback"); });
    co_await sleep(0s);
    co_return "main's value";
  };
  print(run(main()));
}
