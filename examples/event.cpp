// An event that a plain callback sets wakes all who wait for it. In Python:
//     loop.call_later(0.1, event.set)
//     await event.wait()
// Prints: event start state: false, both wait, setting event in callback, both
//         are triggered, event end state: true

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

troupe::coro<void> wait_for_event(std::string name, troupe::event event) {
  std::cout << name << " waiting for event" << std::endl;
  co_await event.wait();
  std::cout << name << " triggered" << std::endl;
}

troupe::coro<void> async_main() {
  troupe::event event;
  std::cout << std::boolalpha << "event start state: " << event.is_set()
            << std::endl;

  auto set = [event]() mutable {
    std::cout << "setting event in callback" << std::endl;
    event.set();
  };
  troupe::get_running_loop().call_later(100ms, set);

  auto first = troupe::create_task(wait_for_event("coro1", event));
  auto second = troupe::create_task(wait_for_event("coro2", event));
  co_await troupe::gather(first, second);
  std::cout << "event end state: " << event.is_set() << std::endl;
}

int main() {
  troupe::run(async_main());
}
