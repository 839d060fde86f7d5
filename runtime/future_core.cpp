#include <troupe/detail/task_base.hpp>
#include <troupe/detail/watch.hpp>
#include <troupe/future.hpp>

#include "runtime/footprint.hpp"
#include "runtime/future_lock.hpp"
#include "runtime/trace.hpp"

#include <cassert>

namespace troupe::detail {

namespace {

// Ends a future on its own loop, asked for from a foreign thread.
class completion final : public job {
public:
  completion(future_core& core, future_state end) : core_(&core), end_(end) {}

  void run() override {
    core_->complete(end_);
    delete this;
  }

private:
  ref<future_core> core_;
  future_state end_;
};

// Cancels on the future's own loop, asked for from a foreign thread.
class cancellation final : public job {
public:
  cancellation(future_core& core, const std::string& message)
    : core_(&core), message_(message) {}

  void run() override {
    core_->cancel(message_);
    delete this;
  }

private:
  ref<future_core> core_;
  std::string message_;
};

const std::string no_text;
const std::vector<site> no_trace;

} // namespace

future_core::future_core(loop_core& home, result_base& result,
                         bool is_task) noexcept
  : home_(&home), is_task_(is_task),
    result_at_(static_cast<std::uint8_t>(
      (reinterpret_cast<char*>(&result) - reinterpret_cast<char*>(this))
      / static_cast<std::ptrdiff_t>(result_grain))) {
  assert(&this->result() == &result); // not too far behind us
}

future_core::~future_core() {
  while (future_waiter* waiter = first()) {
    leave(*waiter);
    if (waiter->kind == waiter_kind::callback)
      static_cast<done_callback*>(waiter)->release();
  }
  delete known_notes();
}

// Whoever runs a task and whoever renames it may come at the same time.
future_notes& future_core::notes() {
  future_notes* mine = known_notes();
  if (mine)
    return *mine;
  future_notes* made = make_notes();
  if (notes_.compare_exchange_strong(mine, made, std::memory_order_acq_rel,
                                     std::memory_order_acquire))
    return *made;
  delete made;
  return *mine;
}

future_notes* future_core::make_notes() const {
  return new future_notes;
}

const std::string& future_core::cancel_message() const noexcept {
  const future_notes* mine = known_notes();
  return mine ? mine->cancel_message : no_text;
}

const std::vector<site>& future_core::trace() const noexcept {
  const future_notes* mine = known_notes();
  return mine ? mine->trace : no_trace;
}

// -- looking ------------------------------------------------------------------

void future_core::check_value() const {
  switch (state()) {
    case future_state::finished:
      return;
    case future_state::failed:
      mark_retrieved();
      rethrow_from(*this);
    case future_state::cancelled:
      throw cancelled_error(cancel_message());
    case future_state::pending:
      break;
  }
  throw invalid_state_error("result is not set: " + describe()
                            + " is not done; await it");
}

std::exception_ptr future_core::exception() const {
  switch (state()) {
    case future_state::finished:
      return nullptr;
    case future_state::failed:
      mark_retrieved();
      return result().error;
    case future_state::cancelled:
      throw cancelled_error(cancel_message());
    case future_state::pending:
      break;
  }
  throw invalid_state_error("exception is not set: " + describe()
                            + " is not done; await it");
}

std::string future_core::describe() const {
  switch (state()) {
    case future_state::finished: {
      std::string value = value_text();
      return value.empty() ? "<Future finished>"
                           : "<Future finished result=" + value + ">";
    }
    case future_state::failed:
      return "<Future finished exception=" + troupe::describe(result().error)
           + ">";
    case future_state::cancelled:
      return "<Future cancelled>";
    case future_state::pending:
      break;
  }
  future_lock lock{*this};
  return first() ? "<Future pending, awaited>" : "<Future pending>";
}

void future_core::report_unretrieved(const char* what) noexcept {
  if (state() != future_state::failed
      || retrieved_.load(std::memory_order_relaxed)
      || result().failed == failure::exit)
    return;
  home_->report(
    {.message = std::string{what} + " exception was never retrieved",
     .exception = result().error,
     .future = describe(),
     .await_chain = text_of(trace())});
}

// -- waiting ------------------------------------------------------------------

void future_core::touch() const {
  if (!home_->simulation()) [[likely]]
    return;
  touch_in_step(
    is_task_ ? footprint::task(static_cast<const task_base*>(this)->number())
             : footprint::futures);
}

bool future_core::join(future_waiter& waiter) {
  touch();
  return future_line::join(waiter, !home_->exclusive());
}

bool future_core::leave(future_waiter& waiter) {
  touch();
  return future_line::leave(waiter, !home_->exclusive());
}

// One after the other: with one watcher its owner may take out others.
void future_core::forget_watchers() noexcept {
  for (;;) {
    bool found = false;
    future_waiter* lost = future_line::take_if(
      [&](const future_waiter& x) {
        return !found && (found = x.kind >= waiter_kind::watcher);
      },
      !home_->exclusive());
    if (!lost)
      return;
    auto* gone = static_cast<watcher*>(lost);
    gone->owner().lose(*gone);
  }
}

std::uint64_t future_core::add_callback(done_callback& callback) {
  std::uint64_t number = home_->next_callback_number();
  callback.number = number;
  if (home_->here() || !home_->exclusive()) {
    if (!join(callback)) {
      callback.subject = ref<future_core>{this};
      submit_soon(*home_, callback);
    }
    return number;
  }
  // A foreign thread: the line belongs to the loop.
  auto later = [self = ref<future_core>{this}, &callback] {
    if (!self->join(callback)) {
      callback.subject = self;
      submit_soon(self->home(), callback);
    }
  };
  submit_threadsafe(
    *home_, *new callback_of<decltype(later)>(*home_, {}, std::move(later)));
  return number;
}

std::size_t future_core::remove_callbacks(const done_callback& like) {
  return remove_callbacks_if(
    [&](const done_callback& x) { return x.same_as(like); });
}

std::size_t future_core::remove_callback(std::uint64_t number) {
  return remove_callbacks_if(
    [&](const done_callback& x) { return x.number == number; });
}

// They are destroyed after the lock: what they hold may be anything.
template <class Condition>
std::size_t future_core::remove_callbacks_if(Condition condition) {
  future_waiter* removed = future_line::take_if(
    [&](const future_waiter& x) {
      return x.kind == waiter_kind::callback
          && condition(static_cast<const done_callback&>(x));
    },
    !home_->exclusive());
  std::size_t count = 0;
  for (; removed; ++count) {
    future_waiter* next = removed->next;
    static_cast<done_callback*>(removed)->release();
    removed = next;
  }
  return count;
}

// -- completing ---------------------------------------------------------------

void future_core::claim(const char* verb) {
  if (is_task_)
    throw error(errc::not_supported, std::string{"Task does not support "}
                                       + verb
                                       + ": its coroutine gives the result");
  if (!try_claim())
    throw invalid_state_error(std::string{verb} + ": invalid state of "
                              + describe() + "; it is completed once");
}

bool future_core::cancel(const std::string& message) {
  if (done()) {
    mark_retrieved(); // whoever cancels does not care for the exception
    return false;
  }
  if (home_->exclusive() && !home_->here()) {
    auto* request = new cancellation(*this, message);
    if (!home_->try_inject(*request))
      delete request;
    return true;
  }
  touch();
  if (!try_claim())
    return false;
  if (!message.empty())
    notes().cancel_message = message;
  complete_here(future_state::cancelled);
  return true;
}

void future_core::fail(std::exception_ptr problem) {
  result().error = std::move(problem);
  result().failed = failure::error;
  complete(future_state::failed);
}

bool future_core::complete(future_state end) {
  if (home_->exclusive() && !home_->here()) {
    auto* request = new completion(*this, end);
    if (!home_->try_inject(*request))
      delete request;
    return true;
  }
  return complete_here(end);
}

bool future_core::complete_here(future_state end) {
  touch();
  future_waiter* line;
  if (!future_line::complete(end, !home_->exclusive(), line))
    return false;
  while (line) {
    // A woken op may be gone at once, with its links.
    future_waiter* next = line->next;
    switch (line->kind) {
      case waiter_kind::op:
        static_cast<future_op_base*>(line)->answer();
        break;
      case waiter_kind::callback: {
        auto* call = static_cast<done_callback*>(line);
        call->subject = ref<future_core>{this};
        submit_soon(*home_, *call);
        break;
      }
      case waiter_kind::watcher:
      case waiter_kind::placed:
        if (home_->simulation()) [[unlikely]]
          touch_in_step(footprint::futures); // what its owner counts
        static_cast<watcher*>(line)->owner().tell(*static_cast<watcher*>(line));
        break;
    }
    line = next;
  }
  return true;
}

void retain_loop(loop_core& loop) noexcept {
  loop.retain();
}

void release_loop(loop_core& loop) noexcept {
  loop.release();
}

} // namespace troupe::detail
