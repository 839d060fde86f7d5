#pragma once

#include <troupe/task.hpp>
#include <troupe/time_limit.hpp>

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

/// The default limit of a reader, in bytes.
inline constexpr std::size_t default_limit = 64 * 1024;

namespace detail {

class socket_actor;
class server_actor;

void retain_socket(socket_actor& socket) noexcept;
void release_socket(socket_actor& socket, bool writer) noexcept;

// What a read waits for.
enum class read_goal : std::uint8_t {
  some,    // anything, up to `wanted`
  all,     // everything up to the end
  exactly, // `wanted` bytes
  until,   // a separator
  line,    // a newline, or what is left at the end
};

class read_op_base : public op {
public:
  bool ready(frame_base&) const noexcept {
    return false;
  }

  bool start() override;
  bool request_cancel(const std::string& message) override;
  void withdraw() noexcept override;
  void give_back() override;
  std::string describe() const override;

  read_op_base(socket_actor& socket, read_goal goal,
               std::size_t wanted) noexcept;

protected:
  read_op_base(read_op_base&& other) noexcept;
  ~read_op_base();

  void check() const;

private:
  friend class socket_actor;

  socket_actor* socket_;

protected:
  std::string text_;       // what was read, unless it went to `target_`
  char* target_ = nullptr; // the user's buffer, `wanted_` bytes
  std::size_t wanted_;     // bytes; for `until` the longest separator
  std::size_t got_ = 0;    // bytes
  std::vector<std::string> separators_;
  std::exception_ptr problem_;
  read_goal goal_;
};

class read_op final : public read_op_base {
public:
  using read_op_base::read_op_base;
  read_op(socket_actor& socket, std::vector<std::string> separators);

  std::string resume() {
    check();
    return std::move(text_);
  }
};

class read_into_op final : public read_op_base {
public:
  read_into_op(socket_actor& socket, char* target, std::size_t size) noexcept
    : read_op_base(socket, read_goal::some, size) {
    target_ = target;
  }

  std::size_t resume() {
    check();
    return got_;
  }
};

class next_line_op final : public read_op_base {
public:
  using read_op_base::read_op_base;

  std::optional<std::string> resume() {
    check();
    if (text_.empty())
      return std::nullopt;
    return std::move(text_);
  }
};

// Waits for a change of a socket: drained, or closed.
class socket_op : public op {
public:
  enum class goal : std::uint8_t { drained, closed };

  socket_op(socket_actor& socket, goal what) noexcept;
  socket_op(socket_op&& other) noexcept;
  ~socket_op();

  bool ready(frame_base&) const noexcept {
    return false;
  }

  void resume() const;
  bool start() override;
  bool request_cancel(const std::string& message) override;
  void withdraw() noexcept override;
  std::string describe() const override;

private:
  friend class socket_actor;

  socket_actor* socket_;
  socket_op* next_ = nullptr;
  std::exception_ptr problem_;
  goal goal_;
  bool yields_ = false;
};

// A counted handle to a socket actor.
class socket_handle {
public:
  socket_handle() noexcept = default;

  socket_handle(socket_actor* socket, bool writer) noexcept
    : socket_(socket), writer_(writer) {}

  socket_handle(const socket_handle& other) noexcept;
  socket_handle& operator=(socket_handle other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(writer_, other.writer_);
    return *this;
  }

  ~socket_handle() {
    if (socket_)
      release_socket(*socket_, writer_);
  }

  socket_actor* socket_ = nullptr;
  bool writer_ = false;
};

} // namespace detail

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
/// @param port  0 chooses a free one: `server.sockets()[0].getsockname()`.
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
