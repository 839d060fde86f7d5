#pragma once

#include "support/nodes.hpp"
#include "support/workers.hpp"

// Runs `body(server, there)` with two nodes that are connected.
template <class F>
void with_two_nodes(F body, troupe::run_options options = {}) {
  troupe::run(
    [&]() -> troupe::coro<void> {
      auto server = co_await troupe::node::start(plain_node("server", 0));
      auto client = co_await troupe::node::start(plain_node("client"));
      auto there = co_await client.connect(address_of(server));
      co_await body(server, there);
      co_await client.stop();
      co_await server.stop();
    },
    options);
}

// Waits until somebody else is in the state that `condition` tells.
template <class F>
troupe::coro<void> until(F condition) {
  bool came = co_await reached(std::move(condition));
  if (!came)
    throw std::runtime_error("it never came to that");
}
