// Requests from one process to another, over CAF's own remote actors without
// TLS. A remote call is the same to it.

#include "other_process.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <string_view>

using bench::other_process;
using bench::pair_watch;
using bench::spent;

namespace {

class config : public caf::actor_system_config {
public:
  config() {
    load<caf::io::middleman>();
    set("scheduler.max-threads", 1);
  }
};

class adder : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[](std::int64_t x) {
      return x + 1;
    }};
  }
};

void serve() {
  config cfg;
  caf::actor_system system{cfg};
  auto actor = system.spawn<adder>();
  auto port = system.middleman().publish(actor, 0, "127.0.0.1");
  if (!port)
    return;
  bench::say_port(*port);
  system.await_all_actors_done();
}

// Keeps `flight` requests on their way until all `n` are answered.
class asker : public caf::event_based_actor {
public:
  asker(caf::actor_config& cfg, caf::actor whom, std::uint64_t n,
        std::uint64_t flight, const other_process* server, spent* result)
    : caf::event_based_actor(cfg), whom_(std::move(whom)), to_send_(n),
      to_come_(n), flight_(flight), result_(result), watch_(*server) {}

  caf::behavior make_behavior() override {
    for (std::uint64_t i = 0; i < flight_ && to_send_ > 0; ++i)
      next();
    return {[](caf::unit_t) {
    }};
  }

private:
  void next() {
    --to_send_;
    request(whom_, caf::infinite, std::int64_t{1}).then([this](std::int64_t) {
      if (to_send_ > 0)
        next();
      if (--to_come_ > 0)
        return;
      *result_ = watch_.elapsed();
      quit();
    });
  }

  caf::actor whom_;
  std::uint64_t to_send_;
  std::uint64_t to_come_;
  std::uint64_t flight_;
  spent* result_;
  pair_watch watch_;
};

template <int Flight>
spent with(std::uint64_t n) {
  other_process server;
  spent result;
  config cfg;
  caf::actor_system system{cfg};
  auto whom = system.middleman().remote_actor("127.0.0.1", server.port());
  if (whom) {
    system.spawn<asker>(*whom, n, Flight, &server, &result);
    system.await_all_actors_done();
  }
  return result;
}

constexpr bench::workload table[] = {
  {.name = "remote_ask", .time = with<1>},
  {.name = "remote_ask_64", .time = with<64>},
  {.name = "remote_call", .time = with<1>},
  {.name = "remote_call_64", .time = with<64>},
};

} // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view{argv[1]} == "serve") {
    serve();
    return 0;
  }
  return bench::run("caf", {table}, nullptr, argc, argv);
}
