#include <troupe/detail/task_base.hpp>
#include <troupe/error.hpp>

#include "runtime/footprint.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/simulator.hpp"
#include "runtime/trace.hpp"

#include <cstring>

namespace troupe::detail {

// A request to cancel, on its way to a task of a loop with several workers.
struct task_base::cancel_letter final : letter {
  cancel_letter(const std::string& text, const void* who)
    : letter(letter_kind::cancel), message(text), scope(who) {}

  std::string message;
  const void* scope; // may take it back
};

namespace {

// What a foreign thread has for a task of a loop with one worker.
class foreign_delivery final : public job {
public:
  foreign_delivery(task_base& target, letter& item)
    : target_(&target), task_(target), item_(item) {}

  void run() override {
    task_.deliver(item_);
    delete this;
  }

private:
  ref<future_core> target_;
  task_base& task_;
  letter& item_;
};

class foreign_cancel final : public job {
public:
  foreign_cancel(task_base& target, const std::string& message)
    : target_(&target), message_(message) {}

  void run() override {
    // Counted already when it was asked for.
    static_cast<task_base&>(*target_).cancel_counted(message_);
    delete this;
  }

private:
  ref<future_core> target_;
  std::string message_;
};

// What runs on this thread, for the time of a step.
class running_task {
public:
  explicit running_task(task_base& task) noexcept
    : outer_(this_task), context_(task.context()) {
    this_task = &task;
  }

  ~running_task() {
    this_task = outer_;
  }

  running_task(const running_task&) = delete;
  running_task& operator=(const running_task&) = delete;

private:
  task_base* outer_;
  context_scope context_;
};

// The tasks that a request to cancel passes on its way: each asks the task that
// it waits for.
struct cancel_wave {
  const task_base* task;
  const cancel_wave* outer;
};

thread_local constinit const cancel_wave* this_wave = nullptr;

bool in_wave(const task_base* task) noexcept {
  for (const cancel_wave* x = this_wave; x; x = x->outer)
    if (x->task == task)
      return true;
  return false;
}

cancelled_error* as_cancelled(const std::exception_ptr& problem) noexcept {
  void* object;
  std::memcpy(&object, static_cast<const void*>(&problem), sizeof object);
  return static_cast<cancelled_error*>(object);
}

} // namespace

task_base::task_base(loop_core& home, result_base& result, frame_base& root,
                     site made, const task_plan& plan)
  : future_core(home, result, true), exclusive_(home.exclusive()),
    simulated_(home.simulation() != nullptr), must_cancel_(false),
    answered_(false), yields_(false), started_(false), depth_(0),
    number_(home.next_task_number()), made_line_(made.line), top_(&root),
    context_(plan.context), function_(root.place().function),
    made_file_(made.file) {
  if (simulated_) [[unlikely]]
    touch_in_step(footprint::numbers);
  root.task_ = this;
  root.result_ = &result;
  if (!context_)
    context_ = copy_current_context();
}

void task_base::note(task_plan&& plan) {
  if (!plan.name.empty())
    notes().name = std::move(plan.name);
  if (plan.group) {
    plan.group->retain();
    notes().group = plan.group;
  }
}

task_base::~task_base() {
  if (serial_queue* mine = group())
    mine->release();
}

void task_base::launch(bool eager) {
  retain_new();        // the runtime's own count, until the end
  home_->enter(*this); // from now on other workers may see it
  if (eager)
    run();
  else
    make_ready();
}

void task_base::make_ready() {
  serial_queue* mine = exclusive_ ? nullptr : group();
  if (mine)
    mine->push(*this);
  else
    home_->push(*this);
}

// -- messages -----------------------------------------------------------------

bool task_base::deliver(letter& item) {
  if (exclusive_ && !home_->here()) [[unlikely]]
    return deliver_from_afar(item);
  if (item.kind <= letter_kind::arm && std::exchange(item.sent, true))
    [[unlikely]] {
    answered_twice(item);
    return true;
  }
  if (simulated_) [[unlikely]]
    touch_in_step(footprint::task(number_));
  switch (box_.push(item, exclusive_)) {
    case pushed::activate:
      make_ready();
      return true;
    case pushed::queued:
      return true;
    case pushed::closed:
      if (item.kind == letter_kind::message)
        on_dead_letter(item, true);
      return false;
  }
  return false;
}

bool task_base::deliver_from_afar(letter& item) {
  auto* request = new foreign_delivery(*this, item);
  if (home_->try_inject(*request))
    return true;
  delete request;
  return false;
}

// An owner broke the rule of exactly one answer. The second one is dropped.
void task_base::answered_twice(const letter& item) noexcept {
  std::string text = static_cast<const op&>(item).describe()
                   + " was answered twice, for " + describe();
  if (simulated_)
    home_->simulation()->fail(*home_, failure_kind::rule, text);
  else
    home_->report({.message = text});
}

void task_base::handle_mailbox() {
  letter* item = box_.take(exclusive_);
  while (item) {
    letter* next = item->next;
    handle_letter(*item);
    item = next;
  }
}

void task_base::handle_letter(letter& item) {
  switch (item.kind) {
    case letter_kind::answer:
      answered_ = true;
      break;
    case letter_kind::arm:
      if (op_->arm_came(static_cast<op&>(item)))
        answered_ = true;
      break;
    case letter_kind::cancel: {
      auto& request = static_cast<cancel_letter&>(item);
      if (cancelling() > 0) // else it was taken back
        handle_cancel(request.message);
      delete &request;
      break;
    }
    case letter_kind::message:
      if (on_message(item))
        answered_ = true;
      break;
  }
}

bool task_base::cancel(const std::string& message) {
  if (done()) {
    mark_retrieved(); // whoever cancels does not care for the exception
    return false;
  }
  cancelling_.fetch_add(1, std::memory_order_relaxed);
  return cancel_counted(message);
}

bool task_base::cancel_counted(const std::string& message, const void* scope) {
  if (simulated_) [[unlikely]]
    touch_in_step(footprint::task(number_));
  if (done())
    return false;
  if (this_task == this || in_wave(this)) {
    handle_cancel(message); // we are the one who runs it, or asks its op
    return true;
  }
  if (exclusive_) {
    if (simulated_ && !home_->simulation()->take(short_cut::cancel_in_place))
      [[unlikely]] {
      send_cancel(message, scope);
    } else if (home_->here()) {
      handle_cancel(message);
    } else {
      auto* request = new foreign_cancel(*this, message);
      if (!home_->try_inject(*request))
        delete request;
    }
    return true;
  }
  return send_cancel(message, scope);
}

bool task_base::send_cancel(const std::string& message, const void* scope) {
  auto* request = new cancel_letter(message, scope);
  switch (box_.push(*request, exclusive_)) {
    case pushed::queued:
      return true;
    case pushed::activate:
      if (simulated_) {
        make_ready();
        return true;
      }
      settle(); // the task sleeps: ask its op here and now
      return true;
    case pushed::closed:
      delete request;
      return false;
  }
  return false;
}

// What a sleeping task was sent is handled by whoever sent it; the task itself
// runs only if its op was answered.
void task_base::settle() {
  for (;;) {
    handle_mailbox();
    if (answered_) {
      make_ready();
      return;
    }
    if (box_.try_block(false))
      return;
  }
}

// The owner of the present op is asked to cancel it; if there is none, or the
// answer is on its way, the next step begins with the cancellation.
void task_base::handle_cancel(const std::string& message) {
  if (in_wave(this)) {
    // It waits for a task that waits for it: the circle opens here.
    if (op_ && !answered_ && !op_->cancelled_) {
      op_->withdraw();
      op_->answer_cancelled();
    }
    return;
  }
  cancel_wave wave{this, this_wave};
  this_wave = &wave;
  bool sent = op_ && !answered_ && op_->request_cancel(message);
  this_wave = wave.outer;
  if (!sent)
    must_cancel_ = true;
  // An op that was cancelled before keeps the first message.
  bool kept = !sent && op_ && op_->cancelled_;
  if (!kept && (!message.empty() || known_notes()))
    notes().cancel_message = message;
}

int task_base::uncancel() noexcept {
  int count = cancelling_.load(std::memory_order_relaxed);
  while (count > 0
         && !cancelling_.compare_exchange_weak(count, count - 1,
                                               std::memory_order_relaxed)) {
  }
  if (count == 1 && this_task == this)
    must_cancel_ = false;
  return count > 0 ? count - 1 : 0;
}

int task_base::take_back(const void* scope) noexcept {
  letter* item = box_.take(exclusive_);
  while (item) {
    letter* next = item->next;
    if (item->kind == letter_kind::cancel
        && static_cast<cancel_letter*>(item)->scope == scope)
      delete static_cast<cancel_letter*>(item);
    else
      handle_letter(*item);
    item = next;
  }
  return uncancel();
}

void task_base::throw_cancelled() const {
  throw cancelled_error(cancel_message());
}

// -- running ------------------------------------------------------------------

void task_base::run() {
  for (;;) {
    if (box_.has_letters())
      handle_mailbox();
    if (op_ && !answered_) {
      bool watched = simulated_;
      if (box_.try_block(exclusive_)) {
        if (watched) [[unlikely]]
          home_->simulation()->blocked(*this);
        return;
      }
      continue;
    }
    if (frame_base* root = step()) {
      // A cancellation from another worker that came during the last step came
      // too late: the result is not thrown away.
      finish(*root);
      return;
    }
    if (yields_) {
      yields_ = false;
      make_ready();
      return;
    }
    if (must_cancel_ && op_->request_cancel(cancel_message()))
      must_cancel_ = false;
    bool watched = simulated_; // asleep it may be run, and ended, by another
    if (box_.try_block(exclusive_)) {
      if (watched) [[unlikely]]
        home_->simulation()->blocked(*this);
      return;
    }
    handle_mailbox();
    if (answered_) {
      make_ready(); // others that are ready go first, as in asyncio
      return;
    }
  }
}

// One step: resumes frames until the task waits. Returns the root frame when
// that has ended, which is then the one resumed last: nothing runs it on top of
// another.
frame_base* task_base::step() {
  if (must_cancel_) {
    if (!op_) // not begun: the body never runs
      return std::exchange(top_, nullptr);
    must_cancel_ = false;
    if (op_->is_final()) {
      must_cancel_ = true;
    } else if (!op_->cancelled_) {
      op_->give_back();
      op_->cancelled_ = true;
    }
  }
  op_ = nullptr;
  started_ = true;
  running_task scope{*this};
  for (;;) {
    frame_base* frame = top_;
    frame->resume();
    if (!top_)
      return frame;
    if (op_)
      return nullptr;
  }
}

void task_base::finish(frame_base& root) {
  bool kept = simulated_ && result().failed != failure::none
           && home_->simulation()->keep_frame(*this, root);
  if (!kept)
    root.destroy();
  future_state end = future_state::finished;
  if (must_cancel_ && result().failed == failure::none) {
    end = future_state::cancelled; // asked for too late for an await
  } else if (result().failed == failure::cancelled) {
    end = future_state::cancelled;
    const std::string& message = as_cancelled(result().error)->message();
    if (!message.empty() || known_notes())
      notes().cancel_message = message;
  } else if (result().failed != failure::none) {
    end = future_state::failed;
    auto chain = chain_of(result().error);
    if (!chain.empty())
      notes().trace = std::move(chain);
    forget_exception();
    if (result().failed == failure::exit)
      home_->exit_with(result().error);
  }
  if (end == future_state::cancelled)
    result().error = nullptr;
  home_->leave(*this);
  complete_here(end);
  // First: what senders that wait bring is late.
  letter* left = without_answers(box_.close(exclusive_));
  on_end(end);
  drop_letters(left);
  release();
}

// What was in the mailbox, without an answer: that lives in a frame.
letter* task_base::without_answers(letter* all) noexcept {
  letter* kept = nullptr;
  letter** last = &kept;
  for (letter* each = all; each;) {
    letter* item = std::exchange(each, each->next);
    if (item->kind == letter_kind::answer) {
      answered_ = true;
      continue;
    }
    if (item->kind == letter_kind::arm)
      continue; // the op itself has noted it
    item->next = nullptr;
    *last = item;
    last = &item->next;
  }
  return kept;
}

void task_base::drop_letters(letter* left) noexcept {
  while (left) {
    letter* next = left->next;
    if (left->kind == letter_kind::cancel)
      delete static_cast<cancel_letter*>(left);
    else if (left->kind == letter_kind::message)
      on_dead_letter(*left, false);
    left = next;
  }
}

// The frame at the bottom of the stack.
frame_base* task_base::root() const noexcept {
  frame_base* frame = top_;
  while (frame && frame->caller())
    frame = frame->caller();
  return frame;
}

void task_base::abandon() noexcept {
  home_->leave(*this);
  // First: the frames have an answer in them.
  letter* left = without_answers(box_.close(exclusive_));
  if (op_ && !answered_)
    op_->withdraw();
  if (frame_base* frame = root()) {
    running_task scope{*this};
    frame->destroy();
  }
  op_ = nullptr;
  top_ = nullptr;
  forget_watchers();
  on_end(future_state::cancelled);
  drop_letters(left);
  release();
}

// -- looking ------------------------------------------------------------------

job_label task_base::label() const noexcept {
  return {job_kind::task, number_, top_ ? top_->place() : site{}};
}

} // namespace troupe::detail
