#include <troupe/simulation.hpp>

#include "actors/explorer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <unordered_set>

namespace troupe {

namespace detail {

namespace {

using test::exploration;
using test::explore_options;

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

test::strategy strategy_named(const std::string& name) {
  const std::map<std::string, test::strategy> known{
    {"portfolio", test::strategy::portfolio},
    {"fifo", test::strategy::fifo},
    {"random", test::strategy::random},
    {"pct", test::strategy::pct},
    {"delay_bounding", test::strategy::delay_bounding},
    {"partial_order", test::strategy::partial_order},
    {"exhaustive", test::strategy::exhaustive}};
  auto found = known.find(name);
  if (found == known.end()) {
    std::string names;
    for (const auto& each : known)
      names += ' ' + each.first;
    throw std::invalid_argument("TROUPE_STRATEGY=" + name + ": there are only"
                                + names);
  }
  return found->second;
}

explore_options with_environment(explore_options options) {
  if (const char* seed = environment("TROUPE_SEED"))
    options.seed = std::strtoull(seed, nullptr, 0);
  if (const char* how = environment("TROUPE_STRATEGY"))
    options.how = strategy_named(how);
  return options;
}

} // namespace

explorer::explorer(program_ref program, const explore_options& options)
  : program_(program), options_(with_environment(options)) {
  for (const std::string& name : options_.faults)
    check_fault_name(name);
}

exploration explorer::explore() {
  if (const char* text = environment("TROUPE_SCHEDULE"))
    replay(decode(text));
  else
    search();
  return std::move(result_);
}

void explorer::run(const run_plan& plan) {
  world_.run(program_, plan, options_.may_leave_tasks);
  result_.steps += world_.sim().steps();
}

run_plan explorer::plan_for(std::uint64_t number) {
  run_plan plan;
  plan.how.kind = kind_of(options_.how, number);
  plan.how.depth = options_.depth != 0 ? options_.depth : 2 + number / 6 % 5;
  if (plan.how.kind == strategy_kind::delay_bounding && options_.depth == 0)
    plan.how.depth = 1 + number / 6 % 4;
  plan.how.length = std::max<std::uint64_t>(result_.longest, 10);
  plan.how.fair_after = options_.fair_after;
  plan.seed = options_.seed + number;
  plan.odds = options_.odds;
  plan.faults = options_.faults;
  plan.shares_told = options_.shares_told;
  plan.most_steps = options_.max_steps;
  plan.may_break_cycles = options_.may_break_cycles;
  return plan;
}

void explorer::search() {
  std::unordered_set<std::uint64_t> seen;
  std::uint64_t quiet = 0;
  result_.ended = "budget";
  for (std::uint64_t number = 0; number < options_.schedules; ++number) {
    run_plan plan = plan_for(number);
    run(plan);
    simulator& sim = world_.sim();
    if (sim.chooser().redundant())
      ++result_.redundant;
    else
      ++result_.schedules;
    result_.longest = std::max(result_.longest, sim.choices());
    result_.most_tasks = std::max(result_.most_tasks, sim.actors());
    if (plan.how.kind == strategy_kind::pct)
      ++pct_runs_[plan.how.depth];
    if (sim.failed()) {
      found(plan, number);
      break;
    }
    if (sim.chooser().redundant())
      ; // the order is one of those seen
    else if (seen.insert(sim.trace_hash()).second)
      quiet = 0;
    else
      ++quiet;
    if (options_.recheck != 0 && number % options_.recheck == 0) {
      recheck(plan, number);
      if (result_.found)
        break;
    }
    if (plan.how.kind == strategy_kind::exhaustive) {
      if (!sim.chooser().advance()) {
        result_.ended = "all orders";
        break;
      }
    } else if (quiet >= options_.nothing_new) {
      result_.ended = "nothing new";
      break;
    }
  }
  result_.distinct = seen.size();
  count_bounds();
}

// The same run again must have the same steps.
void explorer::recheck(const run_plan& plan, std::uint64_t number) {
  simulator& sim = world_.sim();
  std::uint64_t hash = sim.trace_hash();
  run_plan again = plan;
  again.replays = sim.choices_kept();
  again.deviations = sim.deviations();
  strategy tree = sim.chooser(); // the walk through the tree stands here
  run(again);
  sim.chooser() = std::move(tree);
  if (sim.failed() || sim.trace_hash() != hash)
    tell_other_steps(plan, number);
}

void explorer::tell_other_steps(const run_plan& plan, std::uint64_t number) {
  const simulator& sim = world_.sim();
  result_.ended = "failure";
  result_.found_after = number + 1;
  result_.found.emplace(
    "not deterministic: the same schedule gave other steps the second time. "
    "The program depends on something outside: a clock, an address, a "
    "global, an unordered container, a thread.\n"
      + (sim.failed() ? sim.failure_text() : std::string{}),
    "not deterministic", "not deterministic", encode(plan));
}

// -- a failure ----------------------------------------------------------------

void explorer::found(run_plan plan, std::uint64_t number) {
  simulator& sim = world_.sim();
  result_.ended = "failure";
  result_.found_after = number + 1;
  result_.switches_before = result_.switches_after = sim.deviations().size();
  result_.steps_before = sim.steps();
  result_.early_before = sim.early_steps();
  std::string id = sim.failure_id();
  std::uint64_t hash = sim.trace_hash();
  plan.replays = sim.choices_kept();
  plan.deviations = sim.deviations();
  run_plan as_found = plan;
  run(plan);
  if (sim.failure_id() != id || sim.trace_hash() != hash) {
    tell_other_steps(as_found, number);
    return;
  }
  if (options_.shrink && plan.replays)
    shrink(plan, id);
  result_.switches_after = plan.deviations.size();
  tell(std::move(plan));
}

// The last run is recorded for the report.
void explorer::tell(run_plan plan) {
  plan.records = true;
  run(plan);
  plan.checks = world_.sim().checks();
  result_.steps_after = world_.sim().steps();
  result_.early_after = world_.sim().early_steps();
  result_.found = failure_of(world_.sim(), plan);
}

void explorer::replay(run_plan plan) {
  plan.records = true;
  plan.may_break_cycles = options_.may_break_cycles;
  result_.ended = "replay";
  result_.schedules = 1;
  run(plan);
  simulator& sim = world_.sim();
  result_.distinct = 1;
  result_.longest = sim.choices();
  result_.most_tasks = sim.actors();
  if (sim.failed()) {
    result_.found_after = 1;
    result_.switches_before = result_.switches_after = sim.deviations().size();
    result_.found = failure_of(sim, plan);
  }
}

// PCT's theorem: a run of n tasks and k choices finds a bug of depth d with a
// chance of at least 1 / (n k^(d-1)).
void explorer::count_bounds() {
  double n
    = static_cast<double>(std::max<std::uint64_t>(result_.most_tasks, 1));
  double k = static_cast<double>(std::max<std::uint64_t>(result_.longest, 1));
  for (auto [depth, runs] : pct_runs_) {
    double chance = 1 / (n * std::pow(k, depth - 1));
    result_.bounds.push_back(
      {depth, std::exp(static_cast<double>(runs) * std::log1p(-chance))});
  }
}

test::exploration explore_program(program_ref program,
                                  const test::explore_options& options) {
  return explorer{program, options}.explore();
}

} // namespace detail

namespace test {

std::string exploration::text() const {
  std::string report
    = std::to_string(schedules) + " schedules, " + std::to_string(distinct)
    + " different, " + std::to_string(steps) + " steps, up to "
    + std::to_string(longest) + " choices and " + std::to_string(most_tasks)
    + " tasks in one; ended: " + ended
    + (redundant > 0 ? " (" + std::to_string(redundant) + " more repeated one)"
                     : "")
    + '\n';
  if (found)
    return "FAILED at schedule " + std::to_string(found_after) + " ("
         + std::to_string(switches_before) + " choices against asyncio's "
         + "order, shrunk to " + std::to_string(switches_after) + ")\n"
         + found->what() + report;
  for (const bound& each : bounds) {
    char line[120];
    std::snprintf(line, sizeof line,
                  "PCT: a bug of depth %u was missed with a chance of at most "
                  "%.2g\n",
                  each.depth, each.missed);
    report += line;
  }
  return report;
}

} // namespace test

} // namespace troupe
