// Writing: what is kept until the system takes it.

#include <troupe/fault_point.hpp>

#include "actors/socket_turn.hpp"

namespace troupe::detail {

void socket_actor::write(std::span<const std::string_view> pieces) {
  news out;
  {
    turn mine{*this};
    if (eof_wanted_)
      throw error(errc::connection_closed,
                  "cannot write after write_eof() on " + describe());
    if (closing_) {
      if (++dropped_writes_ == writes_before_warning)
        out.warning = "data written after the connection was closed or lost "
                      "is dropped";
    } else {
      std::size_t sent = 0;
      if (out_.empty() && !sending_ && may_write_at_once()) {
        io_count done = send_now(pieces);
        sent = done.bytes;
        if (done.error != 0)
          shut(lost(done.error), out);
      }
      if (!closed_) {
        for (std::string_view piece : pieces) {
          std::size_t skip = std::min(sent, piece.size());
          sent -= skip;
          if (skip < piece.size())
            out_.append(piece.substr(skip));
        }
        if (!out_.empty()) {
          paused_ = paused_ || out_.size() > high_;
          send_later();
        }
      }
    }
  }
  tell(out);
}

io_count socket_actor::send_now(std::span<const std::string_view> pieces) {
  if (fault_at("write")) [[unlikely]]
    return {.error = ECONNRESET};
  return link_.send_now(pieces);
}

void socket_actor::send_later() {
  if (sending_ || closed_)
    return;
  sending_ = true;
  auto member = [](socket_actor& self, const asio::error_code& failed,
                   std::size_t, news& out) {
    self.on_writable(failed, out);
  };
  link_.async_wait_writable(
    completion<decltype(member)>{ref<socket_actor>{this}, member});
}

void socket_actor::on_writable(const asio::error_code& failed, news& out) {
  sending_ = false;
  if (closed_)
    return;
  int code = failed.value();
  while (code == 0 && !out_.empty()) {
    std::string_view data = out_.view();
    io_count done = send_now({&data, 1});
    out_.drop(done.bytes);
    if (done.waits)
      break;
    code = done.error;
  }
  if (code != 0 && code != asio::error::operation_aborted) {
    shut(lost(code), out);
    return;
  }
  after_send(out);
}

void socket_actor::after_send(news& out) {
  if (paused_ && out_.size() <= low_) {
    paused_ = false;
    wake(socket_op::goal::drained, nullptr, out);
  }
  if (!out_.empty()) {
    send_later();
    return;
  }
  out_.reset();
  if (closing_) {
    shut(nullptr, out);
  } else if (eof_wanted_) {
    link_.shutdown_send();
  }
}

void socket_actor::write_eof() {
  turn mine{*this};
  if (closing_ || std::exchange(eof_wanted_, true))
    return;
  if (out_.empty()) {
    link_.shutdown_send();
  }
}

bool socket_actor::start(socket_op& op) {
  turn mine{*this};
  if (op.goal_ == socket_op::goal::closed) {
    op.problem_ = problem_;
    if (closed_)
      return false;
  } else {
    if (closing_) {
      op.yields_ = true; // others get to see the close; `check_open` follows
      op.task_->yield();
      return true;
    }
    if (!paused_)
      return false;
  }
  socket_op** last = &waiters_;
  while (*last)
    last = &(*last)->next_;
  *last = &op;
  return true;
}

void socket_actor::check_open() const {
  turn mine{*this};
  if (closed_)
    std::rethrow_exception(problem_ ? problem_ : lost(ECONNRESET));
}

bool socket_actor::cancel(socket_op& op) {
  turn mine{*this};
  for (socket_op** x = &waiters_; *x; x = &(*x)->next_)
    if (*x == &op) {
      *x = op.next_;
      return true;
    }
  return false;
}

} // namespace troupe::detail
