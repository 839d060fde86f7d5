#pragma once

#include <troupe/node.hpp>

#include "actors/nodes/session.hpp"

namespace troupe::detail {

struct endpoint {
  std::string host;
  std::uint16_t port = 0;
};

// A node: its sessions, what it published, and the transport that ends with it.
class node_core final : public loop_resource,
                        public std::enable_shared_from_this<node_core> {
public:
  node_core(loop_core& home, const node_options& options);
  ~node_core();

  static coro<std::shared_ptr<node_core>> start(loop_core& home,
                                                node_options options);

  const std::shared_ptr<node_state>& state() const noexcept {
    return state_;
  }

  std::uint16_t port() const noexcept {
    return port_;
  }

  static coro<std::shared_ptr<session>> connect(std::shared_ptr<node_core> self,
                                                std::string address,
                                                std::string expected);

  // Leaves everybody; `gone` is done when the threads are gone.
  void leave_all();
  static coro<void> stop(std::shared_ptr<node_core> self);

  void on_loop_close() noexcept override;

private:
  static coro<std::shared_ptr<session>> attempt(std::shared_ptr<node_core> self,
                                                endpoint to, std::string name,
                                                std::string expected);
  static coro<void> listen(std::shared_ptr<node_core> self,
                           node_options options);

  void begin_connect(const endpoint& to, transport::connect_function done);

  std::unique_ptr<transport> take_transport() {
    std::lock_guard lock{transport_mutex_};
    return std::move(transport_);
  }

  // Blocks until the threads are gone, at most `stop_limit`.
  void stop_now() noexcept;

  std::shared_ptr<node_state> state_;
  std::mutex transport_mutex_;
  std::unique_ptr<transport> transport_; // null once it is stopped
  std::uint16_t port_ = 0;
  const bool plain_text_;
  const std::chrono::nanoseconds connect_limit_;
  const std::chrono::nanoseconds stop_limit_;
};

} // namespace troupe::detail
