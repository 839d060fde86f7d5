// What exception groups can do.

#include <troupe/exception_group.hpp>

#include "support/errors.hpp"
#include "support/test.hpp"

#include <stdexcept>
#include <vector>

using namespace troupe;

namespace {

template <class E>
std::exception_ptr one(const char* text) {
  return std::make_exception_ptr(E(text));
}

exception_group sample() {
  std::vector<std::exception_ptr> inner{one<std::out_of_range>("far"),
                                        one<std::runtime_error>("deep")};
  std::vector<std::exception_ptr> outer{
    one<std::logic_error>("wrong"),
    std::make_exception_ptr(exception_group("inner", inner)),
    one<std::runtime_error>("broken")};
  return exception_group("outer", outer);
}

} // namespace

TEST_CASE("exception_group: is split by type", "[exception_group]") {
  auto [match, rest] = split<std::logic_error>(sample());
  REQUIRE(match);
  REQUIRE(rest);
  CHECK(flatten(*match).size() == 2);
  CHECK(flatten(*rest).size() == 2);
  CHECK(match->exceptions().size() == 2);
  CHECK(is_a<exception_group>(match->exceptions()[1]));
  CHECK(match->message() == "outer");

  auto none_of_it = split<timeout_error>(sample());
  CHECK_FALSE(none_of_it.match);
  CHECK(flatten(*none_of_it.rest).size() == 4);
  CHECK_FALSE(subgroup<timeout_error>(sample()));
  CHECK(flatten(*subgroup<std::runtime_error>(sample())).size() == 2);
  // The group itself is no leaf that could match.
  CHECK(flatten(*subgroup<std::exception>(sample())).size() == 4);
}

TEST_CASE("exception_group: finds and unwraps", "[exception_group]") {
  CHECK(describe(find_error<std::out_of_range>(sample()))
        == "std::out_of_range: far");
  CHECK(find_error<timeout_error>(sample()) == nullptr);
  CHECK(is_a<exception_group>(unwrap(sample())));

  std::vector<std::exception_ptr> only{one<std::runtime_error>("single")};
  std::vector<std::exception_ptr> nested{
    std::make_exception_ptr(exception_group("inner", only))};
  exception_group group("outer", nested);
  CHECK(describe(unwrap(group)) == "std::runtime_error: single");
  CHECK_THROWS_AS(rethrow_unwrapped(group), std::runtime_error);
}
