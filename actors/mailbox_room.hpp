#pragma once

#include <troupe/actor.hpp>

#include "actors/coordinator.hpp"

namespace troupe::detail {

class mailbox_room;

// Waits for room in a bounded mailbox.
class room_op final : public wait_op {
public:
  explicit room_op(mailbox_room& owner) noexcept;
  room_op(room_op&&) noexcept = default;

  bool ready(frame_base& frame);
  bool start() override;

  void resume() {
    if (waited())
      state_ = wait_state::over;
  }
};

// How much room a bounded mailbox has left, and who waits for some. Room that
// is given goes to the first in line at once.
class mailbox_room final : public coordinator {
public:
  mailbox_room(std::size_t bound, full_policy when_full, std::string_view name)
    : coordinator(name), when_full(when_full), free_(bound) {}

  // True also when the mailbox is closed: the message then goes to the dead.
  bool try_take() {
    turn mine{*this, enter()};
    return take();
  }

  bool request(room_op& waiter) {
    turn mine{*this, !exclusive(waiter)};
    if (take())
      return false;
    join(line_, waiter);
    return true;
  }

  void give_back() noexcept {
    turn mine{*this, enter()};
    pass_on(mine);
  }

  // The mailbox is closed: nobody waits any more.
  void close() noexcept {
    turn mine{*this, enter()};
    closed_ = true;
    while (!line_.empty())
      mine.wake(line_.pop());
  }

  // The task of the mailbox, for the wait-for graph. Its owner sets it.
  std::uint64_t owner = 0;

  const full_policy when_full;
  std::atomic<std::uint64_t> dropped{0};

  const task_base* blocker(const wait_op&, bool likely) const noexcept override;

private:
  bool take() noexcept {
    if (closed_)
      return true;
    if (free_ == 0 || !line_.empty())
      return false;
    --free_;
    return true;
  }

  void pass_on(turn& mine) noexcept {
    if (line_.empty())
      ++free_;
    else
      mine.wake(line_.pop());
  }

  std::string text() const override {
    return text_of("mailbox of", free_ == 0 ? "full" : "with room");
  }

  wait_line& line_of(wait_op&) noexcept override {
    return line_;
  }

  void on_return(wait_op&, turn& mine) noexcept override {
    pass_on(mine);
  }

  std::size_t free_;
  bool closed_ = false;
  wait_line line_;
};

inline room_op::room_op(mailbox_room& owner) noexcept : wait_op(owner) {}

inline bool room_op::ready(frame_base& frame) {
  task_ = frame.task_;
  return static_cast<mailbox_room&>(*owner_).try_take();
}

inline bool room_op::start() {
  return static_cast<mailbox_room&>(*owner_).request(*this);
}

} // namespace troupe::detail
