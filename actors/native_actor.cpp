#include "actors/native_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

namespace troupe::detail {

void native_actor::enqueue(caf::mailbox_element_ptr what,
                           caf::execution_unit*) {
  class delivery final : public job {
  public:
    delivery(native_actor& target, caf::mailbox_element_ptr what)
      : target_(&target), what_(std::move(what)) {}

    void run() override {
      target_->receive(std::move(what_));
      delete this;
    }

  private:
    ref<native_actor> target_;
    caf::mailbox_element_ptr what_;
  };
  auto* item = new delivery(*this, std::move(what));
  if (home_.closed())
    delete item;
  else if (home_.here())
    home_.push(*item);
  else if (!home_.try_inject(*item))
    delete item;
}

void native_actor::receive(caf::mailbox_element_ptr what) {
  auto& content = what->content();
  if (content.match_elements<caf::exit_msg>()) {
    auto& exit = content.get_mutable_as<caf::exit_msg>(0);
    unlink_from(exit.source);
    if (exit.reason)
      on_exit_message();
  } else if (!handle_system_message(*what, context_, true)
             && what->mid.is_request()) {
    caf::error reason = caf::sec::unexpected_message;
    bounce(what, reason);
  }
}

void native_actor::launch(caf::execution_unit*, bool, bool) {
  // `make_native` starts these actors; CAF's own spawn never makes one.
}

bool native_actor::cleanup(caf::error&& reason, caf::execution_unit* unit) {
  // As local_actor::cleanup without the call to the clock: no timers there.
  unregister_from_system();
  return monitorable_actor::cleanup(std::move(reason), unit);
}

void native_actor::end(caf::error reason) {
  cleanup(std::move(reason), this_worker ? this_worker->unit.get() : nullptr);
}

void native_actor::dispose() noexcept {
  caf::intrusive_ptr_release(ctrl());
}

} // namespace troupe::detail
