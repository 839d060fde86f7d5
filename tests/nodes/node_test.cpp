#include "support/errors.hpp"
#include "support/nodes.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// What `node::start` says to these options.
std::string refusal(node_options options) {
  std::string text;
  run([&]() -> coro<void> {
    try {
      co_await node::start(options);
    } catch (const error& problem) {
      text = problem.what();
    }
  });
  return text;
}

coro<int> echo(int x) {
  co_return x;
}

// Asks again and again.
coro<void> ask_on(peer there, event begun) {
  auto call = co_await remote<int(int)>(there, "echo");
  for (;;) {
    co_await call(1);
    begun.set();
  }
}

} // namespace

TEST_CASE("node: without certificates it needs plain_text, on this machine") {
  node_options options;
  CHECK(contains(refusal(options), "certificate is not set"));
  options.certificate = "x.pem";
  CHECK(contains(refusal(options), "key is not set"));
  options.key = "y.pem";
  CHECK(contains(refusal(options), "authority is not set"));
  options.plain_text = true;
  CHECK(contains(refusal(options), "not both"));
  options = plain_node("a", 0);
  options.host = "0.0.0.0";
  CHECK(contains(refusal(options), "not on it"));

  std::error_code far;
  run([&]() -> coro<void> {
    node here = co_await node::start(plain_node("a"));
    far = co_await error_of_await(here.connect("192.0.2.1:4000"));
  });
  CHECK(far == errc::bad_identity);
}

TEST_CASE("node: names are unique, and free again when withdrawn") {
  bool taken = false;
  bool there = false;
  bool gone = true;
  run([&]() -> coro<void> {
    node here = co_await node::start(plain_node("a"));
    here.publish("x", lock{});
    try {
      here.publish("x", event{});
    } catch (const std::invalid_argument&) {
      taken = true;
    }
    there = here.withdraw("x");
    gone = !here.withdraw("x");
    here.publish("x", event{});
  });
  CHECK(taken);
  CHECK(there);
  CHECK(gone);
}

TEST_CASE("node: connecting says what is wrong") {
  std::error_code nobody, other;
  std::string other_text;
  bool no_address = false;
  run([&]() -> coro<void> {
    node here = co_await node::start(plain_node("a", 0));
    node away = co_await node::start(plain_node("b"));
    nobody = co_await error_of_await(away.connect("127.0.0.1:1"));
    try {
      co_await away.connect(address_of(here), "c");
    } catch (const error& problem) {
      other = problem.code();
      other_text = problem.what();
    }
    try {
      co_await away.connect("nowhere");
    } catch (const std::invalid_argument&) {
      no_address = true;
    }
  });
  CHECK(nobody == errc::node_lost);
  CHECK(other == errc::node_refused);
  CHECK(contains(other_text, "asks for node 'c'"));
  CHECK(no_address);
}

TEST_CASE("node: each end sees that the other left, and all waits fail") {
  std::string why, who;
  bool alive = true;
  run([&]() -> coro<void> {
    node server = co_await node::start(plain_node("server", 0));
    node client = co_await node::start(plain_node("client"));
    lock door;
    server.publish("door", door);
    peer there = co_await client.connect(address_of(server));
    auto far = co_await remote<lock>(there, "door");
    co_await far.acquire();
    auto again = create_task(far.scoped());
    co_await reached([&] { return door.statistics().waiting == 1; });
    there.close();
    try {
      static_cast<void>(co_await again);
    } catch (const node_lost_error& problem) {
      who = problem.node();
      why = problem.what();
    }
    // What it held is free again, and nobody waits.
    co_await door.acquire();
    alive = !there.lost() || door.statistics().waiting != 0;

    peer back = co_await client.connect(address_of(server));
    auto once_more = co_await remote<lock>(back, "door");
    auto waiting = create_task(error_of_await(once_more.scoped()));
    co_await reached([&] { return door.statistics().waiting == 1; });
    co_await server.stop();
    co_await back.wait_lost();
    std::error_code end = co_await waiting;
    alive = alive || end != errc::node_lost;
  });
  CHECK(who == "server");
  CHECK(contains(why, "server"));
  CHECK(!alive);
}

TEST_CASE("node: it stops with its last handle, its loop or by itself") {
  for (int i = 0; i < 100; ++i)
    run([&]() -> coro<void> {
      node server = co_await node::start(plain_node("server", 0));
      node client = co_await node::start(plain_node("client"));
      queue<int> line;
      for (int n = 0; n < 100; ++n)
        server.publish("line " + std::to_string(n), line);
      peer there = co_await client.connect(address_of(server));
      auto far = co_await remote<queue<int>>(there, "line 7");
      co_await far.put(i);
      auto left = create_task(error_of_await(far.join()));
      if (i % 3 == 0) {
        co_await server.stop();
        co_await client.stop();
      } else if (i % 3 == 1) {
        co_await client.stop();
      }
    });
  SUCCEED("no crash, no hang");
}

TEST_CASE("node: it takes no more peers than it may, and says so") {
  std::string told;
  bool again = false;
  run([&]() -> coro<void> {
    auto options = plain_node("server", 0);
    options.max_peers = 1;
    node server = co_await node::start(options);
    node first = co_await node::start(plain_node("first"));
    node second = co_await node::start(plain_node("second"));
    peer one = co_await first.connect(address_of(server));
    try {
      co_await second.connect(address_of(server));
    } catch (const error& problem) {
      told = problem.what();
    }
    one.close();
    co_await first.stop();
    // The place is free when the server has heard of it.
    for (int tries = 0; tries < 1000 && !again; ++tries) {
      std::error_code how
        = co_await error_of_await(second.connect(address_of(server)));
      again = !how;
    }
  });
  CHECK(contains(told, "as many peers as it may"));
  CHECK(again);
}

TEST_CASE("node: who asks while it stops hears that it is lost, nothing else",
          "[threads]") {
  for_each_worker_count([&](run_options options) {
    std::vector<std::error_code> ends;
    for (int i = 0; i < 10; ++i)
      run(
        [&]() -> coro<void> {
          node server = co_await node::start(plain_node("server", 0));
          node client = co_await node::start(plain_node("client"));
          server.publish("echo", echo);
          std::vector<task<std::error_code>> askers;
          for (int n = 0; n < 8; ++n) {
            peer there = co_await client.connect(address_of(server));
            event begun;
            askers.push_back(create_task(error_of_await(ask_on(there, begun))));
            co_await begun.wait();
          }
          co_await server.stop();
          for (auto& each : askers) {
            std::error_code end = co_await each;
            ends.push_back(end);
          }
        },
        options);
    CHECK(ends == std::vector<std::error_code>(80, errc::node_lost));
  });
}
