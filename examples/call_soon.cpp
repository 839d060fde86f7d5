// Plain functions run in the loop's next turn, in the order of the calls. In
// Python:
//     loop.call_soon(callback, 1)
//     loop.call_soon(functools.partial(callback, kwarg="not default"), 2)
// Prints: entering event loop
//         registering callbacks
//         callback invoked with 1 and default
//         callback invoked with 2 and not default
//         closing event loop

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

// A function object, because a pointer to a function forgets its defaults.
constexpr auto callback = [](int number, const char* word = "default") {
  std::cout << "callback invoked with " << number << " and " << word << '\n';
};

troupe::coro<void> async_main() {
  auto loop = troupe::get_running_loop();
  std::cout << "registering callbacks\n";
  loop.call_soon(callback, 1);
  auto wrapped = [](int number) {
    callback(number, "not default");
  };
  loop.call_soon(wrapped, 2);

  co_await troupe::sleep(100ms);
}

int main() {
  auto loop = troupe::new_event_loop();
  std::cout << "entering event loop\n";
  loop.run_until_complete(async_main());
  std::cout << "closing event loop\n";
  loop.close();
}
