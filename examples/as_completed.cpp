// Results as they come, whoever began first. In Python:
//     for next_to_complete in asyncio.as_completed(phases):
//         answer = await next_to_complete
//     async for task in asyncio.as_completed(tasks): ...
// Prints: starting main, waiting for phases to complete, in phase 0 to 2,
//         done with phase 2, received answer phase 2 result, and so on down to
//         0; then the first of two: phase 4 result

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

troupe::coro<std::string> phase(int i) {
  std::cout << "in phase " << i << std::endl;
  co_await troupe::sleep(500ms - i * 100ms);
  std::cout << "done with phase " << i << std::endl;
  co_return "phase " + std::to_string(i) + " result";
}

troupe::coro<void> async_main(int num_phases) {
  std::cout << "starting main" << std::endl;
  std::vector<troupe::coro<std::string>> phases;
  for (int i = 0; i < num_phases; ++i)
    phases.push_back(phase(i));
  std::cout << "waiting for phases to complete" << std::endl;
  for (auto next : troupe::as_completed(std::move(phases))) {
    std::string answer = co_await next;
    std::cout << "received answer " << answer << std::endl;
  }

  // The other form gives the tasks themselves.
  std::vector<troupe::task<std::string>> tasks;
  for (int i = 3; i < 5; ++i)
    tasks.push_back(troupe::create_task(phase(i)));
  //! [next]
  auto line = troupe::as_completed(tasks);
  while (auto next = co_await line.next()) {
    std::cout << "the first of two: " << next->result() << std::endl;
    break;
  }
  //! [next]
}

int main() {
  troupe::run(async_main(3));
}
