#pragma once

#include <troupe/simulation.hpp>

#include "actors/simulated_world.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace models {

// One program after the other, each in its own order, on one loop.
class simulated_runs {
public:
  using program = std::function<troupe::coro<void>()>;

  // Returns the report of a failure; empty if there is none.
  std::string run(const program& program, troupe::detail::strategy_kind how,
                  std::uint64_t seed) {
    troupe::detail::run_plan plan;
    plan.how = {.kind = how};
    plan.seed = seed;
    plan.odds = 300; // of a cancellation that does not come in place
    plan.most_steps = 1'000'000;
    world_.run(troupe::detail::program_of(program), plan, false);
    if (!world_.sim().failed())
      return {};
    return troupe::detail::failure_of(world_.sim(), plan).what();
  }

private:
  troupe::detail::simulated_world world_;
};

} // namespace models
