#pragma once

#include <troupe/detail/spinlock.hpp>
#include <troupe/detail/task_base.hpp>

#include <mutex>

namespace troupe::detail {

// All tasks of a loop that have not ended, oldest first. `shared` says that
// several workers come to it; else it belongs to the loop's thread.
class task_list {
public:
  explicit task_list(bool shared) noexcept : shared_(shared) {}

  // True if it is the only one.
  bool add(task_base& task) noexcept {
    auto mine = guard();
    task.prev_task = last_;
    (last_ ? last_->next_task : first_) = &task;
    last_ = &task;
    return first_ == &task;
  }

  // True if it was the only one.
  bool remove(task_base& task) noexcept {
    auto mine = guard();
    (task.prev_task ? task.prev_task->next_task : first_) = task.next_task;
    (task.next_task ? task.next_task->prev_task : last_) = task.prev_task;
    task.prev_task = task.next_task = nullptr;
    return !first_;
  }

  template <class F>
  void for_each(F f) {
    auto mine = guard();
    for (task_base* x = first_; x; x = x->next_task)
      f(*x);
  }

  // Null if it has ended.
  ref<future_core> find(std::uint64_t number) noexcept {
    auto mine = guard();
    task_base* found = first_;
    while (found && found->number() != number)
      found = found->next_task;
    return ref<future_core>{found};
  }

  // For the loop as it closes: nobody else comes to the list then.
  task_base* oldest() const noexcept {
    return first_;
  }

  task_base* youngest() const noexcept {
    return last_;
  }

private:
  std::unique_lock<spinlock> guard() noexcept {
    return shared_ ? std::unique_lock{lock_} : std::unique_lock<spinlock>{};
  }

  const bool shared_;
  spinlock lock_;
  task_base* first_ = nullptr;
  task_base* last_ = nullptr;
};

} // namespace troupe::detail
