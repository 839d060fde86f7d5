// Limits the time of several steps together. In Python:
//     async with asyncio.timeout(0.1):
//         await step("one")
//         await step("two")
//     await asyncio.wait_for(step("three"), 0.1)
// Prints: one, the time was over, three

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

troupe::coro<void> step(std::string name, std::chrono::milliseconds needed) {
  co_await troupe::sleep(needed);
  std::cout << name << std::endl;
}

troupe::coro<void> async_main() {
  //! [timeout]
  auto steps = []() -> troupe::coro<void> {
    co_await step("one", 10ms);
    co_await step("two", 10s);
  };
  try {
    co_await troupe::timeout(100ms, steps);
  } catch (const troupe::timeout_error&) {
    std::cout << "the time was over" << std::endl;
  }
  //! [timeout]
  co_await troupe::wait_for(step("three", 10ms), 10s);
}

int main() {
  troupe::run(async_main());
}
