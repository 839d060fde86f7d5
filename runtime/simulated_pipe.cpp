// How bytes travel through a simulated connection.
//
// A pipe has one packet at a time on its way to be handed over, so TCP's order
// holds by itself, whatever the simulator chooses among events of one moment.
// A packet that meets a cut link is held up, as TCP would send it again and
// again; it goes on when the link heals, or the sender gives up.

#include "runtime/simulated_connection.hpp"

#include <cerrno>

namespace troupe::detail {

namespace {

// As Linux: fifteen attempts without an answer.
constexpr std::int64_t give_up_after = 924'000'000'000;

// Until a lost packet is sent again.
constexpr std::int64_t sent_again_after = 200'000'000;

} // namespace

bool simulated_connection::blocked(int from) const {
  return home_->cut(ends_[from].host, ends_[1 - from].host);
}

std::size_t simulated_connection::room(int from) const {
  const pipe& out = pipes_[from];
  std::size_t used = out.queued.size() + out.flying_bytes + out.unacked;
  std::size_t all
    = home_->link(ends_[from].host, ends_[1 - from].host).send_room;
  return used < all ? all - used : 0;
}

// What the window of the other side has room for becomes packets.
void simulated_connection::pump(int from) {
  pipe& out = pipes_[from];
  const end& to = ends_[1 - from];
  if (!established_ || ends_[from].gone || out.reset)
    return;
  const link_plan& plan = home_->link(ends_[from].host, to.host);
  auto send = [&](std::string data) {
    std::int64_t now = home_->now();
    std::int64_t begin = std::max(now, out.line_free);
    if (plan.bytes_per_second > 0)
      out.line_free
        = begin
        + static_cast<std::int64_t>(static_cast<double>(data.size()) * 1e9
                                    / double(plan.bytes_per_second));
    else
      out.line_free = begin;
    std::int64_t due
      = out.line_free + home_->latency(ends_[from].host, to.host);
    out.last_due = std::max(out.last_due, due);
    out.flying_bytes += data.size();
    out.flying.push_back({std::move(data), out.last_due});
  };
  while (!out.queued.empty()) {
    std::size_t used = out.flying_bytes + (to.closed ? 0 : to.waiting());
    if (used >= plan.window)
      break;
    std::size_t some = std::min(out.queued.size(), plan.window - used);
    send(out.queued.substr(0, some));
    out.queued.erase(0, some);
  }
  if (out.fin_wanted && out.queued.empty()
      && !std::exchange(out.fin_sent, true))
    send({});
  arm(from);
}

void simulated_connection::arm(int from) {
  pipe& out = pipes_[from];
  bool too_early = from == 1 && !established_; // the answer comes first
  if (out.arrival || too_early || (!out.reset && out.flying.empty()))
    return;
  std::int64_t wait
    = out.reset
      ? home_->latency(ends_[from].host, ends_[1 - from].host)
      : std::max<std::int64_t>(out.flying.front().due - home_->now(), 0);
  out.arrival = home_->after(
    wait, number_ << 1 | unsigned(from),
    {out.reset ? "reset" : "packet", ends_[from].host, ends_[1 - from].host},
    [self = shared_from_this(), from] {
      self->pipes_[from].arrival = nullptr;
      self->arrive(from);
    });
}

void simulated_connection::arrive(int from) {
  pipe& out = pipes_[from];
  if (blocked(from)) {
    out.held_up = true;
    out.arrival = home_->after(give_up_after, number_ << 1 | unsigned(from),
                               {"given up", ends_[from].host},
                               [self = shared_from_this(), from] {
                                 self->pipes_[from].arrival = nullptr;
                                 self->give_up(from);
                               });
    return;
  }
  if (out.reset) {
    drop_pipe(from);
    fail(1 - from, ECONNRESET);
    return;
  }
  if (home_->fault("reset instead")) {
    reset_both();
    return;
  }
  if (home_->fault("lost, and sent again")) {
    out.flying.front().due = home_->now() + sent_again_after;
    arm(from);
    return;
  }
  deliver(from);
}

void simulated_connection::deliver(int from) {
  pipe& out = pipes_[from];
  end& to = ends_[1 - from];
  packet came = std::move(out.flying.front());
  out.flying.pop_front();
  out.flying_bytes -= came.data.size();
  if (to.gone || (to.closed && !came.data.empty())) {
    // Nobody has this connection: the system says so.
    drop_pipe(from);
    send_reset(1 - from);
    return;
  }
  if (came.data.empty())
    to.eof = true;
  else
    to.received += came.data;
  if (home_->cut(to.host, ends_[from].host)) {
    out.unacked += came.data.size();
    if (!out.no_answer)
      out.no_answer = home_->after(give_up_after, number_ << 1 | unsigned(from),
                                   {"given up", ends_[from].host},
                                   [self = shared_from_this(), from] {
                                     self->pipes_[from].no_answer = nullptr;
                                     self->give_up(from);
                                   });
  }
  wake_reader(1 - from);
  wake_writer(from);
  pump(from);
}

void simulated_connection::give_up(int from) {
  drop_pipe(from);
  fail(from, ETIMEDOUT);
}

// This side breaks the connection off; what is on its way is lost.
void simulated_connection::send_reset(int from) {
  pipe& out = pipes_[from];
  drop_pipe(from);
  ends_[from].gone = true;
  out.reset = true;
  arm(from);
}

// The end learns that the connection is lost. What came before can be read.
void simulated_connection::fail(int side, int code) {
  end& mine = ends_[side];
  drop_pipe(side);
  if (std::exchange(mine.gone, true))
    return;
  if (side == 0 && !established_ && !mine.closed) {
    home_->take_back(syn_);
    finish_connect(code);
    return;
  }
  mine.error = code;
  wake_reader(side);
  wake_writer(side);
}

void simulated_connection::drop_pipe(int from) {
  pipe& out = pipes_[from];
  home_->take_back(out.arrival);
  home_->take_back(out.no_answer);
  out.queued.clear();
  out.flying.clear();
  out.flying_bytes = out.unacked = 0;
  out.reset = out.held_up = false;
}

// -- from outside -------------------------------------------------------------

void simulated_connection::link_changed() {
  for (int from : {0, 1}) {
    pipe& out = pipes_[from];
    if (out.held_up && !blocked(from)) {
      home_->take_back(out.arrival);
      out.held_up = false;
      if (!out.flying.empty())
        out.flying.front().due
          = home_->now()
          + home_->latency(ends_[from].host, ends_[1 - from].host);
      arm(from);
    }
    if (out.no_answer && !blocked(1 - from)) {
      home_->take_back(out.no_answer);
      out.unacked = 0;
      wake_writer(from);
      pump(from);
    }
  }
}

void simulated_connection::reset_both() {
  auto keep = shared_from_this();
  fail(0, ECONNRESET);
  if (accepted_)
    fail(1, ECONNRESET);
}

bool simulated_connection::joins(host_id a, host_id b) const noexcept {
  return (ends_[0].host == a && ends_[1].host == b)
      || (ends_[0].host == b && ends_[1].host == a);
}

bool simulated_connection::whole() const noexcept {
  return established_ && !ends_[0].closed && !ends_[0].gone && !ends_[1].closed
      && !ends_[1].gone;
}

// An end that nobody took, or whose program has no more say.
void simulated_connection::break_off(int side) {
  end& mine = ends_[side];
  if (std::exchange(mine.closed, true))
    return;
  abort_waiters(side);
  if (!mine.gone)
    send_reset(side);
}

void simulated_connection::host_crashed(host_id where,
                                        simulated_network::farewell how) {
  for (int side : {0, 1}) {
    end& mine = ends_[side];
    if (mine.host != where || mine.closed || (side == 1 && !accepted_))
      continue;
    switch (how) {
      case simulated_network::farewell::fin:
        close(side);
        break;
      case simulated_network::farewell::reset:
        if (side == 0 && !established_)
          close(side);
        else
          break_off(side);
        break;
      case simulated_network::farewell::silence:
        mine.closed = mine.gone = true;
        abort_waiters(side);
        if (side == 0)
          home_->take_back(syn_);
        drop_pipe(side);
        break;
    }
  }
}

} // namespace troupe::detail
