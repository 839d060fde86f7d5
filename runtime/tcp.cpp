#include "runtime/tcp.hpp"

#include <asio/ip/v6_only.hpp>

#include <cerrno>
#include <system_error>

#include <sys/socket.h>
#include <sys/uio.h>

namespace troupe::detail {

namespace {

io_count counted(ssize_t n) noexcept {
  if (n >= 0)
    return {.bytes = static_cast<std::size_t>(n)};
  int code = errno;
  if (code == EAGAIN || code == EWOULDBLOCK || code == EINTR)
    return {.waits = true};
  return {.error = code};
}

} // namespace

io_count send_now(tcp_socket& socket,
                  std::span<const std::string_view> pieces) noexcept {
  constexpr std::size_t most = 64;
  ::iovec parts[most];
  std::size_t count = 0;
  for (std::string_view piece : pieces) {
    if (piece.empty())
      continue;
    if (count == most)
      break;
    parts[count++] = {const_cast<char*>(piece.data()), piece.size()};
  }
  if (count == 0)
    return {};
  if (count == 1)
    return counted(::send(socket.native_handle(), parts[0].iov_base,
                          parts[0].iov_len, MSG_NOSIGNAL));
  ::msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  return counted(::sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL));
}

io_count receive_now(tcp_socket& socket, char* room,
                     std::size_t size) noexcept {
  return counted(::recv(socket.native_handle(), room, size, MSG_DONTWAIT));
}

tcp_acceptor listen_on(asio::io_context& io, const tcp_endpoint& where,
                       const listen_options& options, const std::string& what) {
  tcp_acceptor acceptor{io.get_executor()};
  try {
    acceptor.open(where.protocol());
    if (options.reuse_address)
      acceptor.set_option(tcp_acceptor::reuse_address(true));
    int on = 1;
    if (options.reuse_port
        && ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on,
                        sizeof on)
             != 0)
      throw std::system_error(errno, std::system_category());
    if (where.address().is_v6())
      acceptor.set_option(asio::ip::v6_only(true));
    acceptor.bind(where);
    acceptor.listen(options.backlog);
    acceptor.non_blocking(true);
  } catch (const std::system_error& e) {
    throw std::system_error(e.code().value(), std::system_category(), what);
  }
  return acceptor;
}

} // namespace troupe::detail
