#include "runtime/actor_home.hpp"

#include "runtime/trace.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_registry.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/logger.hpp>
#include <caf/make_actor.hpp>
#include <caf/message_handler.hpp>
#include <caf/monitorable_actor.hpp>

#include <iostream>

namespace troupe::detail {

namespace {

// How long a closing loop waits for ordinary CAF actors.
constexpr std::chrono::seconds shutdown_limit{5};

// Something of CAF in the ready queue.
class resumable_job final : public job {
public:
  explicit resumable_job(caf::resumable* what) noexcept : what_(what) {}

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  void run() override {
    worker& me = *this_worker;
    bool simulated = me.home.simulation() != nullptr;
    if (simulated)
      me.home.actors().watch(*what_);
    // In a simulation each message is a step.
    std::size_t messages = simulated ? 1 : messages_a_run;
    switch (what_->resume(me.unit.get(), messages)) {
      case caf::resumable::resume_later:
        me.home.push(*this);
        return;
      case caf::resumable::done:
      case caf::resumable::awaiting_message:
        intrusive_ptr_release(what_);
        break;
      case caf::resumable::shutdown_execution_unit:
        break;
    }
    delete this;
  }

  job_label label() const noexcept override {
    auto* actor = dynamic_cast<caf::abstract_actor*>(what_);
    return {job_kind::actor, actor ? actor->id() : 0};
  }

private:
  // An actor with a full mailbox lets others run in between.
  static constexpr std::size_t messages_a_run = 64;

  caf::resumable* what_;
};

class worker_unit final : public caf::execution_unit {
public:
  worker_unit(caf::actor_system& system, loop_core& home)
    : execution_unit(&system), home_(home) {}

  void exec_later(caf::resumable* what) override {
    home_.push(*new resumable_job(what));
  }

private:
  loop_core& home_;
};

// What `aout` writes to. CAF's own printer would need a thread of its own.
class console final : public caf::monitorable_actor {
public:
  explicit console(caf::actor_config& config) : monitorable_actor(config) {
    handler_.assign(
      [](caf::add_atom, caf::actor_id, const std::string& text) {
        std::cout << text << std::flush;
      },
      [](caf::flush_atom, caf::actor_id) { std::cout << std::flush; },
      [](caf::delete_atom, caf::actor_id) {});
  }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    std::lock_guard lock{mutex_};
    handler_(what->content());
  }

private:
  std::mutex mutex_;
  caf::message_handler handler_;
};

} // namespace

// -- time ---------------------------------------------------------------------

// One ring of the clock. It goes when it has rung; one that came too early
// rings for nothing.
class actor_clock::alarm final : public timer {
public:
  explicit alarm(actor_clock& clock) noexcept : clock_(clock) {}

  void run() override {
    clock_.ring(*this);
    delete this;
  }

  void discard() noexcept override {
    delete this;
  }

private:
  actor_clock& clock_;
};

actor_clock::actor_clock(loop_core& home) noexcept : home_(home) {}

actor_clock::~actor_clock() = default;

actor_clock::time_point actor_clock::now() const noexcept {
  return time_point{std::chrono::nanoseconds{home_.now()}};
}

template <class F>
void actor_clock::change(F&& function) {
  std::lock_guard lock{mutex_};
  function();
  used_.store(!schedule_.empty(), std::memory_order_relaxed);
  arm();
}

// The alarm belongs to the loop's thread; a foreign thread asks for it there.
void actor_clock::arm() {
  if (schedule_.empty())
    return;
  auto due = std::chrono::duration_cast<std::chrono::nanoseconds>(
               schedule_.begin()->first.time_since_epoch())
               .count();
  if (home_.exclusive() && !home_.here()) {
    class rearm final : public job {
    public:
      explicit rearm(actor_clock& clock) noexcept : clock_(clock) {}

      void run() override {
        clock_.change([] {});
        delete this;
      }

    private:
      actor_clock& clock_;
    };
    auto* request = new rearm(*this);
    if (!home_.try_inject(*request))
      delete request;
    return;
  }
  if (alarm_ && alarm_->deadline <= due)
    return;
  if (alarm_)
    home_.cancel_timer(*alarm_);
  alarm_ = new alarm(*this);
  alarm_->deadline = due;
  home_.add_timer(*alarm_);
}

void actor_clock::ring(const alarm& which) {
  change([&] {
    if (alarm_ == &which)
      alarm_ = nullptr;
    trigger_expired_timeouts();
  });
}

void actor_clock::set_ordinary_timeout(time_point t, caf::abstract_actor* self,
                                       caf::atom_value type, uint64_t id) {
  change([&] { simple_actor_clock::set_ordinary_timeout(t, self, type, id); });
}

void actor_clock::set_multi_timeout(time_point t, caf::abstract_actor* self,
                                    caf::atom_value type, uint64_t id) {
  change([&] { simple_actor_clock::set_multi_timeout(t, self, type, id); });
}

void actor_clock::set_request_timeout(time_point t, caf::abstract_actor* self,
                                      caf::message_id id) {
  change([&] { simple_actor_clock::set_request_timeout(t, self, id); });
}

void actor_clock::cancel_ordinary_timeout(caf::abstract_actor* self,
                                          caf::atom_value type) {
  if (used_.load(std::memory_order_relaxed))
    change([&] { simple_actor_clock::cancel_ordinary_timeout(self, type); });
}

void actor_clock::cancel_request_timeout(caf::abstract_actor* self,
                                         caf::message_id id) {
  if (used_.load(std::memory_order_relaxed))
    change([&] { simple_actor_clock::cancel_request_timeout(self, id); });
}

void actor_clock::cancel_timeouts(caf::abstract_actor* self) {
  if (used_.load(std::memory_order_relaxed))
    change([&] { simple_actor_clock::cancel_timeouts(self); });
}

void actor_clock::schedule_message(time_point t, caf::strong_actor_ptr receiver,
                                   caf::mailbox_element_ptr content) {
  change([&] {
    simple_actor_clock::schedule_message(t, std::move(receiver),
                                         std::move(content));
  });
}

void actor_clock::schedule_message(time_point t, caf::group target,
                                   caf::strong_actor_ptr sender,
                                   caf::message content) {
  change([&] {
    simple_actor_clock::schedule_message(t, std::move(target),
                                         std::move(sender), std::move(content));
  });
}

void actor_clock::cancel_all() {
  std::lock_guard lock{mutex_};
  simple_actor_clock::cancel_all();
  if (alarm* last = std::exchange(alarm_, nullptr))
    home_.cancel_timer(*last);
}

// -- scheduling ---------------------------------------------------------------

struct loop_system_config : caf::actor_system_config {
  explicit loop_system_config(loop_core& loop) : home(loop) {
    load<actor_scheduler>();
  }

  loop_core& home;
};

// The only systems that load this module are those of loops.
caf::actor_system::module* actor_scheduler::make(caf::actor_system& system,
                                                 caf::detail::type_list<>) {
  auto& config = static_cast<const loop_system_config&>(system.config());
  return new actor_scheduler(system, config.home);
}

actor_scheduler::actor_scheduler(caf::actor_system& system, loop_core& home)
  : abstract_coordinator(system), home_(home), clock_(home) {}

void actor_scheduler::enqueue(caf::resumable* what) {
  auto* item = new resumable_job(what);
  if (home_.here()) {
    home_.push(*item);
  } else if (!home_.try_inject(*item)) {
    intrusive_ptr_release(what); // nobody will run it any more
    delete item;
  }
}

caf::actor_clock& actor_scheduler::clock() noexcept {
  return clock_;
}

bool actor_scheduler::detaches_utility_actors() const {
  return false;
}

void actor_scheduler::start() {
  worker_unit unit{system(), home_};
  caf::actor_config config{&unit};
  utility_actors_[printer_id] = caf::make_actor<console, caf::actor>(
    system().next_actor_id(), system().node(), &system(), config);
}

void actor_scheduler::stop() {
  // CAF's own actors have got their exit messages.
  while (home_.run_for_close(std::chrono::nanoseconds{0})) {
  }
  clock_.cancel_all();
  utility_actors_[printer_id] = nullptr;
}

// -- the system ---------------------------------------------------------------

actor_home::actor_home(loop_core& loop)
  : loop_(loop), config_(std::make_unique<loop_system_config>(loop)),
    system_(std::make_unique<caf::actor_system>(*config_)) {
  // CAF keeps the system's logger for this thread, and the end of the system
  // would wait for it if it came on another one.
  caf::logger::set_current_actor_system(nullptr);
}

actor_home::~actor_home() {
  if (system_)
    shut_down();
}

std::shared_ptr<caf::execution_unit> actor_home::make_unit(worker& owner) {
  return std::make_shared<worker_unit>(*system_, owner.home);
}

void actor_home::begin_tasks() noexcept {
  system_->registry().inc_running();
}

void actor_home::end_tasks() noexcept {
  if (system_)
    system_->registry().dec_running();
}

void actor_home::watch(const caf::resumable& what) {
  auto* actor = dynamic_cast<const caf::abstract_actor*>(&what);
  if (actor)
    watched_.try_emplace(actor->id(), actor->ctrl());
}

std::string actor_home::names_of_left() const {
  std::string text;
  for (const auto& [id, address] : watched_) {
    caf::strong_actor_ptr alive = address.lock();
    auto* actor
      = alive ? dynamic_cast<caf::monitorable_actor*>(alive->get()) : nullptr;
    if (!actor || actor->getf(caf::abstract_actor::is_cleaned_up_flag))
      continue;
    text += "\n  " + std::string{actor->name()} + ", of class "
          + type_name(typeid(*actor));
  }
  return text;
}

void actor_home::shut_down() {
  if (!system_)
    return;
  // A simulation has looked for actors that are left.
  auto limit = std::chrono::steady_clock::now()
             + (loop_.simulation() ? std::chrono::seconds{0} : shutdown_limit);
  while (system_->registry().running() > 0
         && std::chrono::steady_clock::now() < limit)
    loop_.run_for_close(std::chrono::milliseconds{10});
  auto left = system_->registry().running();
  if (left > 0 && !loop_.simulation())
    loop_.report(
      {.message = std::to_string(left)
                + " CAF actors did not end before their loop was closed; "
                  "send them an exit message first"});
  forget();
  system_->await_actors_before_shutdown(false);
  system_.reset();
}

} // namespace troupe::detail
