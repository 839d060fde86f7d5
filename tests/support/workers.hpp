#pragma once

#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/test.hpp"

#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

// How many workers a test runs with: 1, 2 and 8, or what the environment
// variable TROUPE_TEST_WORKERS says.
inline std::vector<unsigned> worker_counts() {
  if (const char* one = std::getenv("TROUPE_TEST_WORKERS"))
    return {static_cast<unsigned>(std::stoul(one))};
  return {1, 2, 8};
}

// Calls `body(options)` once for each number of workers.
template <class F>
void for_each_worker_count(F&& body) {
  for (unsigned workers : worker_counts()) {
    INFO("workers: " << workers);
    troupe::run_options options;
    options.threads = workers;
    body(options);
  }
}

// Runs `body(in_group)` as a member of a serial group. Tasks made with the
// options `in_group` are members too: one step of one of them runs at a time.
template <class F>
void run_in_group(troupe::run_options options, F&& body) {
  troupe::run(
    [&]() -> troupe::coro<void> {
      troupe::serial_group group;
      troupe::task_options in_group;
      in_group.group = &group;
      auto member
        = troupe::create_task([&] { return body(in_group); }, in_group);
      co_await member;
    },
    options);
}

// Lets `count` turns of the loop pass.
inline troupe::coro<void> turns(int count) {
  for (int i = 0; i < count; ++i)
    co_await troupe::sleep(std::chrono::seconds{0});
}

// Yields until `condition()` holds.
// Returns false if it does not come true within 20 seconds.
template <class F>
troupe::coro<bool> reached(F condition) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      co_return false;
    co_await troupe::sleep(std::chrono::seconds{0});
  }
  co_return true;
}

// Waits until `sleeper` stands at an await of something.
inline troupe::coro<bool> blocked(troupe::any_task sleeper) {
  return reached([sleeper = std::move(sleeper)] {
    return to_string(sleeper).find("wait_for=") != std::string::npos;
  });
}
