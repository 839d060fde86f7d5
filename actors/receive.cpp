// The awaits of a mailbox: receive and ask.

#include "actors/inbox.hpp"
#include "actors/mailbox_room.hpp"
#include "actors/task_actor.hpp"
#include "runtime/trace.hpp"

namespace troupe::detail {

// -- any wait -----------------------------------------------------------------

inbox& inbox_op::box() const {
  return static_cast<task_cell*>(task_)->box();
}

void inbox_op::wait_at(inbox& box) {
  serial_ = box.next_serial();
  if (!limit_)
    return;
  loop_core& home = task_->home();
  alarm_ = new inbox_alarm(*task_, serial_);
  alarm_->deadline = deadline_after(home.now(), limit_.count());
  home.add_timer(*alarm_);
}

void inbox_op::drop_alarm() noexcept {
  std::exchange(alarm_, nullptr)->disarm();
}

bool inbox_op::request_cancel(const std::string&) {
  if (sent)
    return false;
  box().stop_waiting();
  answer_cancelled();
  return true;
}

void inbox_op::withdraw() noexcept {
  box().stop_waiting();
}

std::string inbox_op::limit_text() const {
  if (!limit_)
    return {};
  std::string seconds
    = std::to_string(static_cast<double>(limit_.count()) / 1e9);
  seconds.resize(seconds.find('.') + 4);
  return " for " + seconds + " s";
}

// -- receive ------------------------------------------------------------------

bool receive_op_base::fits(const message& x) noexcept {
  for (std::size_t i = 0; i < count_; ++i)
    if (x.is(*wanted_[i])) {
      which_ = i;
      return true;
    }
  return false;
}

bool receive_op_base::ready(frame_base& frame) {
  task_ = frame.task_;
  task_->look_at_letters();
  return box().find(*this);
}

bool receive_op_base::start() {
  if (limit_ && limit_.count() <= 0) {
    over_ = true;
    return false;
  }
  inbox& mine = box();
  wait_at(mine);
  mine.wait(*this);
  return true;
}

message* receive_op_base::finish() {
  check_cancelled();
  return std::exchange(got_, nullptr);
}

// Cancelled just as the message came: it goes back to the front.
void receive_op_base::give_up() noexcept {
  if (task_->home().dropping())
    std::exchange(got_, nullptr)->discard();
  else
    box().put_back(*std::exchange(got_, nullptr));
}

std::string receive_op_base::describe() const {
  std::string text = "<receive of ";
  for (std::size_t i = 0; i < count_; ++i)
    text += (i > 0 ? " or " : "") + text_of(*wanted_[i]);
  text += limit_text();
  if (std::size_t others = box().size())
    text += ", " + std::to_string(others) + " other message"
          + (others > 1 ? "s" : "");
  return text + '>';
}

const task_base* receive_op_base::waits_behind() const noexcept {
  std::uint64_t last = box().last_sender();
  if (last == 0)
    return nullptr;
  auto found = task_->home().find_task(last); // it is in the list of its loop
  return static_cast<const task_base*>(found.get());
}

bool answer_with_exception(message_holder& held) noexcept {
  try {
    throw;
  } catch (const cancelled_error&) {
    return false;
  } catch (const keyboard_interrupt&) {
    return false;
  } catch (const system_exit&) {
    return false;
  } catch (...) {
    request* asked = held ? (*held).asked() : nullptr;
    if (!asked)
      return false;
    held.detach();
    asked->fail(std::current_exception());
    return true;
  }
}

// -- ask ----------------------------------------------------------------------

bool ask_op_base::ready(frame_base& frame) noexcept {
  task_ = frame.task_;
  return false;
}

bool ask_op_base::start() {
  auto failed = [this](std::exception_ptr problem) {
    request_->problem = std::move(problem);
    got_ = std::exchange(request_, nullptr);
    return false;
  };
  auto& cell = static_cast<task_cell&>(*task_);
  inbox& mine = cell.box();
  if (!to_)
    return failed(std::make_exception_ptr(actor_ended_error(
      "ask of an empty actor_ref; name the actor that is to answer")));
  if (to_.other) {
    wait_at(mine);
    mine.wait(*this);
    try {
      to_.other->ask(cell, *request_);
      // An actor of CAF may end without a word to those who asked.
      to_.other->monitor(cell);
      watches_ = true;
    } catch (...) {
      mine.stop_waiting();
      return failed(std::current_exception());
    }
    return true;
  }
  auto& target = static_cast<task_cell&>(*to_.task);
  if (&target == &cell)
    return failed(std::make_exception_ptr(error(
      errc::awaits_itself, "a task cannot ask itself: nobody would answer")));
  if (target.done()) {
    target.home().dead_letters.all.fetch_add(1, std::memory_order_relaxed);
    return failed(std::make_exception_ptr(target.ended_error()));
  }
  if (inbox* other = target.known_box())
    if (mailbox_room* room = other->room();
        room && room->when_full != full_policy::wait) {
      if (!room->try_take()) {
        room->dropped.fetch_add(1, std::memory_order_relaxed);
        return failed(std::make_exception_ptr(
          mailbox_full_error("the mailbox of " + target.name() + " is full")));
      }
      request_->bounded = true;
    }
  wait_at(mine);
  mine.wait(*this);
  local_request& what = *std::exchange(request_, nullptr);
  sent_ = &what;
  what.asker = ref<future_core>{task_};
  what.serial = serial_;
  if (&target.home() == &task_->home())
    what.sender = task_->number();
  target.deliver(what);
  return true;
}

void ask_op_base::stop_watching() noexcept {
  to_.other->demonitor(static_cast<task_cell&>(*task_));
}

local_request& ask_op_base::finish() {
  check_cancelled();
  if (over_)
    throw timeout_error("ask of " + troupe::detail::describe(to_)
                        + ": no answer" + limit_text());
  if (got_->problem)
    std::rethrow_exception(got_->problem);
  return *got_;
}

std::string ask_op_base::describe() const {
  return "<ask of " + troupe::detail::describe(to_) + limit_text() + '>';
}

// Only for simulations: elsewhere the request may be gone.
const task_base* ask_op_base::blocked_by() const noexcept {
  if (limit_ || !sent_ || sent_->deferred || !to_.task
      || !task_->home().simulation())
    return nullptr;
  return static_cast<const task_base*>(to_.task.get());
}

const task_base* ask_op_base::waits_behind() const noexcept {
  return static_cast<const task_base*>(to_.task.get());
}

} // namespace troupe::detail
