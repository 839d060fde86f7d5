// The tasks of a loop share one thread, the one that runs the loop. In Python:
//     async def hello():
//         print("Hello world!", threading.current_thread())
//         await asyncio.sleep(1)
//         print("Hello again!", threading.current_thread())
// Prints: Hello world! (main thread), twice, and a second later
//         Hello again! (main thread), twice

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

const auto main_thread = std::this_thread::get_id();

const char* current_thread() {
  bool main = std::this_thread::get_id() == main_thread;
  return main ? "(main thread)" : "(another thread)";
}

troupe::coro<void> hello() {
  std::cout << "Hello world! " << current_thread() << std::endl;
  co_await troupe::sleep(1s);
  std::cout << "Hello again! " << current_thread() << std::endl;
}

troupe::coro<void> async_main() {
  auto first = troupe::create_task(hello());
  auto second = troupe::create_task(hello());
  co_await first;
  co_await second;
}

int main() {
  troupe::run(async_main());
}
