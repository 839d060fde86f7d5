// open_connection and start_server: names become addresses, addresses sockets.

#include <troupe/fault_point.hpp>
#include <troupe/staggered_race.hpp>
#include <troupe/stream.hpp>
#include <troupe/thread_pool.hpp>

#include "actors/server_actor.hpp"
#include "actors/socket_actor.hpp"
#include "runtime/resolver.hpp"
#include "runtime/simulator.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>

namespace troupe {

namespace detail {

namespace {

// Waits for one attempt to connect. The socket outlives the op: Asio answers
// also after a cancellation.
class connect_op final : public op {
public:
  struct attempt {
    attempt(stream_link x, const tcp_endpoint& to)
      : link(std::move(x)), target(to) {}

    stream_link link;
    tcp_endpoint target;
    asio::error_code failed;
    connect_op* waiter = nullptr;
    spinlock lock;
  };

  explicit connect_op(std::shared_ptr<attempt> x) : attempt_(std::move(x)) {}

  bool ready(frame_base&) const noexcept {
    return false;
  }

  void resume() const {
    check_cancelled();
  }

  bool start() override {
    attempt_->waiter = this;
    attempt_->link.async_connect(
      attempt_->target,
      [mine = attempt_](const asio::error_code& failed, std::size_t = 0) {
        mine->failed = failed;
        mine->lock.lock();
        connect_op* waiter = std::exchange(mine->waiter, nullptr);
        mine->lock.unlock();
        if (!waiter)
          return;
        if (failed)
          mine->link.close(); // gone when the error is seen
        waiter->answer();
      });
    return true;
  }

  bool request_cancel(const std::string&) override {
    if (!take())
      return false;
    attempt_->link.close();
    answer_cancelled();
    return true;
  }

  void withdraw() noexcept override {
    take();
    attempt_->link.close();
  }

  void give_back() override {
    attempt_->link.close();
  }

  std::string describe() const override {
    return "<connect to " + to_string(address_of(attempt_->target)) + '>';
  }

private:
  bool take() noexcept {
    attempt_->lock.lock();
    bool mine = std::exchange(attempt_->waiter, nullptr) != nullptr;
    attempt_->lock.unlock();
    return mine;
  }

  std::shared_ptr<attempt> attempt_;
};

void check_limit(std::size_t limit) {
  if (limit == 0)
    throw std::invalid_argument("the limit of a stream must be at least 1");
}

coro<std::vector<tcp_endpoint>>
find_addresses(std::string host, std::uint16_t port, int family, bool passive) {
  std::vector<tcp_endpoint> found;
  if (parse_address(host, port, family, found))
    co_return found;
  if (fault_at("resolve"))
    throw_unknown_host(host);
  loop_core& home = need_running_loop("find_addresses()");
  if (simulator* sim = home.simulation()) {
    co_await sleep(std::chrono::milliseconds{1}); // others run meanwhile
    const auto& network = sim->network(home);
    found = network->resolve(host, port, family, passive);
    if (found.empty())
      throw_unknown_host(host);
  } else {
    // Not in one expression: g++ 12 copies a closure byte by byte if it is made
    // inside the operand of an await (docs/compilers.md).
    auto looked_up = to_thread([host, port, family, passive] {
      return resolve(host, port, family, passive);
    });
    found = co_await looked_up;
  }
  co_return found;
}

// Several failed attempts as one error, with all their texts.
std::exception_ptr merged(const std::vector<std::system_error>& errors,
                          const std::string& host, std::uint16_t port) {
  if (errors.size() == 1)
    return std::make_exception_ptr(errors.front());
  std::string text = "no address of ('" + host + "', " + std::to_string(port)
                   + ") could be reached: ";
  for (const auto& e : errors)
    text += (&e == &errors.front() ? "" : "; ") + std::string{e.what()};
  return std::make_exception_ptr(
    std::system_error(errors.front().code(), text));
}

} // namespace

socket_address address_of(const tcp_endpoint& endpoint) {
  return {endpoint.address().to_string(), endpoint.port(),
          endpoint.address().is_v6()};
}

coro<server> start_server_with(ref<connection_handler> handler,
                               std::vector<std::string> hosts,
                               std::uint16_t port, server_options options) {
  check_limit(options.limit);
  loop_core& home = need_running_loop("start_server()");
  std::vector<tcp_endpoint> all;
  for (const std::string& host : hosts) {
    auto found = co_await find_addresses(host, port, options.family, true);
    for (const auto& endpoint : found)
      if (std::find(all.begin(), all.end(), endpoint) == all.end())
        all.push_back(endpoint);
  }
  auto& actor = make_native<server_actor>(home, std::move(handler), options);
  server made{&actor};
  try {
    actor.listen(all);
  } catch (...) {
    actor.close();
    throw;
  }
  if (options.start_serving)
    actor.start_serving();
  co_return made;
}

} // namespace detail

namespace detail {

namespace {

// A connection that came about.
struct connected {
  stream_link link;
  tcp_endpoint target;
};

std::system_error failed_to(const tcp_endpoint& target, int code) {
  return {code, std::system_category(),
          "connect to " + to_string(address_of(target)) + " failed"};
}

coro<connected> connect_to(tcp_endpoint target, connect_options options) {
  if (fault_at("connect"))
    throw failed_to(target, ECONNREFUSED);
  loop_core& home = need_running_loop("open_connection()");
  std::shared_ptr<connect_op::attempt> attempt;
  try {
    std::optional<tcp_endpoint> local;
    if (options.local_host)
      local.emplace(asio::ip::make_address(options.local_host),
                    options.local_port);
    attempt = std::make_shared<connect_op::attempt>(
      stream_link::open(home, target, local), target);
  } catch (const std::system_error& e) {
    throw failed_to(target, e.code().value());
  }
  co_await connect_op{attempt};
  if (attempt->failed)
    throw failed_to(target, attempt->failed.value());
  co_return connected{std::move(attempt->link), target};
}

// Both families in turn, each in its order. The family of the first address
// begins, with `first` addresses of it.
std::vector<tcp_endpoint> interleaved(const std::vector<tcp_endpoint>& all,
                                      std::size_t first) {
  std::vector<tcp_endpoint> mine;
  std::vector<tcp_endpoint> others;
  for (const auto& x : all)
    (x.protocol() == all.front().protocol() ? mine : others).push_back(x);
  std::size_t ahead = std::min(first - 1, mine.size());
  std::vector<tcp_endpoint> mixed(mine.begin(), mine.begin() + ahead);
  for (std::size_t i = 0; i < std::max(mine.size() - ahead, others.size());
       ++i) {
    if (ahead + i < mine.size())
      mixed.push_back(mine[ahead + i]);
    if (i < others.size())
      mixed.push_back(others[i]);
  }
  return mixed;
}

// Happy eyeballs (RFC 8305): a slow address holds the next one up only for a
// moment.
coro<race_result<connected>> race_to(std::vector<tcp_endpoint> targets,
                                     connect_options options) {
  std::vector<std::function<coro<connected>()>> attempts;
  attempts.reserve(targets.size());
  for (const auto& target : targets)
    attempts.emplace_back(
      [target, options] { return connect_to(target, options); });
  return staggered_race(std::move(attempts), options.happy_eyeballs_delay);
}

// One after the other, with the errors of those that failed.
coro<race_result<connected>> try_each(std::vector<tcp_endpoint> targets,
                                      connect_options options) {
  race_result<connected> result;
  for (const auto& target : targets) {
    try {
      result.winner.emplace(co_await connect_to(target, options));
      break;
    } catch (const std::system_error&) {
      result.exceptions.push_back(std::current_exception());
    }
  }
  co_return result;
}

[[noreturn]] void throw_unreachable(const std::vector<std::exception_ptr>& all,
                                    const connect_options& options,
                                    const std::string& host,
                                    std::uint16_t port) {
  std::vector<std::exception_ptr> list;
  std::vector<std::system_error> errors;
  for (const auto& each : all)
    try {
      if (each)
        std::rethrow_exception(each);
    } catch (const std::system_error& e) {
      errors.push_back(e);
      list.push_back(each);
    } catch (const cancelled_error&) {
      // It lost against one that failed later.
    }
  if (list.empty())
    throw timeout_error("open_connection failed: no address of ('" + host
                        + "', " + std::to_string(port) + ") answered");
  if (options.all_errors)
    throw exception_group("open_connection failed", std::move(list));
  std::rethrow_exception(merged(errors, host, port));
}

} // namespace

} // namespace detail

coro<connection> open_connection(std::string host, std::uint16_t port,
                                 connect_options options) {
  detail::check_limit(options.limit);
  auto& home = detail::need_running_loop("open_connection()");
  auto targets
    = co_await detail::find_addresses(host, port, options.family, false);
  bool races = static_cast<bool>(options.happy_eyeballs_delay);
  std::size_t first = options.interleave ? options.interleave : (races ? 1 : 0);
  if (first > 0 && !targets.empty())
    targets = detail::interleaved(targets, first);
  auto attempts = races ? detail::race_to(std::move(targets), options)
                        : detail::try_each(std::move(targets), options);
  auto found = co_await attempts;
  if (!found.winner)
    detail::throw_unreachable(found.exceptions, options, host, port);
  auto& socket = detail::make_native<detail::socket_actor>(
    home, std::move(found.winner->link), found.winner->target, options.limit,
    static_cast<detail::server_actor*>(nullptr));
  stream_reader reader{detail::socket_handle{&socket, false}};
  socket.retain();
  socket.add_writer();
  stream_writer writer{detail::socket_handle{&socket, true}};
  co_return connection{std::move(reader), std::move(writer)};
}

// -- server -------------------------------------------------------------------

namespace {

detail::server_actor& actor_of(detail::server_actor* actor) {
  if (!actor)
    throw error(errc::server_closed, "this handle names no server");
  return *actor;
}

} // namespace

server::server(const server& other) noexcept : actor_(other.actor_) {
  if (actor_)
    actor_->retain();
}

server::server(server&& other) noexcept
  : actor_(std::exchange(other.actor_, nullptr)) {}

server& server::operator=(server other) noexcept {
  std::swap(actor_, other.actor_);
  return *this;
}

server::~server() {
  if (actor_)
    actor_->release();
}

std::vector<listening_socket> server::sockets() const {
  return actor_of(actor_).sockets();
}

coro<void> server::start_serving() const {
  server self = *this;
  actor_of(self.actor_).start_serving();
  co_await sleep(std::chrono::seconds{0});
}

coro<void> server::serve_forever() const {
  server self = *this;
  try {
    co_await actor_of(self.actor_).serve_forever();
  } catch (const cancelled_error&) {
    self.close();
    throw;
  }
}

bool server::is_serving() const {
  return actor_of(actor_).is_serving();
}

void server::close() const {
  actor_of(actor_).close();
}

coro<void> server::wait_closed() const {
  server self = *this;
  co_await actor_of(self.actor_).closed_future();
}

void server::close_clients() const {
  actor_of(actor_).close_clients(false);
}

void server::abort_clients() const {
  actor_of(actor_).close_clients(true);
}

event_loop server::get_loop() const {
  return event_loop{actor_of(actor_).home()};
}

} // namespace troupe
