#include <troupe/actor.hpp>

#include "actors/inbox.hpp"
#include "actors/mailbox_room.hpp"
#include "actors/task_actor.hpp"

namespace troupe {

namespace detail {

task_cell& running_cell(const char* what) {
  if (!this_task)
    throw error(errc::no_running_task,
                std::string{what}
                  + ": no running task; call it in a coroutine "
                    "that a task runs");
  return static_cast<task_cell&>(*this_task);
}

void check_target(const address& target, const char* what) {
  if (!target)
    throw error(errc::actor_ended,
                std::string{what} + " of an empty actor_ref; name an actor");
}

// -- sending ------------------------------------------------------------------

void send(const address& to, message& what) {
  if (!to.task) {
    message_holder held{&what};
    check_target(to, "tell");
    held.detach();
    to.other->tell(what);
    return;
  }
  auto& target = static_cast<task_cell&>(*to.task);
  if (this_task && &this_task->home() == &target.home())
    what.sender = this_task->number();
  if (inbox* box = target.known_box())
    if (mailbox_room* room = box->room()) [[unlikely]] {
      if (!room->try_take()) {
        message_holder held{&what};
        room->dropped.fetch_add(1, std::memory_order_relaxed);
        if (room->when_full == full_policy::drop)
          return;
        throw mailbox_full_error("tell: the mailbox of " + target.name()
                                 + " is full"
                                 + (room->when_full == full_policy::wait
                                      ? "; `co_await send(...)` waits for room"
                                      : ""));
      }
      what.bounded = true;
    }
  target.deliver(what);
}

coro<void> send_waiting(address to, message_holder what) {
  if (to.task) {
    auto& target = static_cast<task_cell&>(*to.task);
    inbox* box = target.known_box();
    mailbox_room* room = box ? box->room() : nullptr;
    if (room && room->when_full == full_policy::wait) {
      room_op wait{*room};
      co_await std::move(wait);
      message& ready = *what.detach();
      ready.bounded = true;
      if (this_task && &this_task->home() == &target.home())
        ready.sender = this_task->number();
      target.deliver(ready);
      co_return;
    }
  }
  send(to, *what.detach());
}

const task_base* mailbox_room::blocker(const wait_op&, bool) const noexcept {
  auto task = home()->find_task(owner); // it is in the list of its loop
  return static_cast<const task_base*>(task.get());
}

} // namespace detail

// -- public -------------------------------------------------------------------

actor_ref self() {
  auto& mine = detail::running_cell("self()");
  return actor_ref{
    detail::address{detail::ref<detail::future_core>{&mine}, nullptr}};
}

void set_mailbox(const mailbox_options& how) {
  detail::running_cell("set_mailbox()").box().limit(how);
}

mailbox_statistics get_mailbox() {
  auto& mine = detail::running_cell("get_mailbox()");
  mine.look_at_letters();
  return mine.box().statistics();
}

std::uint64_t dead_letters() {
  return detail::need_running_loop("dead_letters()")
    .dead_letters.all.load(std::memory_order_relaxed);
}

} // namespace troupe
