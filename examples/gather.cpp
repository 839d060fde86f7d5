// Results of several coroutines in the order of the arguments, not of their
// ends: two seconds in all. In Python:
//     results = await asyncio.gather(phase1(), phase2())
// Prints: starting main, waiting for phases to complete, in phase1, in phase2,
//         done with phase2, done with phase1,
//         results: phase1 result, phase2 result

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

troupe::coro<std::string> phase1() {
  std::cout << "in phase1" << std::endl;
  co_await troupe::sleep(2s);
  std::cout << "done with phase1" << std::endl;
  co_return "phase1 result";
}

troupe::coro<std::string> phase2() {
  std::cout << "in phase2" << std::endl;
  co_await troupe::sleep(1s);
  std::cout << "done with phase2" << std::endl;
  co_return "phase2 result";
}

troupe::coro<void> async_main() {
  std::cout << "starting main\n"
            << "waiting for phases to complete" << std::endl;
  //! [gather]
  auto [first, second] = co_await troupe::gather(phase1(), phase2());
  //! [gather]
  std::cout << "results: " << first << ", " << second << '\n';
}

int main() {
  troupe::run(async_main());
}
