// Callbacks run when they are due, not in the order of the calls. In Python:
//     loop.call_later(0.2, callback, 1)
//     loop.call_later(0.1, callback, 2)
//     loop.call_soon(callback, 3)
// Prints: entering event loop
//         registering callbacks
//         callback 3 invoked
//         callback 2 invoked
//         callback 1 invoked
//         closing event loop

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

void callback(int number) {
  std::cout << "callback " << number << " invoked" << std::endl;
}

troupe::coro<void> async_main() {
  auto loop = troupe::get_running_loop();
  std::cout << "registering callbacks\n";
  loop.call_later(200ms, callback, 1);
  loop.call_later(100ms, callback, 2);
  loop.call_soon(callback, 3);

  co_await troupe::sleep(400ms);
}

int main() {
  auto loop = troupe::new_event_loop();
  std::cout << "entering event loop\n";
  loop.run_until_complete(async_main());
  std::cout << "closing event loop\n";
  loop.close();
}
