#pragma once

// The programs of the differential test. A source here holds some of them:
//
//     PROGRAM(01_first_step) {
//       troupe::run(...);
//     }
//
// and 01_first_step.py beside it prints what this one must print.

#include <troupe/troupe.hpp>

#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace differential {

using arguments = std::vector<std::string>;
using program = void (*)(const arguments&);

/// The programs by name.
inline std::map<std::string, program>& programs() {
  static std::map<std::string, program> all;
  return all;
}

/// The text that Python prints for a value.
inline std::string text(bool x) {
  return x ? "True" : "False";
}

inline std::string text(std::string_view x) {
  return std::string{x};
}

inline std::string text(const std::string& x) {
  return x;
}

inline std::string text(const char* x) {
  return x;
}

inline std::string text(char x) {
  return std::string(1, x);
}

template <class T>
  requires std::is_arithmetic_v<T>
std::string text(T x) {
  return std::to_string(x);
}

inline std::string text(const std::exception& x) {
  return x.what();
}

inline std::string text(const troupe::cancelled_error& x) {
  return x.message();
}

/// Prints values as Python does: with blanks between and a newline.
template <class... Xs>
void print(const Xs&... xs) {
  std::string line;
  ((line += text(xs), line += ' '), ...);
  if (!line.empty())
    line.pop_back();
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stdout);
}

/// Prints at the end of its scope, as a `finally` does.
class finally {
public:
  template <class... Xs>
  explicit finally(const Xs&... xs) {
    ((text_ += text(xs), text_ += ' '), ...);
    text_.pop_back();
  }

  finally(const finally&) = delete;
  finally& operator=(const finally&) = delete;

  ~finally() {
    print(text_);
  }

private:
  std::string text_;
};

/// Keeps the thread busy, so that timers become due together.
inline void spin(std::chrono::milliseconds span) {
  auto end = std::chrono::steady_clock::now() + span;
  while (std::chrono::steady_clock::now() < end) {
  }
}

/// A delay that is over in the next turn: the shortest that is a timer.
inline constexpr std::chrono::nanoseconds shortest{1};

} // namespace differential

// Takes a name that may begin with a digit.
#define PROGRAM(name)                                                          \
  static void program_##name(const differential::arguments&);                  \
  static const bool added_##name                                               \
    = differential::programs().emplace(#name, program_##name).second;          \
  static void program_##name(                                                  \
    [[maybe_unused]] const differential::arguments& args)
