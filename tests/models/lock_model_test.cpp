// Locks and semaphores against their models.

#include <troupe/error.hpp>
#include <troupe/lock.hpp>
#include <troupe/semaphore.hpp>

#include "models/compare.hpp"
#include "models/lock_model.hpp"
#include "models/semaphore_model.hpp"

using namespace troupe;
using namespace models;

namespace {

constexpr word words[]
  = {word::turn,    word::turn,    word::acquire,     word::acquire,
     word::release, word::release, word::try_acquire, word::cancel};

// What a lock and a semaphore have in common.
template <class Primitive>
struct acquired {
  Primitive real;

  template <class F>
  coro<void> wait(step, F tell) {
    co_await real.acquire();
    tell(nothing);
  }

  int call(step what) {
    if (what.what == word::try_acquire)
      return real.try_acquire() ? yes : no;
    try {
      real.release();
      return nothing;
    } catch (const error&) {
      return refused;
    }
  }
};

struct real_lock : acquired<lock> {
  view look() const {
    return {real.locked(), static_cast<long>(real.statistics().waiting)};
  }
};

template <class Semaphore>
struct real_semaphore : acquired<Semaphore> {
  view look() const {
    auto now = this->real.statistics();
    return {static_cast<long>(now.value), static_cast<long>(now.waiting),
            this->real.locked()};
  }
};

// At most one has the lock, and whoever asked first has it first.
class lock_promises {
public:
  explicit lock_promises(int) {}

  void asks(int who, step) {
    asking_.push_back(who);
  }

  void has(int who, step, int) {
    test::require(asking_.front() == who, "whoever asked first is first");
    asking_.erase(asking_.begin());
    enter();
  }

  void gone(int who) {
    std::erase(asking_, who);
  }

  void called(step what, int result) {
    if (what.what == word::try_acquire && result == yes)
      enter();
    if (what.what == word::release) {
      test::require((result == nothing) == (inside_ == 1),
                    "it is released if somebody has it");
      inside_ = 0;
    }
  }

  void at_end(real_lock& real) {
    test::require(real.real.locked() == (inside_ == 1), "no lock is lost");
    test::require(real.real.statistics().waiting == 0, "nobody waits");
  }

private:
  void enter() {
    test::require(++inside_ == 1, "one at a time");
  }

  std::vector<int> asking_;
  int inside_ = 0;
};

// Permits are held, or are there.
class semaphore_promises {
public:
  semaphore_promises(int permits, bool bounded)
    : permits_(permits), bound_(bounded ? permits : 1'000) {}

  void asks(int, step) {}

  void has(int, step, int) {
    take();
  }

  void gone(int) {}

  void called(step what, int result) {
    if (what.what == word::try_acquire && result == yes)
      take();
    if (what.what == word::release && result == nothing)
      ++permits_;
    // Somebody else's permit was released before that one had gone on.
    abused_ = abused_ || permits_ > bound_;
  }

  template <class Real>
  void at_end(Real& real) {
    auto end = real.real.statistics();
    int value = static_cast<int>(end.value);
    test::require(abused_ ? value <= permits_ : value == permits_,
                  "no permit is lost or doubled");
    test::require(value <= bound_, "no more than at the beginning");
    test::require(end.waiting == 0, "nobody waits");
  }

private:
  void take() {
    test::require(--permits_ >= 0, "no more than there are");
  }

  int permits_;
  int bound_;
  bool abused_ = false;
};

} // namespace

TEST_CASE("lock: it does what its model does", "[explore]") {
  require_none(difference(
    "lock", words, [](int) { return real_lock{{lock{}}}; },
    [](int size) { return lock_model{size}; },
    [](int size) { return lock_promises{size}; }));
}

TEST_CASE("semaphore: it does what its model does", "[explore]") {
  require_none(difference(
    "semaphore", words,
    [](int size) { return real_semaphore<semaphore>{{semaphore{size}}}; },
    [](int size) { return semaphore_model{size, false}; },
    [](int size) { return semaphore_promises{size, false}; }));
}

TEST_CASE("bounded_semaphore: it does what its model does", "[explore]") {
  require_none(difference(
    "bounded_semaphore", words,
    [](int size) {
      return real_semaphore<bounded_semaphore>{{bounded_semaphore{size}}};
    },
    [](int size) { return semaphore_model{size, true}; },
    [](int size) { return semaphore_promises{size, true}; }));
}
