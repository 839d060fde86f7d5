#pragma once

#include <troupe/server.hpp>
#include <troupe/stream_reader.hpp>
#include <troupe/stream_writer.hpp>
#include <troupe/time_limit.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

/// @file
/// Streams: connections, and with them what `<troupe/server.hpp>` has.

namespace troupe {

/// Both sides of a connection:
/// `auto [reader, writer] = co_await open_connection(host, port);`
struct connection {
  /// The reading side.
  stream_reader reader;
  /// The writing side.
  stream_writer writer;
};

/// How a connection is opened.
///
/// All options are plain values on purpose: g++ 12 copies braced aggregates in
/// an awaiting expression byte by byte, which strings do not survive.
struct connect_options {
  /// The reader's limit in bytes, at least 1.
  std::size_t limit = default_limit;
  /// 0: any; 4: IPv4 alone; 6: IPv6 alone.
  int family = 0;
  /// The local address to bind, in numbers; any if null. Must live as long as
  /// the call.
  const char* local_host = nullptr;
  /// The local port to bind; any if 0. Needs `local_host`.
  std::uint16_t local_port = 0;
  /// Throws an `exception_group` with one error for each address, instead of
  /// one error with all messages.
  bool all_errors = false;
  /// Happy eyeballs: the next address is tried when the one before has failed,
  /// or after this delay; the first that answers is taken. Without one
  /// (`nullptr`) they are tried one after the other.
  time_limit happy_eyeballs_delay = {};
  /// Takes IPv6 and IPv4 addresses in turn, after so many of the first family;
  /// 0: in the order of the resolver, or 1 with happy eyeballs.
  std::size_t interleave = 0;
};

/// Connects to a TCP server. The name is resolved on the default pool; the
/// addresses are tried one after the other, or by happy eyeballs.
/// @param host  a name or an address.
/// @param port  1 to 65,535.
/// @throws std::system_error  if no address could be reached, or the name could
///                            not be resolved.
/// @throws std::invalid_argument  if the limit is 0.
/// @par Cancellation
/// The socket is closed.
/// @par Source
/// `asyncio.open_connection`.
coro<connection> open_connection(std::string host, std::uint16_t port,
                                 connect_options options = {});

} // namespace troupe
