#pragma once

#include <troupe/coro.hpp>
#include <troupe/detail/socket_op.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// An address of a socket.
class socket_address {
public:
  /// Makes an address.
  /// @param host  in numbers, "127.0.0.1" or "::1".
  /// @param port  0 to 65,535.
  /// @param ipv6  true for IPv6.
  socket_address(std::string host = {}, std::uint16_t port = 0,
                 bool ipv6 = false)
    : host(std::move(host)), port(port), ipv6(ipv6) {}

  /// The address in numbers, "127.0.0.1" or "::1".
  std::string host;
  /// The port, 0 to 65,535.
  std::uint16_t port;
  /// True for IPv6.
  bool ipv6;

  /// Addresses are equal if all parts are.
  friend bool operator==(const socket_address&, const socket_address&) noexcept
    = default;
};

/// Returns the text that Python prints: `('127.0.0.1', 8888)`, and
/// `('::1', 8888, 0, 0)` for IPv6.
std::string to_string(const socket_address& x);

/// Writes the text that Python prints.
template <class Char, class Traits>
std::basic_ostream<Char, Traits>&
operator<<(std::basic_ostream<Char, Traits>& out, const socket_address& x) {
  return out << to_string(x).c_str();
}

/// The low and the high mark of a write buffer, in bytes.
struct water_marks {
  /// Writing goes on when the buffer is at or below it.
  std::size_t low = 16 * 1024;
  /// `drain()` waits when the buffer is above it.
  std::size_t high = 64 * 1024;
};

/// The writing side of a connection. Copies name the same side; when the last
/// one goes without `close()`, the connection is closed and that is reported.
/// @par Source
/// `asyncio.StreamWriter`.
class stream_writer {
public:
  /// Names no connection.
  stream_writer() noexcept = default;

  /// Sends `data`: at once what the system takes, the rest is copied and sent
  /// later. Never waits; `co_await drain()` keeps the buffer small. After the
  /// connection was lost or closed the data is dropped.
  /// @throws error  (`errc::connection_closed`) after `write_eof()`.
  void write(std::string_view data) const;

  /// As above.
  void write(std::span<const std::byte> data) const {
    write(std::string_view{reinterpret_cast<const char*>(data.data()),
                           data.size()});
  }

  /// Sends several pieces in order, if possible in one system call.
  void writelines(std::span<const std::string_view> pieces) const;

  /// As above.
  void writelines(std::initializer_list<std::string_view> pieces) const {
    writelines(
      std::span<const std::string_view>(pieces.begin(), pieces.size()));
  }

  /// As above, for any range of strings.
  template <class Range>
    requires(
      !std::convertible_to<const Range&, std::span<const std::string_view>>)
  void writelines(const Range& pieces) const {
    std::vector<std::string_view> views;
    for (const auto& piece : pieces)
      views.emplace_back(piece);
    writelines(std::span<const std::string_view>(views.data(), views.size()));
  }

  /// Waits while the buffer is above the high mark, until it is at or below
  /// the low one. Any number of tasks may wait.
  /// @throws std::system_error  if the connection was lost.
  /// @par Cancellation
  /// The data is still sent.
  [[nodiscard]] detail::socket_op drain() const {
    return {socket(), detail::socket_op::goal::drained};
  }

  /// Ends the sending side after the buffer was sent; reading goes on.
  void write_eof() const;

  /// True: TCP can close one side alone.
  bool can_write_eof() const;

  /// Closes after the buffer was sent. Returns at once.
  void close() const;

  /// Closes at once; what is in the buffer is lost.
  void abort() const;

  /// True after `close()`, or when the connection was lost.
  bool is_closing() const;

  /// Waits until the connection is closed.
  /// @throws std::system_error  if it was lost with an error.
  [[nodiscard]] detail::socket_op wait_closed() const {
    return {socket(), detail::socket_op::goal::closed};
  }

  /// Returns an address: "peername" or "sockname"; nothing for another name.
  std::optional<socket_address> get_extra_info(std::string_view name) const;

  /// As above; returns `fallback` for another name.
  socket_address get_extra_info(std::string_view name,
                                socket_address fallback) const;

  /// Sets the marks of the write buffer.
  /// @param marks  `low` must not be above `high`.
  /// @throws std::invalid_argument  if it is.
  void set_write_buffer_limits(water_marks marks) const;

  /// Returns the marks of the write buffer.
  water_marks get_write_buffer_limits() const;

  /// Returns how many bytes wait to be sent.
  std::size_t get_write_buffer_size() const;

  /// Returns the system's descriptor, -1 when closed. It stays ours.
  int fileno() const;

  /// Handles are equal if they name the same connection.
  friend bool operator==(const stream_writer& x,
                         const stream_writer& y) noexcept {
    return x.socket_.socket_ == y.socket_.socket_;
  }

  /// @cond PRIVATE
  explicit stream_writer(detail::socket_handle socket) noexcept
    : socket_(std::move(socket)) {}
  /// @endcond

private:
  detail::socket_actor& socket() const;

  detail::socket_handle socket_;
};

} // namespace troupe
