// Fault points: places where a simulation lets something fail.

#include <troupe/fault_point.hpp>

#include "simulation/echo_node.hpp"

#include <future>
#include <set>
#include <thread>

namespace {

// Puts two entries into a store; the second is lost if the commit between them
// fails, which nobody undoes.
coro<void> commit_two() {
  int entries = 0;
  bool failed = false;
  try {
    ++entries;
    co_await sleep(0s);
    fault_point("store-commit");
    ++entries;
  } catch (const injected_fault&) {
    failed = true;
  }
  test::require(!failed || entries != 1, "half of it is there");
}

coro<void> spin(int turns) {
  for (int i = 0; i < turns; ++i)
    co_await sleep(0s);
}

// Needs one fault; many that do no harm are on the way.
coro<void> one_of_many() {
  auto other = create_task(spin(8));
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(fault_at("harmless"));
    co_await sleep(0s);
  }
  bool lost = fault_at("the-one");
  co_await other;
  test::require(!lost, "it is lost");
}

// One word for what the system may refuse: what a client saw.
coro<void> seen_by_a_client(std::set<std::string>& seen) {
  std::string what = "whole";
  try {
    auto server = co_await start_server(echo, "127.0.0.1", 7);
    answer got = co_await ask("hello", "localhost");
    if (got.code != 0)
      what = std::to_string(got.code);
    server.close();
    co_await server.wait_closed();
  } catch (const std::system_error& e) {
    what = std::to_string(e.code().value());
  }
  seen.insert(what);
}

} // namespace

TEST_CASE("fault_point: does nothing outside simulations") {
  CHECK_FALSE(fault_at("anything"));
  CHECK_NOTHROW(fault_point("anything"));
}

TEST_CASE("fault_point: fails only in simulations that name it") {
  CHECK(test::explore(commit_two, {.schedules = 300}).ok());
  CHECK(
    test::explore(commit_two, {.schedules = 300, .faults = {"other"}}).ok());
  for (const char* name : {"store-commit", "*"}) {
    auto found = test::explore(commit_two, {.faults = {name}});
    REQUIRE(found.found);
    CHECK_THAT(found.found->what(),
               Catch::Contains("faults:")
                 && Catch::Contains("fault point 'store-commit'"));
  }
}

TEST_CASE("fault_point: every strategy finds it, exhaustive search surely") {
  for (auto how : {test::strategy::random, test::strategy::pct,
                   test::strategy::delay_bounding,
                   test::strategy::partial_order, test::strategy::exhaustive}) {
    auto found
      = test::explore(commit_two, {.how = how, .faults = {"store-commit"}});
    INFO(found.text());
    CHECK_FALSE(found.ok());
  }
}

TEST_CASE("fault_point: the schedule names it and replays it") {
  auto found = test::explore(commit_two, {.faults = {"other", "store-commit"}});
  REQUIRE(found.found);
  const std::string& schedule = found.found->schedule;
  CHECK_THAT(schedule, Catch::EndsWith(".other.store-commit"));
  CHECK(schedule.size() <= 2'048);
  // Neither the seed nor the settings are needed.
  test::simulation sim{{.schedule = schedule}};
  try {
    sim.run(commit_two);
    FAIL("it did not fail again");
  } catch (const test::failure& again) {
    CHECK(again.id == found.found->id);
    CHECK(again.schedule == schedule);
  }
}

TEST_CASE("fault_point: faults without need are left out") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    auto found = test::explore(
      one_of_many, {.seed = seed * 1'000, .odds = 300, .faults = {"*"}});
    REQUIRE(found.found);
    INFO(found.text());
    CHECK(found.switches_after == 1);
    std::string text = found.found->what();
    CHECK_THAT(text, Catch::Contains("fault point 'the-one'"));
    CHECK_THAT(text, !Catch::Contains("fault point 'harmless'"));
  }
}

TEST_CASE("fault_point: a name that is none is refused") {
  for (const char* name : {"", "two words", "a.b", "a*"}) {
    test::simulation_options options;
    options.faults = {name};
    CHECK_THROWS_AS(test::simulation{options}, std::invalid_argument);
    CHECK_THROWS_AS(test::explore(commit_two, {.faults = {name}}),
                    std::invalid_argument);
  }
  CHECK_THROWS_AS(test::simulation{{.schedule = "t1.AAAA.b d"}},
                  std::invalid_argument);
}

TEST_CASE("fault_point: other threads are not touched") {
  auto ask_elsewhere = [] {
    return std::async(std::launch::async, [] { return fault_at("here"); });
  };
  test::simulation sim{{.odds = 1000, .faults = {"here"}}};
  bool inside = false;
  sim.run([&]() -> coro<void> {
    inside = fault_at("here");
    co_return;
  });
  CHECK(inside);
  CHECK_FALSE(fault_at("here"));
  CHECK_FALSE(ask_elsewhere().get());
}

TEST_CASE("fault_point: what a client sees of each of ours") {
  struct {
    const char* name;
    std::set<std::string> wanted;
  } points[] = {
    {"resolve", {"whole", std::to_string(-2)}}, // EAI_NONAME
    {"listen", {"whole", std::to_string(EADDRINUSE)}},
    {"connect", {"whole", std::to_string(ECONNREFUSED)}},
    {"accept", {"whole", "-1", std::to_string(ECONNRESET)}},
    {"write", {"whole", "-1", std::to_string(ECONNRESET)}},
  };
  for (const auto& point : points) {
    INFO(point.name);
    std::set<std::string> seen;
    auto found = test::explore([&] { return seen_by_a_client(seen); },
                               {.schedules = 400,
                                .nothing_new = 400,
                                .odds = 300,
                                .faults = {point.name}});
    INFO(found.text());
    CHECK(found.ok());
    CHECK(seen.size() > 1);
    for (const std::string& each : seen)
      CHECK(point.wanted.count(each) == 1);
  }
}

TEST_CASE("fault_point: a pool without threads is told, and nothing is left") {
  int refused = 0;
  int done = 0;
  auto found = test::explore(
    [&]() -> coro<void> {
      try {
        thread_pool pool{2};
        auto work = get_running_loop().run_in_executor(pool, [] { return 1; });
        done += co_await work;
      } catch (const std::system_error& e) {
        refused += e.code().value() == EAGAIN;
      }
    },
    {.schedules = 300, .nothing_new = 300, .faults = {"thread"}});
  INFO(found.text());
  CHECK(found.ok());
  CHECK(refused > 0);
  CHECK(done > 0);
}
