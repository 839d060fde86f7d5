#pragma once

// Leaks and deadlocks made on purpose, each with a clean counterpart.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace wrong {

using troupe::any_task;
using troupe::cancelled_error;
using troupe::coro;
using troupe::future;
using troupe::sleep;

using program = coro<void> (*)();

struct wrong_program {
  const char* name;
  std::string kind;
  std::vector<std::string> told; // parts of the report
  program wrong;
  program right;
};

std::vector<wrong_program> wrong_tasks();
std::vector<wrong_program> wrong_exceptions();
std::vector<wrong_program> wrong_waits();
std::vector<wrong_program> wrong_actors();

// `function (file:line)` as reports say it.
inline std::string at(const char* function, int line) {
  return std::string{function} + " (wrong_programs.hpp:" + std::to_string(line)
       + ")";
}

// -- what they are made of; the lines are part of the reports -----------------

inline constexpr int waits_line = __LINE__ + 2;
inline coro<void> waits(future<void> x) {
  co_await x;
}

inline constexpr int lingers_line = __LINE__ + 2;
inline coro<void> lingers(std::chrono::hours delay) {
  co_await sleep(delay);
}

inline constexpr int outer_line = __LINE__ + 2;
inline coro<void> outer(future<void> x) {
  co_await waits(x);
}

inline constexpr int breaks_line = __LINE__ + 2;
inline coro<void> breaks(const char* text) {
  co_await sleep(std::chrono::seconds{0});
  throw std::runtime_error(text);
}

inline coro<void> spins(int turns) {
  for (int i = 0; i < turns; ++i)
    co_await sleep(std::chrono::seconds{0});
}

inline coro<void> ticks(int times) {
  for (int i = 0; i < times; ++i)
    co_await sleep(std::chrono::seconds{1});
}

inline constexpr int stubborn_line = __LINE__ + 4;
inline coro<void> stubborn(int times) {
  for (int i = 0; i < times; ++i) {
    try {
      co_await sleep(std::chrono::hours{1});
    } catch (const cancelled_error&) {
    }
  }
}

inline coro<void> ended(any_task x) {
  try {
    co_await x;
  } catch (const cancelled_error&) {
  } catch (const std::exception&) {
  }
}

} // namespace wrong
