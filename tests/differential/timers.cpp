// Timers and sleeps. Most are made overdue, so that their order is certain.

#include "differential/program.hpp"

#include <algorithm>
#include <array>
#include <utility>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

PROGRAM(17_timers_by_deadline) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    auto begin = loop.time();
    loop.call_soon([] { print("soon 1"); });
    for (int delay : {5, 2, 8, 3, 1})
      loop.call_at(begin + std::chrono::milliseconds{delay},
                   [delay] { print("timer", delay); });
    loop.call_soon([] { print("soon 2"); });
    spin(12ms);
    loop.call_soon([] { print("soon 3"); });
    for (int turn = 0; turn < 3; ++turn) {
      print("turn", turn);
      co_await sleep(0s);
    }
  });
}

PROGRAM(18_overdue_timers) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    loop.call_later(-1s, [] { print("one second late"); });
    loop.call_later(-2s, [] { print("two seconds late"); });
    auto now = loop.time();
    for (int late : {3, 5, 4})
      loop.call_at(now - std::chrono::seconds{late},
                   [late] { print("at", late); });
    loop.call_soon([] { print("soon"); });
    co_await sleep(0s);
    print("main");
    co_await sleep(0s);
  });
}

PROGRAM(19_call_later_zero) {
  auto child = [](char name) -> coro<void> {
    print(name, "begins");
    co_await sleep(0s);
    print(name, "goes on");
    co_await sleep(0s);
    print(name, "ends");
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    loop.call_later(0s, [] { print("timer 1"); });
    loop.call_soon([] { print("soon 1"); });
    auto a = create_task(child('a'));
    loop.call_later(0s, [] { print("timer 2"); });
    co_await sleep(0s);
    print("main");
    loop.call_later(0s, [loop]() mutable {
      loop.call_soon([] { print("soon of a timer"); });
    });
    loop.call_later(0s, [] { print("timer 3"); });
    loop.call_soon([] { print("soon 2"); });
    co_await a;
    print("end");
  });
}

PROGRAM(20_timer_cancel) {
  std::map<std::string, timer_handle> timers;
  auto fire = [&](std::string name, std::string victim = {}) {
    print(name);
    if (!victim.empty()) {
      timers[victim].cancel();
      print(victim, timers[victim].cancelled());
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto now = loop.time();
    timers["a"] = loop.call_at(now - 5s, [&] { fire("a", "c"); });
    timers["b"] = loop.call_at(now - 4s, [&] { fire("b"); });
    timers["c"] = loop.call_at(now - 3s, [&] { fire("c"); });
    timers["d"] = loop.call_at(now - 2s, [&] { fire("d", "a"); });
    timers["e"] = loop.call_at(now - 1s, [&] { fire("e"); });
    timers["far"] = loop.call_later(1000s, [&] { fire("far"); });
    timers["e"].cancel();
    timers["far"].cancel();
    int cancelled = 0;
    for (const char* name : {"a", "e", "far"})
      cancelled += timers[name].cancelled();
    print(cancelled);
    print(timers["a"].when() < timers["b"].when());
    co_await sleep(0s);
    co_await sleep(0s);
    print("end");
  });
  timers.clear();
}

PROGRAM(21_shortest_sleep) {
  auto child = [](char name,
                  std::vector<std::chrono::nanoseconds> delays) -> coro<void> {
    for (auto delay : delays) {
      co_await sleep(delay);
      print(name, "after", delay == 0s ? "a turn" : "a timer");
    }
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto a = create_task(child('a', {shortest, 0ns, shortest}));
    auto b = create_task(child('b', {0ns, shortest, 0ns, 0ns}));
    auto c = create_task(child('c', {0ns, 0ns, 0ns, 0ns, 0ns, 0ns}));
    for (int turn = 0; turn < 7; ++turn) {
      print("turn", turn);
      loop.call_soon([turn] { print("soon", turn); });
      co_await sleep(0s);
    }
    print(a.done(), b.done(), c.done());
  });
}

PROGRAM(22_sleeps_due_together) {
  auto sleeper
    = [](std::string name, std::chrono::milliseconds delay) -> coro<void> {
    print(name, "sleeps");
    co_await sleep(delay);
    print(name, "wakes");
    co_await sleep(0s);
    print(name, "ends");
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    std::vector<task<>> tasks;
    for (auto delay : {90ms, 30ms, 60ms, 10ms, 120ms}) {
      auto name = "s" + std::to_string(tasks.size());
      tasks.push_back(create_task(sleeper(name, delay)));
    }
    loop.call_soon([] { spin(150ms); });
    loop.call_soon([] { print("all are due"); });
    for (auto& t : tasks) {
      co_await t;
      print("main");
    }
  });
}

PROGRAM(23_real_sleeps) {
  auto sleeper = [](std::string name,
                    std::chrono::milliseconds delay) -> coro<std::size_t> {
    auto got = co_await sleep(delay, name);
    print(got, "wakes");
    co_return got.size();
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto begin = loop.time();
    std::vector<task<std::size_t>> longer;
    for (const char* name : {"a", "b"})
      longer.push_back(create_task(sleeper(name, 1h)));
    std::size_t total = 0;
    auto short_ones
      = std::array<std::pair<const char*, std::chrono::milliseconds>, 3>{
        {{"first", 30ms}, {"second", 20ms}, {"third", 10ms}}};
    for (auto [name, delay] : short_ones) {
      total += co_await create_task(sleeper(name, delay));
      auto done = std::count_if(longer.begin(), longer.end(),
                                [](const auto& t) { return t.done(); });
      print("main", total, done);
    }
    print("in time", loop.time() - begin >= 60ms);
    for (auto& t : longer)
      t.cancel();
  });
}

PROGRAM(24_sleep_result) {
  auto child = [](std::string name) -> coro<int> {
    auto value = co_await sleep(0s, name + " zero");
    print(value);
    value = co_await sleep(shortest, name + " short");
    print(value);
    co_return static_cast<int>(value.size());
  };
  run([&]() -> coro<void> {
    auto a = create_task(child("a"));
    auto b = create_task(child("bb"));
    int from_a = co_await a;
    int from_b = co_await b;
    print(from_a, from_b);
  });
}

PROGRAM(25_many_timers) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    auto base = loop.time() - 1000s;
    unsigned long seed = 1;
    std::vector<timer_handle> timers;
    for (unsigned long i = 0; i < 200; ++i) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      auto milliseconds = seed / 65536 % 500 * 1000 + i;
      timers.push_back(
        loop.call_at(base + std::chrono::milliseconds{milliseconds},
                     [i, milliseconds] { print(i, milliseconds); }));
    }
    for (std::size_t i = 0; i < 200; i += 3)
      timers[i].cancel();
    loop.call_soon([] { print("ready"); });
    co_await sleep(0s);
    co_await sleep(0s);
    print("end");
  });
}

namespace {

void tick(event_loop loop, char name, int left) {
  print(name, left);
  if (left) {
    loop.call_soon([=] { print(name, "soon", left); });
    loop.call_later(std::chrono::seconds{-left}, tick, loop, name, left - 1);
  }
}

} // namespace

PROGRAM(26_timers_in_timers) {
  run([]() -> coro<void> {
    auto loop = get_running_loop();
    loop.call_later(-1s, tick, loop, 'a', 3);
    loop.call_soon(tick, loop, 'b', 2);
    loop.call_later(-5s, tick, loop, 'c', 1);
    for (int turn = 0; turn < 6; ++turn) {
      print("turn", turn);
      co_await sleep(0s);
    }
  });
}
