// The handles and ops of connections; what they do is the socket actor's.

#include <troupe/stream.hpp>

#include "actors/socket_actor.hpp"

#include <algorithm>

namespace troupe {

namespace detail {

// -- reading ------------------------------------------------------------------

read_op_base::read_op_base(socket_actor& socket, read_goal goal,
                           std::size_t wanted) noexcept
  : socket_(&socket), wanted_(wanted), goal_(goal) {
  socket.retain();
}

read_op_base::read_op_base(read_op_base&& other) noexcept
  : op(std::move(other)), socket_(std::exchange(other.socket_, nullptr)),
    target_(other.target_), wanted_(other.wanted_),
    separators_(std::move(other.separators_)), goal_(other.goal_) {}

read_op_base::~read_op_base() {
  if (socket_)
    socket_->release();
}

read_op::read_op(socket_actor& socket, std::vector<std::string> separators)
  : read_op_base(socket, read_goal::until, 0) {
  if (separators.empty())
    throw std::invalid_argument("readuntil: give at least one separator");
  for (const std::string& separator : separators)
    if (separator.empty())
      throw std::invalid_argument("readuntil: a separator has at least one "
                                  "byte");
  separators_ = std::move(separators);
  // Of two that end at the same place the shorter one decides.
  std::stable_sort(separators_.begin(), separators_.end(),
                   [](const std::string& x, const std::string& y) {
                     return x.size() < y.size();
                   });
}

bool read_op_base::start() {
  return socket_->start(*this);
}

bool read_op_base::request_cancel(const std::string&) {
  if (!socket_->cancel(*this))
    return false;
  answer_cancelled();
  return true;
}

void read_op_base::withdraw() noexcept {
  socket_->cancel(*this);
}

void read_op_base::give_back() {
  socket_->give_back(*this);
}

std::string read_op_base::describe() const {
  return "<read from " + socket_->describe() + '>';
}

void read_op_base::check() const {
  check_cancelled();
  if (problem_)
    std::rethrow_exception(problem_);
}

// -- waiting for the writing side ---------------------------------------------

socket_op::socket_op(socket_actor& socket, goal what) noexcept
  : socket_(&socket), goal_(what) {
  socket.retain();
}

socket_op::socket_op(socket_op&& other) noexcept
  : op(std::move(other)), socket_(std::exchange(other.socket_, nullptr)),
    goal_(other.goal_) {}

socket_op::~socket_op() {
  if (socket_)
    socket_->release();
}

bool socket_op::start() {
  return socket_->start(*this);
}

bool socket_op::request_cancel(const std::string&) {
  if (yields_ || !socket_->cancel(*this))
    return false;
  answer_cancelled();
  return true;
}

void socket_op::withdraw() noexcept {
  socket_->cancel(*this);
}

std::string socket_op::describe() const {
  return (goal_ == goal::drained ? "<drain of " : "<end of ")
       + socket_->describe() + '>';
}

void socket_op::resume() const {
  check_cancelled();
  if (yields_)
    socket_->check_open();
  if (problem_)
    std::rethrow_exception(problem_);
}

// -- handles ------------------------------------------------------------------

socket_handle::socket_handle(const socket_handle& other) noexcept
  : socket_(other.socket_), writer_(other.writer_) {
  if (socket_) {
    socket_->retain();
    if (writer_)
      socket_->add_writer();
  }
}

void release_socket(socket_actor& socket, bool writer) noexcept {
  if (writer)
    socket.drop_writer();
  socket.release();
}

} // namespace detail

namespace {

[[noreturn]] void throw_empty(const char* what) {
  throw error(errc::connection_closed,
              std::string{what} + " names no connection");
}

} // namespace

detail::socket_actor& stream_reader::socket() const {
  if (!socket_.socket_)
    throw_empty("this stream_reader");
  return *socket_.socket_;
}

bool stream_reader::at_eof() const {
  return socket().at_eof();
}

std::size_t stream_reader::limit() const {
  return socket().limit();
}

detail::socket_actor& stream_writer::socket() const {
  if (!socket_.socket_)
    throw_empty("this stream_writer");
  return *socket_.socket_;
}

void stream_writer::write(std::string_view data) const {
  socket().write({&data, 1});
}

void stream_writer::writelines(std::span<const std::string_view> pieces) const {
  socket().write(pieces);
}

void stream_writer::write_eof() const {
  socket().write_eof();
}

bool stream_writer::can_write_eof() const {
  return true;
}

void stream_writer::close() const {
  socket().close();
}

void stream_writer::abort() const {
  socket().abort();
}

bool stream_writer::is_closing() const {
  return socket().is_closing();
}

std::optional<socket_address>
stream_writer::get_extra_info(std::string_view name) const {
  return socket().address(name);
}

socket_address stream_writer::get_extra_info(std::string_view name,
                                             socket_address fallback) const {
  return socket().address(name).value_or(std::move(fallback));
}

void stream_writer::set_write_buffer_limits(water_marks marks) const {
  socket().set_marks(marks);
}

water_marks stream_writer::get_write_buffer_limits() const {
  return socket().marks();
}

std::size_t stream_writer::get_write_buffer_size() const {
  return socket().write_buffer_size();
}

int stream_writer::fileno() const {
  return socket().descriptor();
}

std::string to_string(const socket_address& x) {
  std::string text = "('" + x.host + "', " + std::to_string(x.port);
  return text + (x.ipv6 ? ", 0, 0)" : ")");
}

} // namespace troupe
