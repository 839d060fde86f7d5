#include <troupe/error.hpp>
#include <troupe/loop.hpp>
#include <troupe/semaphore.hpp>

#include "actors/coordinator.hpp"

#include <stdexcept>

namespace troupe {

namespace detail {

namespace {

const char* kind_of(bool bounded) {
  return bounded ? "bounded_semaphore" : "semaphore";
}

} // namespace

/// How many permits are left, and who waits for one.
///
/// With one worker whoever comes while a task that was granted a permit has not
/// gone on queues behind it, as in asyncio, even if more permits are left
/// (`granted_`). With several workers a permit that is left means that nobody
/// waits.
class semaphore_core final : public coordinator {
public:
  semaphore_core(std::size_t value, std::string_view name, bool bounded)
    : coordinator(name), value_(value), bound_(bounded ? value : 0),
      bounded_(bounded) {}

  bool try_acquire(loop_core& loop) {
    return try_acquire(enter(loop));
  }

  bool try_acquire() {
    return try_acquire(enter());
  }

  bool request(semaphore_op_base& waiter) {
    turn mine{*this, !exclusive(waiter)};
    if (!busy()) {
      --value_;
      return false;
    }
    join(line_, waiter);
    return true;
  }

  void release() {
    turn mine{*this, enter()};
    if (bounded_ && value_ >= bound_)
      throw error(errc::too_often,
                  "release of " + text()
                    + ", which has all its permits; release once for each "
                      "acquire");
    ++value_;
    if (!line_.empty())
      grant(mine);
  }

  // The task that was granted a permit goes on.
  void taken_up() noexcept {
    turn mine{*this, false};
    --granted_;
    admit(mine);
  }

  bool locked() const {
    turn mine{*this, enter()};
    return busy();
  }

  semaphore_statistics statistics() const {
    turn mine{*this, enter()};
    return {.value = value_, .bound = bound_, .waiting = line_.size()};
  }

private:
  bool try_acquire(bool shared) {
    turn mine{*this, shared};
    if (busy())
      return false;
    --value_;
    return true;
  }

  bool busy() const noexcept {
    return value_ == 0 || granted_ != 0 || !line_.empty();
  }

  void grant(turn& mine) noexcept {
    --value_;
    wait_op& next = line_.pop();
    if (exclusive(next))
      ++granted_;
    mine.wake(next);
  }

  // The one rule of a semaphore: as long as there are permits, the first in
  // line gets one.
  void admit(turn& mine) noexcept {
    while (value_ > 0 && !line_.empty())
      grant(mine);
  }

  std::string text() const override {
    return text_of(
      kind_of(bounded_),
      (value_ == 0 ? std::string{"locked"} : "value " + std::to_string(value_))
        + count_of(line_.size(), "waiting"));
  }

  wait_line& line_of(wait_op&) noexcept override {
    return line_;
  }

  void on_return(wait_op& waiter, turn& mine) noexcept override {
    if (exclusive(waiter))
      --granted_;
    // Somebody else may have released it meanwhile.
    if (!bounded_ || value_ < bound_)
      ++value_;
    admit(mine);
  }

  wait_line line_;
  std::size_t value_;
  std::size_t granted_ = 0; // answered, but not yet gone on; one worker only
  const std::size_t bound_;
  const bool bounded_;
};

namespace {

semaphore_core& core_of(const semaphore& x) noexcept {
  return static_cast<semaphore_core&>(x.core());
}

std::size_t checked(int value, std::string_view name, bool bounded) {
  if (value < 0)
    throw std::invalid_argument(coordinator::title_of(kind_of(bounded), name)
                                + ": the value is " + std::to_string(value)
                                + "; give 0 or more permits");
  return static_cast<std::size_t>(value);
}

} // namespace

bool semaphore_op_base::ready(frame_base& frame) {
  task_ = frame.task_;
  return static_cast<semaphore_core&>(*owner_).try_acquire(task_->home());
}

bool semaphore_op_base::start() {
  return static_cast<semaphore_core&>(*owner_).request(*this);
}

void semaphore_op_base::taken_up() noexcept {
  state_ = wait_state::over;
  if (exclusive())
    static_cast<semaphore_core&>(*owner_).taken_up();
}

} // namespace detail

// -- guard --------------------------------------------------------------------

void semaphore_guard::release() {
  detail::coordinator* core = std::exchange(core_, nullptr);
  if (!core)
    throw error(errc::not_acquired,
                "release of a semaphore_guard that holds no permit; it was "
                "released or moved from, so leave the release to its scope");
  try {
    static_cast<detail::semaphore_core*>(core)->release();
  } catch (...) {
    core->drop(exclusive_);
    throw;
  }
  core->drop(exclusive_);
}

void semaphore_guard::give_up() noexcept {
  try {
    release();
  } catch (const error& problem) {
    if (auto* worker = detail::this_worker)
      worker->home.report(
        {.message = std::string{"the permit of a semaphore_guard was returned "
                                "by somebody else: "}
                  + problem.what(),
         .exception = std::current_exception()});
  }
}

// -- handle -------------------------------------------------------------------

semaphore::semaphore(int value, std::string_view name)
  : semaphore(value, name, false) {}

semaphore::semaphore(int value, std::string_view name, bool bounded)
  : coordinator_handle(new detail::semaphore_core(
      detail::checked(value, name, bounded), name, bounded)) {}

bool semaphore::try_acquire() {
  return detail::core_of(*this).try_acquire();
}

void semaphore::release() {
  detail::core_of(*this).release();
}

bool semaphore::locked() const {
  return detail::core_of(*this).locked();
}

semaphore_statistics semaphore::statistics() const {
  return detail::core_of(*this).statistics();
}

} // namespace troupe
