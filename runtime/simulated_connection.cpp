// The ends of a simulated connection: what programs do with them. How bytes
// travel is in simulated_pipe.cpp.

#include "runtime/simulated_connection.hpp"

#include <cerrno>

namespace troupe::detail {

namespace {

asio::error_code code_of(int code) {
  return {code, asio::error::get_system_category()};
}

// As Linux: six more attempts, and the last one is given 64 seconds.
constexpr std::int64_t last_syn_wait = 64'000'000'000;

} // namespace

simulated_connection::simulated_connection(
  std::shared_ptr<simulated_network> home, host_id from,
  const std::optional<tcp_endpoint>& local, const tcp_endpoint& target)
  : home_(std::move(home)), number_(home_->next_number()), target_(target) {
  const simulated_host& mine = home_->host(from);
  ends_[0].host = from;
  ends_[0].life = mine.life;
  asio::ip::address address = mine.v4;
  if (target.address().is_loopback() || target.address().is_unspecified()) {
    if (target.address().is_v6())
      address = asio::ip::address_v6::loopback();
    else
      address = asio::ip::address_v4::loopback();
    target_.address(address);
  } else if (target.address().is_v6()) {
    address = mine.v6;
  }
  if (local && !local->address().is_unspecified())
    address = local->address();
  std::uint16_t port
    = local && local->port() != 0 ? local->port() : home_->free_port(from);
  ends_[0].local = {address, port};
  home_->enter(*this, number_);
}

simulated_connection::~simulated_connection() {
  home_->take_back(syn_);
  for (int side : {0, 1}) {
    drop_pipe(side);
    home_->take_back(ends_[side].reading);
    home_->take_back(ends_[side].writing);
  }
  home_->leave(number_);
}

// -- connecting ---------------------------------------------------------------

void simulated_connection::async_connect(io_handler done) {
  connecting_ = std::move(done);
  host_id to = home_->host_of(ends_[0].host, target_.address());
  if (to == no_host) {
    finish_connect(EHOSTUNREACH);
    return;
  }
  ends_[1].host = to;
  ends_[1].life = home_->host(to).life;
  ends_[1].local = target_;
  send_syn();
}

void simulated_connection::send_syn() {
  syn_ = home_->after(home_->latency(ends_[0].host, ends_[1].host),
                      number_ << 1, {"connect", ends_[0].host, ends_[1].host},
                      [self = shared_from_this()] {
                        self->syn_ = nullptr;
                        self->syn_arrives();
                      });
}

// Nothing came back: once more, until two minutes have passed.
void simulated_connection::retry_syn() {
  std::int64_t wait = syn_wait_;
  syn_wait_ *= 2;
  syn_ = home_->after(wait, number_ << 1, {"connect again", ends_[0].host},
                      [self = shared_from_this(), wait] {
                        self->syn_ = nullptr;
                        if (wait >= last_syn_wait)
                          self->finish_connect(ETIMEDOUT);
                        else
                          self->send_syn();
                      });
}

void simulated_connection::syn_arrives() {
  host_id from = ends_[0].host;
  host_id to = ends_[1].host;
  int code = 0;
  if (home_->cut(from, to)) {
    retry_syn();
    return;
  }
  if (accepted_) {
    code = ends_[1].gone ? ECONNREFUSED : 0;
  } else {
    simulated_listener* door = home_->listener_at(to, target_);
    bool refused = !door
                || home_->host(to).refused_ports.contains(target_.port())
                || home_->fault("refused");
    if (refused) {
      code = ECONNREFUSED;
    } else if (door->full()) {
      retry_syn();
      return;
    } else {
      accepted_ = true;
      ends_[1].life = home_->host(to).life;
      door->join(shared_from_this());
    }
  }
  if (home_->cut(to, from)) {
    retry_syn();
    return;
  }
  syn_ = home_->after(home_->latency(to, from), number_ << 1,
                      {code == 0 ? "accept" : "refuse", to, from},
                      [self = shared_from_this(), code] {
                        self->syn_ = nullptr;
                        self->answer_arrives(code);
                      });
}

void simulated_connection::answer_arrives(int code) {
  if (home_->cut(ends_[1].host, ends_[0].host)) {
    retry_syn();
    return;
  }
  finish_connect(code);
}

void simulated_connection::finish_connect(int code) {
  if (code != 0) {
    ends_[0].gone = true;
    if (accepted_)
      send_reset(0); // the other side believes in it
  } else {
    established_ = true;
  }
  end& mine = ends_[0];
  if (connecting_) {
    io_handler done = std::exchange(connecting_, nullptr);
    mine.writing
      = home_->soon(number_ << 1, {"connected", mine.host},
                    [self = shared_from_this(), code, done = std::move(done)] {
                      self->ends_[0].writing = nullptr;
                      done(code_of(code), 0);
                    });
  }
  if (code == 0) {
    pump(0);
    pump(1);
    arm(0);
    arm(1);
  }
}

// -- sending ------------------------------------------------------------------

io_count simulated_connection::send(int side,
                                    std::span<const std::string_view> pieces) {
  end& mine = ends_[side];
  if (int code = std::exchange(mine.error, 0))
    return {.error = code};
  pipe& out = pipes_[side];
  if (mine.gone || out.fin_wanted || out.reset)
    return {.error = EPIPE};
  std::size_t wanted = 0;
  for (std::string_view piece : pieces)
    wanted += piece.size();
  if (wanted == 0)
    return {};
  std::size_t some = std::min(room(side), wanted);
  if (some == 0)
    return {.waits = true};
  unsigned odds = home_->link(mine.host, ends_[1 - side].host).short_odds;
  some -= home_->choose(some, std::max(odds, home_->fault_odds()));
  std::size_t left = some;
  for (std::string_view piece : pieces) {
    out.queued.append(piece.substr(0, left));
    left -= std::min(left, piece.size());
  }
  pump(side);
  return {.bytes = some};
}

void simulated_connection::async_writable(int side, io_handler done) {
  ends_[side].writer = std::move(done);
  wake_writer(side);
}

bool simulated_connection::writable(int side) const noexcept {
  const end& mine = ends_[side];
  return mine.error != 0 || mine.gone || pipes_[side].reset || room(side) > 0;
}

void simulated_connection::wake_writer(int side) {
  end& mine = ends_[side];
  if (!mine.writer || mine.writing || !writable(side))
    return;
  mine.writing = home_->soon(
    number_ << 1 | unsigned(side), {"writable", mine.host},
    [self = shared_from_this(), side] { self->complete_write(side); });
}

void simulated_connection::complete_write(int side) {
  ends_[side].writing = nullptr;
  io_handler done = std::exchange(ends_[side].writer, nullptr);
  if (done)
    done({}, 0);
}

void simulated_connection::shut_down(int side) {
  pipe& out = pipes_[side];
  if (std::exchange(out.fin_wanted, true))
    return;
  pump(side);
}

// -- receiving ----------------------------------------------------------------

bool simulated_connection::readable(int side) const noexcept {
  const end& mine = ends_[side];
  return mine.waiting() > 0 || mine.eof || mine.error != 0 || mine.gone;
}

io_count simulated_connection::receive(int side, char* room, std::size_t size) {
  end& mine = ends_[side];
  std::size_t some = std::min(size, mine.waiting());
  if (some == 0) {
    if (int code = std::exchange(mine.error, 0))
      return {.error = code};
    if (mine.eof || mine.gone || size == 0)
      return {};
    return {.waits = true};
  }
  unsigned odds = home_->link(ends_[1 - side].host, mine.host).short_odds;
  some -= home_->choose(some, std::max(odds, home_->fault_odds()));
  std::copy_n(mine.received.data() + mine.taken, some, room);
  mine.taken += some;
  if (mine.taken == mine.received.size()) {
    mine.received.clear();
    mine.taken = 0;
  }
  pump(1 - side); // the window has opened
  return {.bytes = some};
}

void simulated_connection::async_receive(int side, char* room, std::size_t size,
                                         io_handler done) {
  end& mine = ends_[side];
  mine.room = room;
  mine.room_size = size;
  mine.reader = std::move(done);
  wake_reader(side);
}

void simulated_connection::wake_reader(int side) {
  end& mine = ends_[side];
  if (!mine.reader || mine.reading || !readable(side))
    return;
  mine.reading = home_->soon(
    number_ << 1 | unsigned(side), {"readable", mine.host},
    [self = shared_from_this(), side] { self->complete_read(side); });
}

void simulated_connection::complete_read(int side) {
  end& mine = ends_[side];
  mine.reading = nullptr;
  if (!mine.reader)
    return;
  if (!readable(side))
    return; // it was read without waiting
  io_count got = receive(side, mine.room, mine.room_size);
  io_handler done = std::exchange(mine.reader, nullptr);
  if (got.error != 0)
    done(code_of(got.error), 0);
  else if (got.bytes == 0 && mine.room_size > 0)
    done(asio::error::make_error_code(asio::error::eof), 0);
  else
    done({}, got.bytes);
}

// -- the end ------------------------------------------------------------------

// As Linux: what was sent still goes out; unread data makes it a reset.
void simulated_connection::close(int side) {
  end& mine = ends_[side];
  if (std::exchange(mine.closed, true))
    return;
  auto keep = shared_from_this();
  abort_waiters(side);
  if (side == 0 && !established_) {
    home_->take_back(syn_);
    connecting_ = nullptr;
    mine.gone = true;
    if (accepted_)
      send_reset(0);
    return;
  }
  if (mine.waiting() > 0)
    send_reset(side);
  else if (!mine.gone)
    shut_down(side);
}

// Whoever waits is told "aborted", in a step of its own, as Asio does.
void simulated_connection::abort_waiters(int side) {
  end& mine = ends_[side];
  home_->take_back(mine.reading);
  home_->take_back(mine.writing);
  for (io_handler* each : {&mine.reader, &mine.writer})
    if (*each)
      home_->soon(
        number_ << 1 | unsigned(side), {"closed", mine.host},
        [done = std::exchange(*each, nullptr)] {
          done(asio::error::make_error_code(asio::error::operation_aborted), 0);
        });
  if (side != 0)
    return;
  if (io_handler done = std::exchange(connecting_, nullptr))
    home_->soon(number_ << 1, {"closed", mine.host}, [done = std::move(done)] {
      done(asio::error::make_error_code(asio::error::operation_aborted), 0);
    });
}

int simulated_connection::descriptor(int side) const noexcept {
  return simulated_descriptor(number_, side);
}

} // namespace troupe::detail
