#include "actors/task_actor.hpp"

#include <troupe/error.hpp>

#include "actors/caf_message.hpp"
#include "actors/caf_peer.hpp"
#include "actors/inbox.hpp"
#include "actors/native_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

namespace troupe::detail {

namespace {

// A million of them fill no cache: see docs/design.md, "Memory".
static_assert(sizeof(task_cell) <= 144);

std::size_t result_offset(const result_layout& layout) noexcept {
  return (sizeof(task_cell) + layout.align - 1) / layout.align * layout.align;
}

std::size_t size_for(const result_layout& layout) noexcept {
  return result_offset(layout) + layout.size;
}

} // namespace

task_base* spawn_task(loop_core& home, frame_base* root,
                      const result_layout& layout, site made,
                      task_plan&& plan) {
  if (!root)
    throw_awaited_twice();
  if (home.closed() || (home.exclusive() && !home.here())) {
    root->destroy();
    home.check_open("create_task()");
    throw error(errc::wrong_thread,
                "create_task(): the loop runs in another thread; use "
                "run_coroutine_threadsafe()");
  }
  auto* memory = static_cast<char*>(pool_allocate(size_for(layout)));
  result_base& result = layout.construct(memory + result_offset(layout));
  home.retain_for_task();
  bool eager
    = plan.eager < 0 ? home.factory == task_factory::eager : plan.eager > 0;
  auto* task = ::new (memory)
    task_cell(home, result, *root, made, std::move(plan), layout);
  task->launch(eager && this_worker && &this_worker->home == &home);
  return task;
}

task_plan plan_of(task_options&& options) {
  return {.name = std::string{options.name},
          .context = options.context.state(),
          .group = options.group ? options.group->queue() : nullptr,
          .eager = options.eager_start};
}

// -- the actor ----------------------------------------------------------------

task_actor::task_actor(caf::actor_config& config, loop_core& home,
                       task_cell& task)
  : local_actor(config), home_(home), task_(&task) {}

task_actor::~task_actor() = default;

void task_actor::enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) {
  ref<future_core> task = this->task();
  if (!task) {
    refuse(what);
    return;
  }
  auto& cell = static_cast<task_cell&>(*task);
  cell.deliver(*new caf_message(std::move(what)));
}

void task_actor::launch(caf::execution_unit*, bool, bool) {
  // `spawn_task` starts tasks; CAF's own spawn never makes one.
}

const char* task_actor::name() const {
  return "troupe.task";
}

bool task_actor::receive(caf_message& message, task_cell& task) {
  std::unique_ptr<caf_message> held{&message};
  caf::mailbox_element& element = *message.element;
  auto& content = element.content();
  if (content.match_elements<caf::exit_msg>()) {
    auto& exit = content.get_mutable_as<caf::exit_msg>(0);
    unlink_from(exit.source);
    bool kill = exit.reason == caf::exit_reason::kill;
    if (exit.reason)
      fail_state_ = exit.reason; // should the cancellation end the task
    return task.box().exit(address_of(exit.source),
                           reason_from_caf(home_system(), exit.reason), kill);
  }
  if (content.match_elements<caf::down_msg>()) {
    auto& down = content.get_mutable_as<caf::down_msg>(0);
    return task.box().foreign_down(
      caf::actor_cast<caf::actor_control_block*>(down.source),
      reason_from_caf(home_system(), down.reason));
  }
  if (element.mid.is_response()) {
    std::exception_ptr problem;
    if (content.match_elements<caf::error>())
      problem = from_caf_error(home_system(), content.get_as<caf::error>(0));
    return task.box().foreign_answer(element.mid.request_id().integer_value(),
                                     message, std::move(problem));
  }
  if (handle_system_message(element, context_, true))
    return false;
  return task.box().accept(*held.release());
}

void task_actor::refuse(caf::mailbox_element_ptr& element) {
  if (element->mid.is_request())
    bounce(element);
}

// What CAF's cleanup does, but for its question to the clock. Whoever attaches
// after it is told at once, and whoever attached before is in the line.
void task_actor::end(future_state how, caf::error reason) noexcept {
  caf::attachable_ptr line;
  {
    std::lock_guard lock{mtx_};
    if (getf(is_terminated_flag))
      return; // a foreign thread saw the end, too
    if (how != future_state::cancelled || !fail_state_)
      fail_state_ = std::move(reason);
    flags(flags() | is_terminated_flag | is_cleaned_up_flag);
    attachables_head_.swap(line);
  }
  auto* unit = this_worker ? this_worker->unit.get() : nullptr;
  for (caf::attachable* x = line.get(); x; x = x->next.get())
    x->actor_exited(fail_state_, unit);
  lock_.lock();
  ref<future_core> task = std::move(task_);
  lock_.unlock();
}

// -- the task -----------------------------------------------------------------

// Ends the actor of a task that has ended.
class task_cell::second_look final : public job {
public:
  explicit second_look(task_cell& task) noexcept : task_(&task) {}

  void run() override {
    auto& task = static_cast<task_cell&>(*task_);
    task.look_at_end(task.actor());
    delete this;
  }

private:
  ref<future_core> task_;
};

task_cell::task_cell(loop_core& home, result_base& result, frame_base& root,
                     site made, task_plan&& plan,
                     const result_layout& layout) noexcept
  : task_base(home, result, root, made, plan), layout_(layout) {
  note(std::move(plan));
}

task_cell::~task_cell() {
  task_notes* mine = known_notes();
  if (!mine)
    return;
  delete mine->box.load(std::memory_order_relaxed);
  if (task_actor* actor = mine->actor.load(std::memory_order_acquire))
    caf::intrusive_ptr_release(actor->ctrl());
}

future_notes* task_cell::make_notes() const {
  return new task_notes;
}

task_actor& task_cell::actor() {
  auto& place = static_cast<task_notes&>(notes()).actor;
  task_actor* present = place.load(std::memory_order_acquire);
  if (present)
    return *present;
  home_->check_open("task::actor()");
  task_actor& mine = place_actor<task_actor>(*home_, *this);
  if (!place.compare_exchange_strong(present, &mine, std::memory_order_acq_rel,
                                     std::memory_order_acquire)) {
    // Somebody else was quicker.
    mine.end(future_state::finished, {});
    caf::intrusive_ptr_release(mine.ctrl());
    return *present;
  }
  look_at_end(mine);
  return mine;
}

// Of a task that has just become done: the actor, if it has one. An actor that
// comes later finds the task done, because both places are only ever changed by
// exchanges, and each sees what the one before wrote.
task_actor* task_cell::actor_at_end() noexcept {
  if (exclusive()) {
    task_notes* mine = known_notes();
    return mine ? mine->actor.load(std::memory_order_acquire) : nullptr;
  }
  future_notes* notes = nullptr;
  if (notes_.compare_exchange_strong(notes, nullptr, std::memory_order_acq_rel,
                                     std::memory_order_acquire))
    return nullptr;
  task_actor* actor = nullptr;
  static_cast<task_notes*>(notes)->actor.compare_exchange_strong(
    actor, nullptr, std::memory_order_acq_rel, std::memory_order_acquire);
  return actor;
}

// The end of a task of one thread looks for its actor without an exchange, and
// may miss one that a foreign thread has just made: the loop looks again.
void task_cell::look_at_end(task_actor& mine) {
  if (exclusive() && !done() && !(this_worker && &this_worker->home == home_)) {
    auto* later = new second_look(*this);
    if (home_->try_inject(*later))
      return;
    delete later; // the loop is closed, all its tasks have ended
  }
  if (done())
    mine.end(state(), reason_of(state()));
  else if (dropped())
    mine.end(future_state::cancelled, reason_of(future_state::cancelled));
}

inbox& task_cell::make_box() {
  auto* made = new inbox(*this);
  static_cast<task_notes&>(notes()).box.store(made, std::memory_order_release);
  return *made;
}

exit_reason task_cell::reason() const {
  if (state() == future_state::failed)
    return result().error;
  if (state() != future_state::cancelled)
    return {};
  const inbox* mine = known_box();
  if (mine && !mine->exit_of_task().normal())
    return mine->exit_of_task();
  return std::make_exception_ptr(cancelled_error(cancel_message()));
}

actor_ended_error task_cell::ended_error() const {
  return actor_ended_error("ask of " + task_base::name()
                           + ", which has ended: " + to_string(reason()));
}

caf::error task_cell::reason_of(future_state end) const {
  switch (end) {
    case future_state::finished:
      return {};
    case future_state::failed:
      return caf::make_error(caf::sec::runtime_error,
                             troupe::describe(result().error));
    default:
      return caf::make_error(caf::exit_reason::user_shutdown);
  }
}

void task_cell::on_end(future_state end) noexcept {
  if (inbox* mine = known_box()) {
    if (home_->dropping())
      mine->drop();
    else
      mine->end(reason());
  }
  if (task_actor* mine = actor_at_end())
    mine->end(end, reason_of(end));
}

bool task_cell::on_message(letter& item) {
  auto& what = static_cast<message&>(item);
  if (what.what == message_kind::foreign)
    return actor().receive(static_cast<caf_message&>(what), *this);
  return box().accept(what);
}

void task_cell::on_dead_letter(letter& item, bool late) noexcept {
  auto& what = static_cast<message&>(item);
  switch (what.what) {
    case message_kind::answer:
    case message_kind::ring:
      delete &what;
      return;
    case message_kind::signal:
      refuse(static_cast<signal&>(what));
      return;
    default:
      break;
  }
  if (late && !home_->dropping())
    count_dead_letter(*home_, what, task_base::name());
  if (request* asked = what.asked())
    asked->fail(std::make_exception_ptr(ended_error()));
  else
    delete &what;
}

// Who watches a task that has ended is told at once.
void task_cell::refuse(signal& what) noexcept {
  std::unique_ptr<signal> held{&what};
  bool watches = what.which == signal::sort::monitor;
  if ((!watches && what.which != signal::sort::link) || home_->dropping())
    return;
  auto* note = new signal(watches ? signal::sort::down : signal::sort::exit,
                          address{ref<future_core>{this}, nullptr});
  note->id = what.id;
  note->reason = reason();
  mark_retrieved();
  post(what.from, *note);
}

void task_cell::dispose() noexcept {
  {
    context_scope scope{context()}; // the handler sees the task's variables
    report_unretrieved("Task");
  }
  loop_core& home = *home_;
  result_base& result = this->result();
  const result_layout& layout = layout_;
  this->~task_cell();
  layout.destroy(result);
  pool_free(this, size_for(layout));
  home.release_for_task();
}

std::string task_cell::value_text() const {
  return layout_.text(result());
}

} // namespace troupe::detail
