#include <troupe/detail/callback.hpp>
#include <troupe/error.hpp>

#include "runtime/loop_core.hpp"
#include "runtime/trace.hpp"

namespace troupe::detail {

namespace {

// Whose function runs on this thread, so that it may cancel itself.
thread_local const callback* running_callback = nullptr;

} // namespace

callback::callback(loop_core& home, site made) noexcept
  : home_(&home), made_(made) {
  home.retain_for_task();
}

callback::~callback() {
  home_->release_for_task();
}

void callback::discard() noexcept {
  release();
}

job_label callback::label() const noexcept {
  return {job_kind::callback, 0, made_};
}

// Leaves the state of waiting; false if that was left before. With one worker
// only the loop's thread does it, except for what is made for other threads.
bool callback::leave(phase next) noexcept {
  phase expected = phase::waiting;
  if (shared())
    return phase_.compare_exchange_strong(expected, next,
                                          std::memory_order_acq_rel);
  if (phase_.load(std::memory_order_relaxed) != expected)
    return false;
  phase_.store(next, std::memory_order_release);
  return true;
}

bool callback::shared() const noexcept {
  return threadsafe || !home_->exclusive();
}

void callback::run() {
  if (!shared() && asked_to_cancel_.load(std::memory_order_relaxed))
    cancel(); // asked for on a foreign thread, and not heard of yet
  if (!leave(phase::running)) {
    release();
    return;
  }
  {
    const callback* outer = std::exchange(running_callback, this);
    task_base* outer_task = std::exchange(this_task, nullptr);
    context_scope scope{context};
    try {
      invoke();
    } catch (const keyboard_interrupt&) {
      home_->exit_with(std::current_exception());
    } catch (const system_exit&) {
      home_->exit_with(std::current_exception());
    } catch (...) {
      home_->report({.message = "Exception in callback " + describe(),
                     .exception = std::current_exception(),
                     .handle = describe()});
    }
    this_task = outer_task;
    running_callback = outer;
  }
  drop();
  phase_.store(phase::ended, std::memory_order_release);
  if (threadsafe)
    phase_.notify_all();
  release();
}

void callback::cancel() {
  if (!shared() && !home_->here()) {
    asked_to_cancel_.store(true, std::memory_order_relaxed);
    auto later = [kept = ref<callback>{this}] {
      kept->cancel();
    };
    auto* request
      = new callback_of<decltype(later)>(*home_, {}, std::move(later));
    if (!home_->try_inject(*request))
      request->release();
    return;
  }
  if (leave(phase::cancelled)) {
    if (deadline != 0 && (!home_->exclusive() || home_->here()))
      home_->cancel_timer(*this);
    drop();
    return;
  }
  if (threadsafe && running_callback != this)
    phase_.wait(phase::running, std::memory_order_acquire);
  asked_to_cancel_.store(true, std::memory_order_relaxed);
}

bool callback::cancelled() const {
  phase now = phase_.load(std::memory_order_acquire);
  if (threadsafe && now == phase::running && running_callback != this) {
    phase_.wait(phase::running, std::memory_order_acquire);
    now = phase_.load(std::memory_order_acquire);
  }
  return now == phase::cancelled
      || asked_to_cancel_.load(std::memory_order_relaxed);
}

std::string callback::describe() const {
  std::string text = "<Handle";
  switch (phase_.load(std::memory_order_acquire)) {
    case phase::waiting:
      text += " pending";
      break;
    case phase::running:
      text += " running";
      break;
    case phase::ended:
      text += " finished";
      break;
    case phase::cancelled:
      text += " cancelled";
      break;
  }
  if (made_.file && *made_.file)
    text += " created at " + text_of(made_);
  return text + '>';
}

// -- ways into a loop ---------------------------------------------------------

loop_core* running_loop() noexcept {
  return this_worker ? &this_worker->home : nullptr;
}

loop_core& need_running_loop(const char* what) {
  if (!this_worker)
    throw error(errc::no_running_loop,
                std::string{what}
                  + ": no running event loop; call it inside run()");
  return this_worker->home;
}

// Gives a callback to a loop that may close meanwhile.
static void inject_callback(loop_core& loop, callback& item, const char* what) {
  if (loop.try_inject(item))
    return;
  item.release();
  throw error(errc::loop_closed,
              std::string{what} + ": the event loop is closed");
}

void submit_soon(loop_core& loop, callback& item) {
  if (loop.closed()) {
    item.release();
    loop.check_open("call_soon()");
  }
  if (loop.here())
    loop.push_in_order(item);
  else
    inject_callback(loop, item, "call_soon()");
}

void submit_threadsafe(loop_core& loop, callback& item) {
  if (loop.closed()) {
    item.release();
    loop.check_open("call_soon_threadsafe()");
  }
  if (this_worker && &this_worker->home == &loop)
    loop.push(item);
  else
    inject_callback(loop, item, "call_soon_threadsafe()");
}

void submit_at(loop_core& loop, callback& item, std::int64_t deadline) {
  item.deadline = deadline;
  if (loop.closed()) {
    item.release();
    loop.check_open("call_at()");
  }
  if (!loop.exclusive() || loop.here()) {
    loop.add_timer(item);
    return;
  }
  // A foreign thread: the timers belong to the loop.
  auto later = [&loop, kept = ref<callback>{&item, true}]() mutable {
    if (!kept->cancelled())
      loop.add_timer(*kept.detach());
  };
  inject_callback(loop,
                  *new callback_of<decltype(later)>(loop, {}, std::move(later)),
                  "call_at()");
}

void check_thread(const loop_core& loop, const char* what) {
  loop.check_thread(what);
}

std::int64_t loop_now(const loop_core& loop) noexcept {
  return loop.now();
}

std::int64_t loop_recent_now(const loop_core& loop) noexcept {
  return loop.recent_now();
}

} // namespace troupe::detail
