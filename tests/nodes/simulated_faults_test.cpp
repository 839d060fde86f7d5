// Nodes on a simulated network that fails: thousands of seeds, each another
// order of steps and other faults.

#include "nodes/simulated_clients.hpp"
#include "support/sanitized.hpp"

namespace {

enum fault : std::size_t {
  nothing,
  partition,
  cut_to_server,
  cut_from_server,
  black_hole,
  reset,
  slow,
  crash_client,
  crash_server,
  pause_client,
  pause_server,
  faults,
};

const char* const fault_names[]
  = {"nothing",           "partition",          "cut to server",
     "cut from server",   "black hole",         "reset",
     "slow link",         "crash of a client",  "crash of the server",
     "pause of a client", "pause of the server"};

std::uint64_t seen[faults];

struct one_host {
  std::string name;
  std::unique_ptr<test::node> program;
};

void set_usual_links() {
  test::network{}.set_links({.min_latency = 1ms, .max_latency = 8ms});
}

void begin_fault(fault which, one_host& victim, one_host& server) {
  test::network net;
  switch (which) {
    case partition:
      return net.partition(victim.name, "server");
    case cut_to_server:
      return net.cut(victim.name, "server");
    case cut_from_server:
      return net.cut("server", victim.name);
    case black_hole:
      return net.black_hole(victim.name);
    case reset:
      return net.reset(victim.name, "server");
    case slow: {
      test::link_options far;
      far.min_latency = 100ms;
      far.max_latency = 3s;
      return net.set_links(far);
    }
    case crash_client:
      return victim.program->crash();
    case crash_server:
      return server.program->crash();
    case pause_client:
      return victim.program->pause();
    case pause_server:
      return server.program->pause();
    default:
      return;
  }
}

void end_fault(fault which, one_host& victim, one_host& server) {
  test::network net;
  switch (which) {
    case partition:
    case cut_to_server:
    case cut_from_server:
      return net.heal(victim.name, "server");
    case black_hole:
      return net.heal(victim.name);
    case slow:
      return set_usual_links();
    case crash_client:
      return victim.program->restart();
    case crash_server:
      return server.program->restart();
    case pause_client:
      return victim.program->resume();
    case pause_server:
      return server.program->resume();
    default:
      return;
  }
}

coro<void> under_faults() {
  books all;
  if (test::random() % 2 == 0)
    set_usual_links();
  one_host server{"server", nullptr};
  one_host clients[2] = {{"client0", nullptr}, {"client1", nullptr}};
  server.program
    = std::make_unique<test::node>("server", [&all] { return serve(all); });
  co_await sleep(10ms);
  for (int i : {0, 1})
    clients[i].program
      = std::make_unique<test::node>(clients[i].name, [&all, i] {
          return client(
            all, i,
            i == 0 ? std::vector<errand>{use_lock, produce}
                   : std::vector<errand>{use_lock, consume, produce, call});
        });
  co_await sleep(500ms);
  const nanoseconds lengths[] = {1s, 3s, 9s};
  for (int round = 0; round < 2; ++round) {
    auto which = static_cast<fault>(test::random() % faults);
    auto& victim = clients[test::random() % 2];
    nanoseconds length = lengths[test::random() % 3];
    co_await sleep(std::chrono::milliseconds{test::random() % 1000});
    ++seen[which];
    begin_fault(which, victim, server);
    co_await sleep(length);
    end_fault(which, victim, server);
    co_await sleep(1s);
  }
  // All is well now: everybody is connected before long, and gets on.
  auto well = [&] {
    return all.connected[0] && all.connected[1];
  };
  co_await test::eventually(well, 60s);
  std::uint64_t before = all.guarded.greatest();
  auto going_on = [&] {
    return all.guarded.greatest() >= before + 2;
  };
  co_await test::eventually(going_on, 30s);
  all.over = true;
  co_await clients[0].program->wait();
  co_await clients[1].program->wait();
  check_books(all);
}

} // namespace

TEST_CASE("simulated nodes: what is promised holds under faults", "[explore]") {
  constexpr unsigned schedules = TROUPE_SANITIZED ? 1'000 : 10'000;
  auto found = test::explore(under_faults, {.schedules = schedules});
  INFO(found.text());
  CHECK(found.ok());
  for (std::size_t i = 0; i < faults; ++i) {
    INFO(fault_names[i]);
    CHECK(seen[i] > schedules / 25);
  }
}
