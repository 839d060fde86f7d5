// What a loop keeps in lists: its tasks, what closes with it, its generators.

#include <troupe/async_generator.hpp>

#include "runtime/actor_home.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/simulated_network.hpp"
#include "runtime/simulator.hpp"

#include <future>

namespace troupe::detail {

// While a loop has tasks, it counts as one running actor of its system: so
// `await_all_actors_done` waits for tasks, and a task costs no atomic there.
void loop_core::enter(task_base& task) noexcept {
  bool shared = !exclusive_;
  if (shared)
    task_lock_.lock();
  bool first = !first_task_;
  task.prev_task = last_task_;
  (last_task_ ? last_task_->next_task : first_task_) = &task;
  last_task_ = &task;
  if (shared)
    task_lock_.unlock();
  if (first)
    actors_->begin_tasks();
}

void loop_core::leave(task_base& task) noexcept {
  bool shared = !exclusive_;
  if (shared)
    task_lock_.lock();
  (task.prev_task ? task.prev_task->next_task : first_task_) = task.next_task;
  (task.next_task ? task.next_task->prev_task : last_task_) = task.prev_task;
  task.prev_task = task.next_task = nullptr;
  bool last = !first_task_;
  if (shared)
    task_lock_.unlock();
  if (last)
    actors_->end_tasks();
}

std::vector<ref<future_core>> loop_core::tasks() {
  std::vector<ref<future_core>> all;
  auto list = [&] {
    if (!exclusive_)
      task_lock_.lock();
    for (task_base* x = first_task_; x; x = x->next_task)
      all.emplace_back(x);
    if (!exclusive_)
      task_lock_.unlock();
  };
  if (!exclusive_ || here()) {
    list();
  } else {
    // The list belongs to the loop's thread: it writes it down for us.
    std::promise<void> done;
    class listing final : public job {
    public:
      listing(decltype(list)& x, std::promise<void>& told)
        : list_(x), told_(told) {}

      void run() override {
        list_();
        told_.set_value();
        delete this;
      }

    private:
      decltype(list)& list_;
      std::promise<void>& told_;
    };
    auto* request = new listing(list, done);
    if (!try_inject(*request)) {
      delete request;
      return all;
    }
    done.get_future().wait();
  }
  std::erase_if(all, [](const ref<future_core>& x) { return x->done(); });
  return all;
}

ref<future_core> loop_core::find_task(std::uint64_t number) noexcept {
  bool shared = !exclusive_;
  if (shared)
    task_lock_.lock();
  task_base* found = first_task_;
  while (found && found->number() != number)
    found = found->next_task;
  ref<future_core> task{found};
  if (shared)
    task_lock_.unlock();
  return task;
}

std::vector<ref<future_core>> loop_core::drop_pending_tasks() noexcept {
  std::vector<ref<future_core>> dropped;
  dropping_ = true;
  while (first_task_) {
    // Where a program has failed, children may refer to their parents' frames.
    auto* task = simulation_ ? last_task_ : first_task_;
    dropped.emplace_back(task);
    report({.message = "Task was destroyed but it is pending!",
            .future = task->describe()});
    task->abandon();
  }
  dropping_ = false;
  return dropped;
}

void loop_core::add_resource(loop_resource& item) noexcept {
  if (simulation_) [[unlikely]]
    item.host = simulation_->network(*this)->here();
  resource_lock_.lock();
  item.prev_resource = nullptr;
  item.next_resource = first_resource_;
  if (first_resource_)
    first_resource_->prev_resource = &item;
  first_resource_ = &item;
  item.linked = true;
  resource_lock_.unlock();
}

void loop_core::remove_resource(loop_resource& item) noexcept {
  resource_lock_.lock();
  if (std::exchange(item.linked, false)) {
    (item.prev_resource ? item.prev_resource->next_resource : first_resource_)
      = item.next_resource;
    if (item.next_resource)
      item.next_resource->prev_resource = item.prev_resource;
  }
  resource_lock_.unlock();
}

void loop_core::close_resources_of(std::uint32_t host) noexcept {
  loop_resource* item = first_resource_;
  while (item) {
    if (item->host != host) {
      item = item->next_resource;
      continue;
    }
    remove_resource(*item);
    item->on_loop_close();
    item = first_resource_; // others may have left with it
  }
}

void loop_core::add_generator(generator_frame& frame) noexcept {
  resource_lock_.lock();
  frame.prev = nullptr;
  frame.next = generators_;
  if (generators_)
    generators_->prev = &frame;
  generators_ = &frame;
  resource_lock_.unlock();
}

void loop_core::remove_generator(generator_frame& frame) noexcept {
  resource_lock_.lock();
  (frame.prev ? frame.prev->next : generators_) = frame.next;
  if (frame.next)
    frame.next->prev = frame.prev;
  frame.prev = frame.next = nullptr;
  resource_lock_.unlock();
}

generator_frame* loop_core::take_generator() noexcept {
  resource_lock_.lock();
  generator_frame* first = generators_;
  resource_lock_.unlock();
  return first;
}

} // namespace troupe::detail
