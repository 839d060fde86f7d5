#pragma once

#include <troupe/loop.hpp>
#include <troupe/stream_reader.hpp>
#include <troupe/stream_writer.hpp>
#include <troupe/task.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

namespace detail {
class server_actor;
}

/// How a server is started.
struct server_options {
  /// The limit of each reader in bytes, at least 1.
  std::size_t limit = default_limit;
  /// Connections that the system holds until they are accepted.
  int backlog = 100;
  /// Binds although old connections of the port linger.
  bool reuse_address = true;
  /// Lets several sockets bind the port.
  bool reuse_port = false;
  /// 0: any; 4: IPv4 alone; 6: IPv6 alone.
  int family = 0;
  /// Accepts at once; otherwise `start_serving()` or `serve_forever()` does.
  bool start_serving = true;
  /// Accepting pauses at so many open connections; 0: no limit.
  std::size_t max_connections = 0;
};

/// A listening socket of a server.
class listening_socket {
public:
  /// Returns the address that it is bound to.
  const socket_address& getsockname() const noexcept {
    return address_;
  }

  /// Returns the system's descriptor. It stays the server's.
  int fileno() const noexcept {
    return descriptor_;
  }

  /// @cond PRIVATE
  listening_socket(socket_address address, int descriptor)
    : address_(std::move(address)), descriptor_(descriptor) {}
  /// @endcond

private:
  socket_address address_;
  int descriptor_;
};

namespace detail {

// The user's function for a connection, without its type.
class connection_handler {
public:
  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  // Calls it; a coroutine comes back to be made a task.
  virtual std::optional<coro<void>> call(stream_reader reader,
                                         stream_writer writer)
    = 0;

protected:
  virtual ~connection_handler() = default;

private:
  std::atomic<unsigned> refs_{1};
};

template <class F>
class connection_handler_of final : public connection_handler {
public:
  explicit connection_handler_of(F&& function)
    : function_(std::move(function)) {}

  std::optional<coro<void>> call(stream_reader reader,
                                 stream_writer writer) override {
    using returned = std::invoke_result_t<F&, stream_reader, stream_writer>;
    if constexpr (std::is_void_v<returned>) {
      function_(std::move(reader), std::move(writer));
      return std::nullopt;
    } else if constexpr (std::is_same_v<returned, coro<void>>) {
      return function_(std::move(reader), std::move(writer));
    } else {
      static_assert(is_coro<returned>,
                    "a connection handler returns void or a coroutine");
      return ignore(function_(std::move(reader), std::move(writer)));
    }
  }

private:
  template <class T>
  static coro<void> ignore(coro<T> body) {
    (void)co_await std::move(body);
  }

  F function_;
};

} // namespace detail

/// A TCP server. Copies name the same server.
/// @par Source
/// `asyncio.Server`.
class server {
public:
  /// Names no server.
  server() noexcept = default;

  /// Returns the listening sockets; none after `close()`.
  std::vector<listening_socket> sockets() const;

  /// Begins to accept; harmless when it does already.
  /// @throws error  (`errc::server_closed`) after `close()`.
  coro<void> start_serving() const;

  /// Accepts until the task is cancelled; then closes the server. Open
  /// connections are left alone.
  /// @throws error  (`errc::server_closed`) after `close()`, or if another task
  ///                is in it.
  coro<void> serve_forever() const;

  /// True if it accepts.
  bool is_serving() const;

  /// Stops accepting and closes the listening sockets. Open connections and
  /// their handlers live on.
  void close() const;

  /// Waits until the server is closed and all its connections are.
  coro<void> wait_closed() const;

  /// Closes all connections, each after its buffer was sent.
  void close_clients() const;

  /// Closes all connections at once; data in their buffers is lost.
  void abort_clients() const;

  /// Returns the loop.
  event_loop get_loop() const;

  /// Names the same server as `other`.
  server(const server& other) noexcept;

  /// Names the server that `other` named; `other` is empty after.
  server(server&& other) noexcept;

  /// Names the server that `other` names.
  server& operator=(server other) noexcept;

  /// The last handle that goes leaves the server as it is; it ends with its
  /// loop.
  ~server();

  /// @cond PRIVATE
  explicit server(detail::server_actor* actor) noexcept : actor_(actor) {}
  /// @endcond

private:
  detail::server_actor* actor_ = nullptr;
};

namespace detail {
coro<server> start_server_with(ref<connection_handler> handler,
                               std::vector<std::string> hosts,
                               std::uint16_t port, server_options options);
} // namespace detail

/// Starts a TCP server that calls `handler(reader, writer)` for each
/// connection.
/// @param handler  a function, or a coroutine function, which runs as a task of
///                 its own. What it throws goes to the loop's exception
///                 handler, and the connection is closed.
/// @param host  a name or an address; empty for all interfaces.
/// @param port  0 chooses one that is free at all addresses:
///              `server.sockets()[0].getsockname().port`.
/// @throws std::system_error  if an address could not be bound; then none is.
/// @throws std::invalid_argument  if the limit is 0.
/// @par Source
/// `asyncio.start_server`.
template <class F>
  requires std::invocable<std::decay_t<F>&, stream_reader, stream_writer>
coro<server> start_server(F handler, std::string host, std::uint16_t port,
                          server_options options = {}) {
  return detail::start_server_with(
    detail::ref<detail::connection_handler>{
      new detail::connection_handler_of<std::decay_t<F>>(std::move(handler)),
      true},
    std::vector<std::string>{std::move(host)}, port, options);
}

/// As above on several addresses.
template <class F>
  requires std::invocable<std::decay_t<F>&, stream_reader, stream_writer>
coro<server> start_server(F handler, std::vector<std::string> hosts,
                          std::uint16_t port, server_options options = {}) {
  return detail::start_server_with(
    detail::ref<detail::connection_handler>{
      new detail::connection_handler_of<std::decay_t<F>>(std::move(handler)),
      true},
    std::move(hosts), port, options);
}

} // namespace troupe
