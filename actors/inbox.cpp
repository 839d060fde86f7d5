#include "actors/inbox.hpp"

#include "actors/mailbox_room.hpp"
#include "actors/task_actor.hpp"

namespace troupe::detail {

// -- the alarm ----------------------------------------------------------------

void inbox_alarm::run() {
  if (!taken_.exchange(true, std::memory_order_relaxed))
    static_cast<task_base&>(*task_).deliver(*new ring(serial_));
  release();
}

void inbox_alarm::discard() noexcept {
  release();
}

job_label inbox_alarm::label() const noexcept {
  return {job_kind::timer, 0,
          task_ ? static_cast<const task_base&>(*task_).label().place : site{}};
}

void inbox_alarm::disarm() noexcept {
  if (!taken_.exchange(true, std::memory_order_relaxed))
    std::exchange(task_, nullptr)->home().cancel_timer(*this);
  release();
}

// -- messages -----------------------------------------------------------------

inbox::inbox(task_cell& owner) noexcept : owner_(owner) {}

inbox::~inbox() {
  drop();
  if (mailbox_room* mine = room_.load(std::memory_order_relaxed))
    mine->release();
}

bool inbox::accept(message& what) {
  switch (what.what) {
    case message_kind::answer:
      return take_answer(static_cast<local_request&>(what));
    case message_kind::signal:
      return take_signal(static_cast<signal&>(what));
    case message_kind::ring: {
      std::uint64_t serial = static_cast<ring&>(what).serial;
      delete &what;
      inbox_op* op = receiver_ ? static_cast<inbox_op*>(receiver_) : asker_;
      if (!op || op->serial_ != serial)
        return false;
      op->over_ = true;
      return end_wait(*op);
    }
    default:
      return add(what);
  }
}

bool inbox::add(message& what) {
  last_sender_ = what.sender;
  if (receiver_ && receiver_->fits(what)) {
    receiver_->got_ = &what;
    taken(what);
    return end_wait(*receiver_);
  }
  mailbox_room* limit = what.bounded ? nullptr : room();
  if (limit && limit->when_full != full_policy::wait && size_ >= how_.bound
      && what.what == message_kind::foreign) {
    limit->dropped.fetch_add(1, std::memory_order_relaxed);
    what.discard();
    return false;
  }
  (what.urgent ? urgent_ : normal_).add(what);
  most_ = std::max(most_, ++size_);
  if (size_ == how_.high_water && !reported_) [[unlikely]]
    report_many(what);
  return false;
}

bool inbox::find(receive_op_base& op) {
  if (size_ == 0)
    return false;
  auto fits = [&](const message& x) {
    return op.fits(x);
  };
  message* found = urgent_.take_first(fits);
  if (!found)
    found = normal_.take_first(fits);
  if (!found)
    return false;
  --size_;
  taken(*found);
  op.got_ = found;
  return true;
}

// It has left the mailbox.
void inbox::taken(message& what) noexcept {
  if (what.bounded) [[unlikely]] {
    what.bounded = false;
    if (mailbox_room* mine = room())
      mine->give_back();
  }
}

bool inbox::end_wait(inbox_op& op) noexcept {
  op.sent = true;
  stop_waiting();
  return true;
}

void inbox::wait(receive_op_base& op) noexcept {
  receiver_ = &op;
}

void inbox::wait(ask_op_base& op) noexcept {
  asker_ = &op;
}

void inbox::stop_waiting() noexcept {
  receiver_ = nullptr;
  asker_ = nullptr;
  foreign_request = 0;
}

bool inbox::take_answer(local_request& what) noexcept {
  if (!asker_ || asker_->serial_ != what.serial) {
    delete &what; // too late
    return false;
  }
  asker_->got_ = &what;
  return end_wait(*asker_);
}

bool inbox::foreign_answer(std::uint64_t id, const message& content,
                           std::exception_ptr problem) {
  if (!asker_ || foreign_request != id)
    return false;
  local_request& mine = *asker_->request_;
  const value_type* wanted = mine.result_type();
  if (problem) {
    mine.problem = std::move(problem);
  } else if (!wanted) {
    mine.copy(nullptr);
  } else {
    const message_type shape{&wanted, 1};
    if (content.is(shape))
      mine.copy(content.value(0));
    else
      mine.problem = std::make_exception_ptr(no_answer_error(
        "ask of " + describe(asker_->to_) + ": the answer is " + content.text()
        + ", but " + text_of(shape) + " was asked for"));
  }
  asker_->got_ = std::exchange(asker_->request_, nullptr);
  return end_wait(*asker_);
}

// -- limits -------------------------------------------------------------------

void inbox::report_many(const message& last) {
  reported_ = true;
  loop_core& home = owner_.home();
  home.report({.message = "the mailbox of " + owner_.name() + " holds "
                        + std::to_string(size_)
                        + " messages that it has not received; the last, "
                        + last.text() + ", is from " + sender_name(home, last),
               .future = owner_.describe()});
}

void inbox::limit(const mailbox_options& how) {
  how_ = how;
  mailbox_room* made = nullptr;
  if (how.bound > 0) {
    made = new mailbox_room(how.bound - std::min(how.bound, size_),
                            how.when_full, owner_.name());
    made->owner = owner_.number();
  }
  if (mailbox_room* old = room_.exchange(made, std::memory_order_acq_rel)) {
    old->close();
    old_rooms_.emplace_back(old, true); // a sender may look at it
  }
}

mailbox_statistics inbox::statistics() const noexcept {
  mailbox_room* mine = room();
  return {.size = size_,
          .most = most_,
          .dropped = mine ? mine->dropped.load(std::memory_order_relaxed) : 0};
}

// -- the end ------------------------------------------------------------------

void inbox::end(const exit_reason& why) noexcept {
  if (mailbox_room* mine = room())
    mine->close();
  if (!watchers_.empty() || !links_.empty())
    owner_.mark_retrieved();
  for (watcher& each : std::exchange(watchers_, {})) {
    auto* note = new signal(signal::sort::down, own_address());
    note->id = each.id;
    note->reason = why;
    post(each.who, *note);
  }
  for (address& each : std::exchange(links_, {})) {
    auto* note = new signal(signal::sort::exit, own_address());
    note->reason = why;
    post(each, *note);
  }
  for (watched& each : std::exchange(watched_, {})) {
    if (each.who.is_caf()) {
      each.who.other->demonitor(owner_);
    } else if (each.who.other) {
      auto* note = new signal(signal::sort::demonitor, own_address());
      note->id = each.id;
      post(each.who, *note);
    }
  }
  auto any = [](const message&) {
    return true;
  };
  for (message_list* list : {&urgent_, &normal_})
    while (message* left = list->take_first(any)) {
      --size_;
      if (request* asked = left->asked())
        asked->fail(std::make_exception_ptr(actor_ended_error(
          owner_.name() + " ended before it received the request "
          + left->text())));
      else
        delete left;
    }
}

void inbox::drop() noexcept {
  auto any = [](const message&) {
    return true;
  };
  for (message_list* list : {&urgent_, &normal_})
    while (message* left = list->take_first(any))
      left->discard();
  watchers_.clear();
  links_.clear();
  watched_.clear();
}

} // namespace troupe::detail
