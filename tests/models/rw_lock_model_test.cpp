// rw_locks against their model.

#include <troupe/error.hpp>
#include <troupe/rw_lock.hpp>

#include "models/compare.hpp"
#include "models/rw_lock_model.hpp"

using namespace troupe;
using namespace models;

namespace {

constexpr word words[]
  = {word::turn,     word::turn,         word::read,
     word::write,    word::release_read, word::release_write,
     word::turn,     word::read,         word::write,
     word::read,     word::release_read, word::release_write,
     word::try_read, word::try_write,    word::cancel,
     word::cancel};

struct real_rw_lock {
  rw_lock real;

  template <class F>
  coro<void> wait(step what, F tell) {
    if (what.what == word::write)
      co_await real.write();
    else
      co_await real.read();
    tell(nothing);
  }

  int call(step what) {
    try {
      switch (what.what) {
        case word::try_read:
          return real.try_read() ? yes : no;
        case word::try_write:
          return real.try_write() ? yes : no;
        case word::release_read:
          real.release_read();
          return nothing;
        default:
          real.release_write();
          return nothing;
      }
    } catch (const error&) {
      return refused;
    }
  }

  view look() const {
    auto now = real.statistics();
    return {static_cast<long>(now.readers), now.writing,
            static_cast<long>(now.waiting_readers),
            static_cast<long>(now.waiting_writers)};
  }
};

// One writes, or several read, and no writer is overtaken.
class rw_lock_promises {
public:
  explicit rw_lock_promises(int) {}

  void asks(int who, step what) {
    asking_.push_back({who, what.what == word::write});
  }

  void has(int who, step what, int) {
    bool writes = what.what == word::write;
    auto self = asking_.begin();
    bool overtakes = false;
    for (; self->who != who; ++self)
      overtakes = overtakes || writes || self->writes;
    test::require(abused_ || !overtakes, "a writer has its turn");
    asking_.erase(self);
    enter(writes);
  }

  void gone(int who) {
    std::erase_if(asking_, [who](const asker& x) { return x.who == who; });
  }

  void called(step what, int result) {
    if (result == yes)
      enter(what.what == word::try_write);
    if (result != nothing)
      return;
    // Somebody's turn may be over before that one has gone on.
    int& inside = what.what == word::release_write ? writers_ : readers_;
    abused_ = abused_ || inside == 0;
    inside -= inside > 0;
  }

  void at_end(real_rw_lock& real) {
    auto end = real.real.statistics();
    test::require(end.waiting_readers + end.waiting_writers == 0,
                  "nobody waits");
    if (abused_)
      return;
    test::require(end.readers == static_cast<std::size_t>(readers_),
                  "no reader is lost");
    test::require(end.writing == (writers_ == 1), "no writer is lost");
  }

private:
  struct asker {
    int who;
    bool writes;
  };

  void enter(bool writes) {
    ++(writes ? writers_ : readers_);
    test::require(abused_ || writers_ == 0 || (writers_ == 1 && readers_ == 0),
                  "one writes, or several read");
  }

  std::vector<asker> asking_;
  int readers_ = 0;
  int writers_ = 0;
  bool abused_ = false;
};

} // namespace

TEST_CASE("rw_lock: it does what its model does", "[explore]") {
  require_none(difference(
    "rw_lock", words, [](int) { return real_rw_lock{rw_lock{}}; },
    [](int size) { return rw_lock_model{size}; },
    [](int size) { return rw_lock_promises{size}; }));
}
