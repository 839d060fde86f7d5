// Exceptions that nobody takes, and programs that fail.

#include "simulation/wrong_programs.hpp"

using namespace troupe;
using namespace std::chrono_literals;

namespace wrong {

namespace {

// -- exceptions that nobody takes ---------------------------------------------

template <bool Right>
coro<void> lost_exception() {
  auto task = create_task(breaks("the till is empty"), "cashier");
  co_await sleep(1s);
  if (Right)
    co_await ended(task);
}

template <bool Right>
coro<void> lost_in_future() {
  auto x = future<int>::make();
  x.set_exception(std::runtime_error("no number"));
  if (Right)
    x.exception();
  co_await sleep(1s);
}

template <bool Right>
coro<void> lost_in_callback() {
  get_running_loop().call_soon([] {
    if (!Right)
      throw std::runtime_error("soon broken");
  });
  co_await sleep(1s);
}

template <bool Right>
coro<void> lost_in_timer() {
  get_running_loop().call_later(10s, [] {
    if (!Right)
      throw std::runtime_error("later broken");
  });
  co_await sleep(1min);
}

template <bool Right>
coro<void> lost_in_done_callback() {
  auto x = future<void>::make();
  x.add_done_callback([] {
    if (!Right)
      throw std::runtime_error("callback broken");
  });
  x.set_result();
  co_await sleep(1s);
}

template <bool Right>
coro<void> lost_in_thread() {
  auto reply = get_running_loop().run_in_executor(nullptr, [] {
    if (!Right)
      throw std::runtime_error("thread broken");
  });
  co_await sleep(1s);
}

template <bool Right>
coro<void> lost_while_cancelled() {
  auto body = []() -> coro<void> {
    try {
      co_await sleep(1h);
    } catch (const cancelled_error&) {
      if (!Right)
        throw std::runtime_error("broken in the clean-up");
      throw;
    }
  };
  auto task = create_task(body(), "cleaner");
  co_await sleep(1s);
  task.cancel();
  co_await sleep(1s);
}

template <bool Right>
coro<void> handed_to_the_handler() {
  if (!Right)
    get_running_loop().call_exception_handler({.message = "a bad sector"});
  co_await sleep(1s);
}

// -- programs that fail -------------------------------------------------------

template <bool Right>
coro<void> throws_itself() {
  co_await sleep(1s);
  if (!Right)
    co_await breaks("the program is broken");
}

template <bool Right>
coro<void> waits_for_itself() {
  auto self = current_task();
  if (!Right)
    co_await self;
}

template <bool Right>
coro<void> cancels_itself() {
  if (!Right)
    current_task().cancel();
  co_await sleep(1s);
}

template <bool Right>
coro<void> spins_for_ever() {
  for (int i = 0; !Right || i < 10; ++i)
    co_await sleep(0s);
}

template <bool Right>
coro<void> hopes_in_vain() {
  bool done = false;
  auto timer = get_running_loop().call_later(5s, [&] { done = Right; });
  co_await test::eventually([&] { return done; }, 10s);
}

} // namespace

std::vector<wrong_program> wrong_exceptions() {
  return {{"a task's exception is lost",
           "unhandled",
           {"never retrieved", "the till is empty", "cashier", "breaks"},
           lost_exception<false>,
           lost_exception<true>},
          {"a future's exception is lost",
           "unhandled",
           {"never retrieved", "no number"},
           lost_in_future<false>,
           lost_in_future<true>},
          {"a callback throws",
           "unhandled",
           {"soon broken", "wrong_exceptions.cpp"},
           lost_in_callback<false>,
           lost_in_callback<true>},
          {"a timer throws",
           "unhandled",
           {"later broken", "wrong_exceptions.cpp"},
           lost_in_timer<false>,
           lost_in_timer<true>},
          {"a done callback throws",
           "unhandled",
           {"callback broken", "wrong_exceptions.cpp"},
           lost_in_done_callback<false>,
           lost_in_done_callback<true>},
          {"work of a thread throws",
           "unhandled",
           {"never retrieved", "thread broken"},
           lost_in_thread<false>,
           lost_in_thread<true>},
          {"a clean-up throws",
           "unhandled",
           {"never retrieved", "broken in the clean-up", "cleaner"},
           lost_while_cancelled<false>,
           lost_while_cancelled<true>},
          {"the handler is called",
           "unhandled",
           {"a bad sector"},
           handed_to_the_handler<false>,
           handed_to_the_handler<true>},
          {"the program throws",
           "exception",
           {"the program is broken", at("breaks", breaks_line)},
           throws_itself<false>,
           throws_itself<true>},
          {"the program waits for itself",
           "exception",
           {"itself"},
           waits_for_itself<false>,
           waits_for_itself<true>},
          {"the program is cancelled",
           "exception",
           {"cancelled"},
           cancels_itself<false>,
           cancels_itself<true>},
          {"the program spins for ever",
           "endless",
           {"max_steps"},
           spins_for_ever<false>,
           spins_for_ever<true>},
          {"the program hopes in vain",
           "exception",
           {"eventually"},
           hopes_in_vain<false>,
           hopes_in_vain<true>}};
}

} // namespace wrong
