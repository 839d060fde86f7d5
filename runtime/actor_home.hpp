#pragma once

#include "runtime/loop_core.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/simple_actor_clock.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace troupe::detail {

// CAF's timers, on the loop's clock. One timer of the loop stands for the
// earliest of them.
class actor_clock final : public caf::detail::simple_actor_clock {
public:
  explicit actor_clock(loop_core& home) noexcept;
  ~actor_clock() override;

  time_point now() const noexcept override;
  void set_ordinary_timeout(time_point t, caf::abstract_actor* self,
                            caf::atom_value type, uint64_t id) override;
  void set_multi_timeout(time_point t, caf::abstract_actor* self,
                         caf::atom_value type, uint64_t id) override;
  void set_request_timeout(time_point t, caf::abstract_actor* self,
                           caf::message_id id) override;
  void cancel_ordinary_timeout(caf::abstract_actor* self,
                               caf::atom_value type) override;
  void cancel_request_timeout(caf::abstract_actor* self,
                              caf::message_id id) override;
  void cancel_timeouts(caf::abstract_actor* self) override;
  void schedule_message(time_point t, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override;
  void schedule_message(time_point t, caf::group target,
                        caf::strong_actor_ptr sender,
                        caf::message content) override;
  void cancel_all() override;

private:
  class alarm;

  template <class F>
  void change(F&& function);
  void ring(const alarm& which);
  void arm();

  loop_core& home_;
  std::recursive_mutex mutex_; // dropping an actor inside may come back
  std::atomic<bool> used_{false};
  alarm* alarm_ = nullptr; // waits for the earliest of CAF's timers
};

// The loop as CAF's scheduler: what CAF wants to run becomes a job.
class actor_scheduler final : public caf::scheduler::abstract_coordinator {
public:
  static caf::actor_system::module* make(caf::actor_system& system,
                                         caf::detail::type_list<>);

  actor_scheduler(caf::actor_system& system, loop_core& home);

  void enqueue(caf::resumable* what) override;
  caf::actor_clock& clock() noexcept override;
  bool detaches_utility_actors() const override;
  void start() override;
  void stop() override;

private:
  loop_core& home_;
  actor_clock clock_;
};

struct loop_system_config;

// The actor system of a loop.
class actor_home {
public:
  explicit actor_home(loop_core& loop);
  ~actor_home();

  caf::actor_system& system() noexcept {
    return *system_;
  }

  std::shared_ptr<caf::execution_unit> make_unit(worker& owner);

  // The loop's tasks as one running actor.
  void begin_tasks() noexcept;
  void end_tasks() noexcept;

  // Simulations remember who has run, so that they can name who is left.
  void watch(const caf::resumable& what);
  std::string names_of_left() const;
  void forget() noexcept {
    watched_.clear();
  }

  // Waits for the ordinary actors, at most `shutdown_limit`; then the system
  // ends. The caller runs no more jobs meanwhile: they are run here.
  void shut_down();

private:
  loop_core& loop_;
  std::unique_ptr<loop_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::map<caf::actor_id, caf::weak_actor_ptr> watched_;
};

} // namespace troupe::detail
