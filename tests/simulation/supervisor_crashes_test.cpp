// Supervisors whose children crash at random: no orphan is left, and no more is
// restarted than the intensity allows.

#include <troupe/simulation.hpp>
#include <troupe/sleep.hpp>
#include <troupe/supervisor.hpp>

#include "support/sanitized.hpp"
#include "support/test.hpp"

#include <random>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_restarts = 3;
constexpr std::int64_t period = 5'000; // milliseconds

std::int64_t milliseconds() {
  return get_running_loop().time().time_since_epoch() / 1ms;
}

// What the children do, and what is seen of them.
struct world {
  explicit world(std::size_t seed) : random(seed) {}

  std::size_t below(std::size_t n) {
    return random() % n;
  }

  std::minstd_rand random;
  std::vector<int> lives = std::vector<int>(5);
  std::size_t ends = 0;               // unasked
  std::vector<std::int64_t> restarts; // the times of those that had ended so
  std::vector<char> ended = std::vector<char>(5);
  bool slow = false; // children take their time to end
};

struct life {
  life(world& in, std::size_t who) : all(in), me(who) {
    test::require(++all.lives[me] == 1, "one life at a time");
    bool again = std::exchange(all.ended[me], 0);
    if (again
        && (all.restarts.empty() || all.restarts.back() != milliseconds()))
      all.restarts.push_back(milliseconds());
  }

  ~life() {
    --all.lives[me];
  }

  life(const life&) = delete;
  life& operator=(const life&) = delete;

  world& all;
  std::size_t me;
};

coro<void> child(world& all, std::size_t me) {
  life mine{all, me};
  bool stopped = false;
  try {
    co_await sleep(1ms * static_cast<int>(all.below(8'000)));
  } catch (const cancelled_error&) {
    stopped = true;
  }
  if (stopped) {
    if (all.slow)
      co_await sleep(1ms * static_cast<int>(all.below(2'000)));
    throw cancelled_error{};
  }
  ++all.ends;
  all.ended[me] = 1;
  if (all.below(4) == 0)
    co_return; // a normal end, which restarts a permanent child
  throw std::runtime_error("crash");
}

void check_intensity(const world& all) {
  for (std::size_t i = 0; i + max_restarts < all.restarts.size(); ++i)
    test::require(all.restarts[i + max_restarts] - all.restarts[i] > period,
                  "no restart above the intensity");
}

coro<void> crash_program(restart_strategy how) {
  world all{test::choose(1'000'000) + 1};
  all.slow = all.below(3) == 0;
  supervisor_options settings;
  settings.strategy = how;
  settings.max_restarts = max_restarts;
  settings.period = 1ms * period;
  std::vector<child_spec> specs(1 + all.below(4));
  for (std::size_t i = 0; i < specs.size(); ++i) {
    specs[i].name = std::to_string(i);
    specs[i].body = [&all, i] {
      return child(all, i);
    };
    specs[i].restart = static_cast<restart_type>(all.below(3));
  }
  auto top = create_task(supervise(settings, std::move(specs)));
  auto cancels = [](task<void> whom, int after) -> coro<void> {
    co_await sleep(1ms * after);
    whom.cancel();
  };
  auto killer = create_task(cancels(top, static_cast<int>(all.below(60'000))));
  try {
    co_await top;
  } catch (const cancelled_error&) {
  } catch (const restart_intensity_error&) {
    test::require(all.ends > max_restarts, "it gives up for a reason");
  }
  for (int lives : all.lives)
    test::require(lives == 0, "no orphan");
  killer.cancel();
  if (!all.slow)
    check_intensity(all);
}

void explore_crashes(restart_strategy how) {
  test::explore_options options;
  options.schedules = TROUPE_SANITIZED ? 400 : 3'400;
  options.nothing_new = options.schedules;
  options.how = test::strategy::random;
  auto found = test::explore(
    [how]() -> coro<void> { return crash_program(how); }, options);
  INFO(found.text());
  CHECK(found.ok());
  CHECK(found.schedules == options.schedules);
}

} // namespace

TEST_CASE("supervisor: one_for_one survives random crashes",
          "[supervisor][simulation]") {
  explore_crashes(restart_strategy::one_for_one);
}

TEST_CASE("supervisor: one_for_all survives random crashes",
          "[supervisor][simulation]") {
  explore_crashes(restart_strategy::one_for_all);
}

TEST_CASE("supervisor: rest_for_one survives random crashes",
          "[supervisor][simulation]") {
  explore_crashes(restart_strategy::rest_for_one);
}
