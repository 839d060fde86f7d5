#include "actors/coordinator_actor.hpp"

#include <troupe/error.hpp>

#include "actors/native_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/response_promise.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <mutex>

namespace troupe::detail {

// -- a request ----------------------------------------------------------------

// On its way: in the frame of the task that serves it. It is answered once,
// also if that frame is dropped.
class coordinator_actor::request {
public:
  request(caf::strong_actor_ptr server, caf::mailbox_element& what)
    : server_(server), asker_(caf::actor_cast<caf::actor_addr>(what.sender)),
      promise_(std::move(server), what) {}

  request(request&&) = default;
  request& operator=(request&&) = delete;

  ~request() {
    if (!server_)
      return;
    if (promise_.pending())
      refuse(caf::sec::request_receiver_down);
    if (number_ != 0)
      owner().ended(asker_, number_);
  }

  const caf::actor_addr& asker() const noexcept {
    return asker_;
  }

  void number(std::uint64_t x) noexcept {
    number_ = x;
  }

  void answer(caf::message value) {
    if (value.empty())
      promise_.deliver(caf::unit);
    else
      promise_.deliver(std::move(value));
  }

  void refuse(caf::error why) {
    promise_.deliver(std::move(why));
  }

private:
  coordinator_actor& owner() const noexcept {
    return *static_cast<coordinator_actor*>(server_->get());
  }

  caf::strong_actor_ptr server_;
  caf::actor_addr asker_;
  caf::response_promise promise_;
  std::uint64_t number_ = 0; // 0: nobody asked
};

namespace {

template <class Request>
coro<void> serve_by_task(Request what, answering work) {
  try {
    caf::message value = co_await std::move(work);
    what.answer(std::move(value));
  } catch (const cancelled_error&) {
    what.refuse(caf::sec::request_receiver_down);
  } catch (const std::exception& problem) {
    what.refuse(
      caf::make_error(caf::sec::runtime_error, std::string{problem.what()}));
  }
}

} // namespace

// -- making -------------------------------------------------------------------

coordinator_actor::coordinator_actor(caf::actor_config& config, loop_core& home,
                                     std::unique_ptr<door> entrance)
  : local_actor(config), home_(home), door_(std::move(entrance)) {}

coordinator_actor::~coordinator_actor() = default;

void drop_actor(void* known) noexcept {
  caf::intrusive_ptr_release_weak(
    static_cast<caf::actor_control_block*>(known));
}

// In a turn. Empty if there is none, or only one of a loop before.
caf::strong_actor_ptr
coordinator_actor::known_actor(const coordinator& core) noexcept {
  auto* block = static_cast<caf::actor_control_block*>(core.actor_);
  if (!block || !caf::intrusive_ptr_upgrade_weak(block))
    return nullptr;
  return {block, false};
}

caf::actor coordinator_actor::of(coordinator& core,
                                 std::unique_ptr<door> entrance) {
  if (this_worker)
    core.enter();
  loop_core* home = core.home();
  if (!home)
    throw error(errc::no_running_loop,
                "actor() of " + core.describe()
                  + ", which belongs to no loop yet; call it in a task or a "
                    "callback of its loop");
  home->check_open("actor()");
  caf::strong_actor_ptr known;
  {
    coordinator::turn mine{core, true};
    known = known_actor(core);
  }
  auto is_of_home = [&](const caf::strong_actor_ptr& x) {
    return x && &static_cast<coordinator_actor*>(x->get())->home_ == home;
  };
  if (is_of_home(known))
    return caf::actor_cast<caf::actor>(known);
  auto& made = place_actor<coordinator_actor>(*home, std::move(entrance));
  caf::strong_actor_ptr result{made.ctrl(), false};
  void* old = nullptr;
  {
    coordinator::turn mine{core, true};
    known = known_actor(core);
    if (!is_of_home(known)) { // else somebody else was quicker
      caf::intrusive_ptr_add_weak_ref(made.ctrl());
      old = std::exchange(core.actor_, made.ctrl());
      known = result;
    }
  }
  if (old)
    drop_actor(old);
  return caf::actor_cast<caf::actor>(known);
}

caf::actor actor_of(coordinator& core, std::unique_ptr<door> entrance) {
  return coordinator_actor::of(core, std::move(entrance));
}

// -- the inbox ----------------------------------------------------------------

// Messages are served one after the other, in the order of their coming, also
// by a loop with several workers.
class coordinator_actor::delivery final : public job {
public:
  explicit delivery(coordinator_actor& to) noexcept
    : to_(to.ctrl()), id_(to.id()) {}

  void run() override {
    static_cast<coordinator_actor*>(to_->get())->deliver_all();
    delete this;
  }

  job_label label() const noexcept override {
    return {job_kind::actor, id_, {}};
  }

private:
  caf::strong_actor_ptr to_;
  caf::actor_id id_;
};

void coordinator_actor::enqueue(caf::mailbox_element_ptr what,
                                caf::execution_unit*) {
  {
    std::lock_guard guard{busy_};
    inbox_.push_back(std::move(what));
    if (std::exchange(delivering_, true))
      return;
  }
  auto* job = new delivery(*this);
  if (home_.closed()) {
    delete job;
  } else if (home_.here()) {
    home_.push(*job);
    return;
  } else if (home_.try_inject(*job)) {
    return;
  } else {
    delete job;
  }
  // The loop is closed: nobody will be served any more.
  std::vector<caf::mailbox_element_ptr> late;
  std::map<caf::actor_addr, client> gone;
  caf::strong_actor_ptr last;
  {
    std::lock_guard guard{busy_};
    late.swap(inbox_);
    gone.swap(clients_);
    last.swap(myself_);
    delivering_ = false;
  }
  for (auto& each : late)
    if (each->mid.is_request())
      bounce(each);
}

void coordinator_actor::deliver_all() {
  std::vector<caf::mailbox_element_ptr> items;
  {
    std::lock_guard guard{busy_};
    items.swap(inbox_);
  }
  for (auto& each : items)
    receive(*each);
  {
    std::lock_guard guard{busy_};
    if (inbox_.empty()) {
      delivering_ = false;
      return;
    }
  }
  home_.push(*new delivery(*this)); // others go first
}

void coordinator_actor::receive(caf::mailbox_element& what) {
  auto& content = what.content();
  if (content.match_elements<caf::down_msg>())
    forget(content.get_as<caf::down_msg>(0).source);
  else if (content.match_elements<caf::exit_msg>())
    unlink_from(content.get_as<caf::exit_msg>(0).source); // nothing ends it
  else if (!handle_system_message(what, context_, true))
    serve(what);
}

// -- serving ------------------------------------------------------------------

void coordinator_actor::serve(caf::mailbox_element& what) {
  caf::strong_actor_ptr asker = what.sender;
  caf::message content = what.move_content_to_message();
  request mine{caf::strong_actor_ptr{ctrl()}, what};
  holdings_ptr held;
  std::uint64_t number = 0;
  if (asker) {
    bool known = true;
    {
      std::lock_guard guard{busy_};
      auto [place, fresh] = clients_.try_emplace(mine.asker());
      number = ++last_number_;
      place->second.requests.emplace(number, any_task{});
      held = place->second.held;
      known = !fresh;
      if (!myself_)
        myself_ = ctrl();
    }
    mine.number(number);
    if (!known)
      monitor(asker);
  } else {
    held = std::make_shared<holdings>();
    held->close();
  }
  auto work = door_->open(content, held);
  if (!work) {
    mine.refuse(caf::sec::unexpected_message);
    return;
  }
  // What was not a request is done also if whoever sent it ends before.
  bool awaited = what.mid.is_request();
  caf::actor_addr whom = mine.asker();
  std::string name = "request to actor " + std::to_string(id());
  any_task served
    = create_task(serve_by_task(std::move(mine), std::move(*work)),
                  task_options{.name = name, .eager_start = 1});
  if (!awaited)
    return;
  std::lock_guard guard{busy_};
  if (auto place = clients_.find(whom); place != clients_.end())
    if (auto open = place->second.requests.find(number);
        open != place->second.requests.end())
      open->second = std::move(served);
}

// A request was answered.
void coordinator_actor::ended(const caf::actor_addr& whom,
                              std::uint64_t number) noexcept {
  any_task served;
  caf::strong_actor_ptr last; // dropped after the lock
  {
    std::lock_guard guard{busy_};
    auto place = clients_.find(whom);
    if (place == clients_.end())
      return;
    auto& requests = place->second.requests;
    if (auto open = requests.find(number); open != requests.end()) {
      served = std::move(open->second);
      requests.erase(open);
    }
    if (!requests.empty() || !place->second.held->empty())
      return;
    clients_.erase(place);
    if (clients_.empty())
      last.swap(myself_);
  }
  demonitor(whom);
}

// An actor has ended: its requests are withdrawn, and what it holds comes back.
void coordinator_actor::forget(const caf::actor_addr& whom) noexcept {
  client gone;
  caf::strong_actor_ptr last;
  {
    std::lock_guard guard{busy_};
    auto place = clients_.find(whom);
    if (place == clients_.end())
      return;
    gone = std::move(place->second);
    clients_.erase(place);
    if (clients_.empty())
      last.swap(myself_);
  }
  gone.held->close();
  for (auto& [number, served] : gone.requests)
    if (served)
      served.cancel("the actor that asked has ended");
}

// -- caf::local_actor ---------------------------------------------------------

void coordinator_actor::launch(caf::execution_unit*, bool, bool) {
  // `of` makes these actors; CAF's own spawn never makes one.
}

// As local_actor::cleanup without the call to the clock: no timers there.
bool coordinator_actor::cleanup(caf::error&& reason,
                                caf::execution_unit* unit) {
  return monitorable_actor::cleanup(std::move(reason), unit);
}

const char* coordinator_actor::name() const {
  return "troupe.coordinator";
}

} // namespace troupe::detail
