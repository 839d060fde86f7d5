#include "runtime/wait_graph.hpp"

#include <troupe/detail/task_base.hpp>

#include "runtime/loop_core.hpp"
#include "runtime/trace.hpp"

#include <algorithm>

namespace troupe::detail {

namespace {

constexpr std::size_t most_lines = 20;

using step = const task_base* (op::*) () const noexcept;

const task_base* next_of(const task_base& task, step how) noexcept {
  const op* pending = task.asleep() ? task.waits_for() : nullptr;
  const task_base* next = pending ? (pending->*how)() : nullptr;
  return next && !next->done() ? next : nullptr;
}

std::string line_of(const task_base& task) {
  std::string text = "  " + task.name();
  auto places = task.stack();
  if (!places.empty())
    text += " at " + text_of(places);
  if (const op* pending = task.waits_for()) {
    if (const task_base* next = pending->waits_behind())
      text += "\n    waits for " + next->name() + ", by " + pending->describe();
    else
      text += "\n    waits for " + pending->describe();
  }
  return text + '\n';
}

} // namespace

std::string wait_graph(loop_core& loop) {
  std::string text;
  std::size_t lines = 0;
  for (const auto& each : loop.tasks()) {
    auto& task = static_cast<const task_base&>(*each);
    if (!task.waits_for())
      continue;
    if (++lines > most_lines) {
      text += "  and more\n";
      break;
    }
    text += line_of(task);
  }
  return text.empty() ? text : "who waits for whom:\n" + text;
}

std::string wait_places(loop_core& loop) {
  std::vector<std::string> places;
  for (const auto& each : loop.tasks()) {
    auto stack = static_cast<const task_base&>(*each).stack();
    if (!stack.empty())
      places.push_back(text_of(stack.front()));
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  std::string text;
  for (const std::string& place : places)
    text += place + ';';
  return text;
}

namespace {

std::string circle_of(const task_base& task, step how) {
  // Two walkers: the second goes twice as fast and meets the first in a circle.
  const task_base* slow = next_of(task, how);
  const task_base* fast = slow ? next_of(*slow, how) : nullptr;
  while (slow && slow != &task) {
    if (slow == fast)
      return {}; // a circle, but without `task`
    slow = next_of(*slow, how);
    fast = fast ? next_of(*fast, how) : nullptr;
    fast = fast ? next_of(*fast, how) : nullptr;
  }
  if (!slow)
    return {};
  std::string text;
  const task_base* x = &task;
  do {
    text += line_of(*x);
    x = next_of(*x, how);
  } while (x != &task);
  return text;
}

} // namespace

std::string wait_circle(const task_base& task) {
  return circle_of(task, &op::blocked_by);
}

std::string likely_circle(loop_core& loop) {
  for (const auto& each : loop.tasks()) {
    auto& task = static_cast<const task_base&>(*each);
    if (std::string text = circle_of(task, &op::waits_behind); !text.empty())
      return text;
  }
  return {};
}

} // namespace troupe::detail
