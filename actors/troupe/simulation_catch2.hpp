#pragma once

/// @file
/// Simulations in tests with Catch2 2.13. Include it behind Catch2's header.

#include <troupe/simulation.hpp>

/// A test case whose body is a program: a coroutine without result that is run
/// in many orders.
///
///     TROUPE_EXPLORED_TEST_CASE("two writers never mix", "[bank]") {
///       troupe::lock guard;
///       ...
///       co_return;
///     }
///
/// Use `troupe::test::require` inside: Catch2's own macros would report each of
/// the runs that make a failure simpler.
#define TROUPE_EXPLORED_TEST_CASE(...)                                         \
  TROUPE_EXPLORED_TEST_CASE_IMPL(                                              \
    INTERNAL_CATCH_UNIQUE_NAME(troupe_explored_program), __VA_ARGS__)

/// @cond PRIVATE
#define TROUPE_EXPLORED_TEST_CASE_IMPL(program, ...)                           \
  static troupe::coro<void> program();                                         \
  TEST_CASE(__VA_ARGS__) {                                                     \
    auto troupe_result = troupe::test::explore(program);                       \
    INFO(troupe_result.text());                                                \
    REQUIRE(troupe_result.ok());                                               \
  }                                                                            \
  static troupe::coro<void> program()
/// @endcond

/// Explores `program`, a function that returns a `coro`, and fails the test
/// with the whole report. Settings may follow: `REQUIRE_EXPLORED(f, .schedules
/// = 100)`.
#define REQUIRE_EXPLORED(program, ...)                                         \
  do {                                                                         \
    auto troupe_result = troupe::test::explore(program, {__VA_ARGS__});        \
    INFO(troupe_result.text());                                                \
    REQUIRE(troupe_result.ok());                                               \
  } while (false)
