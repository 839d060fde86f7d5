// Requests from one process to another, over nodes of troupe without
// certificates.

#include <troupe/remote.hpp>
#include <troupe/troupe.hpp>

#include "other_process.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace troupe;

using bench::other_process;
using bench::pair_watch;
using bench::spent;

namespace {

node_options plain(std::string name, int port) {
  node_options options;
  options.name = std::move(name);
  options.port = port;
  options.plain_text = true;
  return options;
}

coro<void> add_one_to_all() {
  for (;;)
    co_await receive([](std::int64_t x) { return x + 1; });
}

coro<std::int64_t> add_one(std::int64_t x) {
  co_return x + 1;
}

void serve() {
  run([]() -> coro<void> {
    node here = co_await node::start(plain("server", 0));
    auto adder = create_task(add_one_to_all());
    here.publish("actor", actor_ref{adder});
    here.publish("function", add_one);
    bench::say_port(here.port());
    co_await adder;
  });
}

coro<void> ask_often(remote_actor whom, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i)
    co_await ask<std::int64_t>(whom, nullptr, std::int64_t{1});
}

coro<void> call_often(remote_function<std::int64_t(std::int64_t)> what,
                      std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i)
    co_await what(1);
}

// `flight` tasks share `n` requests.
template <bool Actor>
spent requests(std::uint64_t n, std::uint64_t flight) {
  other_process server;
  spent result;
  run([&]() -> coro<void> {
    node here = co_await node::start(plain("client", -1));
    peer there
      = co_await here.connect("127.0.0.1:" + std::to_string(server.port()));
    auto actor = co_await remote<actor_ref>(there, "actor");
    auto function
      = co_await remote<std::int64_t(std::int64_t)>(there, "function");
    std::vector<task<>> all;
    pair_watch watch{server};
    for (std::uint64_t i = 0; i < flight; ++i) {
      std::uint64_t share = n / flight + (i < n % flight);
      if constexpr (Actor)
        all.push_back(create_task(ask_often(actor, share)));
      else
        all.push_back(create_task(call_often(function, share)));
    }
    for (auto& each : all)
      co_await each;
    result = watch.elapsed();
  });
  return result;
}

template <bool Actor, int Flight>
spent with(std::uint64_t n) {
  return requests<Actor>(n, Flight);
}

constexpr bench::workload table[] = {
  {.name = "remote_ask", .time = with<true, 1>},
  {.name = "remote_ask_64", .time = with<true, 64>},
  {.name = "remote_call", .time = with<false, 1>},
  {.name = "remote_call_64", .time = with<false, 64>},
};

} // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view{argv[1]} == "serve") {
    serve();
    return 0;
  }
  return bench::run("troupe", {table}, nullptr, argc, argv);
}
