// What is left over or never awaited.

#include "simulation/wrong_programs.hpp"

using namespace troupe;
using namespace std::chrono_literals;

namespace wrong {

namespace {

// -- tasks that are left over -------------------------------------------------

template <bool Right>
coro<void> leave_one() {
  auto forgotten = create_task(lingers(1h), "forgotten");
  co_await sleep(1s);
  if (Right)
    co_await forgotten;
}

template <bool Right>
coro<void> leave_two() {
  auto a = create_task(lingers(1h), "first");
  auto b = create_task(lingers(2h), "second");
  co_await sleep(1s);
  if (Right) {
    co_await a;
    co_await b;
  }
}

template <bool Right>
coro<void> leave_in_depth() {
  auto gate = future<void>::make();
  auto deep = create_task(outer(gate), "deep");
  co_await sleep(1s);
  if (Right)
    gate.set_result();
}

template <bool Right>
coro<void> leave_waiting_for_task() {
  auto worker = create_task(lingers(1h), "worker");
  auto boss = create_task(waits(worker), "boss");
  co_await sleep(1s);
  if (Right)
    co_await boss;
}

template <bool Right>
coro<void> leave_stubborn() {
  auto task = create_task(stubborn(Right ? 1 : 3), "stubborn one");
  co_await sleep(1s);
  task.cancel();
  co_await sleep(1s);
}

template <bool Right>
coro<void> leave_child_of_child() {
  auto parent = [](bool right) -> coro<void> {
    auto child = create_task(lingers(1h), "grandchild");
    co_await sleep(1s);
    if (right)
      co_await child;
  };
  auto task = create_task(parent(Right), "child");
  co_await task;
}

template <bool Right>
coro<void> leave_by_callback() {
  auto done = future<void>::make();
  task<void> late;
  get_running_loop().call_later(1s, [&] {
    late = create_task(lingers(Right ? 0h : 1h), "made by a timer");
    done.set_result();
  });
  co_await done;
  co_await sleep(1s);
}

template <bool Right>
coro<void> leave_waiting_for_all_blocked() {
  auto observer = []() -> coro<void> {
    for (;;) {
      co_await test::wait_all_tasks_blocked();
      co_await sleep(1s);
    }
  };
  auto task = create_task(observer(), "observer");
  co_await sleep(5s);
  if (Right) {
    task.cancel();
    co_await ended(task);
  }
}

// -- coroutines that are never awaited ----------------------------------------

template <bool Right>
coro<void> never_awaited() {
  auto forgotten = lingers(1h);
  if (Right)
    co_await std::move(forgotten);
  co_await sleep(1s);
}

template <bool Right>
coro<void> never_awaited_in_task() {
  auto body = [](bool right) -> coro<void> {
    auto forgotten = ticks(2);
    co_await sleep(1s);
    if (right)
      co_await std::move(forgotten);
  };
  auto task = create_task(body(Right), "careless");
  co_await task;
}

template <bool Right>
coro<void> never_awaited_in_callback() {
  auto done = future<void>::make();
  get_running_loop().call_soon([done] {
    auto forgotten = spins(2);
    if (Right)
      create_task(std::move(forgotten));
    done.set_result();
  });
  co_await done;
  co_await sleep(1s);
}

template <bool Right>
coro<void> never_awaited_in_vector() {
  std::vector<coro<void>> all;
  for (int i = 0; i < 3; ++i)
    all.push_back(spins(i));
  for (std::size_t i = 0; i < (Right ? 3u : 2u); ++i)
    co_await std::move(all[i]);
}

template <bool Right>
coro<void> never_awaited_after_throw() {
  auto forgotten = ticks(1);
  try {
    if (!Right)
      throw std::runtime_error("before the await");
    co_await std::move(forgotten);
  } catch (const std::runtime_error&) {
  }
}

} // namespace

std::vector<wrong_program> wrong_tasks() {
  std::string waits_at = at("waits", waits_line);
  std::string lingers_at = at("lingers", lingers_line);
  return {{"a task is left",
           "left over",
           {"1 task is left over", "forgotten", lingers_at},
           leave_one<false>,
           leave_one<true>},
          {"two tasks are left",
           "left over",
           {"2 tasks are left over", "first", "second", lingers_at},
           leave_two<false>,
           leave_two<true>},
          {"a task is left with its callers",
           "left over",
           {"deep", waits_at + " <- " + at("outer", outer_line)},
           leave_in_depth<false>,
           leave_in_depth<true>},
          {"a task is left that waits for a task",
           "left over",
           {"2 tasks", "boss", "waits for worker", waits_at, lingers_at},
           leave_waiting_for_task<false>,
           leave_waiting_for_task<true>},
          {"a task is left that refused its cancellation",
           "left over",
           {"stubborn one", at("stubborn", stubborn_line)},
           leave_stubborn<false>,
           leave_stubborn<true>},
          {"a grandchild is left",
           "left over",
           {"grandchild", lingers_at},
           leave_child_of_child<false>,
           leave_child_of_child<true>},
          {"a task of a timer is left",
           "left over",
           {"made by a timer", lingers_at},
           leave_by_callback<false>,
           leave_by_callback<true>},
          {"an observer is left",
           "left over",
           {"observer"},
           leave_waiting_for_all_blocked<false>,
           leave_waiting_for_all_blocked<true>},
          {"a coroutine is never awaited",
           "unhandled",
           {"never awaited", "lingers", "wrong_programs.hpp"},
           never_awaited<false>,
           never_awaited<true>},
          {"a coroutine in a task is never awaited",
           "unhandled",
           {"never awaited", "ticks"},
           never_awaited_in_task<false>,
           never_awaited_in_task<true>},
          {"a coroutine in a callback is never awaited",
           "unhandled",
           {"never awaited", "spins"},
           never_awaited_in_callback<false>,
           never_awaited_in_callback<true>},
          {"one of three coroutines is never awaited",
           "unhandled",
           {"never awaited", "spins"},
           never_awaited_in_vector<false>,
           never_awaited_in_vector<true>},
          {"a coroutine is never awaited after an exception",
           "unhandled",
           {"never awaited", "ticks"},
           never_awaited_after_throw<false>,
           never_awaited_after_throw<true>}};
}

} // namespace wrong
