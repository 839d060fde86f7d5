#pragma once

#include <troupe/coro.hpp>
#include <troupe/error.hpp>
#include <troupe/loop.hpp>

#include "support/record.hpp"

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

// Returns the code of the `troupe::error` that `function` throws; no error if
// it throws nothing.
template <class F>
std::error_code error_of(F&& function) {
  try {
    std::forward<F>(function)();
  } catch (const troupe::error& problem) {
    return problem.code();
  }
  return {};
}

// As above, for what awaiting `x` throws.
template <class Awaitable>
troupe::coro<std::error_code> error_of_await(Awaitable x) {
  try {
    static_cast<void>(co_await std::move(x));
  } catch (const troupe::error& problem) {
    co_return problem.code();
  }
  co_return std::error_code{};
}

// True if `problem` is an `E`.
template <class E>
bool is_a(const std::exception_ptr& problem) {
  if (!problem)
    return false;
  try {
    std::rethrow_exception(problem);
  } catch (const E&) {
    return true;
  } catch (...) {
    return false;
  }
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Collects what a loop's exception handler is told. Copies share one record.
class error_log {
public:
  void watch(troupe::event_loop loop) const {
    loop.set_exception_handler(
      [told = told_](troupe::event_loop&, const troupe::error_context& what) {
        told->add(what);
      });
  }

  std::vector<troupe::error_context> all() const {
    return told_->all();
  }

  std::size_t size() const {
    return told_->size();
  }

  // How many messages contain `part`.
  std::size_t count(const std::string& part) const {
    std::size_t found = 0;
    for (const auto& what : told_->all())
      found += contains(what.message, part);
    return found;
  }

private:
  std::shared_ptr<record<troupe::error_context>> told_
    = std::make_shared<record<troupe::error_context>>();
};
