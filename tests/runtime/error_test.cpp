#include <troupe/error.hpp>

#include "support/test.hpp"

#include <stdexcept>

using namespace troupe;

namespace {

std::string text_of(std::exception_ptr problem) {
  return describe(problem);
}

} // namespace

TEST_CASE("error: can be compared by its code and keeps its own text",
          "[error]") {
  invalid_state_error problem{"the queue 'jobs' is full"};
  CHECK(problem.code() == errc::invalid_state);
  CHECK(std::string{problem.what()} == "the queue 'jobs' is full");
  CHECK(std::string{problem.code().category().name()} == "troupe");
}

TEST_CASE("error: every code has a message of its own", "[error]") {
  std::vector<std::string> texts;
  for (int code = 1; code <= static_cast<int>(errc::several_errors); ++code) {
    auto text = make_error_code(static_cast<errc>(code)).message();
    CHECK(text != "unknown error");
    for (const auto& other : texts)
      CHECK(text != other);
    texts.push_back(text);
  }
  CHECK(troupe_category().message(10'000) == "unknown error");
}

TEST_CASE("timeout_error: is the portable 'timed out'", "[error]") {
  CHECK(timeout_error{"too late"}.code() == std::errc::timed_out);
}

TEST_CASE("incomplete_read_error: says how much came and how much was wanted",
          "[error]") {
  incomplete_read_error known{"abc", 5};
  CHECK(known.partial == "abc");
  CHECK(known.expected == 5);
  CHECK(std::string{known.what()}
        == "3 bytes read on a total of 5 expected bytes");
  incomplete_read_error open_ended{"abc", 0};
  CHECK(std::string{open_ended.what()}
        == "3 bytes read on a total of undefined expected bytes");
}

TEST_CASE("exception_group: keeps its errors in their order", "[error]") {
  auto first = std::make_exception_ptr(std::runtime_error("first"));
  auto second = std::make_exception_ptr(std::runtime_error("second"));
  exception_group group{"two failed", {first, second}};
  REQUIRE(group.exceptions().size() == 2);
  CHECK(group.exceptions()[0] == first);
  CHECK(group.exceptions()[1] == second);
  CHECK(std::string{group.what()} == "two failed (2 sub-exceptions)");
}

TEST_CASE("cancelled_error: passes a handler of std::exception", "[error]") {
  bool passed = false;
  try {
    try {
      throw cancelled_error{"enough"};
    } catch (const std::exception&) {
    }
  } catch (const cancelled_error& e) {
    passed = e.message() == "enough";
  }
  CHECK(passed);
}

TEST_CASE("describe: names the type and the text of an exception", "[error]") {
  CHECK(text_of(nullptr) == "no exception");
  CHECK(text_of(std::make_exception_ptr(std::runtime_error("boom")))
        == "std::runtime_error: boom");
  CHECK(text_of(std::make_exception_ptr(cancelled_error{"stop"}))
        == "troupe::cancelled_error: stop");
  CHECK(text_of(std::make_exception_ptr(system_exit{3}))
        == "troupe::system_exit: 3");
  CHECK(text_of(std::make_exception_ptr(42)) == "int");
}
