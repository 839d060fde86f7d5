#pragma once

/// @file
/// Simulations in tests with GoogleTest 1.12. Include it behind GoogleTest's
/// header.

#include <troupe/simulation.hpp>

/// A test whose body is a program: a coroutine without result that is run in
/// many orders. Use `troupe::test::require` inside.
///
///     TROUPE_EXPLORED_TEST(Bank, NeverLosesMoney) { ...; co_return; }
#define TROUPE_EXPLORED_TEST(suite, name)                                      \
  static troupe::coro<void> troupe_program_##suite##_##name();                 \
  TEST(suite, name) {                                                          \
    auto result = troupe::test::explore(troupe_program_##suite##_##name);      \
    ASSERT_TRUE(result.ok()) << result.text();                                 \
  }                                                                            \
  static troupe::coro<void> troupe_program_##suite##_##name()

/// Explores `program`, a function that returns a `coro`, and fails the test
/// with the whole report. Settings may follow.
#define ASSERT_EXPLORED(program, ...)                                          \
  do {                                                                         \
    auto troupe_result = troupe::test::explore(program, {__VA_ARGS__});        \
    ASSERT_TRUE(troupe_result.ok()) << troupe_result.text();                   \
  } while (false)
