// Work in other threads. What is printed does not depend on their speed.

#include "differential/program.hpp"

#include <future>
#include <thread>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

PROGRAM(75_to_thread) {
  static context_var<std::string> variable{"variable", "unset"};
  auto work = [](int n, std::chrono::milliseconds pause) {
    std::this_thread::sleep_for(pause);
    return n * n;
  };
  auto square = [&](int n, std::chrono::milliseconds pause) -> coro<int> {
    co_return co_await to_thread(work, n, pause);
  };
  run([&]() -> coro<void> {
    auto loop_thread = std::this_thread::get_id();
    auto other_thread
      = co_await to_thread([] { return std::this_thread::get_id(); });
    print(other_thread == loop_thread);
    std::vector<task<int>> tasks;
    tasks.push_back(create_task(square(1, 30ms)));
    tasks.push_back(create_task(square(2, 5ms)));
    tasks.push_back(create_task(square(3, 15ms)));
    tasks.push_back(create_task(square(4, 0ms)));
    for (auto& t : tasks) {
      int got = co_await t;
      print("square", got);
    }
    try {
      co_await to_thread(
        [](std::string words) { throw std::invalid_argument(words); },
        std::string("in the thread"));
    } catch (const std::invalid_argument& e) {
      print("caught", e);
    }
    variable.set("main's");
    auto seen = co_await to_thread([] {
      auto value = variable.get();
      variable.set("changed in the thread");
      return value;
    });
    print(seen, variable.get());
  });
}

PROGRAM(76_executor) {
  std::string log;
  int count = 0;
  auto work = [&](std::string name) {
    log += (log.empty() ? "'" : ", '") + name + "'";
    return ++count;
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    thread_pool pool{1};
    std::vector<future<int>> futures;
    for (const char* name : {"a", "b", "c", "d"})
      futures.push_back(loop.run_in_executor(pool, work, std::string(name)));
    int seen = 0;
    futures[3].add_done_callback(
      [&seen](const future<int>& f) { seen = f.result(); });
    for (const auto& f : futures)
      print(co_await f);
    print("[" + log + "]");
    co_await sleep(0s);
    print("the callback saw", seen);
    pool.shutdown();
    print(co_await loop.run_in_executor(nullptr, work, std::string("default")));
    co_await loop.shutdown_default_executor();
    try {
      co_await loop.run_in_executor(nullptr, work, std::string("too late"));
    } catch (const error& e) {
      if (e.code() == errc::executor_shut_down)
        print("shut down");
    }
  });
}

PROGRAM(77_threadsafe) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<std::string>();
    auto here = std::this_thread::get_id();
    auto report = [=](int i) {
      print("callback", i, std::this_thread::get_id() == here);
      if (i == 4)
        x.set_result("all came");
    };
    std::thread other{[loop, report]() mutable {
      for (int i = 0; i < 5; ++i)
        loop.call_soon_threadsafe(report, i);
    }};
    print(co_await x);
    other.join();

    // From the loop's own thread it is as call_soon.
    loop.call_soon([] { print("one"); });
    loop.call_soon_threadsafe([] { print("two"); });
    loop.call_soon([] { print("three"); });
    auto never = loop.call_soon_threadsafe([] { print("never"); });
    never.cancel();
    co_await sleep(0s);
    print(never.cancelled());
  });
}

PROGRAM(78_coroutine_from_a_thread) {
  auto twice = [](int n) -> coro<int> {
    co_await sleep(0s);
    co_return 2 * n;
  };
  auto fails = []() -> coro<void> {
    throw std::invalid_argument("in the loop");
    co_return;
  };
  auto hangs = []() -> coro<void> {
    try {
      co_await sleep(1h);
    } catch (const cancelled_error&) {
      print("cancelled by the thread");
      throw;
    }
  };
  std::vector<std::string> lines;
  auto other = [&](event_loop loop) {
    auto doubled = run_coroutine_threadsafe(twice(4), loop).result();
    lines.push_back("doubled " + std::to_string(doubled));
    try {
      run_coroutine_threadsafe(fails(), loop).result();
    } catch (const std::invalid_argument& e) {
      lines.push_back(std::string("caught ") + e.what());
    }
    auto hanging = run_coroutine_threadsafe(hangs(), loop);
    try {
      hanging.result(50ms);
    } catch (const timeout_error&) {
      lines.push_back("takes too long");
    }
    lines.push_back("cancel " + text(hanging.cancel()));
    try {
      hanging.result();
    } catch (const cancelled_error&) {
      lines.push_back("cancelled");
    }
  };
  run([&]() -> coro<void> {
    co_await to_thread(other, get_running_loop());
    for (const auto& line : lines)
      print(line);
    co_await sleep(0s);
    co_await sleep(0s);
    co_await sleep(0s);
    print("left", all_tasks().size());
  });
}

PROGRAM(98_executor_cancel) {
  std::vector<std::string> log;
  std::promise<void> go_on;
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto begun = loop.create_future();
    auto blocks = [&, loop]() mutable {
      loop.call_soon_threadsafe([begun] { begun.set_result(); });
      go_on.get_future().wait();
      log.push_back("the first ran to its end");
      return 1;
    };
    auto append = [&](std::string line) {
      log.push_back(line);
    };
    thread_pool pool{1};
    auto first = loop.run_in_executor(pool, blocks);
    auto second
      = loop.run_in_executor(pool, append, std::string("the second ran"));
    auto third
      = loop.run_in_executor(pool, append, std::string("the third ran"));
    co_await begun;
    bool asked = first.cancel();
    print("first", asked, first.cancelled());
    asked = second.cancel();
    print("second", asked, second.cancelled());
    co_await sleep(0s);
    go_on.set_value();
    co_await third;
    try {
      co_await first;
    } catch (const cancelled_error&) {
      print("first was cancelled");
    }
    try {
      co_await second;
    } catch (const cancelled_error&) {
      print("second was cancelled");
    }
    for (const auto& line : log)
      print(line);
    pool.shutdown();
  });
}

PROGRAM(99_idle) {
  std::promise<void> timer_ran;
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = loop.create_future<std::string>();
    auto begin = loop.time();
    auto timer = [&] {
      print("timer");
      timer_ran.set_value();
    };
    auto greet = [&] {
      print("from the thread");
      loop.call_later(30ms, timer);
    };
    std::thread other{[&] {
      std::this_thread::sleep_for(30ms); // so that the loop is idle
      loop.call_soon_threadsafe(greet);
      timer_ran.get_future().wait();
      std::this_thread::sleep_for(30ms);
      loop.call_soon_threadsafe([x] { x.set_result("the thread ends"); });
    }};
    auto never = loop.call_later(10ms, [] { print("never"); });
    never.cancel();
    auto late = loop.call_later(1h, [] { print("late"); });
    print(co_await x);
    print("in time", loop.time() - begin >= 90ms, late.when() > loop.time());
    late.cancel();
    other.join();
    co_await sleep(30ms);
    print("in time", loop.time() - begin >= 120ms);
  });
}
