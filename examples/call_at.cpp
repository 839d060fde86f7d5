// Callbacks run at given points on the loop's own clock, which no change of the
// wall clock touches. In Python:
//     now = loop.time()
//     loop.call_at(now + 0.2, callback, 1, loop)
//     loop.call_at(now + 0.1, callback, 2, loop)
// Prints: entering event loop
//         clock time: 1709206205.123456
//         loop  time: 4711.250000
//         registering callbacks
//         callback 3 invoked at 4711.250100 (2 and 1 follow, 0.1 s apart)
//         closing event loop

#include <troupe/troupe.hpp>

#include <chrono>
#include <iomanip>
#include <iostream>

using namespace std::chrono_literals;

template <class TimePoint>
double seconds(TimePoint when) {
  return std::chrono::duration<double>(when.time_since_epoch()).count();
}

void callback(int number, const troupe::event_loop& loop) {
  std::cout << "callback " << number << " invoked at " << seconds(loop.time())
            << std::endl;
}

troupe::coro<void> async_main(troupe::event_loop loop) {
  auto now = loop.time();
  std::cout << "clock time: " << seconds(std::chrono::system_clock::now())
            << "\nloop  time: " << seconds(now) << '\n';

  std::cout << "registering callbacks\n";
  loop.call_at(now + 200ms, callback, 1, loop);
  loop.call_at(now + 100ms, callback, 2, loop);
  loop.call_soon(callback, 3, loop);

  co_await troupe::sleep(1s);
}

int main() {
  std::cout << std::fixed << std::setprecision(6);
  auto loop = troupe::new_event_loop();
  std::cout << "entering event loop\n";
  loop.run_until_complete(async_main(loop));
  std::cout << "closing event loop\n";
  loop.close();
}
