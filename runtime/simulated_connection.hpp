#pragma once

#include "runtime/simulated_network.hpp"
#include "runtime/tcp.hpp"

#include <functional>
#include <optional>

namespace troupe::detail {

using io_handler = std::function<void(const asio::error_code&, std::size_t)>;

// No descriptor of the system has such a number.
inline int simulated_descriptor(std::uint64_t number, int side) noexcept {
  auto own = number * 2 + static_cast<unsigned>(side);
  return static_cast<int>(1'000'000 + own % 1'000'000'000);
}

// A listening socket.
class simulated_listener
  : public std::enable_shared_from_this<simulated_listener> {
public:
  using handler = std::function<void(const asio::error_code&,
                                     std::shared_ptr<simulated_connection>)>;

  simulated_listener(std::shared_ptr<simulated_network> home, host_id where,
                     const tcp_endpoint& address, std::size_t backlog,
                     bool shared);
  ~simulated_listener();

  void async_accept(handler done);
  void close();

  // -- for the network --------------------------------------------------------

  bool full() const noexcept {
    return line_.size() >= backlog_;
  }

  void join(std::shared_ptr<simulated_connection> came);

  const tcp_endpoint& address() const noexcept {
    return address_;
  }

  host_id where() const noexcept {
    return where_;
  }

  bool shared() const noexcept {
    return shared_;
  }

  bool closed() const noexcept {
    return closed_;
  }

  int descriptor() const noexcept {
    return simulated_descriptor(number_, 0);
  }

private:
  void serve();
  void complete();

  std::shared_ptr<simulated_network> home_;
  host_id where_;
  tcp_endpoint address_;
  std::size_t backlog_;
  bool shared_; // others may listen at the same address
  bool closed_ = false;
  std::deque<std::shared_ptr<simulated_connection>> line_;
  handler waiting_;
  network_event* completion_ = nullptr;
  std::uint64_t number_;
};

// A TCP connection: two ends and a pipe from each to the other. End 0 is the
// one that connected.
class simulated_connection
  : public std::enable_shared_from_this<simulated_connection> {
public:
  simulated_connection(std::shared_ptr<simulated_network> home, host_id from,
                       const std::optional<tcp_endpoint>& local,
                       const tcp_endpoint& target);
  ~simulated_connection();

  // -- what a program does with an end ----------------------------------------

  void async_connect(io_handler done);
  io_count send(int side, std::span<const std::string_view> pieces);
  io_count receive(int side, char* room, std::size_t size);
  void async_receive(int side, char* room, std::size_t size, io_handler done);
  void async_writable(int side, io_handler done);
  void shut_down(int side);
  void close(int side);
  const tcp_endpoint& local(int side) const noexcept {
    return ends_[side].local;
  }

  const tcp_endpoint& peer(int side) const noexcept {
    return side == 0 ? target_ : ends_[0].local;
  }

  int descriptor(int side) const noexcept;

  // -- what happens to it
  // ---------------------------------------------------------------------------

  void host_crashed(host_id where, simulated_network::farewell how);
  void link_changed(); // packets that were held up go on
  void reset_both();
  void break_off(int side);
  bool joins(host_id a, host_id b) const noexcept;

  // Neither end was closed or lost.
  bool whole() const noexcept;

private:
  struct packet {
    std::string data; // empty: the end of the stream
    std::int64_t due;
  };

  struct pipe {
    std::string queued; // sent by the program; waits for the window
    std::deque<packet> flying;
    std::size_t flying_bytes = 0;
    std::size_t unacked = 0; // arrived, but the answer is held up
    std::int64_t line_free = 0;
    std::int64_t last_due = 0;
    bool fin_wanted = false;
    bool fin_sent = false;
    bool reset = false; // the connection is broken off from this side
    network_event* arrival = nullptr;
    bool held_up = false; // `arrival` is the moment when the sender gives up
    network_event* no_answer = nullptr;
  };

  struct end {
    host_id host = no_host;
    std::uint32_t life = 0;
    tcp_endpoint local;
    std::string received;
    std::size_t taken = 0; // of `received`
    bool eof = false;
    int error = 0;       // told once
    bool closed = false; // by its program
    bool gone = false;   // its system knows nothing of the connection
    char* room = nullptr;
    std::size_t room_size = 0;
    io_handler reader;
    io_handler writer;
    network_event* reading = nullptr; // completions on their way
    network_event* writing = nullptr;

    std::size_t waiting() const noexcept {
      return received.size() - taken;
    }
  };

  // connecting
  void send_syn();
  void syn_arrives();
  void answer_arrives(int code);
  void finish_connect(int code);
  void retry_syn();

  // pipes; `from` is the side of the sender
  std::size_t room(int from) const;
  void pump(int from);
  void arm(int from);
  void arrive(int from);
  void deliver(int from);
  void give_up(int from);
  void send_reset(int from);
  void fail(int side, int code);
  bool readable(int side) const noexcept;
  bool writable(int side) const noexcept;
  void wake_reader(int side);
  void wake_writer(int side);
  void complete_read(int side);
  void complete_write(int side);
  void abort_waiters(int side);
  void drop_pipe(int from);
  bool blocked(int from) const;

  std::shared_ptr<simulated_network> home_;
  std::uint64_t number_;
  tcp_endpoint target_;
  end ends_[2];
  pipe pipes_[2];
  io_handler connecting_;
  network_event* syn_ = nullptr;
  std::int64_t syn_wait_ = 1'000'000'000;
  bool accepted_ = false;    // the listener has it
  bool established_ = false; // its answer has come
};

} // namespace troupe::detail
