#include "actors/server_actor.hpp"

#include <troupe/fault_point.hpp>

#include <cerrno>

namespace troupe::detail {

namespace {

// Runs the user's handler: what it throws is reported, and the connection does
// not outlive it then. The client counts its server, and so the handler's
// captures live as long as this task. One frame of this a connection: it holds
// as little as possible.
coro<void> handle_connection(coro<void> body, ref<socket_actor> client,
                             ref<server_actor> server) {
  std::exception_ptr problem;
  // Counts as a writer, so that a handler that ends by an exception is told of
  // by that alone.
  stream_writer writer{socket_handle{client.get(), true}};
  client->retain();
  client->add_writer();
  try {
    co_await std::move(body);
  } catch (...) {
    problem = std::current_exception();
  }
  if (problem)
    server->end_handler(*client, problem);
}

} // namespace

// Accepting goes on after a pause; the system had no descriptor left.
class server_actor::retry final {
public:
  explicit retry(server_actor& server) : server_(&server) {}

  void operator()() const {
    {
      turn mine{*server_};
      server_->retrying_ = false;
    }
    server_->accept_all();
  }

private:
  ref<server_actor> server_;
};

server_actor::server_actor(caf::actor_config& config, loop_core& home,
                           ref<connection_handler> handler,
                           const server_options& options)
  : native_actor(config, home), handler_(std::move(handler)),
    options_(options) {
  home.add_resource(*this);
}

server_actor::~server_actor() {
  home().remove_resource(*this);
}

void server_actor::listen(const std::vector<tcp_endpoint>& all) {
  for (int left = ports_to_try; !open_doors(all, left > 0); --left) {
  }
}

// False if the free port that was chosen is somebody's at a later address, and
// another one may be tried.
bool server_actor::open_doors(const std::vector<tcp_endpoint>& all,
                              bool may_try_again) {
  std::uint16_t chosen = 0;
  for (tcp_endpoint where : all) {
    if (where.port() == 0)
      where.port(chosen);
    try {
      open_door(where);
    } catch (const std::system_error& e) {
      bool taken = chosen != 0 && e.code() == std::errc::address_in_use;
      if (!taken || !may_try_again)
        throw;
      turn mine{*this};
      for (auto& each : doors_)
        each->acceptor.close();
      doors_.clear();
      return false;
    }
    if (where.port() == 0)
      chosen = sockets().front().getsockname().port;
  }
  return true;
}

void server_actor::open_door(const tcp_endpoint& where) {
  fault_point("listen", [&where] {
    return std::system_error(EADDRINUSE, std::system_category(),
                             "error while attempting to bind on address "
                               + to_string(address_of(where)));
  });
  auto acceptor = stream_door::open(home(), where,
                                    {.reuse_address = options_.reuse_address,
                                     .reuse_port = options_.reuse_port,
                                     .backlog = options_.backlog},
                                    "error while attempting to bind on address "
                                      + to_string(address_of(where)));
  turn mine{*this};
  doors_.push_back(std::make_shared<door>(std::move(acceptor)));
}

// -- accepting ----------------------------------------------------------------

void server_actor::start_serving() {
  {
    turn mine{*this};
    if (closed_)
      throw error(errc::server_closed, "the server is closed");
    if (std::exchange(serving_, true))
      return;
  }
  accept_all();
}

void server_actor::accept_all() {
  std::vector<std::shared_ptr<door>> doors;
  {
    turn mine{*this};
    doors = doors_;
  }
  for (auto& which : doors)
    accept(which);
}

void server_actor::accept(const std::shared_ptr<door>& which) {
  turn mine{*this};
  bool full
    = options_.max_connections > 0 && count_ >= options_.max_connections;
  if (!serving_ || closed_ || retrying_ || full || which->accepting)
    return;
  which->accepting = true;
  which->acceptor.async_accept(
    home(), which->peer,
    [self = ref<server_actor>{this}, which](const asio::error_code& failed,
                                            stream_link link) {
      self->on_accepted(which, failed, std::move(link));
    });
}

void server_actor::on_accepted(const std::shared_ptr<door>& which,
                               asio::error_code failed, stream_link link) {
  tcp_endpoint peer = which->peer;
  {
    turn mine{*this};
    which->accepting = false;
    if (closed_)
      return;
  }
  if (!failed && fault_at("accept")) {
    link.close();
    failed = asio::error::connection_aborted;
  }
  if (!failed) {
    serve(std::move(link), peer);
  } else if (failed == asio::error::operation_aborted) {
    return;
  } else if (failed.value() == EMFILE || failed.value() == ENFILE
             || failed.value() == ENOBUFS || failed.value() == ENOMEM) {
    bool first;
    {
      turn mine{*this};
      first = !std::exchange(retrying_, true);
    }
    if (first) {
      home().report(
        {.message = "accepting pauses for one second: the system is out of "
                    "resources",
         .exception = std::make_exception_ptr(
           std::system_error(failed.value(), std::system_category(), "accept")),
         .transport = describe()});
      event_loop{home()}.call_later(retry_delay, retry{*this});
    }
    return;
  }
  // Anything else concerns one connection that is gone already.
  accept(which);
}

void server_actor::serve(stream_link link, const tcp_endpoint& peer) {
  event_loop loop{home()};
  auto& client = make_native<socket_actor>(home(), std::move(link), peer,
                                           options_.limit, this);
  // The actor's first count is the reader's, its second the writer's.
  stream_reader reader{socket_handle{&client, false}};
  client.retain();
  client.add_writer();
  stream_writer writer{socket_handle{&client, true}};
  try {
    auto body = handler_->call(reader, writer);
    if (body)
      start_handler(std::move(*body), client);
  } catch (...) {
    home().report({.message = "Unhandled exception in connection handler",
                   .exception = std::current_exception(),
                   .transport = client.describe()});
    writer.close();
  }
}

void server_actor::start_handler(coro<void> body, socket_actor& client) {
  event_loop{home()}.create_task(handle_connection(
    std::move(body), ref<socket_actor>{&client}, ref<server_actor>{this}));
}

// A handler ended by an exception: the connection is closed. A cancellation
// goes on in silence.
void server_actor::end_handler(socket_actor& client,
                               const std::exception_ptr& problem) {
  std::string chain = await_chain(problem);
  client.close();
  try {
    std::rethrow_exception(problem);
  } catch (const cancelled_error&) {
    throw;
  } catch (const keyboard_interrupt&) {
    throw;
  } catch (const system_exit&) {
    throw;
  } catch (...) {
    home().report({.message = "Unhandled exception in connection handler",
                   .exception = problem,
                   .transport = client.describe(),
                   .await_chain = chain});
  }
}

// -- connections --------------------------------------------------------------

void server_actor::enter(socket_actor& client) {
  turn mine{*this};
  client.next_client = clients_;
  if (clients_)
    clients_->prev_client = &client;
  clients_ = &client;
  ++count_;
}

void server_actor::leave(socket_actor& client) {
  {
    turn mine{*this};
    (client.prev_client ? client.prev_client->next_client : clients_)
      = client.next_client;
    if (client.next_client)
      client.next_client->prev_client = client.prev_client;
    --count_;
  }
  complete_if_over();
  if (options_.max_connections > 0)
    accept_all();
}

void server_actor::close_clients(bool at_once) {
  std::vector<ref<socket_actor>> all;
  {
    turn mine{*this};
    for (socket_actor* x = clients_; x; x = x->next_client)
      all.emplace_back(x);
  }
  for (auto& client : all) {
    if (at_once)
      client->abort();
    else
      client->close();
  }
}

// -- the end ------------------------------------------------------------------

void server_actor::close() {
  std::vector<std::shared_ptr<door>> doors;
  future<void> forever;
  {
    turn mine{*this};
    if (std::exchange(closed_, true))
      return;
    serving_ = false;
    doors.swap(doors_);
    std::swap(forever, forever_);
  }
  for (auto& which : doors) {
    which->acceptor.close();
  }
  if (forever && !forever.done())
    forever.cancel();
  complete_if_over();
  ref<server_actor> keep{this};
  home().remove_resource(*this);
  end({});
}

void server_actor::complete_if_over() {
  std::vector<future<void>> watchers;
  {
    turn mine{*this};
    if (!closed_ || count_ > 0)
      return;
    watchers.swap(watchers_);
  }
  for (auto& watcher : watchers)
    set_unless_done(watcher);
}

future<void> server_actor::serve_forever() {
  future<void> forever{home()};
  std::string text = describe(); // takes a turn of its own
  {
    turn mine{*this};
    if (closed_)
      throw error(errc::server_closed, "the server is closed");
    if (forever_)
      throw error(errc::server_closed,
                  text + " is already being awaited in serve_forever()");
    forever_ = forever;
  }
  start_serving();
  return forever;
}

future<void> server_actor::closed_future() {
  future<void> over{home()};
  bool already;
  {
    turn mine{*this};
    already = closed_ && count_ == 0;
    if (!already)
      watchers_.push_back(over);
  }
  if (already)
    over.set_result();
  return over;
}

void server_actor::on_exit_message() {
  close();
  close_clients(true);
}

void server_actor::on_loop_close() noexcept {
  close();
}

// -- looking ------------------------------------------------------------------

bool server_actor::is_serving() const {
  turn mine{*this};
  return serving_ && !closed_;
}

bool server_actor::is_closed() const {
  turn mine{*this};
  return closed_;
}

std::vector<listening_socket> server_actor::sockets() const {
  turn mine{*this};
  std::vector<listening_socket> all;
  for (const auto& which : doors_) {
    all.emplace_back(address_of(which->acceptor.local()),
                     which->acceptor.descriptor());
  }
  return all;
}

std::string server_actor::describe() const {
  std::string text = "<server";
  for (const auto& socket : sockets())
    text += ' ' + to_string(socket.getsockname());
  return text + '>';
}

const char* server_actor::name() const {
  return "troupe.server";
}

} // namespace troupe::detail
