#include <troupe/shield.hpp>

#include "runtime/loop_core.hpp"

namespace troupe::detail {

namespace {

// Left in the line of an inner future whose shield was cancelled. It has no
// state, so that two shields leave one.
void report_lost(const any_future& inner) {
  if (inner.cancelled())
    return;
  if (auto problem = inner.exception())
    inner.core()->home().report(
      {.message = troupe::describe(problem) + " in a shielded future",
       .exception = problem,
       .future = to_string(inner)});
}

} // namespace

shield_core::shield_core(loop_core& home, result_base& result) noexcept
  : future_core(home, result, false), observer(home) {
  retain_loop(home);
}

void shield_core::begin(ref<future_core> inner) {
  inner_.target = std::move(inner);
  if (!watch(inner_))
    told(inner_);
}

void shield_core::told(watcher&) noexcept {
  if (!try_retain())
    return;
  if (home_->closed())
    release();
  else
    home_->push_in_order(*this);
}

void shield_core::run() {
  if (refs_.load(std::memory_order_acquire) == 0)
    return dispose(); // sent here by a foreign thread
  future_core& inner = *inner_.target;
  if (inner.state() == future_state::cancelled) {
    future_core::cancel({});
  } else if (try_claim()) {
    if (inner.state() == future_state::failed) {
      inner.mark_retrieved();
      if (!inner.trace().empty())
        notes().trace = inner.trace();
      fail(inner.result().error);
    } else {
      try {
        collect(inner);
        complete(future_state::finished);
      } catch (...) {
        fail(std::current_exception());
      }
    }
  }
  release();
}

bool shield_core::cancel(const std::string& message) {
  if (!future_core::cancel(message))
    return false;
  if (!done())
    return true; // a foreign thread: it comes again on the loop
  if (!inner_.target->done()) {
    unwatch(inner_);
    any_future inner{inner_.target};
    inner.remove_done_callback(report_lost);
    inner.add_done_callback(report_lost);
  }
  return true;
}

std::string shield_core::describe() const {
  std::string text = future_core::describe();
  return done() ? text : "<Shield of " + inner_.target->describe() + '>';
}

job_label shield_core::label() const noexcept {
  return {job_kind::callback, 0, {}};
}

void shield_core::dispose() noexcept {
  if (home_->exclusive() && !home_->here() && home_->try_inject(*this))
    return; // the line belongs to the loop
  unwatch(inner_);
  let_go();
}

void shield_core::destroy() noexcept {
  report_unretrieved("Future");
  loop_core& home = *home_;
  delete this;
  release_loop(home);
}

} // namespace troupe::detail
