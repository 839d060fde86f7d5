// What simulations report: leaks and deadlocks made on purpose are told, and
// their clean counterparts give no report.

#include "simulation/wrong_programs.hpp"
#include "support/test.hpp"

#include <optional>

using namespace troupe;

namespace {

std::vector<wrong::wrong_program> all_programs() {
  std::vector<wrong::wrong_program> all;
  for (auto part : {wrong::wrong_tasks, wrong::wrong_exceptions,
                    wrong::wrong_waits, wrong::wrong_actors})
    for (const wrong::wrong_program& each : part())
      all.push_back(each);
  return all;
}

// The failure of a run in asyncio's order; empty if there is none.
std::optional<test::failure> failure_of(wrong::program body) {
  test::simulation sim{{.how = test::strategy::fifo, .max_steps = 100'000}};
  try {
    sim.run(body);
  } catch (const test::failure& found) {
    return found;
  }
  return std::nullopt;
}

} // namespace

TEST_CASE("reports: leaks and deadlocks are told with kind, names and places") {
  auto all = all_programs();
  CHECK(all.size() >= 40);
  for (const wrong::wrong_program& each : all) {
    INFO(each.name);
    auto found = failure_of(each.wrong);
    CHECK(found);
    if (!found)
      continue;
    INFO(found->what());
    CHECK(found->kind == each.kind);
    for (const std::string& part : each.told)
      CHECK_THAT(found->what(), Catch::Contains(part));
  }
}

TEST_CASE("reports: their clean counterparts are silent, in every order") {
  for (const wrong::wrong_program& each : all_programs()) {
    auto found = test::explore(each.right, {.schedules = 300});
    INFO(each.name << ": " << found.text());
    CHECK(found.ok());
  }
}
