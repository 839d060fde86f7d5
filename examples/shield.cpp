// The one who waits is cancelled, the work goes on. In Python:
//     work = asyncio.create_task(save())
//     try:
//         await asyncio.wait_for(asyncio.shield(work), 0.01)
//     except TimeoutError:
//         print("still saving")
//     await work
// Prints: still saving, saved

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

troupe::coro<void> save() {
  co_await troupe::sleep(100ms);
  std::cout << "saved" << std::endl;
}

troupe::coro<void> async_main() {
  auto work = troupe::create_task(save());
  try {
    co_await troupe::wait_for(troupe::shield(work), 10ms);
  } catch (const troupe::timeout_error&) {
    std::cout << "still saving" << std::endl;
  }
  co_await work;
}

int main() {
  troupe::run(async_main());
}
