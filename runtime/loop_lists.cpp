// What a loop keeps in lists: its tasks, what closes with it, its generators.

#include <troupe/async_generator.hpp>

#include "runtime/actor_home.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/simulated_network.hpp"
#include "runtime/simulator.hpp"

#include <future>

namespace troupe::detail {

void loop_core::begin_tasks() noexcept {
  actors_->begin_tasks();
}

void loop_core::end_tasks() noexcept {
  actors_->end_tasks();
}

std::vector<ref<future_core>> loop_core::tasks() {
  std::vector<ref<future_core>> all;
  auto list = [&] {
    tasks_.for_each([&](task_base& task) { all.emplace_back(&task); });
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
  return tasks_.find(number);
}

std::vector<ref<future_core>> loop_core::drop_pending_tasks() noexcept {
  std::vector<ref<future_core>> dropped;
  dropping_ = true;
  while (tasks_.oldest()) {
    // Where a program has failed, children may refer to their parents' frames.
    auto* task = simulation_ ? tasks_.youngest() : tasks_.oldest();
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
