// Prints the date and time once a second, for five seconds. In Python:
//     end = loop.time() + 5
//     while True:
//         print(datetime.now())
//         if loop.time() + 1 >= end: break
//         await asyncio.sleep(1)
// Prints five lines such as 2024-02-29 12:30:05.123456, a second apart.

#include <troupe/troupe.hpp>

#include <chrono>
#include <ctime>
#include <iomanip>
#include <iostream>

using namespace std::chrono_literals;

// The local time with microseconds, as Python prints it.
void print_now() {
  using clock = std::chrono::system_clock;
  auto now = clock::now();
  auto seconds = clock::to_time_t(now);
  auto part = std::chrono::duration_cast<std::chrono::microseconds>(
                now.time_since_epoch())
                .count()
            % 1'000'000;
  std::cout << std::put_time(std::localtime(&seconds), "%F %T") << '.'
            << std::setw(6) << std::setfill('0') << part << std::endl;
}

troupe::coro<void> display_date() {
  auto loop = troupe::get_running_loop();
  auto end = loop.time() + 5s;
  while (true) {
    print_now();
    // A sleep never ends early, so this is true after the fifth line.
    if (loop.time() + 1s >= end)
      break;
    co_await troupe::sleep(1s);
  }
}

int main() {
  troupe::run(display_date());
}
