#pragma once

#include <troupe/coro.hpp>
#include <troupe/detail/socket_op.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// The default limit of a reader, in bytes.
inline constexpr std::size_t default_limit = 64 * 1024;

/// The reading side of a connection. One task reads at a time. Copies name the
/// same side.
///
/// Data is read from the socket when somebody asks for it, so a peer that sends
/// too fast is stopped by TCP, and an idle reader holds no more than `limit`
/// bytes.
/// @par Source
/// `asyncio.StreamReader`.
class stream_reader {
public:
  /// Names no connection.
  stream_reader() noexcept = default;

  /// Reads up to `n` bytes: what is there, at least one.
  /// @param n  0 gives an empty string at once.
  /// @returns the bytes; empty at the end of the stream.
  /// @throws error  (`errc::concurrent_read`) if another read waits.
  /// @throws std::system_error  if the connection was lost with an error.
  /// @throws cancelled_error  if the task is cancelled.
  /// @par Cancellation
  /// No byte is lost.
  [[nodiscard]] detail::read_op read(std::size_t n) const {
    return {socket(), detail::read_goal::some, n};
  }

  /// Reads until the end of the stream. As `read(-1)` in asyncio.
  [[nodiscard]] detail::read_op read() const {
    return {socket(), detail::read_goal::all, 0};
  }

  /// Reads into `buffer`: what is there, at least one byte. No heap memory is
  /// used.
  /// @param buffer  must live until the await ends.
  /// @returns how many bytes; 0 at the end of the stream or for an empty
  ///          buffer.
  [[nodiscard]] detail::read_into_op read_into(std::span<char> buffer) const {
    return {socket(), buffer.data(), buffer.size()};
  }

  /// As above.
  [[nodiscard]] detail::read_into_op
  read_into(std::span<std::byte> buffer) const {
    return {socket(), reinterpret_cast<char*>(buffer.data()), buffer.size()};
  }

  /// Reads exactly `n` bytes; the limit does not count here.
  /// @throws incomplete_read_error  at the end of the stream, with what came.
  [[nodiscard]] detail::read_op readexactly(std::size_t n) const {
    return {socket(), detail::read_goal::exactly, n};
  }

  /// Reads up to and including `separator`.
  /// @throws std::invalid_argument  if the separator is empty.
  /// @throws incomplete_read_error  at the end of the stream, with what came.
  /// @throws limit_overrun_error  if it lies beyond the limit; the data stays.
  [[nodiscard]] detail::read_op readuntil(std::string separator = "\n") const {
    return {socket(), std::vector<std::string>{std::move(separator)}};
  }

  /// Reads up to and including the one of `separators` that ends first.
  [[nodiscard]] detail::read_op
  readuntil(std::vector<std::string> separators) const {
    return {socket(), std::move(separators)};
  }

  /// As above; the separators one by one, because g++ 12 refuses a braced list
  /// in an expression that awaits.
  template <class... More>
    requires(sizeof...(More) > 0
             && (std::convertible_to<More, std::string> && ...))
  [[nodiscard]] detail::read_op readuntil(std::string first,
                                          More&&... more) const {
    std::vector<std::string> separators;
    separators.push_back(std::move(first));
    (separators.emplace_back(std::forward<More>(more)), ...);
    return {socket(), std::move(separators)};
  }

  /// Reads a line with its newline; the last one may lack it; empty at the end
  /// of the stream.
  /// @throws std::length_error  if the line is longer than the limit; then it,
  ///                            or what came of it, is thrown away.
  [[nodiscard]] detail::read_op readline() const {
    return {socket(), detail::read_goal::line, 0};
  }

  /// Reads the next line with its newline; nothing at the end of the stream.
  /// `while (auto line = co_await reader.next())` stands for `async for`.
  [[nodiscard]] detail::next_line_op next() const {
    return {socket(), detail::read_goal::line, 0};
  }

  /// True if the end has come and nothing is left to read.
  bool at_eof() const;

  /// Returns the limit for lines and separators, in bytes.
  std::size_t limit() const;

  /// @cond PRIVATE
  explicit stream_reader(detail::socket_handle socket) noexcept
    : socket_(std::move(socket)) {}
  /// @endcond

private:
  detail::socket_actor& socket() const;

  detail::socket_handle socket_;
};

} // namespace troupe
