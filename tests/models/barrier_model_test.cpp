// Barriers against their model.

#include <troupe/barrier.hpp>
#include <troupe/error.hpp>

#include "models/barrier_model.hpp"
#include "models/compare.hpp"

#include <algorithm>

using namespace troupe;
using namespace models;

namespace {

constexpr word words[] = {
  word::turn, word::turn,   word::turn,  word::wait, word::wait, word::wait,
  word::wait, word::cancel, word::reset, word::wait, word::wait, word::turn,
  word::turn, word::cancel, word::abort, word::wait, word::wait, word::reset};

struct real_barrier {
  barrier real;

  template <class F>
  coro<void> wait(step, F tell) {
    int result = broken;
    try {
      result = static_cast<int>(co_await real.wait());
    } catch (const broken_barrier_error&) {
    }
    tell(result);
  }

  int call(step what) {
    what.what == word::reset ? real.reset() : real.abort();
    return nothing;
  }

  view look() const {
    auto now = real.statistics();
    return {static_cast<long>(now.waiting), static_cast<long>(now.leaving),
            static_cast<long>(now.early), now.broken};
  }
};

// Each round gives each place once, but for those who were cancelled or sent
// away just then.
class barrier_promises {
public:
  explicit barrier_promises(int size) : given_(size + 1) {}

  void asks(int, step) {
    ++asked_;
  }

  void has(int, step, int result) {
    ++ended_;
    if (result == broken)
      ++missing_;
    else
      ++given_.at(static_cast<std::size_t>(result));
  }

  void gone(int) {
    ++missing_;
  }

  void called(step, int) {}

  void at_end(real_barrier& real) {
    int rounds = *std::max_element(given_.begin(), given_.end());
    int lost = 0;
    for (int each : given_)
      lost += rounds - each;
    test::require(lost <= missing_, "no place is lost");
    test::require(ended_ <= asked_, "nobody goes on twice");
    real.real.reset();
    auto end = real.real.statistics();
    test::require(end.waiting + end.leaving + end.early == 0, "all have left");
    test::require(!end.broken, "it can be used again");
  }

private:
  std::vector<int> given_;
  int asked_ = 0;
  int ended_ = 0;
  int missing_ = 0;
};

} // namespace

TEST_CASE("barrier: it does what its model does", "[explore]") {
  require_none(difference(
    "barrier", words, [](int size) { return real_barrier{barrier{size + 1}}; },
    [](int size) { return barrier_model{size}; },
    [](int size) { return barrier_promises{size}; }));
}
