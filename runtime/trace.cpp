#include "runtime/trace.hpp"

#include <troupe/coro.hpp>
#include <troupe/error.hpp>
#include <troupe/loop.hpp>

#include <cstdio>
#include <cstring>

#include <cxxabi.h>

namespace troupe {

namespace detail {

thread_local constinit frame_base* newborn_frame = nullptr;

namespace {

// The exception that left a coroutine last on this thread and the frames that
// it has passed. It is held, so that no other gets its address meanwhile; a
// task that ends lets go of it.
struct recent_exception {
  std::exception_ptr problem;
  const task_base* task = nullptr; // whose frames came last
  std::vector<site> chain;
};

thread_local recent_exception recent;

// Coroutines of this library that only pass on say nothing to a user.
bool ours(const site& place) noexcept {
  return std::strncmp(place.function, "call_and_keep", 13) == 0
      || std::strncmp(place.function, "await_in_task", 13) == 0;
}

void append_frames(const frame_base& innermost) {
  for (const frame_base* x = &innermost; x; x = x->caller())
    if (!ours(x->place()))
      recent.chain.push_back(x->place());
  recent.task = innermost.task_;
}

} // namespace

std::string text_of(const site& place) {
  std::string text = place.function ? place.function : "?";
  if (place.file && *place.file) {
    const char* slash = std::strrchr(place.file, '/');
    text += " (";
    text += slash ? slash + 1 : place.file;
    text += ':' + std::to_string(place.line) + ')';
  }
  return text;
}

std::string text_of(const std::vector<site>& chain) {
  std::string text;
  for (const site& place : chain) {
    if (!text.empty())
      text += " <- ";
    text += text_of(place);
  }
  return text;
}

std::vector<site> chain_of(const std::exception_ptr& problem) {
  if (problem && problem == recent.problem)
    return recent.chain;
  return {};
}

void forget_exception() noexcept {
  recent.problem = nullptr;
}

void keep_exception(frame_base& frame, result_base& result) noexcept {
  result.error = std::current_exception();
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type && *type == typeid(cancelled_error)) {
    result.failed = failure::cancelled;
    return; // a cancellation has no culprit to look for
  }
  bool exits
    = type
   && (*type == typeid(keyboard_interrupt) || *type == typeid(system_exit));
  result.failed = exits ? failure::exit : failure::error;
  try {
    if (result.error != recent.problem) {
      recent.problem = result.error;
      recent.chain.clear();
      append_frames(frame);
    } else if (recent.task != frame.task_) {
      append_frames(frame); // it came from another task's future
    }
  } catch (...) {
    recent.chain.clear(); // no memory for a diagnosis
  }
}

void rethrow(const result_base& result) {
  std::rethrow_exception(result.error);
}

void rethrow_from(const future_core& source) {
  recent.problem = source.result().error;
  recent.chain = source.trace();
  recent.task = nullptr;
  std::rethrow_exception(source.result().error);
}

void throw_awaited_twice() {
  throw error(errc::awaited_twice,
              "the coroutine was already awaited or made a task: a coroutine "
              "runs once, call the function again");
}

void report_never_awaited(const site& made) noexcept {
  try {
    std::string text = "coroutine '"
                     + std::string{made.function ? made.function : "?"}
                     + "' was never awaited";
    std::string where = text_of(made);
    if (loop_core* loop = running_loop()) {
      event_loop home{*loop};
      if (home.has_exception_handler()) {
        home.call_exception_handler({.message = text + ", made in " + where});
        return;
      }
    }
    std::fprintf(stderr, "RuntimeWarning: %s\n  made in %s\n", text.c_str(),
                 where.c_str());
  } catch (...) {
    std::fputs("RuntimeWarning: a coroutine was never awaited\n", stderr);
  }
}

std::string describe_coroutine(const frame_base* frame) {
  if (!frame)
    return "<coroutine object, awaited>";
  char address[32];
  std::snprintf(address, sizeof address, "%p", static_cast<const void*>(frame));
  return "<coroutine object " + std::string{frame->place().function} + " at "
       + address + ">";
}

} // namespace detail

std::string await_chain(const std::exception_ptr& problem) {
  return detail::text_of(detail::chain_of(problem));
}

} // namespace troupe
