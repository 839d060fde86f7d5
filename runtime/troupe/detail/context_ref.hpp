#pragma once

#include <troupe/detail/ref.hpp>

#include <atomic>
#include <cstddef>
#include <vector>

namespace troupe::detail {

// A value of a context variable.
class context_value {
public:
  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

protected:
  virtual ~context_value() = default;

private:
  std::atomic<unsigned> refs_{1};
};

// The variables of a context that were set; never changed, always replaced.
struct context_variables {
  struct entry {
    const void* variable;
    ref<context_value> value;
  };

  void retain() noexcept {
    refs.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  std::vector<entry> entries;
  std::atomic<unsigned> refs{1};
};

// A context: a place for variables that several activities may share.
struct context_state {
  void retain() noexcept {
    refs.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  ref<context_variables> variables;
  std::atomic<unsigned> refs{1};
};

// What a task or a callback runs in. Empty until a variable is set, so that a
// program without context variables pays one pointer.
using context_ref = ref<context_state>;

// The context of what runs on this thread; null outside tasks and callbacks.
extern thread_local constinit context_ref* present_context
#if defined(__GNUC__)
  __attribute__((tls_model("initial-exec")))
#endif
  ;

// As above; outside tasks and callbacks that of the thread.
context_ref& current_context() noexcept;

// A copy of the present context for something new; empty if it has no variable.
context_ref copy_current_context();

// Makes `mine` the present context for a scope.
class context_scope {
public:
  explicit context_scope(context_ref& mine) noexcept : outer_(present_context) {
    present_context = &mine;
  }

  ~context_scope() {
    present_context = outer_;
  }

  context_scope(const context_scope&) = delete;
  context_scope& operator=(const context_scope&) = delete;

private:
  context_ref* outer_;
};

} // namespace troupe::detail
