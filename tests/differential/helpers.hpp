#pragma once

// What the programs about several tasks share.

#include "differential/program.hpp"

#include <array>
#include <tuple>

namespace differential {

/// What Python prints for a list of strings.
inline std::string list(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const auto& x : items)
    text += (text.size() > 1 ? ", '" : "'") + x + "'";
  return text + "]";
}

template <class... T>
std::string list(const std::tuple<T...>& items) {
  return std::apply(
    [](const auto&... x) { return list(std::vector<std::string>{x...}); },
    items);
}

inline std::string shown(const std::string& x) {
  return x;
}

template <class... T>
std::string shown(const std::tuple<T...>& x) {
  return list(x);
}

template <class T>
std::string shown(const std::vector<T>& x) {
  return list(x);
}

/// Prints a name and words; none at all leaves no blank.
inline void say(std::string line, const std::string& more) {
  if (!more.empty())
    line += ' ' + more;
  print(line);
}

inline troupe::coro<> ticker(int n) {
  for (int i = 0; i < n; ++i) {
    print("turn", i);
    co_await troupe::sleep(std::chrono::seconds{0});
  }
}

inline troupe::coro<std::string> work(std::string name, int turns,
                                      bool fails = false) {
  print(name, "begins");
  try {
    for (int i = 0; i < turns; ++i)
      co_await troupe::sleep(std::chrono::seconds{0});
    if (fails)
      throw std::invalid_argument(name);
    print(name, "ends");
    co_return name;
  } catch (const troupe::cancelled_error& stop) {
    say(name + " cancelled", stop.message());
    throw;
  }
}

/// The name that the type of an exception has in Python, and its text.
inline std::string kind(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const troupe::cancelled_error& x) {
    return "CancelledError " + x.message();
  } catch (const troupe::timeout_error&) {
    return "TimeoutError ";
  } catch (const std::invalid_argument& x) {
    return std::string{"ValueError "} + x.what();
  }
}

template <class T>
std::string kind(const troupe::outcome<T>& x) {
  return x ? shown(x.value()) : kind(x.exception());
}

/// Awaits `x` and prints how that ended.
template <class Awaitable>
troupe::coro<> ending(std::string name, Awaitable x) {
  using T = troupe::detail::await_result<Awaitable>;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(x);
      print(name, "got None");
    } else {
      auto got = co_await std::move(x);
      print(name, "got", shown(got));
    }
  } catch (const troupe::cancelled_error& stop) {
    say(name + " CancelledError", stop.message());
  } catch (const troupe::timeout_error&) {
    print(name, "TimeoutError", "");
  } catch (const std::exception& problem) {
    print(name, "ValueError", problem.what());
  }
}

/// The texts of the errors of a group.
inline std::string errors(const troupe::exception_group& group) {
  std::vector<std::string> all;
  for (const auto& x : group.exceptions())
    all.push_back(kind(x).substr(11));
  return list(all);
}

/// The results of tasks in alphabetical order.
std::string sorted_results(const std::vector<troupe::task<std::string>>& tasks);

} // namespace differential
