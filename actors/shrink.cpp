// A failure is made as simple as possible.

#include "actors/explorer.hpp"

#include <algorithm>

namespace troupe::detail {

bool explorer::fails_with(const run_plan& plan, const std::string& id) {
  if (result_.steps > last_step_)
    return false;
  run(plan);
  return world_.sim().failed() && world_.sim().failure_id() == id;
}

void explorer::shrink(run_plan& plan, const std::string& id) {
  constexpr std::uint64_t most_steps = 20'000'000; // some seconds
  last_step_ = result_.steps + most_steps;
  leave_out(plan, id);
  if (plan.deviations.size() > 1)
    try_one_choice(plan, id);
  if (plan.deviations.size() > 2)
    try_other_runs(plan, id);
  overtake_less(plan, id);
}

// Delta debugging (Zeller and Hildebrandt, 2002): leaves out ever smaller parts
// of the choices while the failure stays the same. What is left out is chosen
// as asyncio would.
void explorer::leave_out(run_plan& plan, const std::string& id) {
  std::size_t budget = 2'000;
  std::size_t part = (plan.deviations.size() + 1) / 2;
  while (part > 0 && budget > 0) {
    bool better = false;
    for (std::size_t begin = 0; begin < plan.deviations.size() && budget > 0;) {
      run_plan less = plan;
      auto from = less.deviations.begin() + static_cast<std::ptrdiff_t>(begin);
      auto to = less.deviations.begin()
              + static_cast<std::ptrdiff_t>(
                  std::min(begin + part, less.deviations.size()));
      less.deviations.erase(from, to);
      --budget;
      if (fails_with(less, id)) {
        // What the shorter run really chose: choices that did not come up go.
        plan.deviations = world_.sim().deviations();
        better = true;
      } else {
        begin += part;
      }
    }
    if (part > 1)
      part = (part + 1) / 2;
    else if (!better)
      break;
  }
}

// Perhaps one choice is enough, another one than was found.
void explorer::try_one_choice(run_plan& plan, const std::string& id) {
  constexpr std::uint64_t most_places = 300;
  constexpr std::uint32_t most_ways = 6;
  run_plan less = plan;
  for (std::uint64_t place = 0; place < most_places; ++place)
    for (std::uint32_t taken = 1; taken < most_ways; ++taken) {
      less.deviations = {{place, taken}};
      bool same = fails_with(less, id);
      if (place >= world_.sim().choices())
        return;
      const auto& made = world_.sim().deviations();
      bool possible = made.size() == 1 && made[0].taken == taken;
      if (same && possible) {
        plan.deviations = made;
        return;
      }
      if (!possible)
        break; // there were fewer ways here
    }
}

// No part of a found run may be without need, and still it may be far from the
// simplest one. Others with the same failure are looked for, that have few
// delays or few changes of priority, and made as simple as possible.
void explorer::try_other_runs(run_plan& plan, const std::string& id) {
  constexpr std::uint64_t most_runs = 1'000;
  unsigned most_failures = 20;
  run_plan other = plan;
  other.replays = false;
  run(plan);
  other.how.length = world_.sim().choices();
  for (std::uint64_t i = 0; i < most_runs && most_failures > 0; ++i) {
    ++other.seed;
    other.how.kind
      = i % 2 == 0 ? strategy_kind::delay_bounding : strategy_kind::pct;
    other.how.depth = 2 + i / 2 % 3;
    other.deviations.clear();
    if (!fails_with(other, id))
      continue;
    --most_failures;
    run_plan simple = other;
    simple.replays = true;
    simple.deviations = world_.sim().deviations();
    leave_out(simple, id);
    if (simple.deviations.size() < plan.deviations.size())
      plan = std::move(simple);
    if (plan.deviations.size() <= 2)
      return;
  }
}

// One choice may let an actor run far ahead. Made later, or with another actor,
// it may do so by fewer steps and fail all the same.
void explorer::overtake_less(run_plan& plan, const std::string& id) {
  constexpr std::size_t most_choices = 6;
  constexpr std::uint64_t most_shift = 40;
  constexpr std::uint32_t most_ways = 6;
  if (plan.deviations.empty() || plan.deviations.size() > most_choices)
    return;
  run(plan);
  std::uint64_t least = world_.sim().early_steps();
  for (std::size_t i = plan.deviations.size(); i-- > 0;) {
    deviation first = plan.deviations[i];
    for (std::uint64_t shift = 0; shift < most_shift; ++shift)
      for (std::uint32_t taken = 0; taken < most_ways; ++taken) {
        run_plan other = plan;
        other.deviations.resize(std::min(other.deviations.size(), i + 1));
        other.deviations[i] = {first.place + shift, taken};
        for (std::size_t k = i + 1; k < plan.deviations.size(); ++k)
          if (plan.deviations[k].place > first.place + shift)
            other.deviations.push_back(plan.deviations[k]);
        if (!fails_with(other, id))
          continue;
        const simulator& sim = world_.sim();
        if (sim.early_steps() >= least
            || sim.deviations().size() > plan.deviations.size()
            || sim.deviations().size() <= i)
          continue;
        least = sim.early_steps();
        plan.deviations = sim.deviations();
      }
  }
}

} // namespace troupe::detail
