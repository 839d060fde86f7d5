#pragma once

#include "runtime/loop_core.hpp"

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>

#include <cstddef>
#include <span>
#include <string_view>

// The door to the system's TCP: what the socket and server actors know of Asio
// and of the operating system.

namespace troupe::detail {

using tcp_endpoint = asio::ip::tcp::endpoint;

// Without a type-erased executor: smaller and quicker than
// `asio::ip::tcp::socket`.
using tcp_socket
  = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

using tcp_acceptor
  = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

// What the system did at once.
struct io_count {
  std::size_t bytes = 0;
  int error = 0; // an errno; 0 too where the system would have to wait
  bool waits = false;
};

// Sends what the system takes of `pieces` now, in their order.
io_count send_now(tcp_socket& socket,
                  std::span<const std::string_view> pieces) noexcept;

// Takes what has come; 0 bytes without waiting are the end of the stream.
io_count receive_now(tcp_socket& socket, char* room, std::size_t size) noexcept;

// How a listening socket is made.
struct listen_options {
  bool reuse_address = true;
  bool reuse_port = false;
  int backlog = 100;
};

// Binds and listens.
// @throws std::system_error  with the system's code; `what` is put in front.
tcp_acceptor listen_on(asio::io_context& io, const tcp_endpoint& where,
                       const listen_options& options, const std::string& what);

// Memory of Asio's operations from the pool.
template <class T>
struct pool_allocator {
  using value_type = T;

  pool_allocator() noexcept = default;

  template <class U>
  pool_allocator(const pool_allocator<U>&) noexcept {}

  T* allocate(std::size_t n) {
    return static_cast<T*>(pool_allocate(n * sizeof(T)));
  }

  void deallocate(T* memory, std::size_t n) noexcept {
    pool_free(memory, n * sizeof(T));
  }

  template <class U>
  bool operator==(const pool_allocator<U>&) const noexcept {
    return true;
  }
};

} // namespace troupe::detail
