// Two tasks sleep at the same time: two seconds in all, not three. In Python:
//     hello = asyncio.create_task(say_after(1, "hello"))
//     world = asyncio.create_task(say_after(2, "world"))
//     await hello
//     await world
// Prints: started at 12:30:05, hello, world, finished at 12:30:07

#include <troupe/troupe.hpp>

#include <chrono>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

void print_time(const char* what) {
  auto now = std::time(nullptr);
  std::cout << what << " at " << std::put_time(std::localtime(&now), "%T")
            << std::endl;
}

//! [say after]
troupe::coro<void> say_after(std::chrono::seconds delay, std::string what) {
  co_await troupe::sleep(delay);
  std::cout << what << std::endl;
}

troupe::coro<void> async_main() {
  auto hello = troupe::create_task(say_after(1s, "hello"));
  auto world = troupe::create_task(say_after(2s, "world"));

  print_time("started");
  co_await hello;
  co_await world;
  print_time("finished");
}

int main() {
  troupe::run(async_main());
}
//! [say after]
