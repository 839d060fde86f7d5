// Reading: how bytes come to those who wait for them.

#include "actors/socket_turn.hpp"
#include "runtime/simulator.hpp"

namespace troupe::detail {

bool socket_actor::start(read_op_base& op) {
  turn mine{*this};
  if (reader_)
    throw error(errc::concurrent_read,
                "read called while another task already waits for data of "
                  + describe());
  if (problem_) {
    fail_read(op, problem_);
    return false;
  }
  if (attempt(op) || (may_read_at_once() && fill_now() && attempt(op))) {
    bool at_end = eof_ && in_.empty() && op.got_ == 0 && op.text_.empty();
    if (!at_end || !std::exchange(eof_told_, true))
      return false;
    // A loop that reads on after the end would never let others run.
    op.task_->yield();
    return true;
  }
  reader_ = &op;
  receive_later();
  return true;
}

bool socket_actor::cancel(read_op_base& op) {
  turn mine{*this};
  if (reader_ != &op)
    return false;
  reader_ = nullptr; // what is on its way waits for the next read
  return true;
}

void socket_actor::give_back(const read_op_base& op) {
  turn mine{*this};
  if (op.problem_)
    return;
  if (op.target_)
    in_.prepend({op.target_, op.got_});
  else
    in_.prepend(op.text_);
}

bool socket_actor::at_eof() const {
  turn mine{*this};
  return eof_ && in_.empty();
}

void socket_actor::fail_read(read_op_base& op, std::exception_ptr problem) {
  op.problem_ = std::move(problem);
}

// True if the op has what it wants, or never will.
bool socket_actor::attempt(read_op_base& op) {
  std::string_view data = in_.view();
  switch (op.goal_) {
    case read_goal::some: {
      if (data.empty() && !eof_ && op.wanted_ > 0)
        return false;
      std::size_t n = std::min(op.wanted_, data.size());
      if (op.target_) {
        std::copy_n(data.data(), n, op.target_);
        op.got_ = n;
        in_.drop(n);
      } else {
        op.text_ = in_.take(n);
      }
      return true;
    }
    case read_goal::all:
      if (!eof_)
        return false;
      op.text_ = in_.take(data.size());
      return true;
    case read_goal::exactly:
      if (data.size() >= op.wanted_) {
        op.text_ = in_.take(op.wanted_);
        return true;
      }
      if (!eof_)
        return false;
      fail_read(op, std::make_exception_ptr(incomplete_read_error(
                      in_.take(data.size()), op.wanted_)));
      return true;
    case read_goal::until:
      return attempt_until(op);
    case read_goal::line:
      if (!attempt_until(op))
        return false;
      attempt_line(op);
      return true;
  }
  return false;
}

// As asyncio: the separator that ends first wins, and the limit is asked about
// the bytes in front of it. `got_` is how far the search has come.
bool socket_actor::attempt_until(read_op_base& op) {
  static const std::string newline = "\n";
  std::span<const std::string> separators = op.separators_;
  if (op.goal_ == read_goal::line)
    separators = {&newline, 1};
  std::string_view data = in_.view();
  std::size_t start = std::string_view::npos;
  std::size_t end = std::string_view::npos;
  std::size_t longest = 0;
  for (const std::string& separator : separators) {
    longest = std::max(longest, separator.size());
    std::size_t found = data.find(separator, op.got_);
    if (found != std::string_view::npos && found + separator.size() < end) {
      start = found;
      end = found + separator.size();
    }
  }
  if (end == std::string_view::npos) {
    // Before the limit is complained of, look at what has come meanwhile.
    if (data.size() > limit_ && data.size() <= 2 * limit_ && fill_now())
      return attempt_until(op);
    op.got_ = data.size() + 1 > longest ? data.size() + 1 - longest : 0;
    if (op.got_ > limit_) {
      fail_read(op,
                std::make_exception_ptr(limit_overrun_error(
                  "separator is not found, and " + std::to_string(op.got_)
                    + " bytes exceed the limit of " + std::to_string(limit_),
                  op.got_)));
      return true;
    }
    if (!eof_)
      return false;
    fail_read(op, std::make_exception_ptr(
                    incomplete_read_error(in_.take(data.size()), 0)));
    return true;
  }
  if (start > limit_) {
    fail_read(op, std::make_exception_ptr(limit_overrun_error(
                    "separator is found, but " + std::to_string(start)
                      + " bytes before it exceed the limit of "
                      + std::to_string(limit_),
                    start)));
    return true;
  }
  op.got_ = 0;
  op.text_ = in_.take(end);
  return true;
}

// What readline makes of the errors of readuntil.
void socket_actor::attempt_line(read_op_base& op) {
  if (!op.problem_)
    return;
  op.got_ = 0;
  try {
    std::rethrow_exception(std::exchange(op.problem_, nullptr));
  } catch (incomplete_read_error& e) {
    op.text_ = std::move(e.partial);
  } catch (const limit_overrun_error& e) {
    std::string_view data = in_.view();
    if (e.consumed < data.size() && data[e.consumed] == '\n')
      in_.drop(e.consumed + 1);
    else
      in_.clear();
    fail_read(op, std::make_exception_ptr(
                    std::length_error(std::string{"readline: "} + e.what())));
  }
}

// Whether it is tried to take what the system has before waiting. In production
// that pays only after a read that filled its room; a simulation tries both.
bool socket_actor::may_read_at_once() const {
  if (simulator* sim = home().simulation()) [[unlikely]]
    return sim->take(short_cut::read_at_once);
  return more_;
}

bool socket_actor::may_write_at_once() const {
  if (simulator* sim = home().simulation()) [[unlikely]]
    return sim->take(short_cut::write_at_once);
  return true;
}

// Takes what the system has already; false if that is nothing.
bool socket_actor::fill_now() {
  if (receiving_ || closed_ || eof_ || read_error_ != 0)
    return false;
  char* room = in_.room(chunk_);
  std::size_t size = std::min<std::size_t>(in_.room_size(), largest_chunk);
  io_count got = link_.receive_now(room, size);
  note_size(got.bytes);
  read_error_ = got.error; // the next receive tells it
  if (got.waits || got.error != 0)
    return false;
  eof_ = got.bytes == 0;
  in_.filled(got.bytes);
  return true;
}

// A read that filled its room: there may be more, and the next one is larger.
void socket_actor::note_size(std::size_t count) {
  more_ = count >= chunk_;
  if (more_ && chunk_ < largest_chunk)
    chunk_ *= 2;
}

// Asks for more data, but not at once: Asio tries before it waits, and right
// after an answer was sent the next request cannot be there. Just before the
// loop looks at its sockets, it often is.
void socket_actor::receive_later() {
  if (!home().exclusive() || home().simulation()) {
    receive();
    return;
  }
  if (receives_later_ || receiving_ || closed_)
    return;
  receives_later_ = true;
  retain();
  home().invite(*this);
}

void socket_actor::before_poll() noexcept {
  receives_later_ = false;
  try {
    if (reader_) // else the read was cancelled
      receive();
  } catch (...) { // there is no memory
    receiving_ = false;
    fail_reader(std::current_exception());
  }
  release();
}

bool socket_actor::look() noexcept {
  try {
    if (reader_ && !(fill_now() && attempt(*reader_)))
      return false;
    if (reader_)
      std::exchange(reader_, nullptr)->answer();
  } catch (...) { // there is no memory
    fail_reader(std::current_exception());
  }
  receives_later_ = false;
  release();
  return true;
}

void socket_actor::fail_reader(std::exception_ptr problem) {
  fail_read(*reader_, std::move(problem));
  std::exchange(reader_, nullptr)->answer();
}

// Asks for more data; what comes is kept, whether somebody waits or not.
void socket_actor::receive() {
  if (receiving_ || closed_)
    return;
  receiving_ = true;
  // The system writes into memory that nobody else touches until it has.
  if (in_.empty())
    in_.swap(incoming_);
  char* room = incoming_.room(chunk_);
  std::size_t size
    = std::min<std::size_t>(incoming_.room_size(), largest_chunk);
  auto member = [](socket_actor& self, const asio::error_code& failed,
                   std::size_t count, news& out) {
    self.on_received(failed, count, out);
  };
  link_.async_receive(
    room, size, completion<decltype(member)>{ref<socket_actor>{this}, member});
}

void socket_actor::on_received(const asio::error_code& failed,
                               std::size_t count, news& out) {
  receiving_ = false;
  if (closed_)
    return;
  if (!failed) {
    note_size(count);
    incoming_.filled(count);
    if (in_.empty()) {
      in_.swap(incoming_);
    } else {
      in_.append(incoming_.view());
      incoming_.clear();
    }
  } else if (failed == asio::error::eof && read_error_ == 0) {
    eof_ = true;
  } else if (failed != asio::error::operation_aborted) {
    shut(lost(read_error_ != 0 ? read_error_ : failed.value()), out);
    return;
  }
  if (!reader_)
    return;
  if (!attempt(*reader_)) {
    receive();
    return;
  }
  std::exchange(reader_, nullptr)->answer();
}

} // namespace troupe::detail
