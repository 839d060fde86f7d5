#pragma once

#include "runtime/simulated_connection.hpp"
#include "runtime/tcp.hpp"

#include <new>
#include <optional>

// What socket and server actors know of TCP: the system's, by Asio, or that of
// a simulation. A program in production pays one branch that is always the
// same.

namespace troupe::detail {

// One end of a simulated connection; closes it.
struct simulated_socket {
  simulated_socket(std::shared_ptr<simulated_connection> x, int which) noexcept
    : connection(std::move(x)), side(which) {}

  simulated_socket(simulated_socket&&) noexcept = default;
  simulated_socket& operator=(simulated_socket&&) = delete;

  ~simulated_socket() {
    if (connection)
      connection->close(side);
  }

  std::shared_ptr<simulated_connection> connection;
  int side;
};

// A connection, or the attempt to make one.
class stream_link {
public:
  explicit stream_link(tcp_socket socket) noexcept;
  explicit stream_link(simulated_socket socket) noexcept;
  stream_link(stream_link&& other) noexcept;
  stream_link& operator=(stream_link&&) = delete;
  ~stream_link();

  // A socket that will be connected to `target`, from `local` if given.
  // @throws std::system_error
  static stream_link open(loop_core& home, const tcp_endpoint& target,
                          const std::optional<tcp_endpoint>& local);

  // Handlers are called with the error and how many bytes.
  template <class Handler>
  void async_connect(const tcp_endpoint& target, Handler done) {
    if (tcp_socket* socket = system_socket()) [[likely]]
      socket->async_connect(target, std::move(done));
    else
      end().connection->async_connect(std::move(done));
  }

  template <class Handler>
  void async_receive(char* room, std::size_t size, Handler done) {
    if (tcp_socket* socket = system_socket()) [[likely]]
      socket->async_receive(asio::buffer(room, size), std::move(done));
    else
      end().connection->async_receive(end().side, room, size, std::move(done));
  }

  template <class Handler>
  void async_wait_writable(Handler done) {
    if (tcp_socket* socket = system_socket()) [[likely]]
      socket->async_wait(tcp_socket::wait_write, std::move(done));
    else
      end().connection->async_writable(end().side, std::move(done));
  }

  // Sends what the system takes of `pieces` now, in their order.
  io_count send_now(std::span<const std::string_view> pieces) {
    if (tcp_socket* socket = system_socket()) [[likely]]
      return detail::send_now(*socket, pieces);
    return end().connection->send(end().side, pieces);
  }

  // Takes what has come; 0 bytes without waiting are the end of the stream.
  io_count receive_now(char* room, std::size_t size) {
    if (tcp_socket* socket = system_socket()) [[likely]]
      return detail::receive_now(*socket, room, size);
    return end().connection->receive(end().side, room, size);
  }

  // Once connected, before the first byte.
  void prepare();

  void shutdown_send();
  void close();
  int descriptor() const;
  tcp_endpoint local() const;

private:
  tcp_socket* system_socket() noexcept {
    return simulated_ ? nullptr : &socket_;
  }

  simulated_socket& end() noexcept {
    return end_;
  }

  // Not a std::variant: g++ 12 warns of members of it that are not there.
  bool simulated_;
  union {
    tcp_socket socket_;
    simulated_socket end_;
  };
};

// A listening socket.
class stream_door {
public:
  // Binds and listens.
  // @throws std::system_error  with the system's code; `what` is put in front.
  static stream_door open(loop_core& home, const tcp_endpoint& where,
                          const listen_options& options,
                          const std::string& what);

  // The handler is called with the error and a `stream_link`; `peer` is set
  // before.
  template <class Handler>
  void async_accept(loop_core& home, tcp_endpoint& peer, Handler done) {
    if (acceptor_) [[likely]] {
      acceptor_->async_accept(
        home.io().get_executor(), peer,
        [done = std::move(done)](const asio::error_code& failed,
                                 tcp_socket socket) mutable {
          done(failed, stream_link{std::move(socket)});
        });
      return;
    }
    door_->async_accept([&peer, done = std::move(done)](
                          const asio::error_code& failed,
                          std::shared_ptr<simulated_connection> made) mutable {
      if (made)
        peer = made->peer(1);
      done(failed, stream_link{simulated_socket{std::move(made), 1}});
    });
  }

  void close();
  int descriptor() const;
  tcp_endpoint local() const;

private:
  explicit stream_door(tcp_acceptor acceptor)
    : acceptor_(std::make_unique<tcp_acceptor>(std::move(acceptor))) {}

  explicit stream_door(std::shared_ptr<simulated_listener> door) noexcept
    : door_(std::move(door)) {}

  std::unique_ptr<tcp_acceptor> acceptor_; // or
  std::shared_ptr<simulated_listener> door_;
};

} // namespace troupe::detail
