#pragma once

#include <troupe/error.hpp>
#include <troupe/queue.hpp>

#include "actors/coordinator.hpp"
#include "actors/item_store.hpp"

#include <algorithm>

namespace troupe::detail {

/// Items, who waits for one, and who waits for room.
///
/// A task that waits is not handed an item but the right to one: it takes it
/// when it goes on (`promised_items_`). Until then the item stays in its place,
/// where it is also if the task is cancelled. In the same way a task that waits
/// for room puts its item when it goes on (`promised_places_`). Nobody else is
/// given what is promised.
class queue_core final : public coordinator {
public:
  queue_core(const item_type& type, item_order order, std::size_t limit,
             std::string_view name)
    : coordinator(name), items_(type, order), type_(type), order_(order),
      limit_(limit) {}

  std::size_t limit() const noexcept {
    return limit_;
  }

  // -- putting ----------------------------------------------------------------

  bool put_now(loop_core& loop, void* item) {
    turn mine{*this, enter(loop)};
    check_open("put to");
    if (!has_room())
      return false;
    insert(item, mine);
    return true;
  }

  bool put_nowait(void* item, bool throws) {
    turn mine{*this, enter()};
    check_open("put to");
    if (!has_room()) {
      if (throws)
        throw queue_full("put_nowait to " + text()
                         + ", which has no room; use co_await put()");
      return false;
    }
    insert(item, mine);
    return true;
  }

  void wait_for_room(wait_op& waiter) {
    turn mine{*this, !exclusive(waiter)};
    check_open("put to");
    join(putters_, waiter);
    admit(mine); // another worker may have made room since it was asked for
  }

  // A task whose turn it is to put goes on.
  void put_waited(wait_op& waiter, void* item) {
    turn mine{*this, !exclusive(waiter)};
    if (mark_of(waiter) == putting)
      --promised_places_;
    check_open("put to");
    insert(item, mine);
  }

  // -- getting ----------------------------------------------------------------

  bool get_now(loop_core& loop, void* item) {
    turn mine{*this, enter(loop)};
    if (!has_item()) {
      if (items_.size() == 0)
        check_open("get from");
      return false;
    }
    remove(item, mine);
    return true;
  }

  bool get_nowait(void* item, bool throws) {
    turn mine{*this, enter()};
    if (!has_item()) {
      if (items_.size() == 0)
        check_open("get from");
      if (throws)
        throw queue_empty("get_nowait from " + text()
                          + ", which has no item; use co_await get()");
      return false;
    }
    remove(item, mine);
    return true;
  }

  void wait_for_item(wait_op& waiter) {
    turn mine{*this, !exclusive(waiter)};
    if (items_.size() == 0)
      check_open("get from");
    join(getters_, waiter);
    admit(mine);
  }

  // A task whose turn it is to get goes on.
  void get_waited(wait_op& waiter, void* item) {
    turn mine{*this, !exclusive(waiter)};
    if (mark_of(waiter) == getting)
      --promised_items_;
    if (mark_of(waiter) != getting || items_.size() == 0)
      throw_shut_down("get from");
    remove(item, mine);
  }

  // An item that was got comes back: it goes before all others, and there is
  // room for it in any case.
  void put_back(void* item) {
    turn mine{*this, enter()};
    admission after{*this, mine};
    items_.push_front(item);
  }

  // -- the end ----------------------------------------------------------------

  void task_done() {
    turn mine{*this, enter()};
    if (unfinished_ == 0)
      throw error(errc::too_often,
                  "task_done of " + text()
                    + ", which has no unfinished item; call it once for each "
                      "item that was got");
    --unfinished_;
    finish(mine);
  }

  bool finished(loop_core& loop) const {
    turn mine{*this, enter(loop)};
    return unfinished_ == 0;
  }

  bool wait_for_end(wait_op& waiter) {
    turn mine{*this, !exclusive(waiter)};
    if (unfinished_ == 0)
      return false;
    join(joiners_, waiter);
    return true;
  }

  void shut_down(bool immediate) {
    item_store dropped{type_, order_}; // destroyed after the turn
    turn mine{*this, enter()};
    shut_down_ = true;
    if (immediate) {
      std::size_t gone = std::min(items_.size(), unfinished_);
      dropped.swap(items_);
      unfinished_ -= gone;
      finish(mine);
    }
    turn_away(putters_, mine);
    admit(mine);
  }

  queue_statistics statistics() const {
    turn mine{*this, enter()};
    return {.size = items_.size(),
            .maxsize = limit_,
            .unfinished = unfinished_,
            .getting = getters_.size(),
            .putting = putters_.size(),
            .joining = joiners_.size(),
            .is_shut_down = shut_down_};
  }

  bool empty() const {
    turn mine{*this, enter()};
    return !has_item();
  }

  bool full() const {
    turn mine{*this, enter()};
    return !has_room();
  }

private:
  bool has_item() const noexcept {
    return items_.size() > promised_items_;
  }

  bool has_room() const noexcept {
    return limit_ == 0 || items_.size() + promised_places_ < limit_;
  }

  // Also if the items cannot be compared others may go on.
  struct admission {
    queue_core& core;
    turn& mine;

    ~admission() {
      core.admit(mine);
    }
  };

  void insert(void* item, turn& mine) {
    admission after{*this, mine};
    items_.push(item);
    ++unfinished_;
  }

  void remove(void* item, turn& mine) {
    admission after{*this, mine};
    items_.pop(item);
  }

  // The one rule of a queue: what is there is promised to the first in line.
  void admit(turn& mine) noexcept {
    while (!getters_.empty() && has_item()) {
      ++promised_items_;
      mine.wake(getters_.pop());
    }
    while (!putters_.empty() && has_room()) {
      ++promised_places_;
      mine.wake(putters_.pop());
    }
    // Until then what is promised to others may come back.
    if (shut_down_ && items_.size() == 0)
      turn_away(getters_, mine);
  }

  void finish(turn& mine) noexcept {
    if (unfinished_ == 0)
      while (!joiners_.empty())
        mine.wake(joiners_.pop());
  }

  static void turn_away(wait_line& line, turn& mine) noexcept {
    while (!line.empty()) {
      wait_op& next = line.pop();
      mark_of(next) |= turned_away;
      mine.wake(next);
    }
  }

  void check_open(const char* what) const {
    if (shut_down_)
      throw_shut_down(what);
  }

  [[noreturn]] void throw_shut_down(const char* what) const {
    throw queue_shut_down(std::string{what} + ' ' + text()
                          + "; stop when it is shut down");
  }

  std::string text() const override {
    std::string state = std::to_string(items_.size());
    if (limit_ != 0)
      state += " of " + std::to_string(limit_);
    state += items_.size() == 1 && limit_ == 0 ? " item" : " items";
    state += count_of(getters_.size(), "getting")
           + count_of(putters_.size(), "putting")
           + count_of(unfinished_, "unfinished");
    if (shut_down_)
      state += ", shut down";
    const char* kind = order_ == item_order::fifo ? "queue"
                     : order_ == item_order::lifo ? "lifo_queue"
                                                  : "priority_queue";
    return text_of(kind, state);
  }

  wait_line& line_of(wait_op& waiter) noexcept override {
    switch (mark_of(waiter)) {
      case putting:
        return putters_;
      case getting:
        return getters_;
      default:
        return joiners_;
    }
  }

  void on_return(wait_op& waiter, turn& mine) noexcept override {
    if (mark_of(waiter) == putting)
      --promised_places_;
    else if (mark_of(waiter) == getting)
      --promised_items_;
    admit(mine);
  }

  item_store items_;
  wait_line getters_;
  wait_line putters_;
  wait_line joiners_;
  std::size_t promised_items_ = 0;
  std::size_t promised_places_ = 0;
  std::size_t unfinished_ = 0;
  const item_type& type_;
  const item_order order_;
  const std::size_t limit_;
  bool shut_down_ = false;
};

} // namespace troupe::detail
