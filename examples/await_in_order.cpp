// Coroutines that are awaited run one after the other: two seconds in all.
// Compare two_tasks.cpp. In Python:
//     await say("hello")
//     await say("world")
// Prints: hello 12:30:05, hello 12:30:06, world 12:30:06, world 12:30:07

#include <troupe/troupe.hpp>

#include <chrono>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

void print_time(const std::string& what) {
  auto now = std::time(nullptr);
  std::cout << what << ' ' << std::put_time(std::localtime(&now), "%T")
            << std::endl;
}

troupe::coro<void> say(std::string what) {
  print_time(what);
  co_await troupe::sleep(1s);
  print_time(what);
}

troupe::coro<void> async_main() {
  co_await say("hello");
  co_await say("world"); // begins when the first one has ended
}

int main() {
  troupe::run(async_main());
}
