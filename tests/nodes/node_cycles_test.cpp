// A node is started and stopped again and again, also amid requests: nothing
// of it stays. TROUPE_NODE_CYCLES says how often.

#include <troupe/remote.hpp>
#include <troupe/troupe.hpp>

#include "support/errors.hpp"
#include "support/nodes.hpp"
#include "support/sanitized.hpp"
#include "support/sockets.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <cstdio>
#include <cstdlib>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

int count_of_cycles(const run_options& options) {
  const char* given = std::getenv("TROUPE_NODE_CYCLES");
  if (given)
    return std::max(std::atoi(given), 20);
  return options.threads > 1 ? 100 : 1000;
}

double resident_megabytes() {
  unsigned long total = 0;
  unsigned long resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu %lu", &total, &resident) != 2)
      resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * 4096 / 1e6;
}

coro<int> linger() {
  co_await sleep(1h);
  co_return 1;
}

coro<int> call_that_lasts(int x) {
  co_await sleep(1h);
  co_return x;
}

// A hundred things of four kinds, and an actor.
void publish_all(const node& server) {
  for (int i = 0; i < 25; ++i) {
    std::string number = std::to_string(i);
    server.publish("line " + number, queue<int>{});
    server.publish("door " + number, lock{});
    server.publish("task " + number, create_task(linger()));
    server.publish("call " + number, call_that_lasts);
  }
  auto reader = create_task([]() -> coro<void> {
    for (;;)
      co_await receive([](int x) { return x; });
  }());
  server.publish("reader", actor_ref{reader});
}

// What waits for the other node; each ends with that.
using questions = std::vector<task<std::error_code>>;

coro<void> hold_lock(remote_lock door) {
  auto held = co_await door.scoped();
  co_await door.node().wait_lost();
  throw error(errc::node_lost, "it held the lock");
}

coro<questions> ask_all(peer there) {
  auto line = co_await remote<queue<int>>(there, "line 1");
  auto door = co_await remote<lock>(there, "door 2");
  auto slow = co_await remote<task<int>>(there, "task 3");
  auto call = co_await remote<int(int)>(there, "call 4");
  auto reader = co_await remote<actor_ref>(there, "reader");
  co_await line.put(1);
  co_await line.get();
  questions all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(create_task(error_of_await(line.get())));
    all.push_back(create_task(error_of_await(hold_lock(door))));
    all.push_back(create_task(error_of_await(slow.result())));
    all.push_back(create_task(error_of_await(call(i))));
    all.push_back(create_task(error_of_await(ask(reader, 10s, "nonsense"))));
  }
  co_await monitor(slow);
  co_await ask<int>(reader, 10s, 1);
  co_return all;
}

// One life, and one of four ends. Returns how many waits did not fail as they
// should.
int cycle(int number, run_options options) {
  int wrong = 0;
  run(
    [&]() -> coro<void> {
      node server = co_await node::start(plain_node("server", 0));
      publish_all(server);
      if (number % 4 == 0) {
        co_await server.stop();
        co_return;
      }
      node client = co_await node::start(plain_node("client"));
      peer there = co_await client.connect(address_of(server));
      questions asked = co_await ask_all(there);
      if (number % 4 == 1)
        co_return; // the loop is closed amid all
      if (number % 4 == 2)
        co_await server.stop();
      else
        co_await client.stop();
      down end = co_await receive<down>();
      wrong += end.reason.normal();
      for (auto& each : asked) {
        std::error_code why = co_await each;
        wrong += why != errc::node_lost;
      }
    },
    options);
  return wrong;
}

} // namespace

TEST_CASE("node: many lives leave no thread, no file and no memory",
          "[threads]") {
  for_each_worker_count([&](run_options options) {
    int wrong = 0;
    const int cycles = count_of_cycles(options);
    const std::size_t threads = running_threads();
    for (int i = 0; i < 8; ++i)
      wrong += cycle(i, options);
    REQUIRE(settled_threads(threads) <= threads);
    std::size_t files = open_descriptors();
    double before = 0;
    for (int i = 0; i < cycles; ++i) {
      wrong += cycle(i, options);
      if (i == cycles / 4) // the allocators have what they need
        before = resident_megabytes();
    }
    CHECK(wrong == 0);
    CHECK(settled_threads(threads) <= threads);
    CHECK(open_descriptors() == files);
    CHECK((TROUPE_SANITIZED || resident_megabytes() - before < 8));
  });
}
