#include "actors/nodes/caf_link.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/after.hpp>
#include <caf/function_view.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/logger.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

// With caf_link.hpp, plain_actor.hpp, callers.hpp and guarded_middleman.cpp the
// only file that knows how CAF 0.17.6 carries our messages. A
// message is one `std::string`, which CAF knows by itself: no type is
// registered.

namespace troupe::detail {

namespace {

caf::timespan timespan_of(std::chrono::nanoseconds x) {
  return std::chrono::duration_cast<caf::timespan>(x);
}

struct node_config : caf::actor_system_config {
  node_config() {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 1);
    set("middleman.workers", 0); // messages go straight to our actors
    set("middleman.enable-automatic-connections", false);
  }
};

// The only actor of a node that is published: whoever sends it a text gets a
// link of his own.
class gateway_actor final : public plain_actor {
public:
  // The longest hello, with a certificate in it.
  static constexpr std::size_t longest = 64 * 1024;

  gateway_actor(caf::actor_config& config, rules_ptr rules)
    : plain_actor(config), rules_(std::move(rules)) {
    rules_->actors.open(id(), longest);
  }

  ~gateway_actor() override {
    rules_->actors.end(id());
  }

  const char* name() const override {
    return "troupe.gateway";
  }

  void open(transport::accept_function accept) {
    std::lock_guard lock{mutex_};
    accept_ = std::move(accept);
  }

private:
  bool receive(caf::mailbox_element& what) override {
    auto& content = what.content();
    if (!content.match_elements<std::string>())
      return false;
    if (!what.sender || !accept_ || what.sender->node() == node())
      return true;
    auto mine = make<link_actor>(system(), rules_);
    mine->answer_to(what.sender);
    accept_(std::make_shared<caf_link>(mine));
    mine->enqueue(
      what.sender, caf::make_message_id(),
      caf::make_message(std::move(content.get_mutable_as<std::string>(0))),
      nullptr);
    return true;
  }

  void on_end() override {
    accept_ = nullptr;
  }

  const rules_ptr rules_;
  transport::accept_function accept_;
};

// CAF forgets a listening socket, which stays open, if it is closed before the
// multiplexer has begun to poll it. So whoever opens one waits for that.
void let_poll(caf::actor_system& system) {
  for (int i = 0; i < 2; ++i) {
    std::promise<void> polled;
    system.middleman().backend().post([&] { polled.set_value(); });
    polled.get_future().wait();
  }
}

// Waits until they have ended, but not for ever: connecting can block one.
void wait_for_end(caf::actor_system& system, std::set<caf::actor> whom,
                  std::chrono::nanoseconds limit) {
  caf::scoped_actor self{system, true};
  for (const caf::actor& each : whom)
    self->monitor(each);
  std::size_t left = whom.size();
  whom.clear();
  auto end = std::chrono::steady_clock::now() + limit;
  while (left > 0) {
    std::chrono::nanoseconds rest = end - std::chrono::steady_clock::now();
    self->receive([&](const caf::down_msg&) { --left; },
                  caf::after(timespan_of(std::max(rest, rest.zero()))) >>
                    [&] { left = 0; });
  }
}

class caf_transport final : public transport {
public:
  explicit caf_transport(const transport_plan& plan)
    : stop_limit_(plan.stop_limit), config_(std::make_unique<node_config>()),
      system_(std::make_unique<caf::actor_system>(*config_)) {
    forget_logger();
    rules_ = make_rules(*system_, plan);
    middleman_ = spawn_guarded_middleman(*system_, rules_);
    gateway_ = make<gateway_actor>(*system_, rules_);
    callers_ = std::make_shared<callers>([&system = *system_, rules = rules_] {
      return spawn_guarded_middleman(system, rules);
    });
    forget_logger();
  }

  coro<std::uint16_t> listen(std::string host, std::uint16_t port,
                             accept_function accept) override {
    gateway_->open(std::move(accept));
    auto publish = caf::make_function_view(
      caf::actor_cast<caf::io::middleman_actor>(middleman_));
    auto result = publish(caf::publish_atom::value, port,
                          caf::strong_actor_ptr{gateway_->ctrl()},
                          std::set<std::string>{}, host, true);
    forget_logger();
    if (!result)
      throw std::runtime_error(system_->render(result.error()));
    let_poll(*system_);
    co_return port_ = *result;
  }

  void connect(const std::string& host, std::uint16_t port,
               connect_function done) override {
    make<link_actor>(*system_, rules_)
      ->connect(callers_, host, port, std::move(done));
    forget_logger();
  }

  void close(std::function<void()> done) noexcept override {
    gateway_->end();
    // The system waits for its threads when it goes, so another one sees to it.
    std::thread{[system = std::move(system_), config = std::move(config_),
                 gateway = std::move(gateway_),
                 middleman = std::move(middleman_), port = port_,
                 last = callers_->end_all(), limit = stop_limit_,
                 done = std::move(done)]() mutable {
      if (port != 0)
        caf::anon_send(middleman, caf::close_atom::value, port);
      caf::anon_send_exit(middleman, caf::exit_reason::kill);
      middleman = nullptr;
      gateway = nullptr;
      // What one of them sends to CAF's broker when that is gone stays in its
      // mailbox, with the sender; and the system waits for the sender.
      wait_for_end(*system, std::move(last), limit);
      system->await_actors_before_shutdown(false);
      system.reset();
      config.reset();
      done();
    }}.detach();
  }

private:
  // Making a system, spawning and publishing let this thread hold the system's
  // logger, for which the system would wait at its end.
  static void forget_logger() {
    caf::logger::set_current_actor_system(nullptr);
  }

  std::uint16_t port_ = 0;
  const std::chrono::nanoseconds stop_limit_;
  std::unique_ptr<node_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  rules_ptr rules_;
  caf::actor middleman_;
  caf::intrusive_ptr<gateway_actor> gateway_;
  std::shared_ptr<callers> callers_;
};

} // namespace

std::unique_ptr<transport> make_caf_transport(const transport_plan& plan) {
  return std::make_unique<caf_transport>(plan);
}

} // namespace troupe::detail
