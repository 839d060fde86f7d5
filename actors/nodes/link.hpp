#pragma once

#include <troupe/coro.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe::detail {

class loop_core;

// Who uses a link. Called on any thread, one call at a time.
class link_user {
public:
  virtual ~link_user() = default;
  virtual void on_bytes(std::string bytes) = 0;
  virtual void on_lost(std::string why) = 0;
};

// A way to one peer: whole messages in order, until it is lost.
class node_link {
public:
  virtual ~node_link() = default;

  // Before the first `send`, or inside the call that gave the link.
  virtual void attach(std::shared_ptr<link_user> user) = 0;

  // From any thread.
  virtual void send(std::string bytes) = 0;

  // The digest of the peer's certificate of TLS; none without TLS.
  virtual std::optional<std::string> certificate() const {
    return std::nullopt;
  }

  // The peer is silent: ends what carries this link, and with it the other
  // links to that peer, so that the next one is not carried by it, too.
  virtual void break_off() noexcept {}

  // The peer is told, the user hears no more. Harmless when called again.
  virtual void close() noexcept = 0;
};

// How a node is secured. All three or none of the files.
struct link_security {
  std::string certificate;
  std::string key;
  std::string authority;

  bool on() const noexcept {
    return !certificate.empty();
  }
};

struct transport_plan {
  link_security security;
  std::chrono::nanoseconds loss_limit;
  std::chrono::nanoseconds stop_limit;
  std::chrono::nanoseconds connect_limit; // also for those who connect to us
  std::size_t max_message;
  std::size_t max_peers;
};

// Where links come from.
class transport {
public:
  using accept_function = std::function<void(std::shared_ptr<node_link>)>;
  using connect_function
    = std::function<void(std::shared_ptr<node_link>, std::string problem)>;

  virtual ~transport() = default;

  // Returns the port. `accept` is called on any thread.
  virtual coro<std::uint16_t> listen(std::string host, std::uint16_t port,
                                     accept_function accept)
    = 0;

  // Calls `done` once, on any thread: a link, or what went wrong.
  virtual void connect(const std::string& host, std::uint16_t port,
                       connect_function done)
    = 0;

  // Nothing comes any more. All links were closed before. `done` is called, on
  // any thread, when everything is gone; by then `this` may be gone too.
  virtual void close(std::function<void()> done) noexcept = 0;
};

std::unique_ptr<transport> make_caf_transport(const transport_plan& plan);

// For a loop that is simulated.
std::unique_ptr<transport> make_simulated_transport(loop_core& home,
                                                    const transport_plan& plan);

} // namespace troupe::detail
