#include "actors/nodes/callers.hpp"
#include "actors/nodes/link.hpp"
#include "actors/nodes/plain_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/logger.hpp>
#include <caf/make_actor.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/openssl/middleman_actor.hpp>
#include <caf/openssl/publish.hpp>
#include <caf/system_messages.hpp>

#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

// The only file, with plain_actor.hpp and callers.hpp, that knows how CAF
// 0.17.6 carries our messages. A message is one `std::string`, which CAF knows
// by itself: no type is registered.

namespace troupe::detail {

namespace {

caf::timespan timespan_of(std::chrono::nanoseconds x) {
  return std::chrono::duration_cast<caf::timespan>(x);
}

struct node_config : caf::actor_system_config {
  explicit node_config(const transport_plan& plan) {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 1);
    set("middleman.workers", 0); // messages go straight to our actors
    set("middleman.enable-automatic-connections", false);
    set("middleman.heartbeat-interval", timespan_of(plan.heartbeat));
    set("middleman.connection-timeout", timespan_of(plan.loss_limit));
    if (plan.security.on()) {
      load<caf::openssl::manager>();
      set("openssl.certificate", plan.security.certificate);
      set("openssl.key", plan.security.key);
      set("openssl.cafile", plan.security.authority);
    }
  }
};

// Our end of a link.
class link_actor final : public plain_actor {
public:
  using plain_actor::plain_actor;

  const char* name() const override {
    return "troupe.link";
  }

  void attach(std::shared_ptr<link_user> user) {
    std::lock_guard lock{mutex_};
    user_ = std::move(user);
    if (lost_)
      user_->on_lost("the connection broke");
  }

  // The other end is known: we were called.
  void answer_to(caf::strong_actor_ptr peer) {
    std::lock_guard lock{mutex_};
    peer_ = std::move(peer);
    settled_ = true;
    watch();
  }

  // `caller` is a middleman of its own.
  void connect(const caf::actor& caller, std::shared_ptr<callers> all,
               const std::string& host, std::uint16_t port,
               transport::connect_function done) {
    {
      std::lock_guard lock{mutex_};
      connected_ = [caller, all, done = std::move(done)](
                     std::shared_ptr<node_link> link, std::string problem) {
        all->end(caller);
        done(std::move(link), std::move(problem));
      };
    }
    auto number = new_request_id(caf::message_priority::normal);
    caller->enqueue(caf::make_mailbox_element(
                      ctrl(), number, {}, caf::connect_atom::value, host, port),
                    nullptr);
  }

  void send(std::string bytes) {
    caf::strong_actor_ptr to;
    {
      std::lock_guard lock{mutex_};
      to = peer_;
    }
    if (to)
      to->enqueue(ctrl(), caf::make_message_id(),
                  caf::make_message(std::move(bytes)), nullptr);
  }

private:
  bool receive(caf::mailbox_element& what) override {
    auto& content = what.content();
    if (what.mid.is_response()) {
      on_connected(content);
      return true;
    }
    if (content.match_elements<std::string>()) {
      on_bytes(what.sender, content.get_mutable_as<std::string>(0));
      return true;
    }
    if (content.match_elements<caf::down_msg>()) {
      auto& down = content.get_mutable_as<caf::down_msg>(0);
      if (!peer_ || down.source != peer_)
        return true;
      lost_ = true; // perhaps before anybody uses the link
      if (user_)
        user_->on_lost(down.reason == caf::exit_reason::user_shutdown
                         ? "it ended the connection"
                         : "the connection broke");
      return true;
    }
    return content.match_elements<caf::exit_msg>();
  }

  void on_connected(caf::type_erased_tuple& content) {
    auto done = std::exchange(connected_, nullptr);
    if (!done)
      return;
    if (content.match_elements<caf::node_id, caf::strong_actor_ptr,
                               std::set<std::string>>()) {
      peer_ = content.get_as<caf::strong_actor_ptr>(1);
      if (peer_) {
        watch();
        return done(handle(), {});
      }
    }
    std::string why = "nobody answers there";
    if (content.match_elements<caf::error>())
      why = system().render(content.get_as<caf::error>(0));
    done(nullptr, std::move(why));
  }

  // The gateway of a node answers with an actor of its own, made for us.
  void on_bytes(const caf::strong_actor_ptr& sender, std::string& bytes) {
    if (!sender || !peer_ || !user_)
      return;
    if (!settled_ && sender->node() == peer_->node()) {
      settled_ = true;
      demonitor(caf::actor_cast<caf::actor_addr>(peer_));
      peer_ = sender;
      watch();
    }
    if (sender == peer_)
      user_->on_bytes(std::move(bytes));
  }

  void watch() {
    monitor(caf::actor_cast<caf::abstract_actor*>(peer_),
            caf::message_priority::normal);
  }

  void on_end() override {
    user_ = nullptr;
    connected_ = nullptr;
    if (auto peer = std::exchange(peer_, nullptr))
      demonitor(caf::actor_cast<caf::actor_addr>(peer));
  }

  std::shared_ptr<node_link> handle();

  std::shared_ptr<link_user> user_;
  caf::strong_actor_ptr peer_;
  transport::connect_function connected_;
  bool lost_ = false;
  bool settled_ = false; // `peer_` is the other end, not its gateway
};

template <class Actor>
caf::intrusive_ptr<Actor> make(caf::actor_system& system) {
  caf::actor_config config;
  auto pointer = caf::make_actor<Actor, caf::strong_actor_ptr>(
    system.next_actor_id(), system.node(), &system, config);
  return static_cast<Actor*>(pointer->get());
}

class caf_link final : public node_link {
public:
  explicit caf_link(caf::intrusive_ptr<link_actor> actor)
    : actor_(std::move(actor)) {}

  ~caf_link() override {
    actor_->end();
  }

  void attach(std::shared_ptr<link_user> user) override {
    actor_->attach(std::move(user));
  }

  void send(std::string bytes) override {
    actor_->send(std::move(bytes));
  }

  void close() noexcept override {
    actor_->end();
  }

private:
  caf::intrusive_ptr<link_actor> actor_;
};

std::shared_ptr<node_link> link_actor::handle() {
  return std::make_shared<caf_link>(caf::intrusive_ptr<link_actor>{this});
}

// The only actor of a node that is published: whoever sends it a text gets a
// link of his own.
class gateway_actor final : public plain_actor {
public:
  using plain_actor::plain_actor;

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
    auto mine = make<link_actor>(system());
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

class caf_transport final : public transport {
public:
  explicit caf_transport(const transport_plan& plan)
    : secure_(plan.security.on()), config_(std::make_unique<node_config>(plan)),
      system_(std::make_unique<caf::actor_system>(*config_)) {
    gateway_ = make<gateway_actor>(*system_);
    broker_ = system_->middleman().named_broker<caf::io::basp_broker>(
      caf::atom("BASP"));
    forget_system();
  }

  coro<std::uint16_t> listen(std::string host, std::uint16_t port,
                             accept_function accept) override {
    gateway_->open(std::move(accept));
    auto actor = caf::actor_cast<caf::actor>(gateway_->ctrl());
    auto result
      = secure_ ? caf::openssl::publish(actor, port, host.c_str(), true)
                : system_->middleman().publish(actor, port, host.c_str(), true);
    forget_system();
    if (!result)
      throw std::runtime_error(system_->render(result.error()));
    let_poll(*system_);
    co_return port_ = *result;
  }

  void connect(const std::string& host, std::uint16_t port,
               connect_function done) override {
    auto caller = secure_
                  ? caf::openssl::make_middleman_actor(*system_, broker_)
                  : caf::io::make_middleman_actor(*system_, broker_);
    auto handle = caf::actor_cast<caf::actor>(caller);
    forget_system();
    callers_->add(handle);
    make<link_actor>(*system_)->connect(handle, callers_, host, port,
                                        std::move(done));
  }

  void close(std::function<void()> done) noexcept override {
    gateway_->end();
    callers_->end_all();
    broker_ = nullptr;
    // The system waits for its threads when it goes, so another one sees to it.
    std::thread{[system = std::move(system_), config = std::move(config_),
                 gateway = std::move(gateway_), port = port_, secure = secure_,
                 done = std::move(done)]() mutable {
      if (port != 0) {
        auto middleman = secure ? system->openssl_manager().actor_handle()
                                : system->middleman().actor_handle();
        caf::anon_send(middleman, caf::close_atom::value, port);
      }
      gateway = nullptr;
      system->await_actors_before_shutdown(false);
      system.reset();
      config.reset();
      done();
    }}.detach();
  }

private:
  // Making an actor lets this thread hold the system's logger, for which the
  // system would wait at its end.
  static void forget_system() {
    caf::logger::set_current_actor_system(nullptr);
  }

  const bool secure_;
  std::uint16_t port_ = 0;
  std::unique_ptr<node_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::intrusive_ptr<gateway_actor> gateway_;
  caf::actor broker_; // that of CAF's protocol
  const std::shared_ptr<callers> callers_ = std::make_shared<callers>();
};

} // namespace

std::unique_ptr<transport> make_caf_transport(const transport_plan& plan) {
  return std::make_unique<caf_transport>(plan);
}

} // namespace troupe::detail
