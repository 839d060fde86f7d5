// What waits for ever.

#include <troupe/async_generator.hpp>

#include "simulation/wrong_programs.hpp"

#include <utility>

using namespace troupe;
using namespace std::chrono_literals;

namespace wrong {

namespace {

// -- futures that nobody sets -------------------------------------------------

template <bool Right>
coro<void> nobody_sets() {
  auto x = future<void>::make();
  if (Right)
    x.set_result();
  co_await waits(x);
}

template <bool Right>
coro<void> nobody_sets_for_child() {
  auto x = future<void>::make();
  auto child = create_task(outer(x), "patient");
  co_await spins(3);
  if (Right)
    x.set_result();
  co_await child;
}

template <bool Right>
coro<void> nobody_sets_for_two() {
  auto x = future<void>::make();
  auto a = create_task(waits(x), "one");
  auto b = create_task(waits(x), "two");
  if (Right)
    x.set_result();
  co_await a;
  co_await b;
}

template <bool Right>
coro<void> setter_was_cancelled() {
  auto x = future<void>::make();
  auto body = [](future<void> gate) -> coro<void> {
    co_await sleep(1s);
    gate.set_result();
  };
  auto setter = create_task(body(x), "setter");
  auto waiter = create_task(waits(x), "waiter");
  co_await spins(5);
  if (!Right)
    setter.cancel();
  co_await ended(setter);
  co_await waiter;
}

template <bool Right>
coro<void> done_callback_was_taken_back() {
  auto x = future<void>::make();
  auto y = future<void>::make();
  auto number = x.add_done_callback([y] { y.set_result(); });
  if (!Right)
    x.remove_done_callback(number);
  x.set_result();
  co_await waits(y);
}

template <bool Right>
coro<void> timer_was_cancelled() {
  auto x = future<void>::make();
  auto timer = get_running_loop().call_later(1s, [x] { x.set_result(); });
  if (!Right)
    timer.cancel();
  co_await waits(x);
}

template <bool Right>
coro<void> thread_does_not_tell() {
  auto x = future<void>::make();
  auto loop = get_running_loop();
  auto tell = [=]() mutable {
    if (Right)
      loop.call_soon_threadsafe([x] { x.set_result(); });
  };
  co_await to_thread(tell);
  co_await waits(x);
}

template <bool Right>
coro<void> after_a_day() {
  auto x = future<void>::make();
  co_await sleep(24h);
  if (Right)
    x.set_result();
  co_await outer(x);
}

constexpr int yields_line = __LINE__ + 2;
async_generator<int> yields(future<void> x) {
  co_await x;
  co_yield 1;
}

template <bool Right>
coro<void> generator_waits() {
  auto x = future<void>::make();
  auto numbers = yields(x);
  if (Right)
    x.set_result();
  auto first = co_await numbers.next();
  test::require(first == 1);
  co_await numbers.aclose();
}

// -- locks made of futures, taken in two orders -------------------------------

struct mutex {
  bool held = false;
  std::vector<future<void>> line;
};

coro<void> enter(mutex& x) {
  if (x.held) {
    auto turn = future<void>::make();
    x.line.push_back(turn);
    co_await turn;
  }
  x.held = true;
}

void leave(mutex& x) {
  x.held = false;
  auto line = std::exchange(x.line, {});
  for (const auto& each : line)
    each.set_result();
}

coro<void> both(mutex& x, mutex& y) {
  co_await enter(x);
  co_await spins(2);
  co_await enter(y);
  leave(y);
  leave(x);
}

template <bool Right>
coro<void> two_locks() {
  mutex x;
  mutex y;
  auto a = create_task(both(x, y), "x then y");
  auto b = create_task(Right ? spins(1) : both(y, x), "y then x");
  co_await a;
  co_await b;
}

// -- circles ------------------------------------------------------------------

coro<void> wait_in_circle(std::vector<task<void>>& all, std::size_t next) {
  co_await sleep(0s);
  auto target = all[next];
  co_await target;
}

// The last one is right if it waits for nobody.
template <std::size_t Size, bool Right>
coro<void> circle() {
  static const char* const names[] = {"one", "two", "three", "four", "five"};
  std::vector<task<void>> all;
  for (std::size_t i = 0; i < Size; ++i)
    all.push_back(create_task(
      Right && i + 1 == Size ? spins(1) : wait_in_circle(all, (i + 1) % Size),
      names[i]));
  co_await sleep(1h);
}

template <std::size_t Size, bool Right>
coro<void> circle_beside_others() {
  auto clock = create_task(ticks(10), "clock");
  co_await circle<Size, Right>();
  co_await clock;
}

template <bool Right>
coro<void> circle_with_main() {
  auto main = current_task();
  auto body = [](any_task other, bool right) -> coro<void> {
    co_await sleep(1s);
    if (!right)
      co_await other;
  };
  auto child = create_task(body(main, Right), "child");
  co_await child;
}

template <bool Right>
coro<void> part_stands_still() {
  auto x = future<void>::make();
  auto stuck = create_task(waits(x), "stuck");
  co_await ticks(10);
  if (Right)
    x.set_result();
}

} // namespace

std::vector<wrong_program> wrong_waits() {
  std::string waits_at = at("waits", waits_line);
  return {
    {"nobody sets a future",
     "deadlock",
     {"1 task waits", "main", waits_at},
     nobody_sets<false>,
     nobody_sets<true>},
    {"nobody sets a child's future",
     "deadlock",
     {"2 tasks wait", "patient", waits_at + " <- " + at("outer", outer_line)},
     nobody_sets_for_child<false>,
     nobody_sets_for_child<true>},
    {"nobody sets a future of two",
     "deadlock",
     {"3 tasks wait", "one", "two", waits_at},
     nobody_sets_for_two<false>,
     nobody_sets_for_two<true>},
    {"the setter was cancelled",
     "deadlock",
     {"waiter", waits_at},
     setter_was_cancelled<false>,
     setter_was_cancelled<true>},
    {"a done callback was taken back",
     "deadlock",
     {"main", waits_at},
     done_callback_was_taken_back<false>,
     done_callback_was_taken_back<true>},
    {"a timer was cancelled",
     "deadlock",
     {"main", waits_at},
     timer_was_cancelled<false>,
     timer_was_cancelled<true>},
    {"a thread does not tell",
     "deadlock",
     {"main", waits_at},
     thread_does_not_tell<false>,
     thread_does_not_tell<true>},
    {"nothing comes after a day",
     "deadlock",
     {"86400.000", waits_at},
     after_a_day<false>,
     after_a_day<true>},
    {"a generator waits",
     "deadlock",
     {"yields (wrong_waits.cpp:" + std::to_string(yields_line)},
     generator_waits<false>,
     generator_waits<true>},
    {"two locks in two orders",
     "deadlock",
     {"x then y", "y then x", "enter (wrong_waits.cpp"},
     two_locks<false>,
     two_locks<true>},
    {"a circle of two",
     "deadlock",
     {"circle", "one", "two", "wait_in_circle"},
     circle<2, false>,
     circle<2, true>},
    {"a circle of three",
     "deadlock",
     {"circle", "one", "two", "three", "wait_in_circle"},
     circle<3, false>,
     circle<3, true>},
    {"a circle of five",
     "deadlock",
     {"circle", "one", "two", "three", "four", "five"},
     circle<5, false>,
     circle<5, true>},
    {"a circle of two beside others",
     "deadlock",
     {"circle", "one", "two"},
     circle_beside_others<2, false>,
     circle_beside_others<2, true>},
    {"a circle of four beside others",
     "deadlock",
     {"circle", "one", "four"},
     circle_beside_others<4, false>,
     circle_beside_others<4, true>},
    {"a circle with the program",
     "deadlock",
     {"circle", "main", "child"},
     circle_with_main<false>,
     circle_with_main<true>},
    {"a part stands still",
     "left over",
     {"stuck", waits_at},
     part_stands_still<false>,
     part_stands_still<true>}};
}

} // namespace wrong
