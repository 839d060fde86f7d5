// Rate limiters, in virtual time, against their model.

#include <troupe/loop.hpp>
#include <troupe/rate_limiter.hpp>

#include "models/compare.hpp"
#include "models/rate_limiter_model.hpp"

using namespace troupe;
using namespace models;

namespace {

constexpr word words[]
  = {word::turn,        word::acquire, word::acquire, word::acquire, word::turn,
     word::try_acquire, word::advance, word::advance, word::cancel};

struct real_limiter {
  int burst;
  rate_limiter real{100, static_cast<std::size_t>(burst)};

  std::size_t count_of(step what) const {
    return static_cast<std::size_t>(rate_limiter_model::count_of(what, burst));
  }

  template <class F>
  coro<void> wait(step what, F tell) {
    co_await real.acquire(count_of(what));
    tell(nothing);
  }

  int call(step what) {
    return real.try_acquire(count_of(what)) ? yes : no;
  }

  view look() const {
    auto now = real.statistics();
    return {static_cast<long>(now.available), static_cast<long>(now.taken),
            static_cast<long>(now.waiting)};
  }
};

// In no span of time more is given than may be.
class limiter_promises {
public:
  explicit limiter_promises(int burst) : burst_(burst) {}

  void asks(int, step) {}

  void has(int, step what, int) {
    take(what);
  }

  void gone(int) {}

  void called(step what, int result) {
    if (result == yes)
      take(what);
  }

  void at_end(real_limiter& real) {
    auto end = real.real.statistics();
    test::require(end.waiting == 0, "nobody waits");
    test::require(end.taken == static_cast<std::size_t>(sum_),
                  "no token is lost or doubled");
  }

private:
  struct gift {
    loop_time time;
    int before; // how many were given before it
  };

  void take(step what) {
    loop_time now = get_running_loop().time();
    gifts_.push_back({now, sum_});
    sum_ += rate_limiter_model::count_of(what, burst_);
    for (const gift& each : gifts_)
      test::require((sum_ - each.before - burst_)
                        * std::chrono::milliseconds{10}
                      <= now - each.time,
                    "no more than the rate allows");
  }

  int burst_;
  int sum_ = 0;
  std::vector<gift> gifts_;
};

} // namespace

TEST_CASE("rate_limiter: it does what its model does", "[explore]") {
  require_none(difference(
    "rate_limiter", words, [](int size) { return real_limiter{size + 1}; },
    [](int size) { return rate_limiter_model{size + 1}; },
    [](int size) { return limiter_promises{size + 1}; }));
}
