// Nodes in a simulation: the same programs, on the simulated network.

#include "nodes/simulated_clients.hpp"
#include "support/errors.hpp"

namespace {

coro<void> forever() {
  co_await event{}.wait();
}

// Publishes things that the test has, too, since all runs on one loop.
struct things {
  lock door;
  queue<int> line{2};
};

coro<void> publish(things& all) {
  auto options = node_of("server", 4242);
  auto here = co_await node::start(options);
  here.publish("door", all.door);
  here.publish("line", all.line);
  co_await forever();
}

coro<peer> peer_at(std::string name, nanoseconds limit = 20s) {
  auto options = node_of(name);
  options.connect_limit = limit;
  auto connecting = connect("server:4242", options);
  co_return co_await std::move(connecting);
}

} // namespace

TEST_CASE("simulated node: a program of two nodes runs in any order") {
  test::check(
    []() -> coro<void> {
      things all;
      test::node server{"server", [&all] {
                          return publish(all);
                        }};
      co_await sleep(10ms);
      auto there = co_await peer_at("client");
      test::require(there.name() == "server");
      auto line = co_await remote<queue<int>>(there, "line");
      for (int i = 0; i < 3; ++i) {
        co_await line.put(i);
        int got = co_await line.get();
        test::require(got == i);
      }
      auto door = co_await remote<lock>(there, "door");
      auto held = co_await door.scoped();
      test::require(all.door.locked() && held.token() > 0);
      held.release();
      co_await sleep(10ms);
      test::require(!all.door.locked());
      there.close();
      co_await sleep(10ms);
      test::require(test::network{}.open_connections() == 0);
    },
    {.schedules = 500});
}

TEST_CASE("simulated node: the same seed gives the same run") {
  auto program = []() -> coro<void> {
    test::network net;
    net.set_links({.min_latency = 1ms, .max_latency = 50ms, .short_io = 300});
    things all;
    test::node server{"server", [&all] {
                        return publish(all);
                      }};
    co_await sleep(1s);
    std::vector<peer> peers;
    for (int i = 0; i < 5; ++i) {
      peers.push_back(co_await peer_at("client"));
      auto line = co_await remote<queue<int>>(peers.back(), "line");
      co_await line.put(i);
      co_await line.get();
    }
    co_await sleep(5s);
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::uint64_t hash[2];
    for (auto& each : hash) {
      test::simulation sim{seed};
      sim.run(program);
      each = sim.trace_hash();
    }
    CHECK(hash[0] == hash[1]);
  }
}

TEST_CASE("simulated node: what production refuses is refused") {
  test::simulation sim;
  sim.run([]() -> coro<void> {
    node_options options;
    auto code = co_await error_of_await(node::start(options));
    test::require(code == errc::bad_identity, "no certificates");
    options.plain_text = true;
    auto plain = co_await node::start(options);
    code = co_await error_of_await(plain.connect("server:4242"));
    test::require(code == errc::bad_identity, "plain text to another host");
    options.port = 4242;
    auto second = co_await node::start(options);
    auto here = co_await plain.connect("127.0.0.1:4242", "node");
    test::require(here.name() == "node", "plain text on one host");
    code = co_await error_of_await(plain.connect("127.0.0.1:4242", "other"));
    test::require(code == errc::node_refused, "another name");
    code = co_await error_of_await(plain.connect("127.0.0.1:1"));
    test::require(code == errc::node_lost, "nobody is there");
    code = co_await error_of_await(node::start(options));
    test::require(code == errc::not_supported, "the port is taken");
  });
}

TEST_CASE("simulated node: large messages pass a slow, narrow link") {
  test::check(
    []() -> coro<void> {
      test::network net;
      net.set_links({.bytes_per_second = 400'000,
                     .short_io = 200,
                     .receive_window = 10'000,
                     .send_buffer = 7'000});
      queue<std::string> line;
      auto serve = [&line]() -> coro<void> {
        auto options = node_of("server", 4242);
        auto here = co_await node::start(options);
        here.publish("line", line);
        co_await forever();
      };
      test::node server{"server", serve};
      co_await sleep(10ms);
      auto there = co_await peer_at("client");
      auto far = co_await remote<queue<std::string>>(there, "line");
      std::string large(200'000, 'x');
      large += "end";
      co_await far.put(large);
      std::string back = co_await far.get();
      test::require(back == large);
    },
    {.schedules = 50});
}

TEST_CASE("simulated node: it stops at any moment, and connecting then is a "
          "loss") {
  std::map<std::string, int> ends;
  test::check(
    [&ends]() -> coro<void> {
      auto serve = []() -> coro<void> {
        auto options = node_of("server", 4242);
        auto here = co_await node::start(options);
        here.publish("line", queue<int>{});
        co_await sleep(std::chrono::microseconds{test::random() % 20'000});
        co_await here.stop();
      };
      test::node server{"server", serve};
      std::string end = "connected";
      try {
        for (;;) {
          auto there = co_await peer_at("client");
          auto line = co_await remote<queue<int>>(there, "line");
          co_await line.get();
        }
      } catch (const node_lost_error& problem) {
        end = problem.what();
      } catch (const error& problem) {
        end = problem.what();
        test::require(problem.code() == errc::not_published
                        || problem.code() == errc::node_refused,
                      problem.what());
      }
      test::require(!contains(end, "makes no sense"), end);
      ++ends[end];
      co_await sleep(10s);
      test::require(test::network{}.open_connections() == 0);
    },
    {.schedules = 1'000});
  CHECK(ends.size() >= 3); // before, while and after it connected
}

TEST_CASE("simulated node: tokens go on growing when their node restarts") {
  test::check(
    []() -> coro<void> {
      auto serve = []() -> coro<void> {
        auto options = node_of("server", 4242);
        auto here = co_await node::start(options);
        here.publish("door", lock{});
        co_await forever();
      };
      test::node server{"server", serve};
      std::uint64_t last = 0;
      for (int life = 0; life < 3; ++life) {
        co_await sleep(10ms);
        auto there = co_await peer_at("client");
        auto door = co_await remote<lock>(there, "door");
        for (int i = 0; i < 3; ++i) {
          auto held = co_await door.scoped();
          test::require(held.token() > last, "a greater token");
          last = held.token();
        }
        auto held = co_await door.scoped();
        last = held.token();
        server.restart(); // with any kind of crash
        co_await there.wait_lost();
        test::require(!held.owns_lock());
      }
    },
    {.schedules = 200});
}

// -- cancelled anywhere -------------------------------------------------------

namespace {

struct account {
  std::set<int> put;
  std::set<int> got;
  std::set<std::uint64_t> victims; // numbers of tasks
};

std::uint64_t number_of(const any_task& task) {
  return std::stoull(task.get_name().substr(5)); // Task-N
}

coro<void> quietly(coro<void> body) {
  try {
    co_await std::move(body);
  } catch (const cancelled_error&) {
  }
}

coro<void> put_some(peer there, account& all) {
  auto line = co_await remote<queue<int>>(there, "line");
  for (int i = 1; i <= 4; ++i) {
    co_await line.put(i);
    all.put.insert(i);
  }
}

coro<void> get_some(peer there, account& all) {
  auto line = co_await remote<queue<int>>(there, "line");
  for (int i = 1; i <= 3; ++i) {
    int got = co_await line.get();
    test::require(all.got.insert(got).second, "nothing is got twice");
  }
}

coro<void> lock_some(peer there) {
  auto door = co_await remote<lock>(there, "door");
  for (int i = 0; i < 2; ++i) {
    auto held = co_await door.scoped();
    co_await sleep(3ms);
  }
}

// One of the tasks may be cancelled at any of its awaits, or at any time.
coro<void> tasks_of_two_nodes(account& all, bool at_any_time) {
  all = {};
  things shared;
  test::node server{"server", [&shared] {
                      return publish(shared);
                    }};
  co_await sleep(10ms);
  auto there = co_await peer_at("client");
  std::vector<any_task> tasks;
  tasks.push_back(create_task(quietly(lock_some(there))));
  tasks.push_back(create_task(quietly(lock_some(there))));
  tasks.push_back(create_task(quietly(put_some(there, all))));
  tasks.push_back(create_task(quietly(get_some(there, all))));
  for (auto& each : tasks)
    all.victims.insert(number_of(each));
  if (at_any_time)
    for (int i = 0; i < 2; ++i) {
      co_await sleep(std::chrono::microseconds{test::random() % 10'000});
      tasks[test::random() % tasks.size()].cancel();
    }
  co_await sleep(2s);
  for (auto& each : tasks)
    each.cancel(); // those that wait for one that was cancelled
  co_await wait(tasks);
  for (auto& each : tasks)
    if (!each.cancelled() && each.exception())
      std::rethrow_exception(each.exception());
  co_await sleep(100ms);
  test::require(!there.lost(), "the connection is whole");
  test::require(!shared.door.locked(), "nobody has the lock");
  test::require(shared.door.statistics().waiting == 0, "nobody waits for it");
  while (auto left = shared.line.try_get())
    test::require(all.got.insert(*left).second, "nothing is there twice");
  test::require(all.got == all.put, "what was put, and no more");
}

} // namespace

TEST_CASE("simulated node: cancelled at any await, nothing is lost or doubled",
          "[explore]") {
  account all;
  auto program = [&all] {
    return tasks_of_two_nodes(all, false);
  };
  test::simulation count;
  count.run(program);
  auto awaits = count.awaits();
  auto victims = all.victims;
  REQUIRE(victims.size() == 4);
  int places = 0;
  for (std::uint64_t task : victims)
    for (std::uint64_t k = 1; k <= awaits.at(task - 1); ++k) {
      std::string where
        = "cancel-" + std::to_string(task) + '-' + std::to_string(k);
      INFO(where);
      test::explore_options options;
      options.schedules = 100;
      options.faults = {where};
      CHECK_NOTHROW(test::check(program, options));
      ++places;
    }
  CHECK(places > 12);
}

TEST_CASE("simulated node: cancelled at any time, nothing is lost or doubled",
          "[explore]") {
  account all;
  test::check([&all] { return tasks_of_two_nodes(all, true); },
              {.schedules = 3'000});
}
