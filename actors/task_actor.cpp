#include "actors/task_actor.hpp"

#include <troupe/error.hpp>

#include <caf/actor_cast.hpp>
#include <caf/actor_registry.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

namespace troupe::detail {

namespace {

// The block of memory of a task: CAF's control block fills its first cache line
// but for the last word, which holds the size; the actor follows, as CAF wants
// it, and then the result.
struct task_block {
  static constexpr std::size_t actor_offset = CAF_CACHE_LINE_SIZE;

  static std::size_t result_offset(const result_layout& layout) {
    constexpr std::size_t end = actor_offset + sizeof(task_actor);
    return (end + layout.align - 1) / layout.align * layout.align;
  }

  static const result_layout*& layout_of(caf::actor_control_block* control) {
    static_assert(sizeof(caf::actor_control_block) + sizeof(void*)
                  <= CAF_CACHE_LINE_SIZE);
    return *reinterpret_cast<const result_layout**>(
      reinterpret_cast<char*>(control) + actor_offset
      - sizeof(const result_layout*));
  }

  static std::size_t size_for(const result_layout& layout) {
    return result_offset(layout) + layout.size;
  }

  // Called by CAF when the last strong handle goes.
  static void destroy_actor(caf::abstract_actor* base) {
    auto* self = static_cast<task_actor*>(base);
    loop_core& home = self->home();
    result_base& result = self->result();
    const result_layout& layout = *layout_of(self->ctrl());
    self->~task_actor(); // `on_end` did what CAF's on_destroy would do
    layout.destroy(result);
    home.release_for_task();
  }

  // Called by CAF when the last weak handle goes.
  static void free_block(caf::actor_control_block* control) {
    std::size_t size = size_for(*layout_of(control));
    control->~actor_control_block();
    pool_free(control, size);
  }
};

} // namespace

task_actor::task_actor(caf::actor_config& config, loop_core& home,
                       result_base& result, frame_base& root, site made,
                       task_plan&& plan)
  : local_actor(config),
    task_base(home, result, root, made, std::move(plan)) {
}

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
  auto& system = home.system();
  auto* memory = static_cast<char*>(pool_allocate(task_block::size_for(layout)));
  caf::node_id node = system.node();
  auto* control = ::new (memory)
    caf::actor_control_block(system.next_actor_id(),
                             node, &system,
                             &task_block::destroy_actor,
                             &task_block::free_block);
  task_block::layout_of(control) = &layout;
  result_base& result = layout.construct(memory + task_block::result_offset(layout));
  home.retain_for_task();
  bool eager = plan.eager < 0 ? home.factory == task_factory::eager
                              : plan.eager > 0;
  caf::actor_config config;
  auto* task = ::new (memory + task_block::actor_offset)
    task_actor(config, home, result, *root, made, std::move(plan));
  static_cast<task_base*>(task)->launch(eager && this_worker
                                        && &this_worker->home == &home);
  return task;
}

task_plan plan_of(task_options&& options) {
  return {.name = std::string{options.name},
          .context = options.context.state(),
          .group = options.group ? options.group->queue() : nullptr,
          .eager = options.eager_start};
}

// -- caf::local_actor ---------------------------------------------------------------

void task_actor::enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) {
  deliver(*new caf_message(std::move(what)));
}

void task_actor::launch(caf::execution_unit*, bool, bool) {
  // `spawn_task` starts tasks; CAF's own spawn never makes one.
}

const char* task_actor::name() const {
  return "troupe.task";
}

// -- task_base ----------------------------------------------------------------------

// What CAF's cleanup does, but without a lock for a task that CAF has never
// heard of. The flags come first: whoever gets a handle after our exchange sees
// them, and whoever attached before is in the list.
void task_actor::on_end(future_state end) noexcept {
  if (end == future_state::cancelled && !fail_state_)
    fail_state_ = caf::make_error(caf::exit_reason::user_shutdown);
  else if (end == future_state::failed)
    fail_state_ = caf::make_error(caf::sec::runtime_error,
                                  troupe::describe(result().error));
  else if (end == future_state::finished && fail_state_)
    fail_state_ = caf::error{}; // the exit message was not obeyed
  flags(flags() | is_terminated_flag | is_cleaned_up_flag);
  if (!exposed_.exchange(true, std::memory_order_acq_rel))
    return;
  caf::attachable_ptr line;
  {
    std::lock_guard lock{mtx_};
    attachables_head_.swap(line);
  }
  auto* unit = this_worker ? this_worker->unit.get() : nullptr;
  for (caf::attachable* x = line.get(); x; x = x->next.get())
    x->actor_exited(fail_state_, unit);
}

void task_actor::on_message(letter& item) {
  auto& message = static_cast<caf_message&>(item);
  auto& content = message.element->content();
  if (content.match_elements<caf::exit_msg>()) {
    auto& exit = content.get_mutable_as<caf::exit_msg>(0);
    unlink_from(exit.source);
    if (exit.reason) {
      fail_state_ = exit.reason; // should the cancellation end the task
      cancel("exit message: " + home_system().render(exit.reason));
    }
  } else if (!handle_system_message(*message.element, local_actor::context_, true)
             && message.element->mid.is_request()) {
    caf::error reason = caf::sec::unexpected_message;
    bounce(message.element, reason);
  }
  delete &message;
}

void task_actor::on_dead_letter(letter& item) noexcept {
  auto& message = static_cast<caf_message&>(item);
  if (message.element->mid.is_request())
    bounce(message.element);
  delete &message;
}

void task_actor::dispose() noexcept {
  context_scope scope{task_base::context()}; // the handler sees the task's variables
  report_unretrieved("Task");
  caf::intrusive_ptr_release(ctrl());
}

std::string task_actor::value_text() const {
  return task_block::layout_of(ctrl())->text(result());
}

} // namespace troupe::detail
