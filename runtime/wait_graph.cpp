#include "runtime/wait_graph.hpp"

#include <troupe/detail/task_base.hpp>

#include "runtime/loop_core.hpp"
#include "runtime/trace.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace troupe::detail {

namespace {

constexpr std::size_t most_lines = 20;

using step = const task_base* (op::*)() const noexcept;

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

// -- waits for several --------------------------------------------------------

const op* wait_of(const task_base& task) noexcept {
  return task.asleep() && !task.done() ? task.waits_for() : nullptr;
}

class curious final : public wait_search {
public:
  bool may_go_on(const task_base&) override {
    return asked = true;
  }

  bool asked = false;
};

// True if a chain of single waits leads from `task` to a wait for several.
bool leads_to_several(const task_base& task) {
  const task_base* last = &task;
  const task_base* slow = &task; // half as fast: they meet in a circle
  for (bool even = false;; even = !even) {
    const task_base* next = next_of(*last, &op::blocked_by);
    if (!next)
      break;
    last = next;
    if (even)
      slow = next_of(*slow, &op::blocked_by);
    if (last == slow)
      break;
  }
  curious probe;
  if (const op* pending = wait_of(*last))
    pending->may_end(probe);
  return probe.asked;
}

// All that `task` waits for, directly or not. Those are stuck that remain when
// everybody who may go on has been struck out, again and again.
class knot final : public wait_search {
public:
  explicit knot(const task_base& task) {
    may_go_on(task);
    for (std::size_t i = 0; i < all_.size(); ++i) // it grows
      ask(i);
    for (bool changed = true; std::exchange(changed, false);)
      for (std::size_t i = all_.size(); i-- > 0;)
        if (!all_[i].free && ask(i))
          all_[i].free = changed = true;
  }

  bool may_go_on(const task_base& task) override {
    auto [place, is_new] = places_.try_emplace(&task, all_.size());
    if (is_new)
      all_.push_back({&task, !wait_of(task)});
    return all_[place->second].free;
  }

  // A line for each that is stuck; empty if the first one may go on.
  std::string text() {
    std::string lines;
    for (const member& each : all_)
      if (!all_.front().free && !each.free)
        lines += line_of(*each.task);
    return lines;
  }

private:
  struct member {
    const task_base* task;
    bool free;
  };

  bool ask(std::size_t i) {
    const op* pending = wait_of(*all_[i].task);
    return !pending || pending->may_end(*this);
  }

  std::vector<member> all_;
  std::unordered_map<const task_base*, std::size_t> places_;
};

} // namespace

std::string wait_circle(const task_base& task) {
  std::string text = circle_of(task, &op::blocked_by);
  if (text.empty() && leads_to_several(task))
    text = knot{task}.text();
  return text;
}

bool op::may_end(wait_search& search) const {
  const task_base* needed = blocked_by();
  return !needed || search.may_go_on(*needed);
}

bool future_core::may_be_done(wait_search& search) const {
  return done() || !is_task()
      || search.may_go_on(static_cast<const task_base&>(*this));
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
