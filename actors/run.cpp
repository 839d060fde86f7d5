#include <troupe/run.hpp>

#include "runtime/interrupt.hpp"
#include "runtime/loop_core.hpp"

namespace troupe {

namespace {

// Waits for tasks that were cancelled; when all have ended and their callbacks
// have run, reports how they failed.
coro<void> finish_tasks(event_loop loop, std::vector<any_task> left) {
  for (const any_task& task : left) {
    try {
      co_await task;
    } catch (...) {
      // Looked at below.
    }
  }
  co_await sleep(std::chrono::seconds{0});
  for (const any_task& task : left)
    if (!task.cancelled() && task.exception())
      loop.call_exception_handler(
        {.message = "unhandled exception during run() shutdown",
         .exception = task.exception(),
         .future = to_string(task),
         .await_chain = task.await_chain()});
}

} // namespace

runner::runner(run_options options) : options_(std::move(options)) {}

runner::~runner() {
  try {
    close();
  } catch (...) {
    if (loop_ && !loop_.is_closed())
      loop_.call_exception_handler({.message = "error while closing a runner",
                                    .exception = std::current_exception()});
  }
}

void runner::begin() {
  if (closed_)
    throw error(errc::loop_closed, "the runner is closed; make another one");
  if (detail::running_loop())
    throw error(errc::loop_running,
                "runner::run() cannot be called from a running event loop: "
                "await the coroutine instead");
  get_loop();
}

event_loop runner::get_loop() {
  if (closed_)
    throw error(errc::loop_closed, "the runner is closed; make another one");
  if (!loop_) {
    auto* make
      = options_.loop_factory ? options_.loop_factory : &new_event_loop;
    loop_ = make({.threads = options_.threads, .debug = options_.debug});
    context_ = copy_context();
  }
  return loop_;
}

void runner::finish(const any_task& main) {
  detail::interrupt_watch watch{*loop_.core(),
                                detail::ref<detail::future_core>{main.core()}};
  try {
    loop_.run_until_done(main);
  } catch (...) {
    if (!watch.interrupted() || main.done())
      throw;
    throw keyboard_interrupt{};
  }
  if (watch.interrupted() && main.cancelled() && main.uncancel() == 0)
    throw keyboard_interrupt{};
}

void runner::close() {
  if (std::exchange(closed_, true) || !loop_)
    return;
  if (loop_.is_closed())
    return;
  auto left = all_tasks(loop_);
  if (!left.empty()) {
    for (const any_task& task : left)
      task.cancel();
    loop_.run_until_complete(finish_tasks(loop_, std::move(left)));
  }
  loop_.run_until_complete(loop_.shutdown_asyncgens());
  loop_.run_until_complete(
    loop_.shutdown_default_executor(options_.executor_limit));
  loop_.close();
}

} // namespace troupe
