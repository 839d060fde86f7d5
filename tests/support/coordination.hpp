#pragma once

#include <troupe/error.hpp>
#include <troupe/future.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/workers.hpp"

#include <string>
#include <utility>

// What tests of locks, events, queues and the like share.

// How `x` ended: "done", "cancelled", "cancelled: message" or the error's text.
template <class Awaitable>
troupe::coro<std::string> ending_of(Awaitable x) {
  try {
    static_cast<void>(co_await std::move(x));
  } catch (const troupe::cancelled_error& end) {
    co_return end.message().empty() ? "cancelled"
                                    : "cancelled: " + end.message();
  } catch (const std::exception& problem) {
    co_return problem.what();
  }
  co_return "done";
}

// Waits until `count` tasks stand in line at `x`.
template <class Primitive>
troupe::coro<bool> waiting_at(Primitive x, std::size_t count) {
  return reached([x, count] { return x.statistics().waiting == count; });
}

// The text of what `function` throws; empty if nothing.
template <class F>
std::string text_of_error(F&& function) {
  try {
    std::forward<F>(function)();
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return {};
}
