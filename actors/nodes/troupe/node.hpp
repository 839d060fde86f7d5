#pragma once

#include <troupe/detail/actor_exhibit.hpp>
#include <troupe/detail/exhibit.hpp>
#include <troupe/detail/exhibits.hpp>
#include <troupe/detail/function_exhibit.hpp>
#include <troupe/error.hpp>
#include <troupe/task.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// @file
/// Nodes: what is published on one can be used from others.

namespace troupe {

class peer;

namespace detail {
class node_core;
}

/// How a node is made.
///
/// Give it to `node::start` as a variable of its own: g++ 12 makes a mess of
/// strings in a braced list inside an awaiting expression.
struct node_options {
  /// What other nodes call it. With certificates it must be a name in its own.
  std::string name = "node";
  /// The address to listen at.
  std::string host = "127.0.0.1";
  /// The port to listen at; 0: any free one, -1: does not listen.
  int port = -1;
  /// Its certificate, a file in PEM format.
  std::string certificate = {};
  /// The key of its certificate, a file in PEM format.
  std::string key = {};
  /// The certificate of the authority that all nodes have in common, and that
  /// signs nothing else. A file in PEM format.
  std::string authority = {};
  /// Allows to do without certificates. Everybody on this machine can then do
  /// to the node what he likes, so it listens and connects on the loopback
  /// interface only.
  bool plain_text = false;
  /// How often it shows its peers that it lives.
  std::chrono::nanoseconds heartbeat = std::chrono::seconds{2};
  /// A peer that was not heard of for so long is lost, at most a quarter of a
  /// heartbeat later. 0: three heartbeats.
  std::chrono::nanoseconds loss_limit = {};
  /// Longest time for connecting, with the handshake; also for those who
  /// connect to it.
  std::chrono::nanoseconds connect_limit = std::chrono::seconds{10};
  /// Longest time for stopping.
  std::chrono::nanoseconds stop_limit = std::chrono::seconds{5};
  /// Longest message in bytes; a peer that sends a longer one is lost.
  std::size_t max_message = 16 << 20;
  /// How many requests a peer may have at a time; more are refused.
  std::size_t max_requests = 10'000;
  /// How many peers there can be; more are refused.
  std::size_t max_peers = 1'000;
  /// How many of these can come with the same certificate, or in plain text
  /// with the same name; more are refused.
  std::size_t max_sessions = 64;
};

/// A program's place among others: it publishes things under names, and
/// connects to other nodes to use theirs. Copies name the same node. It stops
/// when `stop()` is called, its loop is closed, or its last handle has gone;
/// peers and handles of remote things count as handles.
///
/// Nodes trust each other fully: who has a certificate of the authority can use
/// all that is published. Only what is published can be reached.
class node {
public:
  /// Makes a node on the running loop.
  /// @param options  see there.
  /// @throws error  (`errc::bad_identity`) without certificate, key and
  ///                authority, unless `plain_text` is set and the address is on
  ///                this machine; or if one of the files is wrong.
  /// @throws error  (`errc::not_supported`) if it cannot listen there.
  static coro<node> start(node_options options);

  /// Lets other nodes use `x` under a name.
  /// @param name  not empty, and not taken.
  /// @param x  a `queue`, `lock`, `semaphore`, `event` or `task`; an actor, as
  ///           `actor_ref` or `speaks<...>(actor_ref)`; or a function that
  ///           returns a coroutine. That is called in a task of its own for
  ///           each request, and lives as long as somebody uses it.
  /// @throws std::invalid_argument  if the name is empty or taken.
  template <class T>
  void publish(std::string_view name, T x) const {
    using exhibit = typename detail::exhibit_class<T>::type;
    publish_any(name, std::make_shared<exhibit>(std::move(x)));
  }

  /// Takes a name back. Requests that wait there fail with
  /// `errc::not_published`; what peers hold they keep until they give it back.
  /// @returns false if nothing had this name.
  bool withdraw(std::string_view name) const;

  /// Connects to another node.
  /// @param address  `host:port`.
  /// @param expected  the name that it must have; empty: any.
  /// @throws error  `errc::node_refused` with the reason;
  ///                `errc::bad_identity` if the address needs certificates.
  /// @throws node_lost_error  if it cannot be reached, or is lost meanwhile.
  /// @throws timeout_error  if that takes longer than `connect_limit`.
  coro<peer> connect(std::string address, std::string expected = {}) const;

  /// Returns the port that it listens at; 0 if it does not.
  std::uint16_t port() const noexcept;

  /// Returns its name.
  const std::string& name() const noexcept;

  /// Withdraws everything and leaves all peers; then waits until the threads
  /// have gone, at most `stop_limit`. Awaits that wait for a peer fail.
  coro<void> stop() const;

  /// @cond PRIVATE
  explicit node(std::shared_ptr<detail::node_core> core) noexcept
    : core_(std::move(core)) {}
  /// @endcond

private:
  void publish_any(std::string_view name,
                   std::shared_ptr<detail::exhibit> what) const;

  std::shared_ptr<detail::node_core> core_;
};

/// A node that we are connected to. Copies name the same connection. It ends
/// when the other node ends, is lost, or `close()` is called; it does not come
/// back by itself.
class peer {
public:
  /// Returns its name.
  std::string name() const;

  /// True if the connection has ended.
  bool lost() const;

  /// Returns how the connection has ended; empty as long as it has not.
  std::string why_lost() const;

  /// Waits until the connection has ended.
  coro<void> wait_lost() const;

  /// Ends the connection. What we hold there is released.
  void close() const;

  /// @cond PRIVATE
  peer(std::shared_ptr<detail::node_core> home,
       std::shared_ptr<detail::session> there) noexcept
    : home_(std::move(home)), there_(std::move(there)) {}

  const std::shared_ptr<detail::session>& session() const noexcept {
    return there_;
  }
  /// @endcond

private:
  std::shared_ptr<detail::node_core> home_;
  std::shared_ptr<detail::session> there_;
};

/// Connects to another node from a node that is made for this and does not
/// listen.
/// @param address  `host:port`.
/// @param options  of the node that is made.
/// @throws error  as `node::start` and `node::connect`.
coro<peer> connect(std::string address, node_options options);

} // namespace troupe
