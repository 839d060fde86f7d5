#include <troupe/event.hpp>

#include "actors/coordinator.hpp"

namespace troupe {

namespace detail {

/// A flag, and who waits for it.
class event_core final : public coordinator {
public:
  using coordinator::coordinator;

  bool passes(loop_core& loop) const {
    turn mine{*this, enter(loop)};
    return set_;
  }

  bool request(event_op& waiter) {
    turn mine{*this, !exclusive(waiter)};
    if (set_)
      return false;
    join(line_, waiter);
    return true;
  }

  // The one rule of an event: setting it wakes all who wait at that moment.
  void set() {
    turn mine{*this, enter()};
    set_ = true;
    while (!line_.empty())
      mine.wake(line_.pop());
  }

  void clear() {
    turn mine{*this, enter()};
    set_ = false;
  }

  event_statistics statistics() const {
    turn mine{*this, enter()};
    return {.is_set = set_, .waiting = line_.size()};
  }

private:
  std::string text() const override {
    return text_of("event", (set_ ? "set" : "not set")
                              + count_of(line_.size(), "waiting"));
  }

  wait_line& line_of(wait_op&) noexcept override {
    return line_;
  }

  wait_line line_;
  bool set_ = false;
};

namespace {

event_core& core_of(const event& x) noexcept {
  return static_cast<event_core&>(x.core());
}

} // namespace

bool event_op::ready(frame_base& frame) {
  task_ = frame.task_;
  return static_cast<event_core&>(*owner_).passes(task_->home());
}

bool event_op::start() {
  return static_cast<event_core&>(*owner_).request(*this);
}

} // namespace detail

event::event(std::string_view name)
  : coordinator_handle(new detail::event_core(name)) {}

void event::set() {
  detail::core_of(*this).set();
}

void event::clear() {
  detail::core_of(*this).clear();
}

bool event::is_set() const {
  return statistics().is_set;
}

event_statistics event::statistics() const {
  return detail::core_of(*this).statistics();
}

} // namespace troupe
