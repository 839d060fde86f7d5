// A coroutine runs when a loop runs it. In Python:
//     async def coroutine():
//         print("in coroutine")
//     work = coroutine()
//     try: loop.run_until_complete(work)
//     finally: loop.close()
// Prints: starting coroutine
//         entering event loop
//         in coroutine
//         closing event loop

#include <troupe/troupe.hpp>

#include <iostream>
#include <utility>

troupe::coro<void> coroutine() {
  std::cout << "in coroutine\n";
  co_return;
}

int main() {
  auto loop = troupe::new_event_loop();

  std::cout << "starting coroutine\n";
  auto work = coroutine();

  std::cout << "entering event loop\n";
  loop.run_until_complete(std::move(work));

  std::cout << "closing event loop\n";
  loop.close();
}
