// What can be seen of a task from outside: its name, its stack, its text.

#include <troupe/error.hpp>

#include "runtime/future_lock.hpp"
#include "runtime/trace.hpp"

#include <cstring>

namespace troupe::detail {

// A look into a task. Where another worker may run it, only a sleeping task can
// be looked into: it is held for that time, as one that is asked to cancel is.
class task_base::look {
public:
  explicit look(task_base& task) noexcept
    : task_(task), outer_(innermost_),
      held_(!may_read() && task.box_.claim(false)),
      allowed_(held_ || may_read()) {
    innermost_ = this;
  }

  ~look() {
    innermost_ = outer_;
    if (held_)
      task_.settle(); // what came meanwhile
  }

  look(const look&) = delete;
  look& operator=(const look&) = delete;

  explicit operator bool() const noexcept {
    return allowed_;
  }

private:
  bool may_read() const noexcept {
    if (task_.exclusive_ || this_task == &task_ || !task_.home_->running())
      return true;
    for (const look* x = outer_; x; x = x->outer_)
      if (&x->task_ == &task_)
        return x->allowed_;
    return false;
  }

  task_base& task_;
  const look* outer_; // whose text has ours in it
  bool held_;
  bool allowed_;
  static thread_local constinit const look* innermost_;
};

thread_local constinit const task_base::look* task_base::look::innermost_
  = nullptr;

std::string task_base::name() const {
  if (const future_notes* mine = known_notes()) {
    future_lock lock{*this};
    if (!mine->name.empty())
      return mine->name;
  }
  return "Task-" + std::to_string(number_);
}

void task_base::rename(std::string name) {
  future_notes& mine = notes();
  future_lock lock{*this};
  mine.name.swap(name);
}

std::vector<site> task_base::stack() const {
  std::vector<site> places;
  if (look mine{const_cast<task_base&>(*this)})
    for (const frame_base* x = top_; x; x = x->caller())
      places.push_back(x->place());
  return places;
}

std::string task_base::describe() const {
  // A task that waits for tasks that wait for it would print for ever.
  static thread_local int depth = 0;
  look mine{const_cast<task_base&>(*this)};
  future_state now = state();
  bool pending = now == future_state::pending;
  std::string text = "<Task ";
  if (now == future_state::cancelled)
    text += "cancelled";
  else if (!pending)
    text += "finished";
  else
    text
      += cancelling() > 0 || (mine && must_cancel_) ? "cancelling" : "pending";
  text
    += " name='" + name() + "' coro=<" + (function_ ? function_ : "?") + "()";
  if (pending && mine && top_ && started_)
    text += " running at " + text_of(top_->place());
  text += '>';
  if (made_file_ && *made_file_) {
    const char* slash = std::strrchr(made_file_, '/');
    text += std::string{" created at "} + (slash ? slash + 1 : made_file_) + ':'
          + std::to_string(made_line_);
  }
  if (pending && mine && op_ && !answered_ && this_task != this) {
    if (depth < 3) {
      ++depth;
      text += " wait_for=" + op_->describe();
      --depth;
    } else {
      text += " wait_for=...";
    }
  }
  if (now == future_state::finished) {
    std::string value = value_text();
    if (!value.empty())
      text += " result=" + value;
  } else if (now == future_state::failed) {
    text += " exception=" + troupe::describe(result().error);
  }
  return text + '>';
}

} // namespace troupe::detail
