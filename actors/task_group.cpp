#include <troupe/task_group.hpp>

#include "runtime/alarmed.hpp"
#include "runtime/loop_core.hpp"

#include <mutex>

namespace troupe::detail {

namespace {

failure kind_of(const std::exception_ptr& problem) {
  if (!problem)
    return failure::none;
  try {
    std::rethrow_exception(problem);
  } catch (const cancelled_error&) {
    return failure::cancelled;
  } catch (const keyboard_interrupt&) {
    return failure::exit;
  } catch (const system_exit&) {
    return failure::exit;
  } catch (...) {
    return failure::error;
  }
}

} // namespace

// The children of a scope and what went wrong with them. What a child's end
// means is decided in a turn of its own, as asyncio's done callbacks do.
//
// With several workers all is done under the lock, also the cancelling: so the
// parent's request is counted before the parent can take it back.
class group_core final : public counted {
public:
  class seat;

  // -- entering and leaving ---------------------------------------------------

  void enter() {
    std::lock_guard guard{lock_};
    if (entered_)
      throw invalid_state_error(describe_locked()
                                + " was entered before; make one for each "
                                  "with_task_group()");
    home_ = &need_running_loop("with_task_group()");
    parent_ = ref<future_core>{this_task};
    entered_ = true;
    if (cancel_on_enter_)
      end_early();
  }

  // What the body ended with, if that was no result.
  void begin_leaving(const std::exception_ptr& problem, failure kind) {
    std::lock_guard guard{lock_};
    exiting_ = true;
    if (kind == failure::exit && !exit_problem_)
      exit_problem_ = problem;
    if (problem && !aborting_)
      abort();
  }

  // A future for the end of the last child; empty if there is none.
  future<void> end_of_children() {
    std::lock_guard guard{lock_};
    all_ended_ = count_ > 0 ? future<void>{*home_} : future<void>{};
    return all_ended_;
  }

  // Whether all children may end.
  bool may_empty(wait_search& search);

  // The parent was cancelled while it waited. True if that is news.
  bool abort_by_parent() {
    std::lock_guard guard{lock_};
    if (aborting_)
      return false;
    abort();
    return true;
  }

  // Throws what is to leave the scope. Called by the parent, when no child is
  // left.
  void finish(std::exception_ptr problem, failure kind,
              std::exception_ptr cancellation, std::exception_ptr last_one) {
    ref<future_core> parent = std::move(parent_);
    auto& task = static_cast<task_base&>(*parent);
    std::vector<std::exception_ptr> errors = std::move(errors_);
    std::exception_ptr exit = std::move(exit_problem_);
    all_ended_ = {};
    if (exit) {
      for (const auto& lost : errors)
        if (lost != exit)
          home_->report({.message
                         = "an exception of a task of a group is lost, "
                           "because the program exits",
                         .exception = lost});
      std::rethrow_exception(exit);
    }
    if (interrupted_) {
      if (task.take_back(this) == 0)
        cancellation = nullptr;
      else if (!cancellation)
        cancellation = last_one; // somebody else's: it must not get lost
    }
    if (cancellation && errors.empty())
      std::rethrow_exception(cancellation);
    if (problem && kind != failure::cancelled)
      errors.push_back(std::move(problem));
    if (errors.empty())
      return;
    if (task.cancelling() > 0) {
      // Somebody wants the parent to end: its next await is interrupted.
      task.uncancel();
      task.cancel({});
    }
    throw exception_group("unhandled errors in a TaskGroup", std::move(errors));
  }

  // -- children ---------------------------------------------------------------

  void reserve() {
    std::lock_guard guard{lock_};
    const char* why
      = !entered_ ? " has not been entered; call it in the body that "
                    "with_task_group() runs"
      : exiting_ && count_ == 0
        ? " is finished; create tasks before its scope is left"
      : aborting_ ? " is shutting down; catch nothing and let its body end"
                  : nullptr;
    if (why)
      throw invalid_state_error("create_task(): " + describe_locked() + why);
    ++count_;
  }

  void give_up_reserved() {
    std::lock_guard guard{lock_};
    one_less();
  }

  void add(future_core& child);
  void ended(seat& which);

  loop_core& home() const noexcept {
    return *home_;
  }

  void cancel() {
    std::lock_guard guard{lock_};
    if (!entered_)
      cancel_on_enter_ = true;
    else if (!(exiting_ && count_ == 0))
      end_early();
  }

  std::string describe() {
    std::lock_guard guard{lock_};
    return describe_locked();
  }

private:
  void last_gone() noexcept override;

  void abort();

  void end_early() {
    if (aborting_)
      return;
    abort();
    interrupt_parent();
  }

  void interrupt_parent() {
    if (interrupted_ || !parent_)
      return;
    interrupted_ = true;
    static_cast<task_base&>(*parent_).interrupt(this);
  }

  void one_less() {
    if (--count_ == 0 && all_ended_)
      set_unless_done(all_ended_);
  }

  std::string describe_locked() const {
    std::string text = "<TaskGroup";
    if (count_ > 0)
      text += " tasks=" + std::to_string(count_);
    if (!errors_.empty())
      text += " errors=" + std::to_string(errors_.size());
    if (aborting_)
      text += " cancelling";
    else if (entered_)
      text += " entered";
    return text + '>';
  }

  spinlock lock_;
  bool entered_ = false;
  bool exiting_ = false;
  bool aborting_ = false;
  bool interrupted_ = false; // the parent has a request of ours to cancel
  bool cancel_on_enter_ = false;
  loop_core* home_ = nullptr;
  ref<future_core> parent_;
  std::size_t count_ = 0; // children, and those about to come
  seat* first_ = nullptr;
  seat* last_ = nullptr;
  std::vector<std::exception_ptr> errors_;
  std::exception_ptr exit_problem_;
  future<void> all_ended_;
};

// A child's place in its group; as a job it is the child's done callback.
class group_core::seat final : public observer, public job {
public:
  seat(group_core& group, future_core& child)
    : observer(group.home()), group_(group) {
    place_.target = ref<future_core>{&child};
    group_.retain();
  }

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  // From now on it belongs to the child, until its end was told.
  void begin() {
    if (!watch(place_))
      told(place_);
  }

  void run() override {
    group_.ended(*this);
    let_go();
  }

  job_label label() const noexcept override {
    return {job_kind::callback, 0, {}};
  }

  future_core& child() const noexcept {
    return *place_.target;
  }

  seat* prev = nullptr;
  seat* next = nullptr;

private:
  ~seat() {
    group_.release();
  }

  void told(watcher&) noexcept override {
    if (group_.home().closed())
      let_go();
    else
      group_.home().push_in_order(*this);
  }

  // The loop was closed, and the child dropped.
  void lost(watcher&) noexcept override {
    let_go();
  }

  void destroy() noexcept override {
    delete this;
  }

  group_core& group_;
  lone_watcher place_;
};

void group_core::add(future_core& child) {
  auto* made = new seat(*this, child);
  {
    std::lock_guard guard{lock_};
    made->prev = last_;
    (last_ ? last_->next : first_) = made;
    last_ = made;
    if (aborting_ && !child.done())
      child.cancel({});
  }
  made->begin();
}

bool group_core::may_empty(wait_search& search) {
  std::lock_guard guard{lock_};
  bool may = true;
  for (seat* x = first_; x; x = x->next)
    may &= x->child().may_be_done(search);
  return may;
}

void group_core::abort() {
  aborting_ = true;
  for (seat* x = first_; x; x = x->next)
    if (!x->child().done())
      x->child().cancel({});
}

void group_core::ended(seat& which) {
  future_core& child = which.child();
  std::lock_guard guard{lock_};
  (which.prev ? which.prev->next : first_) = which.next;
  (which.next ? which.next->prev : last_) = which.prev;
  if (child.state() == future_state::failed) {
    child.mark_retrieved();
    auto& result = child.result();
    errors_.push_back(result.error);
    if (result.failed == failure::exit && !exit_problem_)
      exit_problem_ = result.error;
    if (!aborting_ && !interrupted_) {
      abort();
      interrupt_parent();
    }
  }
  one_less();
}

void group_core::last_gone() noexcept {
  delete this;
}

// -- a seat for a child to come -----------------------------------------------

group_seat::group_seat(group_core& group) : group_(group) {
  group_.reserve();
}

group_seat::~group_seat() {
  if (!taken_)
    group_.give_up_reserved();
}

event_loop group_seat::loop() const {
  return event_loop{group_.home()};
}

void group_seat::take(future_core& child) {
  group_.add(child);
  taken_ = true;
}

// The parent waits for the children.
class group_end_op final : public future_op_base {
public:
  group_end_op(group_core& group, const future<void>& end)
    : future_op_base(ref<future_core>{end.core()}), group_(group) {}

  void resume() const {
    check();
  }

  bool may_end(wait_search& search) const override {
    return group_.may_empty(search);
  }

private:
  group_core& group_;
};

// -- the scope ----------------------------------------------------------------

void enter_group(const task_group& group) {
  group.core().enter();
}

coro<void> leave_group(task_group group, std::exception_ptr problem) {
  group_core& core = group.core();
  failure kind = kind_of(problem);
  std::exception_ptr cancellation;
  std::exception_ptr last_one;
  if (kind == failure::cancelled)
    cancellation = problem;
  core.begin_leaving(problem, kind);
  for (;;) {
    auto ended = core.end_of_children();
    if (!ended)
      break;
    group_end_op last_end{core, ended};
    try {
      co_await last_end;
    } catch (const cancelled_error&) {
      last_one = std::current_exception();
      if (core.abort_by_parent())
        cancellation = last_one;
    }
  }
  core.finish(std::move(problem), kind, std::move(cancellation),
              std::move(last_one));
}

void throw_no_value() {
  throw invalid_state_error(
    "with_task_group(): the group was cancelled before its body returned a "
    "value; give the body of such a group no result");
}

} // namespace troupe::detail

namespace troupe {

task_group::task_group() : core_(new detail::group_core) {}

task_group::task_group(const task_group& other) noexcept : core_(other.core_) {
  core_->retain();
}

task_group& task_group::operator=(task_group other) noexcept {
  std::swap(core_, other.core_);
  return *this;
}

task_group::~task_group() {
  core_->release();
}

void task_group::cancel() const {
  core_->cancel();
}

std::string to_string(const task_group& x) {
  return x.core_->describe();
}

} // namespace troupe
