// Programs explored on a bad network.

#include "simulation/echo_node.hpp"
#include "simulation/everywhere.hpp"

TEST_CASE("network: whatever the reads and writes take, the bytes are right") {
  test::check(
    []() -> coro<void> {
      test::network net;
      net.set_links(bad_link());
      test::node server{"server", echo_server};
      co_await sleep(1s);
      bool whole = co_await talk(numbers(600), 400);
      test::require(whole, "without a fault everything comes");
    },
    {.schedules = 300});
}

TEST_CASE("network: a client and a server talk in any order") {
  auto found = everywhere::explore(
    []() -> coro<void> {
      test::node server{"server", echo_server};
      co_await sleep(1s);
      bool whole = co_await talk("hello", 2);
      test::require(whole, "without a fault everything comes");
    },
    {.schedules = 1'000});
  INFO(found.text());
  CHECK(found.ok());
}

TEST_CASE("network: under random faults no byte is wrong") {
  int whole = 0;
  int broken = 0;
  test::check(
    [&]() -> coro<void> {
      test::network net;
      test::node server{"server", echo_server};
      co_await sleep(1s);
      net.inject_faults(20);
      bool ended = co_await talk(numbers(300), 200);
      net.inject_faults(0);
      ++(ended ? whole : broken);
    },
    {.schedules = 400, .recheck = 16});
  CHECK(whole > 20);
  CHECK(broken > 20);
}

TEST_CASE("network: the same seed gives the same run") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::uint64_t hash[2];
    nanoseconds took[2];
    for (int i : {0, 1}) {
      test::simulation sim{seed};
      sim.run([]() -> coro<void> {
        test::network net;
        net.set_links(bad_link());
        test::node server{"server", echo_server};
        co_await sleep(1s);
        net.inject_faults(30);
        co_await talk(numbers(200), 300);
      });
      hash[i] = sim.trace_hash();
      took[i] = sim.elapsed();
    }
    CHECK(hash[0] == hash[1]);
    CHECK(took[0] == took[1]);
  }
}

TEST_CASE("network: a failing run is found, shrunk and replayed") {
  auto program = []() -> coro<void> {
    test::network net;
    test::node server{"server", echo_server};
    co_await sleep(1s);
    net.inject_faults(100);
    bool whole = co_await talk("hello", 5);
    test::require(whole, "the client does not try again");
  };
  auto found = test::explore(program, {.schedules = 1'000});
  REQUIRE(found.found);
  CHECK_THAT(found.found->what(), Catch::Contains("does not try again"));
  CHECK(found.switches_after <= 2);
  test::simulation again{{.schedule = found.found->schedule}};
  try {
    again.run(program);
    FAIL("it did not fail again");
  } catch (const test::failure& failed) {
    CHECK(failed.id == found.found->id);
  }
}
