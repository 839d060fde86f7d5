#pragma once

#include <troupe/stream.hpp>

#include "actors/byte_buffer.hpp"
#include "actors/native_actor.hpp"
#include "runtime/stream_link.hpp"

namespace troupe::detail {

socket_address address_of(const tcp_endpoint& endpoint);

// The actor that owns one connection. Reads are served from a buffer that is
// filled when somebody waits; writes go out at once as far as the system takes
// them, the rest when it can.
class socket_actor final : public native_actor,
                           public loop_resource,
                           private poll_guest {
public:
  socket_actor(caf::actor_config& config, loop_core& home, stream_link link,
               const tcp_endpoint& peer, std::size_t limit,
               server_actor* server);
  ~socket_actor() override;

  // -- handles ----------------------------------------------------------------

  void add_writer() noexcept {
    writers_.fetch_add(1, std::memory_order_relaxed);
  }

  void drop_writer() noexcept;

  // -- reading ----------------------------------------------------------------

  bool start(read_op_base& op);
  bool cancel(read_op_base& op);
  void give_back(const read_op_base& op);
  bool at_eof() const;

  std::size_t limit() const noexcept {
    return limit_;
  }

  // -- writing ----------------------------------------------------------------

  void write(std::span<const std::string_view> pieces);
  void write_eof();
  bool start(socket_op& op);
  bool cancel(socket_op& op);
  void check_open() const; // throws if the connection is closed or lost

  // -- state ------------------------------------------------------------------

  void close();
  void abort();
  bool is_closing() const;
  std::optional<socket_address> address(std::string_view name) const;
  water_marks marks() const;
  void set_marks(water_marks marks);
  std::size_t write_buffer_size() const;
  int descriptor() const;
  std::string describe() const;

  void on_exit_message() override;
  void on_loop_close() noexcept override;
  const char* name() const override;

  // The server's list of its connections.
  socket_actor* prev_client = nullptr;
  socket_actor* next_client = nullptr;

private:
  // What happened inside a turn and is told after it.
  struct news;

  bool attempt(read_op_base& op);
  bool attempt_until(read_op_base& op);
  void attempt_line(read_op_base& op);
  void fail_read(read_op_base& op, std::exception_ptr problem);
  bool fill_now();
  void note_size(std::size_t count);
  void receive_later();
  void before_poll() noexcept override;
  bool look() noexcept override;
  void fail_reader(std::exception_ptr problem);
  bool may_read_at_once() const;
  bool may_write_at_once() const;
  void receive();
  void on_received(const asio::error_code& failed, std::size_t count,
                   news& out);
  io_count send_now(std::span<const std::string_view> pieces);
  void send_later();
  void on_writable(const asio::error_code& failed, news& out);
  void after_send(news& out);
  void wake(socket_op::goal goal, std::exception_ptr problem, news& out);
  void begin_close(news& out);
  void shut(std::exception_ptr problem, news& out);
  void tell(news& out);

  std::exception_ptr lost(int code) const;

  template <class Member>
  struct completion;

  // Bytes asked of the system at a time; grows while reads fill it.
  static constexpr std::size_t first_chunk = 256;
  static constexpr std::size_t largest_chunk = 64 * 1024;
  static constexpr unsigned writes_before_warning = 5;

  stream_link link_;
  tcp_endpoint peer_;
  tcp_endpoint local_;
  byte_buffer in_;       // to be read
  byte_buffer incoming_; // where the system puts what comes
  byte_buffer out_;
  std::exception_ptr problem_; // what ended the connection
  read_op_base* reader_ = nullptr;
  socket_op* waiters_ = nullptr;
  server_actor* server_;
  std::size_t limit_;
  std::uint32_t chunk_ = first_chunk;
  std::uint32_t low_ = 16 * 1024;
  std::uint32_t high_ = 64 * 1024;
  std::atomic<std::uint32_t> writers_{0};
  std::uint32_t dropped_writes_ = 0;
  int read_error_ = 0;          // met by `fill_now`; the system tells it once
  bool receives_later_ = false; // is a guest of the loop
  bool receiving_ = false;
  bool more_ = false; // the last receive filled its room
  bool eof_ = false;
  bool eof_told_ = false; // a reader saw the end
  bool sending_ = false;
  bool paused_ = false;
  bool eof_wanted_ = false;
  bool closing_ = false;
  bool closed_ = false;
};

} // namespace troupe::detail
