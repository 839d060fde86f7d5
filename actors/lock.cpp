#include <troupe/error.hpp>
#include <troupe/lock.hpp>
#include <troupe/loop.hpp>

#include "actors/lock_coordinator.hpp"

#include <algorithm>
#include <chrono>

namespace troupe {

namespace detail {

// -- coordinator --------------------------------------------------------------

// The one rule of a lock: when it is released, the first in line gets it.
void lock_core::pass_on(turn& mine) noexcept {
  if (line_.empty()) {
    state_ = state::free;
    holder_ = 0;
    return;
  }
  wait_op& next = line_.pop();
  state_ = exclusive(next) ? state::handed : state::held;
  hold_by(number_of(next), mark_of(next) != 0);
  mine.wake(next);
}

bool lock_core::request(lock_op_base& waiter) {
  turn mine{*this, !exclusive(waiter)};
  if (state_ == state::free) {
    state_ = state::held;
    hold_by(number_of(waiter), mark_of(waiter) != 0);
    return false;
  }
  join(line_, waiter);
  return true;
}

void lock_core::release() {
  turn mine{*this, enter()};
  if (state_ != state::held)
    throw error(errc::not_acquired,
                "release of " + text()
                  + ", which nobody holds; release it once for each acquire");
  pass_on(mine);
}

void lock_core::start_tokens() {
  turn mine{*this, enter()};
  loop_core* loop = running_loop();
  std::int64_t now = loop && loop->simulation()
                     ? loop->now()
                     : std::chrono::nanoseconds{std::chrono::system_clock::now()
                                                  .time_since_epoch()}
                         .count();
  token_ = std::max(token_, static_cast<std::uint64_t>(now));
}

bool lock_core::locked() const {
  turn mine{*this, enter()};
  return state_ == state::held;
}

lock_statistics lock_core::statistics() const {
  turn mine{*this, enter()};
  return {.locked = state_ == state::held,
          .holder = holder_name(),
          .waiting = line_.size()};
}

std::string lock_core::holder_name() const {
  if (holder_ == 0)
    return {};
  auto task = home()->find_task(holder_);
  return task ? static_cast<task_base&>(*task).name()
              : "Task-" + std::to_string(holder_);
}

std::string lock_core::text() const {
  if (state_ == state::free)
    return text_of("lock", "unlocked");
  std::string holder = holder_name();
  return text_of("lock", (holder.empty() ? "locked" : "locked by " + holder)
                           + count_of(line_.size(), "waiting"));
}

const task_base* lock_core::blocker(const wait_op&,
                                    bool likely) const noexcept {
  if (holder_ == 0 || !(guarded_ || likely))
    return nullptr;
  auto task = home()->find_task(holder_); // it is in the list of its loop
  return static_cast<const task_base*>(task.get());
}

// -- ops ----------------------------------------------------------------------

bool lock_op_base::ready(frame_base& frame) {
  task_ = frame.task_;
  auto& core = static_cast<lock_core&>(*owner_);
  return core.try_acquire(task_, mark_ != 0, core.enter_from(task_->home()));
}

bool lock_op_base::start() {
  return static_cast<lock_core&>(*owner_).request(*this);
}

void lock_op_base::taken_up() noexcept {
  state_ = wait_state::over;
  if (exclusive())
    static_cast<lock_core&>(*owner_).taken_up(*this, false);
}

} // namespace detail

// -- guard --------------------------------------------------------------------

lock_guard::lock_guard(detail::coordinator& core, bool exclusive) noexcept
  : core_(&core), exclusive_(exclusive) {
  core.hold(exclusive);
}

void lock_guard::release() {
  detail::coordinator* core = std::exchange(core_, nullptr);
  if (!core)
    throw error(errc::not_acquired, "release of a lock_guard that holds no "
                                    "lock; it was released or moved from, so "
                                    "leave the release to its scope");
  try {
    static_cast<detail::lock_core*>(core)->release();
  } catch (...) {
    core->drop(exclusive_);
    throw;
  }
  core->drop(exclusive_);
}

void lock_guard::give_up() noexcept {
  try {
    release();
  } catch (const error& problem) {
    if (auto* worker = detail::this_worker)
      worker->home.report(
        {.message = std::string{"the lock of a lock_guard was released by "
                                "somebody else: "}
                  + problem.what(),
         .exception = std::current_exception()});
  }
}

// -- handle -------------------------------------------------------------------

lock::lock(std::string_view name)
  : coordinator_handle(new detail::lock_core(name)) {}

bool lock::try_acquire() {
  auto& core = detail::core_of(*this);
  return core.try_acquire(detail::this_task, false, core.enter_here());
}

void lock::release() {
  detail::core_of(*this).release();
}

std::uint64_t lock::token() const {
  return detail::core_of(*this).token();
}

bool lock::locked() const {
  return detail::core_of(*this).locked();
}

lock_statistics lock::statistics() const {
  return detail::core_of(*this).statistics();
}

} // namespace troupe
