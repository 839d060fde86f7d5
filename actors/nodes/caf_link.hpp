#pragma once

#include "actors/nodes/callers.hpp"
#include "actors/nodes/guarded_middleman.hpp"
#include "actors/nodes/link.hpp"
#include "actors/nodes/plain_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/system_messages.hpp>

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace troupe::detail {

using rules_ptr = std::shared_ptr<connection_rules>;

// Our end of a link.
class link_actor final : public plain_actor {
public:
  using plain_actor::attach;

  link_actor(caf::actor_config& config, rules_ptr rules)
    : plain_actor(config), rules_(std::move(rules)) {}

  ~link_actor() override {
    rules_->actors.end(id());
  }

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

  void connect(std::shared_ptr<callers> all, std::string host,
               std::uint16_t port, transport::connect_function done) {
    std::lock_guard lock{mutex_};
    callers_ = std::move(all);
    caller_ = callers_->begin();
    if (!caller_)
      return done(nullptr, "the node is stopping");
    connected_ = std::move(done);
    auto number = new_request_id(caf::message_priority::normal);
    caller_->enqueue(caf::make_mailbox_element(ctrl(), number, {},
                                               caf::connect_atom::value,
                                               std::move(host), port),
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

  void break_off() {
    std::lock_guard lock{mutex_};
    if (peer_)
      rules_->gate->drop_peer(bytes_of(system(), peer_->node()));
  }

  std::optional<std::string> certificate() {
    if (!rules_->tls)
      return std::nullopt;
    std::lock_guard lock{mutex_};
    if (!peer_)
      return std::string{};
    return rules_->claims.certificate_of(bytes_of(system(), peer_->node()));
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
    if (!connected_)
      return;
    callers_->end(std::exchange(caller_, nullptr)); // it ends with its handle
    if (content.match_elements<caf::node_id, caf::strong_actor_ptr,
                               std::set<std::string>>()) {
      peer_ = content.get_as<caf::strong_actor_ptr>(1);
      if (peer_) {
        watch();
        return std::exchange(connected_, nullptr)(handle(), {});
      }
    }
    std::string why = "nobody answers there";
    if (content.match_elements<caf::error>())
      why = system().render(content.get_as<caf::error>(0));
    std::exchange(connected_, nullptr)(nullptr, std::move(why));
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

  // Only its node may reach us from now on.
  void watch() {
    rules_->actors.open(id(), rules_->max_message,
                        bytes_of(system(), peer_->node()));
    monitor(caf::actor_cast<caf::abstract_actor*>(peer_),
            caf::message_priority::normal);
  }

  void on_end() override {
    user_ = nullptr;
    connected_ = nullptr;
    caller_ = nullptr;
    if (auto peer = std::exchange(peer_, nullptr))
      demonitor(caf::actor_cast<caf::actor_addr>(peer));
  }

  std::shared_ptr<node_link> handle();

  const rules_ptr rules_;
  std::shared_ptr<link_user> user_;
  caf::strong_actor_ptr peer_;
  transport::connect_function connected_;
  std::shared_ptr<callers> callers_;
  caf::actor caller_;
  bool lost_ = false;
  bool settled_ = false; // `peer_` is the other end, not its gateway
};

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

  std::optional<std::string> certificate() const override {
    return actor_->certificate();
  }

  void break_off() noexcept override {
    actor_->break_off();
  }

  void close() noexcept override {
    actor_->end();
  }

private:
  caf::intrusive_ptr<link_actor> actor_;
};

inline std::shared_ptr<node_link> link_actor::handle() {
  return std::make_shared<caf_link>(caf::intrusive_ptr<link_actor>{this});
}

} // namespace troupe::detail
