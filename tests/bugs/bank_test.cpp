// The bank of seeded bugs: how surely and how soon each is found, and how
// simple its failure is made.

#include "bugs/bank.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <cstdio>

using namespace troupe;
using namespace bugs;
using test::strategy;

namespace {

template <class T>
T median(std::vector<T> all) {
  std::sort(all.begin(), all.end());
  return all.empty() ? T{} : all[all.size() / 2];
}

struct shrinking {
  std::vector<std::uint64_t> before;
  std::vector<std::uint64_t> after;
  std::vector<double> ratios;
  std::vector<double> early; // steps out of asyncio's order: what is left
  std::vector<double> steps; // all steps of the run: what is left
  double longest = 0;        // seconds
};

void shrink_one(const seeded_bug& bug, strategy how, std::uint64_t seed,
                shrinking& sum) {
  auto start = std::chrono::steady_clock::now();
  auto found = test::explore(bug.wrong, {.seed = seed, .how = how});
  std::chrono::duration<double> spent
    = std::chrono::steady_clock::now() - start;
  if (!found.found)
    return;
  sum.before.push_back(found.switches_before);
  sum.after.push_back(found.switches_after);
  sum.ratios.push_back(static_cast<double>(found.switches_after)
                       / static_cast<double>(found.switches_before));
  sum.early.push_back(static_cast<double>(found.early_after)
                      / static_cast<double>(found.early_before));
  sum.steps.push_back(static_cast<double>(found.steps_after)
                      / static_cast<double>(found.steps_before));
  sum.longest = std::max(sum.longest, spent.count());
}

} // namespace

TEST_CASE("bugs: each is found by 95 of 100 seeds within 10,000 schedules") {
  constexpr int seeds = 100;
  std::printf("%-55s %5s %9s\n", "bug", "found", "schedules");
  for (const seeded_bug& bug : all_bugs()) {
    int found = 0;
    std::vector<std::uint64_t> after;
    for (std::uint64_t i = 1; i <= seeds; ++i) {
      auto result
        = test::explore(bug.wrong, {.seed = i * 1'000'000, .shrink = false});
      if (!result.found)
        continue;
      INFO(bug.name << ": " << result.text());
      CHECK(result.found->kind == bug.kind);
      ++found;
      after.push_back(result.found_after);
    }
    std::printf("%-55s %5d %9llu\n", bug.name, found,
                static_cast<unsigned long long>(median(after)));
    INFO(bug.name);
    CHECK(found >= 95);
  }
}

TEST_CASE("bugs: the right variants are explored without a false alarm") {
  for (const seeded_bug& bug : all_bugs()) {
    auto result = test::explore(bug.right, {.schedules = 2'000});
    INFO(bug.name << ": " << result.text());
    CHECK(result.ok());
  }
}

TEST_CASE("bugs: asyncio's order shows none of them") {
  for (const seeded_bug& bug : all_bugs()) {
    INFO(bug.name);
    test::simulation sim{{.how = strategy::fifo}};
    CHECK_NOTHROW(sim.run(bug.wrong));
  }
}

TEST_CASE("bugs: failures are shrunk to a quarter of their switches") {
  std::vector<double> ratios;
  std::vector<double> early;
  std::vector<double> steps;
  std::printf("%-55s %6s %6s %8s\n", "bug (medians)", "before", "after",
              "seconds");
  for (const seeded_bug& bug : all_bugs()) {
    shrinking sum;
    for (std::uint64_t i = 1; i <= 3; ++i) {
      shrink_one(bug, strategy::portfolio, i * 1'000'000, sum);
      shrink_one(bug, strategy::random, i * 1'000'000, sum);
    }
    std::printf("%-55s %6llu %6llu %8.3f %4.0f %%\n", bug.name,
                static_cast<unsigned long long>(median(sum.before)),
                static_cast<unsigned long long>(median(sum.after)), sum.longest,
                median(sum.early) * 100);
    INFO(bug.name);
    CHECK(sum.longest <= 60);
    ratios.insert(ratios.end(), sum.ratios.begin(), sum.ratios.end());
    early.insert(early.end(), sum.early.begin(), sum.early.end());
    steps.insert(steps.end(), sum.steps.begin(), sum.steps.end());
  }
  std::printf(
    "| shrinking leaves (medians): %.0f %% of the choices, %.0f %% of "
    "the steps out of order, %.0f %% of all steps\n",
    median(ratios) * 100, median(early) * 100, median(steps) * 100);
  CHECK(median(ratios) <= 0.25);
  CHECK(median(early) <= 0.25);
}
