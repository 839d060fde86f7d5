#include "actors/server_actor.hpp"
#include "actors/socket_turn.hpp"

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
      explicit closing(socket_actor& socket) : socket_(&socket) {}

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
// -- the end ------------------------------------------------------------------

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

// -- looking ------------------------------------------------------------------

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
