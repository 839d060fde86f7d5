// The ops of the runtime: a turn, a delay, a future, a foreign awaitable.

#include <troupe/future.hpp>
#include <troupe/sleep.hpp>

#include "runtime/alarm.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/trace.hpp"

namespace troupe::detail {

// -- one turn -----------------------------------------------------------------

bool yield_op::start() {
  task_->yield();
  return true;
}

bool yield_op::request_cancel(const std::string&) {
  return false; // the task is ready; its next step throws
}

std::string yield_op::describe() const {
  return "<next turn>";
}

// -- a delay ------------------------------------------------------------------

// As in asyncio the timer is a callback of its own: it runs in the ready queue,
// and the task goes on in the turn after. It does not live in the op, so that a
// sleep whose alarm is due already can still be cancelled on the spot.
class sleep_op_base::alarm final : public timer {
public:
  explicit alarm(sleep_op_base& sleeper) noexcept : state_(sleeper) {}

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  void run() override {
    if (sleep_op_base* sleeper = take())
      sleeper->answer();
    release();
  }

  void discard() noexcept override {
    release();
  }

  job_label label() const noexcept override {
    sleep_op_base* sleeper = state_.peek();
    return {job_kind::timer, 0,
            sleeper ? sleeper->task_->label().place : site{}};
  }

  sleep_op_base* take() noexcept {
    return state_.take();
  }

  void release() noexcept {
    if (state_.release())
      delete this;
  }

private:
  basic_alarm_state<sleep_op_base> state_;
};

bool sleep_op_base::start() {
  if (delay_ <= 0 && !is_arm()) {
    task_->yield();
    return true;
  }
  loop_core& home = task_->home();
  alarm_ = new alarm(*this);
  alarm_->deadline = deadline_after(home.recent_now(), delay_);
  home.add_timer(*alarm_);
  return true;
}

void sleep_op_base::drop_alarm() noexcept {
  alarm_->release();
}

bool sleep_op_base::retract() noexcept {
  if (!alarm_ || !alarm_->take())
    return false;
  task_->home().cancel_timer(*alarm_);
  return true;
}

bool sleep_op_base::request_cancel(const std::string&) {
  if (!retract())
    return false;
  answer_cancelled();
  return true;
}

void sleep_op_base::withdraw() noexcept {
  retract();
}

std::string sleep_op_base::describe() const {
  std::string seconds = std::to_string(static_cast<double>(delay_) / 1e9);
  seconds.resize(seconds.find('.') + 4);
  return "<sleep " + seconds + " s>";
}

std::int64_t deadline_after(std::int64_t now, std::int64_t delay) noexcept {
  std::int64_t sum;
  if (__builtin_add_overflow(now, delay, &sum))
    return delay > 0 ? std::int64_t{1} << 62 : -(std::int64_t{1} << 62);
  return sum < std::int64_t{1} << 62 ? sum : std::int64_t{1} << 62;
}

// -- a future -----------------------------------------------------------------

bool future_op_base::ready(frame_base& frame) {
  if (target_->home().simulation()) [[unlikely]]
    target_->touch();
  if (target_->done())
    return true;
  if (&target_->home() != &frame.task_->home())
    misuse_ = misuse::wrong_loop;
  else if (target_.get() == static_cast<future_core*>(frame.task_))
    misuse_ = misuse::itself;
  return false;
}

bool future_op_base::start() {
  if (misuse_ == misuse::none)
    return target_->join(*this);
  if (is_arm())
    return false;
  task_->yield(); // as in asyncio the error comes in the next turn
  return true;
}

bool future_op_base::request_cancel(const std::string& message) {
  return misuse_ == misuse::none && target_->cancel(message);
}

bool future_op_base::retract() noexcept {
  return target_->leave(*this);
}

void future_op_base::withdraw() noexcept {
  retract();
}

std::string future_op_base::describe() const {
  return target_->describe();
}

const task_base* future_op_base::blocked_by() const noexcept {
  return target_->is_task() ? static_cast<const task_base*>(target_.get())
                            : nullptr;
}

bool future_op_base::may_end(wait_search& search) const {
  return target_->may_be_done(search);
}

void future_op_base::check() const {
  if (misuse_ == misuse::wrong_loop)
    throw error(errc::wrong_loop,
                target_->describe()
                  + " belongs to another event loop than the task that awaits "
                    "it; run_coroutine_threadsafe crosses loops");
  if (misuse_ == misuse::itself)
    throw error(errc::awaits_itself,
                "a task cannot await itself: " + target_->describe()
                  + "; await another one, or return");
  switch (target_->state()) {
    case future_state::cancelled:
      throw cancelled_error(target_->cancel_message());
    case future_state::failed:
      check_cancelled();
      target_->mark_retrieved();
      rethrow_from(*target_);
    default:
      check_cancelled();
  }
}

// -- a foreign awaitable ------------------------------------------------------

waker wake(op& sleeper) {
  sleeper.answer();
  co_return;
}

} // namespace troupe::detail
