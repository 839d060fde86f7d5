#include <troupe/timeout.hpp>
#include <troupe/wait.hpp>

#include "runtime/alarmed.hpp"
#include "runtime/loop_core.hpp"

#include <mutex>

namespace troupe::detail {

// The clock of one scope. Between the ringing and the end of the body the task
// has one request to cancel that is ours; it is taken back in any case.
class timeout_core final : public alarmed {
public:
  explicit timeout_core(deadline when) noexcept : when_(when) {}

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  void enter() {
    task_ = ref<future_core>{this_task};
    before_ = task().cancelling();
    state_ = state::entered;
    std::lock_guard guard{lock_};
    set_alarm();
  }

  bool leave(bool by_cancellation) noexcept {
    lock_.lock();
    alarm* set = std::exchange(alarm_, nullptr);
    bool rang = state_ == state::expiring;
    state_ = rang ? state::expired : state::left;
    lock_.unlock();
    if (set)
      set->disarm();
    // The last handle may outlive the task.
    ref<future_core> task = std::move(task_);
    if (!rang)
      return false;
    int left = static_cast<task_base&>(*task).take_back(this);
    return left <= before_ && by_cancellation;
  }

  void rings(alarm& which) noexcept override {
    std::lock_guard guard{lock_};
    if (state_ != state::entered || alarm_ != &which)
      return; // it was moved or left a moment ago
    state_ = state::expiring;
    task().interrupt(this);
  }

  void reschedule(deadline when) {
    alarm* old;
    {
      std::lock_guard guard{lock_};
      if (state_ != state::entered)
        throw invalid_state_error(
          state_ == state::created
            ? "reschedule(): the timeout has not been entered; call it in "
              "its body"
          : state_ == state::left
            ? "reschedule(): the body of the timeout has ended; use another "
              "timeout"
            : "reschedule(): the deadline of the timeout has passed; "
              "reschedule it earlier");
      when_ = when;
      old = std::exchange(alarm_, nullptr);
      set_alarm();
    }
    if (old)
      old->disarm();
  }

  deadline when() {
    std::lock_guard guard{lock_};
    return when_;
  }

  bool expired() {
    std::lock_guard guard{lock_};
    return state_ == state::expiring || state_ == state::expired;
  }

private:
  enum class state : std::uint8_t { created, entered, expiring, expired, left };

  task_base& task() const noexcept {
    return static_cast<task_base&>(*task_);
  }

  void set_alarm() {
    if (when_)
      alarm_ = alarm::set(task().home(), *this,
                          when_.time().time_since_epoch().count(), true);
  }

  void last_gone() noexcept override {
    delete this;
  }

  spinlock lock_;
  state state_ = state::created;
  int before_ = 0; // requests to cancel when the scope was entered
  deadline when_;
  alarm* alarm_ = nullptr;
  ref<future_core> task_;
};

deadline deadline_of(time_limit limit) {
  if (!limit)
    return {};
  auto& home = need_running_loop("timeout()");
  return loop_time{
    std::chrono::nanoseconds{deadline_after(home.now(), limit.count())}};
}

bool has_several_workers() {
  return !need_running_loop("wait_for()").exclusive();
}

void throw_timed_out() {
  throw timeout_error("the time was over");
}

coro<void> end_of(any_future child) {
  std::vector<any_future> only(1, std::move(child));
  co_await wait(only);
}

} // namespace troupe::detail

namespace troupe {

timeout_scope::timeout_scope(deadline when)
  : core_(new detail::timeout_core(when)) {}

timeout_scope::timeout_scope(const timeout_scope& other) noexcept
  : core_(other.core_) {
  core_->retain();
}

timeout_scope& timeout_scope::operator=(timeout_scope other) noexcept {
  std::swap(core_, other.core_);
  return *this;
}

timeout_scope::~timeout_scope() {
  core_->release();
}

void timeout_scope::enter() const {
  core_->enter();
}

bool timeout_scope::leave(bool by_cancellation) const noexcept {
  return core_->leave(by_cancellation);
}

std::optional<loop_time> timeout_scope::when() const {
  deadline when = core_->when();
  return when ? std::optional{when.time()} : std::nullopt;
}

void timeout_scope::reschedule(deadline when) const {
  core_->reschedule(when);
}

bool timeout_scope::expired() const {
  return core_->expired();
}

} // namespace troupe
