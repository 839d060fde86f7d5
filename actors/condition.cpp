#include <troupe/condition.hpp>
#include <troupe/error.hpp>

#include "actors/lock_coordinator.hpp"

#include <limits>

namespace troupe {

namespace detail {

/// Who waits for a notification. The lock is another coordinator.
class condition_core final : public coordinator {
public:
  condition_core(const lock& guard, std::string_view name)
    : coordinator(name), guard_(guard) {}

  lock& guard() noexcept {
    return guard_;
  }

  void check_locked(const char* what) const {
    if (!guard_.locked())
      throw error(errc::not_acquired,
                  std::string{what} + " of " + describe()
                    + " without its lock; acquire it first");
  }

  void enter_from(loop_core& loop) const {
    enter(loop);
  }

  // A task stands in line before it gives up the lock: who has the lock next
  // finds it there.
  bool request(notified_op& waiter) {
    if (core_of(guard_).guarded())
      mark_of(waiter) |= notified_op::guarded;
    {
      turn mine{*this, !exclusive(waiter)};
      join(line_, waiter);
    }
    try {
      guard_.release();
    } catch (...) {
      take_out(waiter); // somebody else released it meanwhile
      throw;
    }
    return true;
  }

  void notify(std::size_t count) {
    turn mine{*this, enter()};
    for (; count > 0 && !line_.empty(); --count) {
      wait_op& next = line_.pop();
      mark_of(next) |= notified_op::told;
      mine.wake(next);
    }
  }

  std::size_t waiting() const {
    turn mine{*this, enter()};
    return line_.size();
  }

private:
  std::string text() const override {
    return text_of("condition", "of " + to_string(guard_)
                                  + count_of(line_.size(), "waiting"));
  }

  wait_line& line_of(wait_op&) noexcept override {
    return line_;
  }

  wait_line line_;
  lock guard_;
};

namespace {

condition_core& own_core(const condition& x) noexcept {
  return static_cast<condition_core&>(x.core());
}

// As asyncio's: after the wait, whatever came of it, the lock is acquired.
coro<bool> wait_locked(condition self) {
  condition_core& core = own_core(self);
  core.check_locked("wait");
  notified_op notice{core};
  std::exception_ptr cancelled;
  try {
    co_await notice;
  } catch (const cancelled_error&) {
    cancelled = std::current_exception();
  }
  for (bool again = true; again;) {
    try {
      acquire_op next{core.guard().core(), notice.has(notified_op::guarded)};
      co_await next;
      again = false;
    } catch (const cancelled_error&) {
      cancelled = std::current_exception();
    }
  }
  if (cancelled) {
    if (notice.has(notified_op::told))
      core.notify(1);
    std::rethrow_exception(cancelled);
  }
  co_return true;
}

} // namespace

bool notified_op::ready(frame_base& frame) {
  static_cast<condition_core&>(*owner_).enter_from(frame.task_->home());
  return false;
}

bool notified_op::start() {
  return static_cast<condition_core&>(*owner_).request(*this);
}

} // namespace detail

condition::condition(std::string_view name) : condition(lock{name}, name) {}

condition::condition(const lock& shared, std::string_view name)
  : coordinator_handle(new detail::condition_core(shared, name)) {}

coro<bool> condition::wait() {
  return detail::wait_locked(*this);
}

void condition::notify(std::size_t count) {
  auto& core = detail::own_core(*this);
  core.check_locked("notify");
  core.notify(count);
}

void condition::notify_all() {
  notify(std::numeric_limits<std::size_t>::max());
}

detail::acquire_op condition::acquire() {
  return detail::acquire_op{detail::own_core(*this).guard().core()};
}

detail::scoped_lock_op condition::scoped() {
  return detail::scoped_lock_op{detail::own_core(*this).guard().core()};
}

bool condition::try_acquire() {
  return detail::own_core(*this).guard().try_acquire();
}

void condition::release() {
  detail::own_core(*this).guard().release();
}

bool condition::locked() const {
  return detail::own_core(*this).guard().locked();
}

condition_statistics condition::statistics() const {
  auto& core = detail::own_core(*this);
  return {.waiting = core.waiting(), .lock = core.guard().statistics()};
}

} // namespace troupe
