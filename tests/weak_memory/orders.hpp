#pragma once

// What each part's tests share: a scenario holds in all its executions, and
// each memory order of the part is needed by one of its scenarios.

#include "support/test.hpp"
#include "weak_memory/atomics.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace weak {

// Each execution of the scenario must hold: all within the bound, or so many
// at random.
inline void check_holds(const scenario& program, const options& how = {}) {
  auto found = explore(program, how);
  INFO(found.failure);
  CHECK(found.failure.empty());
  CHECK((found.complete || found.executions >= 100'000));
}

// Weakens the orders in `files` one by one: each time a scenario must fail.
// Returns how many mutants there were.
inline int check_orders(const char* part, const std::vector<scenario>& programs,
                        const std::vector<std::string>& files,
                        const options& how = {}) {
  std::set<site> sites;
  for (const auto& program : programs) {
    options few = how;
    few.limit = 10'000;
    few.random = 2'000;
    auto found = explore(program, few);
    INFO(found.failure);
    REQUIRE(found.failure.empty());
    sites.merge(found.sites);
  }
  int count = 0;
  int caught_count = 0;
  for (const auto& where : sites) {
    if (std::find(files.begin(), files.end(), where.file) == files.end())
      continue;
    for (const auto& one : mutants_of(where)) {
      ++count;
      bool caught = false;
      for (const auto& program : programs) {
        options mutated = how;
        mutated.mutation = &one;
        caught = caught || !explore(program, mutated).failure.empty();
      }
      caught_count += caught;
      INFO("not caught: " << describe(one));
      CHECK(caught);
    }
  }
  std::printf("| %-34s | %2d mutants of memory orders, %2d caught\n", part,
              count, caught_count);
  return count;
}

} // namespace weak
