#include "runtime/alarm.hpp"
#include "weak_memory/orders.hpp"

using weak::execution;
using weak::require;

namespace {

struct sleeper {
  weak::plain<int> answers = 0;
  weak::plain<bool> cancelled = false;
};

using alarm = troupe::detail::basic_alarm_state<sleeper, weak::atomics>;

struct alarm_of {
  explicit alarm_of(sleeper& x) : state(x) {}

  alarm state;
  weak::plain<int> deadline = 5;
};

// The op's memory and the alarm's: both may end while the other is used.
struct bed {
  sleeper op;
  weak::mortal<alarm_of> timer{op};

  void release() {
    if (timer.get().state.release())
      timer.die();
  }

  // The loop's side.
  void fire() {
    if (sleeper* one = timer.get().state.take())
      ++one->answers;
    require(timer.get().deadline == 5, "the alarm is gone");
    release();
  }

  // The op's side; it goes away after its answer.
  void cancel() {
    if (sleeper* one = timer.get().state.take()) {
      timer.get().deadline.get();
      one->cancelled = true;
      ++one->answers;
    }
    release();
  }
};

void fire_against_cancel(execution& run) {
  auto& b = run.make<bed>();
  run.thread("loop", [&b] { b.fire(); });
  run.thread("canceller", [&b] { b.cancel(); });
  run.at_end([&b] { require(b.op.answers == 1, "not answered once"); });
}

} // namespace

TEST_CASE("alarm: a sleep that is cancelled as it ends is answered once",
          "[alarm]") {
  weak::check_holds(fire_against_cancel);
}

TEST_CASE("alarm: each of its memory orders is needed", "[alarm]") {
  CHECK(weak::check_orders("alarm", {fire_against_cancel}, {"alarm.hpp"}) == 3);
}
