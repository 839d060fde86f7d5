// wait gives those that are done and those that are not. In Python:
//     completed, pending = await asyncio.wait(phases)
//     results = [t.result() for t in completed]
// Prints: starting main, waiting for phases to complete, in phase 0 to 2,
//         done with phase 0 to 2, results: phase 0 result, phase 1 result,
//         phase 2 result

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

troupe::coro<std::string> phase(int i) {
  std::cout << "in phase " << i << std::endl;
  co_await troupe::sleep(i * 100ms);
  std::cout << "done with phase " << i << std::endl;
  co_return "phase " + std::to_string(i) + " result";
}

troupe::coro<void> async_main(int num_phases) {
  std::cout << "starting main" << std::endl;
  std::vector<troupe::task<std::string>> phases;
  for (int i = 0; i < num_phases; ++i)
    phases.push_back(troupe::create_task(phase(i)));
  std::cout << "waiting for phases to complete" << std::endl;
  auto [completed, pending] = co_await troupe::wait(phases);
  std::cout << "results:";
  for (const auto& each : completed)
    std::cout << (each == completed.front() ? " " : ", ") << each.result();
  std::cout << '\n';
}

int main() {
  troupe::run(async_main(3));
}
