#include "support/nodes.hpp"
#include "support/test.hpp"

#include <troupe/simulated_network.hpp>
#include <troupe/troupe.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

node_options options_of(std::string name, int port = -1) {
  node_options options;
  options.name = name;
  options.port = port;
  options.host = name;
  options.certificate = name + ".pem"; // not read in a simulation
  options.key = name + ".key";
  options.authority = "authority.pem";
  return options;
}

coro<void> serve() {
  auto options = options_of("server", 4242);
  auto here = co_await node::start(options);
  here.publish("line", queue<int>{3});
  here.publish("door", lock{});
  co_await sleep(1h);
}

} // namespace

TEST_CASE("simulated node: two hosts talk") {
  test::check(
    []() -> coro<void> {
      test::node server{"server", serve};
      co_await sleep(100ms);
      auto options = options_of("client");
      auto mine = co_await node::start(options);
      auto there = co_await mine.connect("server:4242", "server");
      auto far = co_await remote<queue<int>>(there, "line");
      co_await far.put(1);
      co_await far.put(2);
      int one = co_await far.get();
      int two = co_await far.get();
      test::require(one == 1 && two == 2);
      auto door = co_await remote<lock>(there, "door");
      auto held = co_await door.scoped();
      test::require(held.token() > 0);
      held.release();
      co_await mine.stop();
    },
    {.schedules = 100});
}
