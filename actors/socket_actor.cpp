#include "actors/socket_actor.hpp"

#include <troupe/fault_point.hpp>

#include "actors/server_actor.hpp"
#include "runtime/simulator.hpp"

#include <caf/exit_reason.hpp>

#include <cerrno>
#include <exception>
#include <stdexcept>

namespace troupe::detail {

namespace {

std::exception_ptr system_problem(int code, const std::string& what) {
  return std::make_exception_ptr(
    std::system_error(code, std::system_category(), what));
}

} // namespace

// What happened inside a turn and is told when the turn is over.
struct socket_actor::news {
  bool closed = false;
  std::string warning;
};

// The end of an operation of Asio: a turn of the actor.
template <class Member>
struct socket_actor::completion {
  using allocator_type = pool_allocator<void>;

  ref<socket_actor> self;
  Member member;

  allocator_type get_allocator() const noexcept {
    return {};
  }

  void operator()(const asio::error_code& failed, std::size_t count = 0) {
    news out;
    {
      turn mine{*self};
      member(*self, failed, count, out);
    }
    self->tell(out);
  }
};

socket_actor::socket_actor(caf::actor_config& config, loop_core& home,
                           stream_link link, const tcp_endpoint& peer,
                           std::size_t limit, server_actor* server)
  : native_actor(config, home), link_(std::move(link)), peer_(peer),
    server_(server), limit_(limit) {
  link_.prepare();
  local_ = link_.local();
  home.add_resource(*this);
  if (server_) {
    server_->retain();
    server_->enter(*this);
  }
}

socket_actor::~socket_actor() {
  home().remove_resource(*this);
}

std::exception_ptr socket_actor::lost(int code) const {
  return system_problem(code, "connection to " + to_string(address_of(peer_))
                                + " was lost");
}

void socket_actor::drop_writer() noexcept {
  if (writers_.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  if (is_closing())
    return;
  // While an exception passes, its report is enough.
  if (std::uncaught_exceptions() == 0 && !home().closed())
    home().report({.message = "a stream_writer was dropped without close()",
                   .transport = describe()});
  if (home().exclusive() && !home().here()) {
    class closing final : public job {
    public:
      explicit closing(socket_actor& socket) : socket_(&socket) {
      }

      void run() override {
        socket_->close();
        delete this;
      }

    private:
      ref<socket_actor> socket_;
    };
    auto* request = new closing(*this);
    if (!home().try_inject(*request))
      delete request;
    return;
  }
  close();
}

// -- reading ------------------------------------------------------------------------

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
      fail_read(op, std::make_exception_ptr(limit_overrun_error(
                      "separator is not found, and " + std::to_string(op.got_)
                        + " bytes exceed the limit of "
                        + std::to_string(limit_),
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
    fail_read(op, std::make_exception_ptr(std::length_error(
                    std::string{"readline: "} + e.what())));
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
  more_ = got.bytes == size;
  read_error_ = got.error; // the next receive tells it
  if (got.waits || got.error != 0)
    return false;
  eof_ = got.bytes == 0;
  in_.filled(got.bytes);
  return true;
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
    fail_read(*reader_, std::current_exception());
    std::exchange(reader_, nullptr)->answer();
  }
  release();
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
  std::size_t size = std::min<std::size_t>(incoming_.room_size(),
                                           largest_chunk);
  auto member = [](socket_actor& self, const asio::error_code& failed,
                   std::size_t count,
                   news& out) { self.on_received(failed, count, out); };
  link_.async_receive(
    room, size,
    completion<decltype(member)>{ref<socket_actor>{this}, member});
}

void socket_actor::on_received(const asio::error_code& failed,
                               std::size_t count, news& out) {
  receiving_ = false;
  if (closed_)
    return;
  if (!failed) {
    more_ = count >= chunk_;
    if (more_ && chunk_ < largest_chunk)
      chunk_ *= 2;
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

// -- writing ------------------------------------------------------------------------

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
                   std::size_t, news& out) { self.on_writable(failed, out); };
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

// -- the end ------------------------------------------------------------------------

void socket_actor::wake(socket_op::goal goal, std::exception_ptr problem,
                        news&) {
  socket_op* line = std::exchange(waiters_, nullptr);
  socket_op** kept = &waiters_;
  while (line) {
    socket_op* next = line->next_;
    line->next_ = nullptr;
    if (line->goal_ == goal) {
      line->problem_ = problem;
      line->answer();
    } else {
      *kept = line;
      kept = &line->next_;
    }
    line = next;
  }
}

void socket_actor::begin_close(news& out) {
  if (std::exchange(closing_, true))
    return;
  if (out_.empty())
    shut(nullptr, out);
}

// Closes the socket; everybody who waits is told.
void socket_actor::shut(std::exception_ptr problem, news& out) {
  if (std::exchange(closed_, true))
    return;
  closing_ = true;
  problem_ = problem;
  eof_ = true;
  out.closed = true;
  out_.reset();
  link_.close();
  if (reader_) {
    read_op_base* reader = std::exchange(reader_, nullptr);
    if (problem)
      fail_read(*reader, problem);
    else
      attempt(*reader);
    reader->answer();
  }
  wake(socket_op::goal::drained, problem ? problem : lost(ECONNRESET), out);
  wake(socket_op::goal::closed, problem, out);
}

void socket_actor::tell(news& out) {
  if (!out.warning.empty())
    home().report({.message = out.warning, .transport = describe()});
  if (!out.closed)
    return;
  home().remove_resource(*this);
  if (server_actor* server = std::exchange(server_, nullptr)) {
    server->leave(*this);
    server->release();
  }
  end(problem_ ? caf::make_error(caf::exit_reason::remote_link_unreachable)
               : caf::error{});
}

void socket_actor::close() {
  news out;
  {
    turn mine{*this};
    begin_close(out);
  }
  ref<socket_actor> keep{this};
  tell(out);
}

void socket_actor::abort() {
  news out;
  {
    turn mine{*this};
    closing_ = true;
    shut(nullptr, out);
  }
  ref<socket_actor> keep{this};
  tell(out);
}

bool socket_actor::is_closing() const {
  turn mine{*this};
  return closing_;
}

void socket_actor::on_exit_message() {
  abort();
}

void socket_actor::on_loop_close() noexcept {
  abort();
}

// -- looking ------------------------------------------------------------------------

std::optional<socket_address>
socket_actor::address(std::string_view name) const {
  if (name == "peername")
    return address_of(peer_);
  if (name == "sockname")
    return address_of(local_);
  return std::nullopt;
}

water_marks socket_actor::marks() const {
  turn mine{*this};
  return {.low = low_, .high = high_};
}

void socket_actor::set_marks(water_marks marks) {
  if (marks.low > marks.high)
    throw std::invalid_argument(
      "set_write_buffer_limits: low (" + std::to_string(marks.low)
      + ") must not be above high (" + std::to_string(marks.high) + ")");
  news out;
  {
    turn mine{*this};
    constexpr std::size_t most = 0xffff'ffff;
    low_ = static_cast<std::uint32_t>(std::min(marks.low, most));
    high_ = static_cast<std::uint32_t>(std::min(marks.high, most));
    if (out_.size() > high_) {
      paused_ = true;
    } else if (paused_ && out_.size() <= low_) {
      paused_ = false;
      wake(socket_op::goal::drained, nullptr, out);
    }
  }
}

std::size_t socket_actor::write_buffer_size() const {
  turn mine{*this};
  return out_.size();
}

int socket_actor::descriptor() const {
  turn mine{*this};
  return closed_ ? -1 : link_.descriptor();
}

std::string socket_actor::describe() const {
  std::string text = "<connection";
  if (closing_)
    text += closed_ ? " closed" : " closing";
  return text + ' ' + to_string(address_of(local_)) + " to "
         + to_string(address_of(peer_)) + '>';
}

const char* socket_actor::name() const {
  return "troupe.socket";
}

} // namespace troupe::detail
