// The tasks of a loop share one thread, the one that runs the loop. In Python:
//     async def hello():
//         print("Hello world!", threading.current_thread())
//         await asyncio.sleep(1)
//         print("Hello again!", threading.current_thread())
//     await asyncio.wait([create_task(hello()), create_task(hello())])
// Prints: Hello world! (main thread), twice, and a second later
//         Hello again! (main thread), twice

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

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
  std::vector<troupe::task<void>> tasks;
  for (int i = 0; i < 2; ++i)
    tasks.push_back(troupe::create_task(hello()));
  co_await troupe::wait(tasks);
}

int main() {
  troupe::run(async_main());
}
