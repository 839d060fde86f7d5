// Tasks run at the same time and begin in the order of their making: one second
// in all. Compare await_in_order.cpp. In Python:
//     hello = asyncio.create_task(say("hello"))
//     world = asyncio.create_task(say("world"))
//     await hello
//     await world
// Prints: hello 12:30:05, world 12:30:05, hello 12:30:06, world 12:30:06

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
  auto hello = troupe::create_task(say("hello"));
  auto world = troupe::create_task(say("world"));
  co_await hello;
  co_await world;
}

int main() {
  troupe::run(async_main());
}
