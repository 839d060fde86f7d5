#include <troupe/outcome.hpp>

#include "support/test.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;

namespace {

std::exception_ptr problem() {
  return std::make_exception_ptr(std::runtime_error("broken"));
}

} // namespace

TEST_CASE("outcome: holds a value or an exception", "[outcome]") {
  outcome<std::string> good{std::string(40, 'x')};
  outcome<std::string> bad{problem()};
  CHECK(good.has_value());
  CHECK(good.value().size() == 40);
  CHECK(good.exception() == nullptr);
  CHECK_FALSE(bad);
  CHECK_THROWS_AS(bad.value(), std::runtime_error);
}

TEST_CASE("outcome: is copied, moved and assigned", "[outcome]") {
  outcome<std::string> good{std::string(40, 'x')};
  outcome<std::string> bad{problem()};
  outcome<std::string> copy{good};
  copy = bad;
  CHECK_FALSE(copy);
  copy = good;
  CHECK(copy.value() == good.value());
  outcome<std::string> moved{std::move(copy)};
  CHECK(moved.value().size() == 40);
  std::vector<outcome<std::string>> many(3, good);
  many.erase(many.begin());
  CHECK(many.back().value() == good.value());
  CHECK(std::move(moved).value().size() == 40);
}

TEST_CASE("outcome: references, void and move-only values", "[outcome]") {
  int x = 3;
  outcome<int&> there{&x};
  there.value() = 4;
  CHECK(x == 4);
  outcome<void> ended{none{}};
  CHECK(ended.has_value());
  ended.value();
  CHECK_THROWS_AS(outcome<void>{problem()}.value(), std::runtime_error);
  outcome<std::unique_ptr<int>> owner{std::make_unique<int>(5)};
  auto taken = std::move(owner).value();
  CHECK(*taken == 5);
}
