// once against its model.

#include <troupe/error.hpp>
#include <troupe/once.hpp>

#include "models/compare.hpp"
#include "models/once_model.hpp"

#include <stdexcept>

using namespace troupe;
using namespace models;
using namespace std::chrono_literals;

namespace {

constexpr word words[]
  = {word::turn,   word::turn, word::acquire, word::acquire, word::acquire,
     word::cancel, word::turn, word::cancel,  word::reset};

struct real_once {
  once real;
  int running = 0;
  int successes = 0;

  coro<void> work_on(work how) {
    struct visit {
      int& running;

      explicit visit(int& x) : running(x) {
        test::require(++running == 1, "one at a time");
      }

      ~visit() {
        --running;
      }
    } here{running};
    test::require(successes == 0, "it is done once");
    if (how == work::succeeds_later || how == work::fails_later)
      co_await sleep(0s);
    if (how == work::calls_itself) {
      auto nothing_to_do = [] {
      };
      co_await real.call(nothing_to_do);
    }
    if (how == work::fails || how == work::fails_later)
      throw std::runtime_error("not now");
    ++successes;
  }

  template <class F>
  coro<void> wait(step what, F tell) {
    int result = no;
    auto function = [this, what, &result] {
      result = yes;
      return work_on(work_of(what));
    };
    try {
      co_await real.call(function);
    } catch (const std::exception&) {
      result = refused;
    }
    tell(result);
  }

  int call(step) {
    return real.done() ? yes : no;
  }

  view look() const {
    auto now = real.statistics();
    return {now.done, !now.runner.empty(), static_cast<long>(now.waiting)};
  }
};

// It is done once, or not at all; who goes on without doing it finds it done.
class once_promises {
public:
  explicit once_promises(int) {}

  void asks(int, step) {}

  void has(int, step, int result) {
    done_ += result == yes;
    test::require(done_ <= 1, "one has done it");
    passed_ = passed_ || result == no;
  }

  void gone(int) {}

  void called(step, int) {}

  void at_end(real_once& real) {
    auto end = real.real.statistics();
    test::require(end.done == (real.successes == 1), "it is known as done");
    test::require(end.done || !passed_, "nobody passes before it is done");
    test::require(end.waiting == 0 && end.runner.empty(), "nobody is left");
  }

private:
  int done_ = 0;
  bool passed_ = false;
};

} // namespace

TEST_CASE("once: it does what its model does", "[explore]") {
  require_none(difference(
    "once", words, [](int) { return real_once{once{}}; },
    [](int size) { return once_model{size}; },
    [](int size) { return once_promises{size}; }));
}
