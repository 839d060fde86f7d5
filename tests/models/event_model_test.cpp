// Events and conditions against their models.

#include <troupe/condition.hpp>
#include <troupe/error.hpp>
#include <troupe/event.hpp>

#include "models/compare.hpp"
#include "models/condition_model.hpp"
#include "models/event_model.hpp"

#include <algorithm>
#include <set>

using namespace troupe;
using namespace models;
using namespace std::chrono_literals;

namespace {

// -- event --------------------------------------------------------------------

constexpr word event_words[]
  = {word::turn, word::turn, word::wait,  word::wait,
     word::wait, word::set,  word::clear, word::cancel};

struct real_event {
  event real;

  template <class F>
  coro<void> wait(step, F tell) {
    co_await real.wait();
    tell(nothing);
  }

  int call(step what) {
    what.what == word::set ? real.set() : real.clear();
    return nothing;
  }

  view look() const {
    auto now = real.statistics();
    return {now.is_set, static_cast<long>(now.waiting)};
  }
};

// Setting reaches all who wait, and nobody else goes on.
class event_promises {
public:
  explicit event_promises(int) {}

  void asks(int who, step) {
    (set_ ? reached_ : waiting_).insert(who);
  }

  void has(int who, step, int) {
    test::require(reached_.erase(who) == 1, "it was set for this one");
  }

  void gone(int who) {
    waiting_.erase(who);
    reached_.erase(who);
  }

  void called(step what, int) {
    set_ = what.what == word::set;
    if (set_)
      reached_.merge(waiting_);
  }

  void at_end(real_event& real) {
    test::require(reached_.empty(), "all who were reached have gone on");
    test::require(real.real.statistics().waiting == 0, "nobody waits");
    test::require(real.real.is_set() == set_);
  }

private:
  std::set<int> waiting_;
  std::set<int> reached_;
  bool set_ = false;
};

// -- condition ----------------------------------------------------------------

constexpr word condition_words[]
  = {word::turn,       word::turn,   word::turn,        word::wait,
     word::wait,       word::wait,   word::try_acquire, word::notify,
     word::notify,     word::cancel, word::release,     word::release,
     word::notify_all, word::cancel, word::try_acquire, word::turn};

struct real_condition {
  condition real;
  bool mine = false; // the program holds the lock
  int inside = 0;
  std::size_t told = 0;

  template <class F>
  coro<void> wait(step, F tell) {
    auto held = co_await real.scoped();
    co_await real.wait();
    test::require(++inside == 1 && !mine, "one at a time");
    tell(nothing);
    --inside;
    co_await sleep(0s);
  }

  int call(step what) {
    if (what.what == word::try_acquire) {
      if (!real.try_acquire())
        return no;
      mine = true;
      return yes;
    }
    if (!mine)
      return no;
    if (what.what == word::release) {
      mine = false;
      real.release();
    } else {
      notify(what.what == word::notify_all
               ? 1'000
               : static_cast<std::size_t>(what.number % 4));
    }
    return nothing;
  }

  view look() const {
    auto now = real.statistics();
    return {now.lock.locked, static_cast<long>(now.lock.waiting),
            static_cast<long>(now.waiting)};
  }

private:
  void notify(std::size_t count) {
    told += std::min(count, real.statistics().waiting);
    count < 1'000 ? real.notify(count) : real.notify_all();
  }
};

// Each notification wakes one, but for those that are told as they go.
class condition_promises {
public:
  explicit condition_promises(int) {}

  void asks(int, step) {}

  void has(int, step, int) {
    ++woken_;
  }

  void gone(int) {
    ++gone_;
  }

  void called(step, int) {}

  void at_end(real_condition& real) {
    test::require(woken_ <= real.told, "no notification is used twice");
    test::require(real.told <= woken_ + gone_, "no notification is lost");
    auto end = real.real.statistics();
    test::require(end.waiting + end.lock.waiting == 0, "nobody waits");
    test::require(end.lock.locked == real.mine, "no lock is lost");
  }

private:
  std::size_t woken_ = 0;
  std::size_t gone_ = 0;
};

} // namespace

TEST_CASE("event: it does what its model does", "[explore]") {
  require_none(difference(
    "event", event_words, [](int) { return real_event{event{}}; },
    [](int size) { return event_model{size}; },
    [](int size) { return event_promises{size}; }));
}

TEST_CASE("condition: it does what its model does", "[explore]") {
  require_none(difference(
    "condition", condition_words,
    [](int) { return real_condition{condition{}}; },
    [](int size) { return condition_model{size}; },
    [](int size) { return condition_promises{size}; }));
}
