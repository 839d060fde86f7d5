#include "runtime/stream_link.hpp"

#include "runtime/simulator.hpp"

#include <sys/socket.h>

namespace troupe::detail {

// -- stream_link --------------------------------------------------------------

stream_link::stream_link(tcp_socket socket) noexcept
  : simulated_(false), socket_(std::move(socket)) {}

stream_link::stream_link(simulated_socket socket) noexcept
  : simulated_(true), end_(std::move(socket)) {}

stream_link::stream_link(stream_link&& other) noexcept
  : simulated_(other.simulated_) {
  if (simulated_)
    ::new (&end_) simulated_socket(std::move(other.end_));
  else
    ::new (&socket_) tcp_socket(std::move(other.socket_));
}

stream_link::~stream_link() {
  if (simulated_)
    end_.~simulated_socket();
  else
    socket_.~tcp_socket();
}

stream_link stream_link::open(loop_core& home, const tcp_endpoint& target,
                              const std::optional<tcp_endpoint>& local) {
  if (simulator* sim = home.simulation()) {
    const auto& network = sim->network(home);
    return stream_link{
      simulated_socket{std::make_shared<simulated_connection>(
                         network, network->here(), local, target),
                       0}};
  }
  tcp_socket socket{home.io().get_executor()};
  socket.open(target.protocol());
  if (local)
    socket.bind(*local);
  return stream_link{std::move(socket)};
}

void stream_link::prepare() {
  tcp_socket* socket = system_socket();
  if (!socket)
    return;
  asio::error_code ignored;
  socket->non_blocking(true, ignored);
  socket->set_option(asio::ip::tcp::no_delay(true), ignored);
}

void stream_link::shutdown_send() {
  asio::error_code ignored;
  if (tcp_socket* socket = system_socket())
    socket->shutdown(tcp_socket::shutdown_send, ignored);
  else
    end().connection->shut_down(end().side);
}

void stream_link::close() {
  asio::error_code ignored;
  if (tcp_socket* socket = system_socket())
    socket->close(ignored);
  else if (end().connection)
    end().connection->close(end().side);
}

int stream_link::descriptor() const {
  auto& self = const_cast<stream_link&>(*this);
  if (tcp_socket* socket = self.system_socket())
    return socket->native_handle();
  return self.end().connection->descriptor(self.end().side);
}

tcp_endpoint stream_link::local() const {
  auto& self = const_cast<stream_link&>(*this);
  asio::error_code ignored;
  if (tcp_socket* socket = self.system_socket())
    return socket->local_endpoint(ignored);
  return self.end().connection->local(self.end().side);
}

// -- stream_door --------------------------------------------------------------

stream_door stream_door::open(loop_core& home, const tcp_endpoint& where,
                              const listen_options& options,
                              const std::string& what) {
  simulator* sim = home.simulation();
  if (!sim)
    return stream_door{listen_on(home.io(), where, options, what)};
  const auto& network = sim->network(home);
  try {
    return stream_door{std::make_shared<simulated_listener>(
      network, network->here(), where,
      static_cast<std::size_t>(std::max(options.backlog, 1)),
      options.reuse_port)};
  } catch (const std::system_error& e) {
    throw std::system_error(e.code(), what);
  }
}

void stream_door::close() {
  if (!acceptor_) {
    door_->close();
    return;
  }
  // A worker that is in epoll_wait just now may hold the socket a little longer
  // than its descriptor lives: it must not let anybody in.
  ::shutdown(acceptor_->native_handle(), SHUT_RD);
  asio::error_code ignored;
  acceptor_->close(ignored);
}

int stream_door::descriptor() const {
  return acceptor_ ? acceptor_->native_handle() : door_->descriptor();
}

tcp_endpoint stream_door::local() const {
  asio::error_code ignored;
  return acceptor_ ? acceptor_->local_endpoint(ignored) : door_->address();
}

} // namespace troupe::detail
