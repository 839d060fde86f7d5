// The three ways to start a coroutine. In Python:
//     asyncio.run(async_main())
//     await say("awaited")
//     task = asyncio.create_task(say("a task"))
// Prints: main runs
//         awaited runs, main goes on after it
//         a task is made
//         a task runs, main goes on after it

#include <troupe/troupe.hpp>

#include <iostream>
#include <string>

troupe::coro<void> say(std::string who) {
  std::cout << who << " runs";
  co_return;
}

troupe::coro<void> async_main() {
  std::cout << "main runs\n"; // run() started it

  co_await say("awaited");
  std::cout << ", main goes on after it\n";

  // The task begins when main next suspends, not here.
  auto task = troupe::create_task(say("a task"));
  std::cout << "a task is made\n";
  co_await task;
  std::cout << ", main goes on after it\n";
}

int main() {
  troupe::run(async_main());
}
