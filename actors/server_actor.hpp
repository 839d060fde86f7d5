#pragma once

#include "actors/native_actor.hpp"
#include "actors/socket_actor.hpp"

#include <list>
#include <memory>

namespace troupe::detail {

// The actor that owns the listening sockets of a server and knows its
// connections.
class server_actor final : public native_actor, public loop_resource {
public:
  server_actor(caf::actor_config& config, loop_core& home,
               ref<connection_handler> handler, const server_options& options);
  ~server_actor() override;

  // Binds and listens; throws a system_error that names the address. A free
  // port is chosen once, and serves all.
  void listen(const std::vector<tcp_endpoint>& all);

  void start_serving();
  bool is_serving() const;
  bool is_closed() const;
  std::vector<listening_socket> sockets() const;
  void close();
  void close_clients(bool at_once);

  // Becomes the one that serves until it is cancelled.
  future<void> serve_forever();

  // Done when the server is closed and its connections are.
  future<void> closed_future();

  // Tells what ended a handler, closes its connection; throws a cancellation
  // on.
  void end_handler(socket_actor& client, const std::exception_ptr& problem);

  // -- connections: called by socket actors -----------------------------------

  void enter(socket_actor& client);
  void leave(socket_actor& client);

  void on_exit_message() override;
  void on_loop_close() noexcept override;
  const char* name() const override;
  std::string describe() const;

private:
  struct door {
    explicit door(stream_door x) : acceptor(std::move(x)) {}

    stream_door acceptor;
    tcp_endpoint peer;
    bool accepting = false;
  };

  class retry;

  bool open_doors(const std::vector<tcp_endpoint>& all, bool may_try_again);
  void open_door(const tcp_endpoint& where);
  void accept(const std::shared_ptr<door>& which);
  void accept_all();
  void on_accepted(const std::shared_ptr<door>& which, asio::error_code failed,
                   stream_link link);
  void start_handler(coro<void> body, socket_actor& client);
  void serve(stream_link link, const tcp_endpoint& peer);
  void complete_if_over();

  static constexpr std::chrono::seconds retry_delay{1};
  static constexpr int ports_to_try = 100;

  ref<connection_handler> handler_;
  server_options options_;
  std::vector<std::shared_ptr<door>> doors_;
  socket_actor* clients_ = nullptr;
  std::size_t count_ = 0;
  future<void> forever_;
  std::vector<future<void>> watchers_;
  bool serving_ = false;
  bool closed_ = false;
  bool retrying_ = false;
};

} // namespace troupe::detail
