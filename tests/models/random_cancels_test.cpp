// A million cancellations at random places: nothing is lost or doubled.

#include "models/simulated_runs.hpp"
#include "models/storm.hpp"
#include "support/sanitized.hpp"
#include "support/workers.hpp"

#include <cstdio>
#include <numeric>
#include <random>

using namespace troupe;
using models::storm;

namespace {

class tally {
public:
  void add(const storm& x) {
    for (std::size_t i = 0; i < sum_.size(); ++i)
      sum_[i] += x.cancelled()[i];
    results_ += x.results();
  }

  long cancels() const {
    return std::accumulate(sum_.begin(), sum_.end(), 0L);
  }

  void print(const char* how) const {
    std::printf("%s: %ld cancels, %ld results:", how, cancels(), results_);
    for (std::size_t i = 0; i < sum_.size(); ++i)
      std::printf("%s %s %ld", i == 0 ? "" : ",",
                  storm::name_of(static_cast<int>(i)), sum_[i]);
    std::printf("\n");
  }

private:
  std::array<long, storm::kinds> sum_ = {};
  long results_ = 0;
};

template <class F>
coro<bool> all_blocked(F condition) {
  co_await test::wait_all_tasks_blocked();
  co_return condition();
}

} // namespace

TEST_CASE("coordination: a million random cancellations lose nothing",
          "[explore]") {
  const int runs = TROUPE_SANITIZED ? 50 : 1'000;
  const int strikes = 1'050;
  models::simulated_runs simulated;
  tally all;
  std::string problem;
  for (int seed = 1; seed <= runs && problem.empty(); ++seed) {
    auto program = [&]() -> coro<void> {
      storm here;
      auto random = [](std::size_t n) -> std::size_t {
        return test::random() % n;
      };
      co_await here.strike(strikes, random);
      co_await here.end([](auto condition) { return all_blocked(condition); });
      all.add(here);
      test::require(here.problems().empty(), here.problems());
    };
    problem = simulated.run(program, detail::strategy_kind::random,
                            static_cast<std::uint64_t>(seed));
  }
  INFO(problem);
  REQUIRE(problem.empty());
  all.print("in random orders");
  CHECK(all.cancels() >= runs * 1'000L);
}

TEST_CASE("coordination: random cancellations on several threads lose nothing",
          "[explore][threads]") {
  for_each_worker_count([](run_options options) {
    const int strikes = TROUPE_SANITIZED ? 5'000 : 100'000;
    tally all;
    std::string problems;
    run(
      [&]() -> coro<void> {
        storm here;
        std::mt19937 engine{1};
        auto random = [&engine](std::size_t n) -> std::size_t {
          return engine() % n;
        };
        co_await here.strike(strikes, random);
        co_await here.end([](auto condition) { return reached(condition); });
        all.add(here);
        problems = here.problems();
      },
      options);

    CHECK(problems == "");
    CHECK(all.cancels() >= strikes * 9 / 10);
    all.print((std::to_string(options.threads) + " workers").c_str());
  });
}
