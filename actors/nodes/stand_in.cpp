#include <troupe/detail/actor_exhibit.hpp>
#include <troupe/detail/stand_in.hpp>
#include <troupe/link.hpp>
#include <troupe/node.hpp>
#include <troupe/remote_actor.hpp>

#include "actors/inbox.hpp"
#include "actors/nodes/session.hpp"

#include <algorithm>
#include <map>

// How actors of different nodes watch each other's end.

namespace troupe::detail {

// -- where the actor is -------------------------------------------------------

coro<void> watch_for_peer(actor_ref who, std::uint8_t verb, visit& from) {
  exit_reason why;
  bool stopped = false;
  std::string message;
  try {
    monitor(who);
    down end = co_await receive<down>();
    why = end.reason;
  } catch (const cancelled_error& stop) {
    stopped = true;
    message = stop.message();
  }
  if (stopped) {
    if (verb == static_cast<std::uint8_t>(watch_verb::link) && from.peer_lost())
      send_exit(who, "node '" + from.peer_name()
                       + "', which has a linked actor, is lost");
    throw cancelled_error(message);
  }
  try {
    why.rethrow();
  } catch (const cancelled_error& end) {
    // Its own cancellation, not one of the task that asks.
    throw cancelled_there{end.message()};
  }
}

void exit_by_peer(const actor_ref& who, std::string_view payload) {
  send_exit(who, from_wire<std::string>(payload));
}

// -- where it is watched ------------------------------------------------------

namespace {

// Takes the signals for an actor of another node. For each that watches it
// there is a task, which waits for the answer of the other node.
class stand_in final : public foreign_actor {
public:
  stand_in(peer there, std::string name)
    : there_(std::move(there)), name_(std::move(name)) {}

  void retain() noexcept override {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept override {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  bool takes_signals() const noexcept override {
    return true;
  }

  void tell(message& what) override;

  void ask(task_cell&, local_request&) override {
    throw_far("ask");
  }

  // It takes signals instead.
  void monitor(task_cell&) override {}
  void demonitor(task_cell&) override {}
  void link(task_cell&) override {}
  void unlink(task_cell&) override {}

  void exit(const std::string& reason, bool) override {
    tell_peer(*there_.session(), name_,
              static_cast<std::uint8_t>(watch_verb::exit), to_wire(reason));
  }

  std::string describe() const override {
    return "'" + name_ + "' on node '" + there_.name() + "'";
  }

  const void* identity() const noexcept override {
    return this;
  }

private:
  // Who watches, and the number of its monitor; 0 for a link.
  using watch_key = std::pair<const future_core*, monitor_id>;

  [[noreturn]] void throw_far(const char* what) const {
    throw error(errc::not_supported,
                std::string{what} + " of " + describe()
                  + ": ask and tell take its remote_actor instead");
  }

  void take(signal& what);
  void begin(const signal& what, watch_verb verb);
  bool end(const watch_key& which, bool cancel) noexcept;
  void pass_on(const exit_reason& why) noexcept;
  static coro<void> watch(ref<stand_in> self, ref<future_core> watcher,
                          monitor_id id, watch_verb verb);

  const peer there_;
  const std::string name_;
  std::atomic<std::uint32_t> refs_{1};
  spinlock lock_; // for what follows
  std::map<watch_key, any_task> watches_;
};

void stand_in::tell(message& what) {
  message_holder held{&what};
  if (what.what != message_kind::signal)
    throw_far("tell");
  take(static_cast<signal&>(what));
}

void stand_in::take(signal& what) {
  watch_key key{what.from.task.get(), what.id};
  switch (what.which) {
    case signal::sort::monitor:
      return begin(what, watch_verb::watch);
    case signal::sort::link:
      return begin(what, watch_verb::link);
    case signal::sort::demonitor:
    case signal::sort::unlink:
      end(key, true);
      return;
    case signal::sort::exit: // one that was linked has ended
      if (end(key, true) && !what.reason.normal())
        pass_on(what.reason);
      return;
    default:
      return;
  }
}

void stand_in::begin(const signal& what, watch_verb verb) {
  ref<future_core> watcher = what.from.task;
  loop_core& home = watcher->home();
  task_options options;
  options.eager_start = 1; // so that the request goes out before later ones
  any_task task = event_loop{home}.create_task(
    watch(ref<stand_in>{this}, watcher, what.id, verb), options);
  if (task.done())
    return;
  watch_key key{watcher.get(), what.id};
  lock_.lock();
  watches_.emplace(key, task);
  lock_.unlock();
  if (task.done()) // on another worker, just now
    end(key, false);
}

void stand_in::pass_on(const exit_reason& why) noexcept {
  try {
    exit(to_string(why), false);
  } catch (const error&) {
    // The node is lost: the other side sees that by itself.
  }
}

// False if it had ended before.
bool stand_in::end(const watch_key& which, bool cancel) noexcept {
  any_task task;
  lock_.lock();
  auto found = watches_.find(which);
  bool there = found != watches_.end();
  if (there) {
    task = std::move(found->second);
    watches_.erase(found);
  }
  lock_.unlock();
  if (there && cancel)
    task.cancel();
  return there;
}

coro<void> stand_in::watch(ref<stand_in> self, ref<future_core> watcher,
                           monitor_id id, watch_verb verb) {
  exit_reason why;
  try {
    co_await ask_or_leave(self->there_.session(), self->name_,
                          static_cast<std::uint8_t>(verb), {}, {});
  } catch (...) {
    why = std::current_exception();
  }
  if (current_task().cancelling() > 0)
    co_return; // it was taken back
  self->end({watcher.get(), id}, false);
  auto* note = new signal(id ? signal::sort::down : signal::sort::exit,
                          address{nullptr, ref<foreign_actor>{self.get()}});
  note->id = id;
  note->reason = why;
  post(address{watcher, nullptr}, *note);
}

} // namespace

actor_ref stand_in_for(const peer& there, std::string name) {
  auto* made = new stand_in(there, std::move(name));
  return actor_ref{address{nullptr, ref<foreign_actor>{made, true}}};
}

} // namespace troupe::detail
