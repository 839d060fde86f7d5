#pragma once

#include "actors/nodes/session.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// A link in memory. A test can listen to it, and speak as the other end.
class memory_link final : public troupe::detail::node_link {
public:
  static std::pair<std::shared_ptr<memory_link>, std::shared_ptr<memory_link>>
  make_pair() {
    auto one = std::make_shared<memory_link>();
    auto two = std::make_shared<memory_link>();
    one->other_ = two;
    two->other_ = one;
    return {one, two};
  }

  void attach(std::shared_ptr<troupe::detail::link_user> user) override {
    user_ = std::move(user);
  }

  void send(std::string bytes) override {
    sent.push_back(bytes);
    if (auto other = other_.lock(); other && other->user_)
      other->user_->on_bytes(std::move(bytes));
  }

  void close() noexcept override {
    user_ = nullptr;
    if (auto other = other_.lock(); other && other->user_)
      other->user_->on_lost("closed");
  }

  void break_off() noexcept override {
    broken_off = true;
  }

  std::optional<std::string> certificate() const override {
    return below;
  }

  std::vector<std::string> sent;
  std::optional<std::string> below;
  bool broken_off = false;

private:
  std::weak_ptr<memory_link> other_;
  std::shared_ptr<troupe::detail::link_user> user_;
};

// A node without a transport, for sessions over such links.
inline std::shared_ptr<troupe::detail::node_state>
make_state(std::string name, std::shared_ptr<troupe::detail::identity> me) {
  auto state = std::make_shared<troupe::detail::node_state>(
    *troupe::detail::running_loop());
  state->in = troupe::copy_context();
  state->name = std::move(name);
  state->me = std::move(me);
  state->heartbeat = std::chrono::hours{1};
  state->loss_limit = std::chrono::hours{1};
  state->handshake_limit = std::chrono::seconds{10};
  state->max_message = 10'000;
  state->max_requests = 3;
  state->max_peers = 10;
  state->max_sessions = 10;
  return state;
}
