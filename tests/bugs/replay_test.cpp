// Failures of the bank, run again by their schedules.
//
// recorded_failures.txt holds schedules with the hashes of their traces, and
// for each bug one number for the traces of 50 failures: 1,000 together. They
// must be the same in every build. After a change of the bank, or of the steps
// that tasks make, write the file anew:
//
//     bugs_tests "[.record]"

#include "bugs/bank.hpp"
#include "support/test.hpp"

#include <cstdio>
#include <fstream>

using namespace troupe;
using namespace bugs;
using test::strategy;

namespace {

struct recorded {
  std::string schedule;
  std::string id;
  std::uint64_t hash = 0;
};

// Runs seeds until `count` have failed.
std::vector<recorded> record(const seeded_bug& bug, std::size_t count) {
  std::vector<recorded> all;
  for (std::uint64_t seed = 1; seed < 100'000 && all.size() < count; ++seed) {
    test::simulation sim{{.seed = seed, .how = strategy::portfolio}};
    try {
      sim.run(bug.wrong);
    } catch (const test::failure& found) {
      all.push_back({found.schedule, found.id, sim.trace_hash()});
    }
  }
  return all;
}

recorded replay(const seeded_bug& bug, const std::string& schedule) {
  test::simulation sim{{.schedule = schedule}};
  try {
    sim.run(bug.wrong);
  } catch (const test::failure& found) {
    return {found.schedule, found.id, sim.trace_hash()};
  }
  return {"it did not fail", "", sim.trace_hash()};
}

constexpr const char* all_of_them = "50";

std::string record_path() {
  std::string here = __FILE__;
  return here.substr(0, here.rfind('/')) + "/recorded_failures.txt";
}

// One number for many failures.
std::uint64_t hash_of(const std::vector<recorded>& all) {
  std::uint64_t hash = all.size();
  for (const recorded& each : all)
    hash = hash * 31 + each.hash;
  return hash;
}

const seeded_bug& bug_named(const std::vector<seeded_bug>& all,
                            const std::string& name) {
  for (const seeded_bug& each : all)
    if (each.name == name)
      return each;
  FAIL("no bug of this name: " << name);
  throw 0;
}

} // namespace

TEST_CASE("replays: 1,000 failures are the same event for event") {
  std::size_t count = 0;
  std::size_t same = 0;
  for (const seeded_bug& bug : all_bugs())
    for (const recorded& first : record(bug, 50)) {
      recorded again = replay(bug, first.schedule);
      INFO(bug.name << ' ' << first.schedule);
      CHECK(again.hash == first.hash);
      CHECK(again.id == first.id);
      CHECK(again.schedule == first.schedule);
      CHECK(first.schedule.size() <= 2'048);
      same += again.hash == first.hash && again.schedule == first.schedule;
      ++count;
    }
  std::printf("| %zu of %zu failures replayed event for event\n", same, count);
  CHECK(count >= 1'000);
}

TEST_CASE("replays: recorded failures are the same in every build") {
  std::ifstream file{record_path()};
  auto all = all_bugs();
  std::size_t count = 0;
  std::size_t same = 0;
  std::string name;
  std::string schedule;
  std::uint64_t hash = 0;
  while (std::getline(file, name) && file >> schedule >> hash) {
    file.ignore();
    const seeded_bug& bug = bug_named(all, name);
    if (schedule == all_of_them) {
      INFO(name);
      bool found_again = hash_of(record(bug, 50)) == hash;
      CHECK(found_again);
      same += found_again ? 50 : 0;
      ++count;
      continue;
    }
    recorded again = replay(bug, schedule);
    INFO(name << ' ' << schedule << ' ' << again.id);
    CHECK(again.hash == hash);
    CHECK(again.id.find("diverged") == std::string::npos);
    same += again.hash == hash;
    ++count;
  }
  std::printf("| %zu of %zu recorded elsewhere are the same here\n", same,
              all.size() * 55);
  CHECK(count == all.size() * 6);
}

TEST_CASE("replays: write the recorded failures", "[.record]") {
  std::ofstream file{record_path()};
  for (const seeded_bug& bug : all_bugs()) {
    auto failures = record(bug, 50);
    file << bug.name << '\n' << all_of_them << ' ' << hash_of(failures) << '\n';
    failures.resize(5);
    for (const recorded& each : failures)
      file << bug.name << '\n' << each.schedule << ' ' << each.hash << '\n';
  }
}
