#include <troupe/gather.hpp>

#include "runtime/loop_core.hpp"

namespace troupe::detail {

gather_core::gather_core(loop_core& home, result_base& result, std::size_t size,
                         bool outcomes)
  : future_core(home, result, false), observer(home), children(*this, size),
    outcomes_(outcomes), decided_early_(size == 0), left_(size) {
  retain_loop(home);
}

void gather_core::destroy() noexcept {
  report_unretrieved("Future");
  loop_core& home = *home_;
  delete this;
  release_loop(home);
}

void gather_core::watch_child(ref<future_core> child) {
  if (&child->home() != home_)
    throw error(errc::wrong_loop,
                "gather(): the futures belong to different event loops: "
                  + children[0].target->describe() + " and "
                  + child->describe());
  watcher& added = children.add(std::move(child));
  if (!watch(added) && decides(added))
    decided_early_ = true;
}

void gather_core::told(watcher& which) noexcept {
  bool decided = decides(which);
  const future_core& child = *which.target;
  if (exclusive() && child.is_task() && child.state() == future_state::finished
      && keep(which))
    taken(which);
  if (decided && try_retain())
    send();
}

// Becomes ready, with the count that it holds on itself.
void gather_core::send() noexcept {
  if (home_->closed())
    release();
  else
    home_->push_in_order(*this);
}

bool gather_core::decides(watcher& which) noexcept {
  future_core& child = *which.target;
  child.mark_retrieved();
  bool failed = !outcomes_ && child.state() != future_state::finished;
  bool last = add(left_, std::size_t{0} - 1) == 0;
  if (!(failed || last) || decided_.exchange(true, std::memory_order_acq_rel))
    return false;
  if (failed)
    culprit_ = &child;
  return true;
}

void gather_core::run() {
  if (refs_.load(std::memory_order_acquire) == 0)
    return dispose(); // sent here by a foreign thread
  if (waits_for_cancel())
    return;
  decide();
  release();
}

// A child can end by a cancellation that other children have yet to hear of.
// Whoever asks for that sends us again.
bool gather_core::waits_for_cancel() noexcept {
  unsigned now = cancelling_.load();
  while (now > 0)
    if (cancelling_.compare_exchange_weak(now, now | decision_waits))
      return true;
  return false;
}

void gather_core::decide() {
  if (!try_claim())
    return;
  if (culprit_) {
    if (!culprit_->trace().empty())
      notes().trace = culprit_->trace();
    fail(problem_of(*culprit_));
  } else if (cancelled_ && children.size() > 0) {
    // What was asked for goes before what came of it, as in asyncio.
    const auto& last = children[children.size() - 1].target;
    bool cancelled = last && last->state() == future_state::cancelled;
    fail(std::make_exception_ptr(
      cancelled_error(cancelled ? last->cancel_message() : std::string{})));
  } else {
    try {
      collect();
      complete(future_state::finished);
    } catch (...) {
      fail(std::current_exception());
    }
  }
}

bool gather_core::cancel(const std::string& message) {
  if (done() || (home_->exclusive() && !home_->here()))
    return future_core::cancel(message); // says no, or comes back on the loop
  cancelling_.fetch_add(1);
  bool any = false;
  for (watcher& child : children)
    if (child.target && child.target->cancel(message))
      any = true;
  if (any)
    cancelled_ = true;
  cancelling_.fetch_sub(1);
  unsigned last = decision_waits;
  if (cancelling_.compare_exchange_strong(last, 0))
    send();
  return any;
}

std::string gather_core::describe() const {
  std::string text = future_core::describe();
  return done() ? text
                : "<Gather of " + std::to_string(children.size()) + ' '
                    + text.substr(text.find(' ') + 1);
}

// By all of its children. That the failure of one could end it does not count,
// as a cancellation does not.
bool gather_core::may_be_done(wait_search& search) const {
  if (done() || decided_)
    return true;
  bool may = true;
  for (const watcher& child : children)
    may &= !child.target || child.target->may_be_done(search);
  return may;
}

job_label gather_core::label() const noexcept {
  return {job_kind::callback, 0, {}};
}

void gather_core::dispose() noexcept {
  if (home_->exclusive() && !home_->here() && home_->try_inject(*this))
    return; // the lines belong to the loop
  // After an error it goes on to take the errors of the other tasks. A future
  // that is no task may never be done; it is let go.
  bool failed = done();
  if (all_gone())
    children.forget();
  for (watcher& child : children)
    if (child.target && !(failed && child.target->is_task()))
      unwatch(child);
  let_go();
}

loop_core& common_loop(const ref<future_core>* children, std::size_t size) {
  if (size == 0)
    return need_running_loop("gather()");
  for (std::size_t i = 1; i < size; ++i)
    if (&children[i]->home() != &children[0]->home())
      throw error(errc::wrong_loop,
                  "gather(): the futures belong to different event loops: "
                    + children[0]->describe() + " and "
                    + children[i]->describe() + "; gather those of one loop");
  return children[0]->home();
}

std::exception_ptr problem_of(const future_core& child) {
  if (child.state() == future_state::cancelled)
    return std::make_exception_ptr(cancelled_error(child.cancel_message()));
  return child.result().error;
}

} // namespace troupe::detail
