#include <troupe/error.hpp>
#include <troupe/loop.hpp>
#include <troupe/once.hpp>

#include "actors/coordinator.hpp"

namespace troupe {

namespace detail {

/// Whether it was done, who does it, and who waits for that.
class once_core final : public coordinator {
public:
  using coordinator::coordinator;

  // True if the op need not wait: it is done, or its task may do it.
  bool passes(wait_op& comer, task_base& task) {
    turn mine{*this, enter(task.home())};
    if (state_ == state::running && runner_ == task.number())
      throw error(errc::awaits_itself,
                  "call of " + text()
                    + " by the function that it runs; that would wait for its "
                      "own end, so do it there without the once");
    return arrive(comer, task.number());
  }

  bool request(wait_op& comer) {
    turn mine{*this, !exclusive(comer)};
    if (arrive(comer, number_of(comer)))
      return false;
    join(line_, comer);
    return true;
  }

  void end(bool done) noexcept {
    turn mine{*this, shared_end()};
    if (!done)
      return pass_on(mine);
    state_ = state::done;
    runner_ = 0;
    while (!line_.empty())
      mine.wake(line_.pop());
  }

  once_statistics statistics() const {
    turn mine{*this, enter()};
    return {.done = state_ == state::done,
            .runner = runner_name(),
            .waiting = line_.size()};
  }

  const task_base* blocker(const wait_op&, bool) const noexcept override {
    if (runner_ == 0)
      return nullptr;
    auto task = home()->find_task(runner_); // it is in the list of its loop
    return static_cast<const task_base*>(task.get());
  }

private:
  enum class state : std::uint8_t { idle, running, done };

  // A frame may be dropped when no loop runs.
  bool shared_end() const noexcept {
    return !home()->exclusive();
  }

  bool arrive(wait_op& comer, std::uint64_t task) noexcept {
    if (state_ == state::running)
      return false;
    if (state_ == state::idle)
      choose(comer, task);
    return true;
  }

  void choose(wait_op& comer, std::uint64_t task) noexcept {
    state_ = state::running;
    runner_ = task;
    mark_of(comer) = once_op::chosen;
  }

  // The one rule of a once: when it was not done, the first in line tries.
  void pass_on(turn& mine) noexcept {
    state_ = state::idle;
    runner_ = 0;
    if (line_.empty())
      return;
    wait_op& next = line_.pop();
    choose(next, number_of(next));
    mine.wake(next);
  }

  std::string runner_name() const {
    if (runner_ == 0)
      return {};
    auto task = home()->find_task(runner_);
    return task ? static_cast<task_base&>(*task).name()
                : "Task-" + std::to_string(runner_);
  }

  std::string text() const override {
    std::string what = state_ == state::idle ? "not done"
                     : state_ == state::done ? "done"
                                             : "run by " + runner_name();
    return text_of("once", what + count_of(line_.size(), "waiting"));
  }

  wait_line& line_of(wait_op&) noexcept override {
    return line_;
  }

  void on_return(wait_op& waiter, turn& mine) noexcept override {
    if (mark_of(waiter) == once_op::chosen)
      pass_on(mine);
  }

  wait_line line_;
  std::uint64_t runner_ = 0; // the number of a task
  state state_ = state::idle;
};

namespace {

once_core& core_of(const once& x) noexcept {
  return static_cast<once_core&>(x.core());
}

} // namespace

once_attempt::once_attempt(coordinator& core, bool exclusive) noexcept
  : core_(&core), exclusive_(exclusive) {
  core.hold(exclusive);
}

void once_attempt::end(bool done) noexcept {
  coordinator* core = std::exchange(core_, nullptr);
  static_cast<once_core*>(core)->end(done);
  core->drop(exclusive_);
}

bool once_op::ready(frame_base& frame) {
  task_ = frame.task_;
  return static_cast<once_core&>(*owner_).passes(*this, *task_);
}

bool once_op::start() {
  return static_cast<once_core&>(*owner_).request(*this);
}

} // namespace detail

once::once(std::string_view name)
  : coordinator_handle(new detail::once_core(name)) {}

bool once::done() const {
  return statistics().done;
}

once_statistics once::statistics() const {
  return detail::core_of(*this).statistics();
}

} // namespace troupe
