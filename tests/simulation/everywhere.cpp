// Cancels each task of each scenario at each of its awaits, and counts.

#include "simulation/everywhere.hpp"

#include "support/test.hpp"

#include <cstdio>
#include <cstdlib>

using namespace troupe;

namespace everywhere {

namespace {

constexpr std::uint64_t seeds = 16;       // runs for each await
constexpr std::uint64_t most_seeds = 200; // until it is reached

struct figures {
  std::uint64_t scenarios = 0;
  std::uint64_t awaits = 0;
  std::uint64_t of_programs = 0; // not cancelled: what tasks refer to is theirs
  std::uint64_t skipped = 0;
  std::uint64_t injected = 0;
  std::uint64_t in_victims = 0; // of these, where all checks hold
  std::uint64_t in_full = 0;    // the program ended as if nothing had been
  std::uint64_t cancelled = 0;  // the program ended by it
  std::uint64_t noticed = 0;    // the program says that something is amiss
  std::uint64_t stuck = 0;      // a task waits for what the cancelled one had
                                // to do
};

figures all;
std::vector<std::uint64_t> victims;
bool at_work = false;

std::uint64_t number_of(const any_task& task) {
  return static_cast<detail::task_base&>(*task.core()).number();
}

bool contains(const std::vector<std::uint64_t>& list, std::uint64_t x) {
  return std::find(list.begin(), list.end(), x) != list.end();
}

coro<void> made_by(detail::program_ref program) {
  return program.make(program.object);
}

test::simulation_options options_for(std::uint64_t seed) {
  test::simulation_options options;
  options.seed = seed;
  options.how = test::strategy::portfolio;
  options.max_steps = 100'000;
  return options;
}

// How often each task waits, at most, when nobody is cancelled.
std::vector<std::uint64_t> count_awaits(detail::program_ref program) {
  std::vector<std::uint64_t> counts;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    test::simulation sim{options_for(seed)};
    try {
      sim.run([program] { return made_by(program); });
    } catch (const test::failure&) {
      // Some scenarios come to no end without a cancellation.
    }
    const auto& now = sim.awaits();
    counts.resize(std::max(counts.size(), now.size()));
    for (std::size_t i = 0; i < now.size(); ++i)
      counts[i] = std::max(counts[i], now[i]);
  }
  return counts;
}

// One run; false if the await was not reached.
bool inject(detail::program_ref program, const std::string& where,
            std::uint64_t seed, bool is_victim, bool may_break_cycles) {
  test::simulation_options options = options_for(seed);
  options.faults = {where};
  options.may_leave_tasks = !is_victim;
  options.may_break_cycles = may_break_cycles || !is_victim;
  test::simulation sim{options};
  std::string kind = "in full";
  std::string text;
  try {
    sim.run([program] { return made_by(program); });
  } catch (const test::failure& problem) {
    kind = problem.kind;
    text = problem.what();
    if (kind == "exception"
        && text.find("the program was cancelled") != std::string::npos)
      kind = "cancelled";
  }
  if (sim.injected() == 0)
    return false;
  ++all.injected;
  all.in_victims += is_victim;
  all.in_full += kind == "in full";
  all.cancelled += kind == "cancelled";
  all.noticed += kind == "exception" || kind == "unhandled";
  all.stuck += kind == "deadlock";
  bool sound = kind == "in full"
            || (!is_victim
                && (kind == "cancelled" || kind == "exception"
                    || kind == "unhandled" || kind == "deadlock"));
  INFO(where << ", seed " << seed << '\n' << text);
  CHECK(sound);
  return true;
}

// Printed at the end of the process.
struct report {
  ~report() {
    if (!wanted())
      return;
    print("scenarios", all.scenarios);
    print("awaits of their tasks", all.awaits);
    print("awaits of the programs around these", all.of_programs);
    print("awaits never reached", all.skipped);
    print("cancellations injected", all.injected);
    print("of these in tasks that may be cancelled", all.in_victims);
    print("ended in full", all.in_full);
    print("program cancelled", all.cancelled);
    print("program told by an exception", all.noticed);
    print("others left waiting for the cancelled task", all.stuck);
  }

  static void print(const char* what, std::uint64_t count) {
    std::printf("| %-45s | %8llu\n", what,
                static_cast<unsigned long long>(count));
  }
};

const report at_the_end;

} // namespace

bool injecting() {
  return at_work;
}

bool wanted() {
  static const bool on = std::getenv("TROUPE_TEST_INJECT") != nullptr;
  return on;
}

void is_victim(const any_task& task) {
  if (injecting() && !contains(victims, number_of(task)))
    victims.push_back(number_of(task));
}

void inject_at_each_await(detail::program_ref program, bool may_break_cycles) {
  at_work = true;
  victims.clear();
  auto counts = count_awaits(program);
  auto of_victims = victims; // the runs below may say it of others
  ++all.scenarios;
  if (!counts.empty())
    all.of_programs += counts.front();
  for (std::size_t i = 1; i < counts.size(); ++i)
    for (std::uint64_t k = 1; k <= counts[i]; ++k) {
      ++all.awaits;
      std::string where
        = "cancel-" + std::to_string(i + 1) + '-' + std::to_string(k);
      bool is_victim = contains(of_victims, i + 1);
      std::uint64_t reached = 0;
      for (std::uint64_t seed = 1; seed <= most_seeds && reached < seeds;
           ++seed)
        reached += inject(program, where, seed, is_victim, may_break_cycles);
      all.skipped += reached == 0;
      INFO(where << " was never reached");
      CHECK(reached > 0);
    }
  at_work = false;
}

} // namespace everywhere
