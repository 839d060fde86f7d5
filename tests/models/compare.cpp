#include "models/compare.hpp"

#include "support/sanitized.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

namespace models {

namespace {

#if TROUPE_SANITIZED
constexpr int programs = 5'000;
#else
constexpr int programs = 100'000;
#endif
constexpr int longest = 30;
constexpr int shortest = 5;

std::uint64_t setting(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::stoull(text) : otherwise;
}

rc::Gen<program> any_program(std::span<const word> words) {
  // One number for a step: rapidcheck makes it smaller, towards a turn.
  auto count = static_cast<int>(words.size());
  bool releases
    = std::find(words.begin(), words.end(), word::release) != words.end();
  auto one = rc::gen::map(
    rc::gen::inRange(0, 16 * count), [words, count](int x) -> step {
      return {.what = words[x % count], .number = x / count};
    });
  auto several = rc::gen::suchThat(
    rc::gen::resize(longest, rc::gen::container<std::vector<step>>(one)),
    [](const std::vector<step>& x) { return x.size() >= shortest; });
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 4), several),
                      [releases](std::pair<int, std::vector<step>> made) {
                        program all{made.first, std::move(made.second), {}};
                        if (releases)
                          all.last.push_back({.what = word::release});
                        for (std::size_t at = 0; at < all.steps.size(); ++at)
                          all.steps[at].place = static_cast<int>(at);
                        return all;
                      });
}

} // namespace

void differ(const program& all, std::size_t at, const std::string& what) {
  std::ostringstream text;
  text << "not as the model at step " << at << ": " << what << "; " << all;
  throw troupe::test::failed_check(text.str());
}

std::string text_of(const view& x) {
  std::string text;
  for (long each : x)
    text += (text.empty() ? "" : " ") + std::to_string(each);
  return '(' + text + ')';
}

std::uint64_t seed_of(const program& all) {
  std::uint64_t hash = 1;
  for (const step& each : all.steps)
    hash = (hash ^ static_cast<std::uint64_t>(each.number)) * 0x9e3779b97f4a7c15
         + static_cast<std::uint64_t>(each.what);
  return hash;
}

std::string
check_programs(std::span<const word> words,
               const std::function<std::string(const program&)>& property) {
  rc::detail::TestParams params;
  params.seed = setting("TROUPE_SEED", 1);
  params.maxSuccess = static_cast<int>(setting("TROUPE_PROGRAMS", programs));
  rc::Gen<program> made = any_program(words);
  rc::detail::TestListenerAdapter silence;
  auto result = rc::detail::checkProperty(
    rc::detail::toProperty([&] {
      program all = *made;
      if (std::string problem = property(all); !problem.empty())
        RC_FAIL(problem);
    }),
    {}, params, silence, {});
  std::ostringstream text;
  if (!result.is<rc::detail::SuccessResult>())
    rc::detail::printResultMessage(result, text);
  return text.str();
}

void print(const char* name, const counts& done) {
  auto number = [](std::uint64_t x) {
    return static_cast<unsigned long long>(x);
  };
  std::printf("%s: %llu programs, %llu steps, %llu cancels, %llu results "
              "as the model's; the programs again in random orders\n",
              name, number(done.programs), number(done.steps),
              number(done.cancels), number(done.results));
}

} // namespace models
