#include <troupe/barrier.hpp>
#include <troupe/error.hpp>

#include "actors/coordinator.hpp"

#include <stdexcept>

namespace troupe {

namespace detail {

/// Who has come, and whether they come or go.
///
///                    the last one comes
///     filling ------------------------------> draining
///      ^  |   all have left                      |
///      |  |<-------------------------------------+
///      |  |   reset while some are there
///      |  +----------------> resetting --> filling, when all have left
///      |  +----------------> broken    by abort, until a reset
///
class barrier_core final : public coordinator {
public:
  barrier_core(std::size_t parties, std::string_view name)
    : coordinator(name), parties_(parties) {}

  std::size_t parties() const noexcept {
    return parties_;
  }

  // The last one passes at once.
  bool passes(barrier_op& comer, loop_core& loop) {
    turn mine{*this, enter(loop)};
    return arrive(comer, mine);
  }

  bool request(barrier_op& comer) {
    turn mine{*this, !exclusive(comer)};
    if (arrive(comer, mine))
      return false;
    if (state_ != state::filling) {
      mark_of(comer) = early;
      join(outside_, comer);
      return true;
    }
    mark_of(comer) = inside;
    join(line_, comer);
    ++count_;
    return true;
  }

  // A task that was answered goes on.
  void leave(barrier_op& comer) {
    turn mine{*this, !exclusive(comer)};
    bool whole = state_ == state::draining && mark_of(comer) == inside;
    go(comer, mine);
    if (!whole)
      throw_broken(" was aborted or reset while the task waited; wait again "
                   "if it is to be used further");
  }

  void reset() {
    turn mine{*this, enter()};
    if (count_ == 0) {
      state_ = state::filling;
      admit(mine);
    } else {
      state_ = state::resetting;
      wake_all(line_, mine);
    }
  }

  void abort() {
    turn mine{*this, enter()};
    state_ = state::broken;
    wake_all(line_, mine);
    wake_all(outside_, mine);
  }

  barrier_statistics statistics() const {
    turn mine{*this, enter()};
    bool fills = state_ == state::filling;
    return {.parties = parties_,
            .waiting = fills ? count_ : 0,
            .leaving = fills ? 0 : count_,
            .early = outside_.size(),
            .broken = state_ == state::broken};
  }

private:
  enum class state : std::uint8_t { filling, draining, resetting, broken };
  enum mark : std::uint8_t { early, inside };

  // True if the comer is the last one.
  bool arrive(barrier_op& comer, turn& mine) {
    if (state_ == state::broken)
      throw_broken(" was aborted; reset it first");
    if (state_ != state::filling || count_ + 1 < parties_)
      return false;
    comer.place_ = count_;
    trip(mine);
    return true;
  }

  // The one rule of a barrier: when the last one comes, all may go.
  void trip(turn& mine) noexcept {
    state_ = count_ > 0 ? state::draining : state::filling;
    for (std::size_t place = 0; !line_.empty(); ++place) {
      auto& next = static_cast<barrier_op&>(line_.pop());
      next.place_ = place;
      mine.wake(next);
    }
  }

  // One who was inside is so no more.
  void go(wait_op& comer, turn& mine) noexcept {
    if (mark_of(comer) != inside || --count_ > 0)
      return;
    if (state_ == state::draining || state_ == state::resetting) {
      state_ = state::filling;
      admit(mine);
    }
  }

  // Those who came early are the first of the next round.
  void admit(turn& mine) noexcept {
    while (state_ == state::filling && !outside_.empty()) {
      auto& next = static_cast<barrier_op&>(outside_.pop());
      mark_of(next) = inside;
      line_.join(next);
      if (++count_ == parties_)
        trip(mine);
    }
  }

  static void wake_all(wait_line& line, turn& mine) noexcept {
    while (!line.empty())
      mine.wake(line.pop());
  }

  [[noreturn]] void throw_broken(const char* how) const {
    throw broken_barrier_error(text() + how);
  }

  std::string text() const override {
    std::string what = state_ == state::filling  ? "filling"
                     : state_ == state::draining ? "draining"
                     : state_ == state::broken   ? "broken"
                                                 : "resetting";
    return text_of("barrier", what + ", " + std::to_string(count_) + " of "
                                + std::to_string(parties_)
                                + count_of(outside_.size(), "early"));
  }

  wait_line& line_of(wait_op& waiter) noexcept override {
    return mark_of(waiter) == inside ? line_ : outside_;
  }

  void on_leave(wait_op& waiter, turn& mine) noexcept override {
    go(waiter, mine);
  }

  void on_return(wait_op& waiter, turn& mine) noexcept override {
    go(waiter, mine);
  }

  wait_line line_;        // inside, until the barrier trips
  wait_line outside_;     // early
  std::size_t count_ = 0; // came and did not leave, the last one not counted
  state state_ = state::filling;
  const std::size_t parties_;
};

namespace {

barrier_core& core_of(const barrier& x) noexcept {
  return static_cast<barrier_core&>(x.core());
}

std::size_t checked(int parties, std::string_view name) {
  if (parties < 1)
    throw std::invalid_argument(coordinator::title_of("barrier", name)
                                + ": the number of parties is "
                                + std::to_string(parties) + "; give 1 or more");
  return static_cast<std::size_t>(parties);
}

} // namespace

bool barrier_op::ready(frame_base& frame) {
  task_ = frame.task_;
  return static_cast<barrier_core&>(*owner_).passes(*this, task_->home());
}

bool barrier_op::start() {
  return static_cast<barrier_core&>(*owner_).request(*this);
}

void barrier_op::leave() {
  state_ = wait_state::over;
  static_cast<barrier_core&>(*owner_).leave(*this);
}

} // namespace detail

barrier::barrier(int parties, std::string_view name)
  : coordinator_handle(
      new detail::barrier_core(detail::checked(parties, name), name)) {}

void barrier::reset() {
  detail::core_of(*this).reset();
}

void barrier::abort() {
  detail::core_of(*this).abort();
}

std::size_t barrier::parties() const noexcept {
  return detail::core_of(*this).parties();
}

std::size_t barrier::n_waiting() const {
  return statistics().waiting;
}

bool barrier::broken() const {
  return statistics().broken;
}

barrier_statistics barrier::statistics() const {
  return detail::core_of(*this).statistics();
}

} // namespace troupe
