#pragma once

#include <troupe/stream.hpp>
#include <troupe/thread_pool.hpp>

#include "support/errors.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

// Peers that are not ours: plain sockets, which can cut, reset, keep silent
// and refuse to read as no well-behaved program does.

[[noreturn]] inline void throw_errno(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

inline const char* loopback(int family) {
  return family == 6 ? "::1" : "127.0.0.1";
}

// An address of the system; 0 for an unused port.
class plain_address {
public:
  plain_address(int family, std::uint16_t port) {
    if (family == 6) {
      auto& x = reinterpret_cast<sockaddr_in6&>(bytes_);
      x.sin6_family = AF_INET6;
      x.sin6_addr = in6addr_loopback;
      x.sin6_port = htons(port);
      size_ = sizeof x;
    } else {
      auto& x = reinterpret_cast<sockaddr_in&>(bytes_);
      x.sin_family = AF_INET;
      x.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      x.sin_port = htons(port);
      size_ = sizeof x;
    }
  }

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&bytes_);
  }

  socklen_t size() const {
    return size_;
  }

private:
  sockaddr_storage bytes_{};
  socklen_t size_ = 0;
};

inline std::uint16_t port_of(int descriptor) {
  sockaddr_storage bytes{};
  socklen_t size = sizeof bytes;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bytes), &size))
    throw_errno("getsockname");
  if (bytes.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<sockaddr_in6&>(bytes).sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in&>(bytes).sin_port);
}

// A blocking socket; every call gives up after 30 seconds.
class plain_socket {
public:
  plain_socket() = default;

  explicit plain_socket(int descriptor) : descriptor_(descriptor) {
    if (descriptor_ < 0)
      throw_errno("socket");
    timeval limit{30, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  plain_socket(plain_socket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

  plain_socket& operator=(plain_socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  ~plain_socket() {
    close();
  }

  static plain_socket make(int family) {
    return plain_socket{::socket(family == 6 ? AF_INET6 : AF_INET,
                                 SOCK_STREAM | SOCK_CLOEXEC, 0)};
  }

  static plain_socket connect(int family, std::uint16_t port,
                              int receive_buffer = 0) {
    auto made = make(family);
    made.limit_receive_buffer(receive_buffer);
    plain_address to{family, port};
    if (::connect(made.descriptor_, to.get(), to.size()))
      throw_errno("connect");
    return made;
  }

  void limit_receive_buffer(int bytes) const {
    if (bytes > 0)
      ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }

  // Sends all of it.
  void send(std::string_view data) const {
    while (!data.empty()) {
      auto sent = ::send(descriptor_, data.data(), data.size(), MSG_NOSIGNAL);
      if (sent < 0)
        throw_errno("send");
      data.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // Sends without waiting; how many bytes the system took.
  std::size_t try_send(std::string_view data) const {
    auto sent = ::send(descriptor_, data.data(), data.size(),
                       MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN)
      throw_errno("send");
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }

  // True if the system would take more within `milliseconds`.
  bool writable(int milliseconds) const {
    pollfd wait{descriptor_, POLLOUT, 0};
    return ::poll(&wait, 1, milliseconds) > 0;
  }

  // Receives what is there, at most `size` bytes; empty at the end.
  std::string receive_some(std::size_t size = 64 * 1024) const {
    std::string got(size, '\0');
    auto count = ::recv(descriptor_, got.data(), got.size(), 0);
    if (count < 0)
      throw_errno("recv");
    got.resize(static_cast<std::size_t>(count));
    return got;
  }

  // Receives exactly `size` bytes, fewer at the end.
  std::string receive(std::size_t size) const {
    std::string all;
    while (all.size() < size) {
      auto part
        = receive_some(std::min<std::size_t>(size - all.size(), 65'536));
      if (part.empty())
        break;
      all += part;
    }
    return all;
  }

  // Receives up to the end.
  std::string receive_all() const {
    std::string all;
    for (;;) {
      auto part = receive_some();
      if (part.empty())
        return all;
      all += part;
    }
  }

  // Receives up to the end or an error; the error, 0 at the end.
  int receive_to_error() const {
    char bytes[4096];
    for (;;) {
      auto count = ::recv(descriptor_, bytes, sizeof bytes, 0);
      if (count == 0)
        return 0;
      if (count < 0)
        return errno;
    }
  }

  // Bytes that arrived and were not received.
  int unread() const {
    int count = 0;
    ::ioctl(descriptor_, FIONREAD, &count);
    return count;
  }

  // Ends the sending side.
  void finish() const {
    ::shutdown(descriptor_, SHUT_WR);
  }

  void close() {
    if (descriptor_ >= 0)
      ::close(std::exchange(descriptor_, -1));
  }

  // Closes with a reset instead of an orderly end.
  void reset() {
    linger hard{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

  int descriptor() const {
    return descriptor_;
  }

  std::uint16_t port() const {
    return port_of(descriptor_);
  }

private:
  int descriptor_ = -1;
};

// A listening socket on a free loopback port.
class plain_listener {
public:
  // `receive_buffer`: of accepted connections; 0 leaves it to the system.
  explicit plain_listener(int family = 4, int receive_buffer = 0,
                          int backlog = 128)
    : family_(family), socket_(plain_socket::make(family)) {
    socket_.limit_receive_buffer(receive_buffer);
    plain_address at{family, 0};
    if (::bind(socket_.descriptor(), at.get(), at.size()))
      throw_errno("bind");
    if (backlog >= 0 && ::listen(socket_.descriptor(), backlog))
      throw_errno("listen");
    port_ = socket_.port();
  }

  plain_socket accept() const {
    return plain_socket{
      ::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC)};
  }

  int family() const {
    return family_;
  }

  std::string host() const {
    return loopback(family_);
  }

  std::uint16_t port() const {
    return port_;
  }

  void close() {
    socket_.close();
  }

private:
  int family_;
  plain_socket socket_;
  std::uint16_t port_ = 0;
};

// A port that nobody listens at, and that nobody else can take: connecting to
// it is refused.
class deaf_port : public plain_listener {
public:
  explicit deaf_port(int family = 4) : plain_listener(family, 0, -1) {}
};

// A peer that works beside the test in a thread of its own. What it throws
// comes out of `join()`.
class peer_thread {
public:
  template <class F>
  explicit peer_thread(F function)
    : thread_([this, function = std::move(function)]() mutable {
        try {
          function();
        } catch (...) {
          problem_ = std::current_exception();
        }
      }) {}

  peer_thread(const peer_thread&) = delete;
  peer_thread& operator=(const peer_thread&) = delete;

  ~peer_thread() {
    if (thread_.joinable())
      thread_.join();
  }

  void join() {
    thread_.join();
    if (problem_)
      std::rethrow_exception(problem_);
  }

  // As `join()`, for a task: its worker goes on meanwhile, the peer may need
  // it.
  troupe::coro<void> joined() {
    co_await troupe::to_thread([this] { join(); });
  }

private:
  std::exception_ptr problem_;
  std::thread thread_;
};

// -- the frame of a test ------------------------------------------------------

// How a test runs: with so many workers, over IPv4 or IPv6.
struct setting {
  troupe::run_options options;
  int family = 4;

  std::string host() const {
    return loopback(family);
  }
};

inline bool has_ipv6() {
  static const bool has = [] {
    try {
      plain_listener probe{6};
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }();
  return has;
}

// Calls `body(setting)` for each number of workers and for IPv4 and IPv6, and
// checks that it leaves no descriptor and no thread.
template <class F>
void for_each_setting(F&& body) {
  auto threads = running_threads(); // before any program has some that end
  troupe::run([]() -> troupe::coro<void> { co_return; });
  for_each_worker_count([&](troupe::run_options options) {
    for (int family : {4, 6}) {
      if (family == 6 && !has_ipv6())
        continue;
      INFO("IPv" << family);
      auto descriptors = open_descriptors();
      body(setting{options, family});
      CHECK(open_descriptors() == descriptors);
      CHECK(settled_threads(threads) <= threads);
    }
  });
}

// -- inside a program ---------------------------------------------------------

// What awaiting `x` throws; null if nothing.
template <class Awaitable>
  requires(!troupe::coroutine_function<Awaitable>)
troupe::coro<std::exception_ptr> failure_of(Awaitable x) {
  try {
    (void)co_await std::move(x);
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

// As above, for what a coroutine function throws.
template <troupe::coroutine_function F>
troupe::coro<std::exception_ptr> failure_of(F function) {
  try {
    (void)co_await function();
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

inline bool was_cancelled(const std::exception_ptr& problem) {
  return is_a<troupe::cancelled_error>(problem);
}

// The code of a `std::system_error`; none for anything else.
inline std::error_code code_of(const std::exception_ptr& problem) {
  try {
    if (problem)
      std::rethrow_exception(problem);
  } catch (const std::system_error& error) {
    return error.code();
  } catch (...) {
  }
  return {};
}

// The text of a `std::exception`.
inline std::string text_of(const std::exception_ptr& problem) {
  try {
    if (problem)
      std::rethrow_exception(problem);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
  }
  return {};
}

// A connection of ours to a plain peer.
struct linked {
  troupe::stream_reader reader;
  troupe::stream_writer writer;
  plain_socket peer;

  // Yields until all that arrived here was taken from the system.
  troupe::coro<bool> consumed() const {
    return reached([this] {
      int count = 0;
      ::ioctl(writer.fileno(), FIONREAD, &count);
      return count == 0;
    });
  }
};

inline troupe::coro<linked> link_to(plain_listener& listener,
                                    troupe::connect_options options = {}) {
  auto [reader, writer] = co_await troupe::open_connection(
    listener.host(), listener.port(), options);
  linked made{reader, writer, listener.accept()};
  co_return made;
}

inline troupe::coro<void> close_and_wait(troupe::stream_writer writer) {
  writer.close();
  try {
    co_await writer.wait_closed();
  } catch (const std::system_error&) {
    // A test that loses the connection says so itself.
  }
}

// Runs `body(linked&)`, a coroutine, with a connection to a plain peer, and
// closes it. `receive_buffer`: of the peer.
template <class F>
void talk(const setting& how, F body, troupe::connect_options options = {},
          int receive_buffer = 0) {
  plain_listener listener{how.family, receive_buffer};
  troupe::run(
    [&]() -> troupe::coro<void> {
      auto to = co_await link_to(listener, options);
      co_await body(to);
      co_await close_and_wait(to.writer);
    },
    how.options);
}

// As above, with a limit of the reader.
template <class F>
void talk_with_limit(const setting& how, std::size_t limit, F body) {
  troupe::connect_options options;
  options.limit = limit;
  talk(how, std::move(body), options);
}

// One read of some kind, chosen by `dice`; the bytes that it gave.
inline troupe::coro<std::string> read_somehow(troupe::stream_reader reader,
                                              unsigned dice) {
  std::size_t size = 1 + dice / 8 % 40;
  switch (dice % 6) {
    case 0:
      co_return co_await reader.read(size);
    case 1:
      co_return co_await reader.readexactly(size);
    case 2:
      co_return co_await reader.readline();
    case 3:
      co_return co_await reader.readuntil("7 ", "\n", "003");
    case 4: {
      auto line = co_await reader.next();
      co_return line.value_or("");
    }
    default: {
      std::string bytes(size, '\0');
      auto count = co_await reader.read_into(std::span<char>{bytes});
      bytes.resize(count);
      co_return bytes;
    }
  }
}

// Text in which every place can be told from every other: numbers of eight
// digits.
inline std::string counting_pattern(std::size_t size) {
  std::string text;
  text.reserve(size + 8);
  for (unsigned number = 0; text.size() < size; ++number) {
    char digits[9];
    std::snprintf(digits, sizeof digits, "%07u ", number);
    text.append(digits, 8);
  }
  text.resize(size);
  return text;
}
