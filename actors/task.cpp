#include <troupe/caf.hpp>
#include <troupe/task.hpp>

#include "actors/task_actor.hpp"
#include "runtime/trace.hpp"

#include <cstdio>

namespace troupe {

namespace {

detail::task_base& base_of(const any_task& x) {
  return static_cast<detail::task_base&>(*x.core());
}

} // namespace

// -- any_task -----------------------------------------------------------------

std::string any_task::get_name() const {
  return base_of(*this).name();
}

void any_task::set_name(std::string name) const {
  base_of(*this).rename(std::move(name));
}

int any_task::cancelling() const noexcept {
  return base_of(*this).cancelling();
}

int any_task::uncancel() const noexcept {
  return base_of(*this).uncancel();
}

std::vector<std::string> any_task::get_stack() const {
  std::vector<std::string> lines;
  if (!done())
    for (const auto& place : base_of(*this).stack())
      lines.push_back(detail::text_of(place));
  return lines;
}

void any_task::print_stack() const {
  std::fprintf(stderr, "Stack for %s:\n", to_string(*this).c_str());
  for (const auto& line : get_stack())
    std::fprintf(stderr, "  %s\n", line.c_str());
}

caf::actor any_task::actor() const {
  auto& task = static_cast<detail::task_cell&>(base_of(*this));
  return caf::actor_cast<caf::actor>(
    static_cast<caf::abstract_actor*>(&task.actor()));
}

caf::actor_system& system_of(const event_loop& loop) {
  loop.core()->check_open("system_of()");
  return loop.core()->system();
}

// -- the tasks of a loop ------------------------------------------------------

any_task current_task() {
  detail::need_running_loop("current_task()");
  return any_task{detail::ref<detail::future_core>{detail::this_task}};
}

std::vector<any_task> all_tasks(const event_loop& loop) {
  std::vector<any_task> all;
  for (auto& task : loop.core()->tasks())
    all.emplace_back(std::move(task));
  return all;
}

std::vector<any_task> all_tasks() {
  return all_tasks(event_loop{detail::need_running_loop("all_tasks()")});
}

// -- serial_group -------------------------------------------------------------

serial_group::serial_group()
  : queue_(
      new detail::serial_queue(detail::need_running_loop("serial_group()"))) {}

serial_group::serial_group(const serial_group& other) noexcept
  : queue_(other.queue_) {
  queue_->retain();
}

serial_group& serial_group::operator=(serial_group other) noexcept {
  std::swap(queue_, other.queue_);
  return *this;
}

serial_group::~serial_group() {
  queue_->release();
}

} // namespace troupe
