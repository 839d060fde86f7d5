// open_connection and start_server: names become addresses, addresses sockets.

#include "actors/server_actor.hpp"
#include "actors/socket_actor.hpp"
#include "runtime/resolver.hpp"
#include "runtime/simulator.hpp"

#include <troupe/stream.hpp>
#include <troupe/thread_pool.hpp>

#include <algorithm>

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

  explicit connect_op(std::shared_ptr<attempt> x) : attempt_(std::move(x)) {
  }

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
        if (waiter)
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
find_addresses(std::string host, std::uint16_t port, int family,
               bool passive) {
  std::vector<tcp_endpoint> found;
  if (parse_address(host, port, family, found))
    co_return found;
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
    for (auto& endpoint : all) {
      // A free port is chosen once, and serves all addresses.
      if (port == 0 && !actor.sockets().empty())
        endpoint.port(actor.sockets().front().getsockname().port);
      actor.listen(endpoint);
    }
  } catch (...) {
    actor.close();
    throw;
  }
  if (options.start_serving)
    actor.start_serving();
  co_return made;
}

} // namespace detail

coro<connection> open_connection(std::string host, std::uint16_t port,
                                 connect_options options) {
  detail::check_limit(options.limit);
  auto& home = detail::need_running_loop("open_connection()");
  auto targets = co_await detail::find_addresses(host, port, options.family,
                                                 false);
  std::vector<std::system_error> errors;
  for (const auto& target : targets) {
    std::shared_ptr<detail::connect_op::attempt> attempt;
    try {
      std::optional<detail::tcp_endpoint> local;
      if (options.local_host)
        local.emplace(asio::ip::make_address(options.local_host),
                      options.local_port);
      attempt = std::make_shared<detail::connect_op::attempt>(
        detail::stream_link::open(home, target, local), target);
    } catch (const std::system_error& e) {
      errors.emplace_back(e.code().value(), std::system_category(),
                          "connect to " + to_string(detail::address_of(target))
                            + " failed");
      continue;
    }
    co_await detail::connect_op{attempt};
    if (attempt->failed) {
      errors.emplace_back(attempt->failed.value(), std::system_category(),
                          "connect to " + to_string(detail::address_of(target))
                            + " failed");
      continue;
    }
    auto& socket = detail::make_native<detail::socket_actor>(
      home, std::move(attempt->link), target, options.limit,
      static_cast<detail::server_actor*>(nullptr));
    stream_reader reader{detail::socket_handle{&socket, false}};
    socket.retain();
    socket.add_writer();
    stream_writer writer{detail::socket_handle{&socket, true}};
    co_return connection{std::move(reader), std::move(writer)};
  }
  if (options.all_errors) {
    std::vector<std::exception_ptr> list;
    for (const auto& e : errors)
      list.push_back(std::make_exception_ptr(e));
    throw exception_group("open_connection failed", std::move(list));
  }
  std::rethrow_exception(detail::merged(errors, host, port));
}

// -- server ---------------------------------------------------------------------------

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
  : actor_(std::exchange(other.actor_, nullptr)) {
}

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
