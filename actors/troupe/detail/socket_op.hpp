#pragma once

#include <troupe/detail/op.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::detail {

class socket_actor;

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

} // namespace troupe::detail
