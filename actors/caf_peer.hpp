#pragma once

#include "actors/inbox.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/error.hpp>

namespace troupe::detail {

// An actor of CAF as somebody whom tasks know.
class caf_peer final : public foreign_actor {
public:
  explicit caf_peer(caf::strong_actor_ptr who) noexcept
    : who_(std::move(who)) {}

  void retain() noexcept override;
  void release() noexcept override;
  void tell(message& what) override;
  void ask(task_cell& from, local_request& what) override;
  void monitor(task_cell& from) override;
  void demonitor(task_cell& from) override;
  void link(task_cell& from) override;
  void unlink(task_cell& from) override;
  void exit(const std::string& reason, bool kill) override;
  std::string describe() const override;

  const void* identity() const noexcept override {
    return who_.get();
  }

  const caf::strong_actor_ptr& pointer() const noexcept {
    return who_;
  }

private:
  caf::strong_actor_ptr who_;
  std::atomic<std::uint32_t> refs_{1};
};

// Names an actor of CAF; a task of ours by itself.
address address_of(caf::strong_actor_ptr who);
address address_of(const caf::actor_addr& who);

exit_reason reason_from_caf(caf::actor_system& system,
                            const caf::error& reason);

} // namespace troupe::detail
