#include "actors/caf_peer.hpp"

#include <troupe/caf.hpp>

#include "actors/caf_message.hpp"
#include "actors/task_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/send.hpp>

namespace troupe::detail {

namespace {

caf::execution_unit* unit_here() noexcept {
  return this_worker ? this_worker->unit.get() : nullptr;
}

caf::message_id normal_or_urgent(const message& what) {
  return caf::make_message_id(what.urgent ? caf::message_priority::high
                                          : caf::message_priority::normal);
}

} // namespace

void caf_peer::retain() noexcept {
  refs_.fetch_add(1, std::memory_order_relaxed);
}

void caf_peer::release() noexcept {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete this;
}

void caf_peer::tell(message& what) {
  message_holder held{&what};
  caf::strong_actor_ptr from;
  if (this_task && &this_task->home().system() == who_->home_system)
    from = caf::strong_actor_ptr{
      static_cast<task_cell*>(this_task)->actor().ctrl()};
  who_->enqueue(std::move(from), normal_or_urgent(what),
                to_caf(*who_->home_system, what), unit_here());
}

void caf_peer::ask(task_cell& from, local_request& what) {
  task_actor& actor = from.actor();
  if (&actor.home_system() != who_->home_system)
    throw error(errc::wrong_loop, "ask of " + describe()
                                    + ", an actor of another loop: its answer "
                                      "could not come back; ask a task there, "
                                      "or run the actor on this loop");
  caf::message content = to_caf(*who_->home_system, what);
  // CAF of another node answers a request of high priority with another id.
  bool high = what.urgent && who_->node() == actor.node();
  caf::message_id id = actor.new_request_id(
    high ? caf::message_priority::high : caf::message_priority::normal);
  from.box().foreign_request = id.request_id().integer_value();
  who_->enqueue(caf::strong_actor_ptr{actor.ctrl()}, id, std::move(content),
                unit_here());
}

void caf_peer::monitor(task_cell& from) {
  from.actor().monitor(who_->get());
}

void caf_peer::demonitor(task_cell& from) {
  from.actor().demonitor(caf::actor_cast<caf::actor_addr>(who_));
}

void caf_peer::link(task_cell& from) {
  from.actor().link_to(caf::actor_cast<caf::actor_addr>(who_));
}

void caf_peer::unlink(task_cell& from) {
  from.actor().unlink_from(caf::actor_cast<caf::actor_addr>(who_));
}

void caf_peer::exit(const std::string& reason, bool kill) {
  caf::error why = kill ? caf::make_error(caf::exit_reason::kill)
                        : caf::make_error(caf::sec::runtime_error, reason);
  caf::actor_addr nobody;
  who_->enqueue(nullptr, caf::make_message_id(caf::message_priority::high),
                caf::make_message(caf::exit_msg{nobody, std::move(why)}),
                unit_here());
}

std::string caf_peer::describe() const {
  auto* actor = dynamic_cast<caf::monitorable_actor*>(who_->get());
  return (actor ? std::string{actor->name()} : std::string{"actor"}) + '#'
       + std::to_string(who_->id());
}

address address_of(caf::strong_actor_ptr who) {
  if (!who)
    return {};
  if (auto* task = dynamic_cast<task_actor*>(who->get()))
    return {task->task(), nullptr};
  return {nullptr, ref<foreign_actor>{new caf_peer(std::move(who)), true}};
}

address address_of(const caf::actor_addr& who) {
  return address_of(caf::actor_cast<caf::strong_actor_ptr>(who));
}

actor_ref ref_of(caf::strong_actor_ptr who) {
  return actor_ref{address_of(std::move(who))};
}

exit_reason reason_from_caf(caf::actor_system& system,
                            const caf::error& reason) {
  if (!reason)
    return {};
  return std::make_exception_ptr(exit_error(system.render(reason)));
}

} // namespace troupe::detail

namespace troupe {

caf::actor handle_of(const actor_ref& who) {
  if (who.at().task)
    return any_task{who.at().task}.actor();
  if (!who)
    return {};
  return caf::actor_cast<caf::actor>(
    static_cast<const detail::caf_peer&>(*who.at().other).pointer());
}

} // namespace troupe
