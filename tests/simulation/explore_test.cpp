// Many runs: what is found, told, replayed and made simple.

#include <troupe/simulation.hpp>
#include <troupe/simulation_catch2.hpp>
#include <troupe/troupe.hpp>

#include "support/test.hpp"

#include <cstdlib>
#include <memory>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> spin(int times) {
  for (int i = 0; i < times; ++i)
    co_await sleep(0s);
}

coro<void> set_after(int& x, int turns, int value) {
  co_await spin(turns);
  x = value;
}

// Fails only if the second task makes nine steps before the first has made
// five.
coro<void> overtaken() {
  int x = 0;
  auto slow = create_task(set_after(x, 5, 5));
  auto fast = create_task(set_after(x, 9, 9));
  co_await slow;
  co_await fast;
  test::require(x == 9, "the longer one ends last");
}

struct variable {
  explicit variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }

  ~variable() {
    ::unsetenv(name_);
  }

  const char* name_;
};

} // namespace

TROUPE_EXPLORED_TEST_CASE("explore: a sound program passes") {
  int x = 0;
  auto a = create_task(set_after(x, 3, 1));
  co_await a;
  test::require(x == 1);
}

TEST_CASE("explore: an order that fails is found, by every strategy") {
  for (auto how : {test::strategy::portfolio, test::strategy::random,
                   test::strategy::pct, test::strategy::delay_bounding,
                   test::strategy::partial_order, test::strategy::exhaustive}) {
    auto found = test::explore(overtaken, {.how = how});
    INFO(static_cast<int>(how) << found.text());
    CHECK_FALSE(found.ok());
  }
  CHECK(test::explore(overtaken, {.how = test::strategy::fifo}).ok());
}

TEST_CASE("explore: a failure is made as simple as possible") {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    auto found = test::explore(overtaken, {.seed = seed * 1'000});
    REQUIRE(found.found);
    INFO(found.text());
    CHECK(found.switches_after == 1);
  }
}

TEST_CASE("explore: a failure is replayed by its schedule") {
  auto first = test::explore(overtaken);
  REQUIRE(first.found);
  CHECK(first.found->schedule.size() <= 2'048);
  variable set{"TROUPE_SCHEDULE", first.found->schedule};
  auto again = test::explore(overtaken);
  REQUIRE(again.found);
  CHECK(again.ended == "replay");
  CHECK(again.found->id == first.found->id);
  test::simulation sim{{.schedule = first.found->schedule}};
  CHECK_THROWS_AS(sim.run(overtaken), test::failure);
}

TEST_CASE("explore: a changed program is told at the first step that differs") {
  auto first = test::explore(overtaken);
  REQUIRE(first.found);
  test::simulation sim{{.schedule = first.found->schedule}};
  try {
    sim.run([]() -> coro<void> {
      int x = 0;
      auto slow = create_task(set_after(x, 5, 5));
      co_await slow;
    });
    FAIL("it was not told");
  } catch (const test::failure& other) {
    CHECK(other.kind == "diverged");
    CHECK_THAT(other.what(), Catch::Contains("step 2 at"));
  }
}

TEST_CASE("explore: the environment chooses seed and strategy") {
  variable seed{"TROUPE_SEED", "77"};
  variable how{"TROUPE_STRATEGY", "fifo"};
  CHECK(test::explore(overtaken).ok());
  {
    variable wrong{"TROUPE_STRATEGY", "luck"};
    CHECK_THROWS_WITH(test::explore(overtaken),
                      Catch::Contains("luck")
                        && Catch::Contains("partial_order"));
  }
}

TEST_CASE("explore: all orders of a small program are run once") {
  auto found = test::explore(
    []() -> coro<void> {
      auto a = create_task(spin(2));
      auto b = create_task(spin(2));
      co_await a;
      co_await b;
    },
    {.how = test::strategy::exhaustive, .odds = 0});
  CHECK(found.ok());
  CHECK(found.ended == "all orders");
  CHECK(found.distinct == found.schedules);
  CHECK(found.schedules >= 20);
}

TEST_CASE("explore: ends early when nothing new is seen") {
  auto found = test::explore([]() -> coro<void> { co_await spin(3); },
                             {.nothing_new = 100});
  CHECK(found.ended == "nothing new");
  CHECK(found.schedules == 101);
}

TEST_CASE("explore: a program that depends on something else is told") {
  auto calls = std::make_shared<int>(0);
  auto found = test::explore([calls]() -> coro<void> {
    auto work = create_task(spin(++*calls % 3));
    co_await work;
  });
  REQUIRE(found.found);
  CHECK(found.found->kind == "not deterministic");
}

TEST_CASE("explore: a program that spins until another has worked ends") {
  REQUIRE_EXPLORED(([]() -> coro<void> {
                     bool ready = false;
                     auto work = create_task([](bool& x) -> coro<void> {
                       co_await spin(20);
                       x = true;
                     }(ready));
                     while (!ready)
                       co_await sleep(0s);
                     co_await work;
                   }),
                   .schedules = 500, .fair_after = 200);
}

TEST_CASE("explore: random numbers and choices are the program's") {
  bool seen[3] = {};
  auto found = test::explore(
    [&]() -> coro<void> {
      std::uint64_t x = test::random();
      co_await sleep(0s);
      test::require(x != test::random());
      seen[test::choose(3)] = true;
    },
    {.schedules = 100});
  CHECK(found.ok());
  CHECK(seen[0]);
  CHECK(seen[1]);
  CHECK(seen[2]);
}

TEST_CASE("explore: says what PCT's theorem promises") {
  auto found = test::explore(
    []() -> coro<void> {
      auto a = create_task(spin(3));
      auto b = create_task(spin(3));
      co_await a;
      co_await b;
    },
    {.schedules = 2'000});
  CHECK(found.ok());
  CHECK_THAT(found.text(),
             Catch::Contains("a bug of depth 2 was missed with a chance"));
}

TEST_CASE("explore: an op that is answered twice is told") {
  struct twice final : detail::op {
    bool ready(detail::frame_base&) const noexcept {
      return false;
    }

    void resume() const {}

    bool start() override {
      detail::op* self = this;
      get_running_loop().call_soon([self] {
        self->answer();
        self->answer();
      });
      return true;
    }

    bool request_cancel(const std::string&) override {
      return false;
    }

    void withdraw() noexcept override {}

    std::string describe() const override {
      return "<twice>";
    }
  };
  auto found = test::explore([]() -> coro<void> { co_await twice{}; });
  REQUIRE(found.found);
  CHECK(found.found->kind == "broken rule");
}
