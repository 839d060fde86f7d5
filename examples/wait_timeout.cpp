// A timeout of wait is no error: it tells who is not done, and they are
// cancelled here. In Python:
//     completed, pending = await asyncio.wait(phases, timeout=0.1)
//     for t in pending:
//         t.cancel()
// Prints: starting main, waiting 0.1 for phases to complete, in phase 0 to 2,
//         done with phase 0, 1 completed and 2 pending, canceling tasks,
//         exiting main, phase 1 canceled, phase 2 canceled

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

troupe::coro<std::string> phase(int i) {
  std::cout << "in phase " << i << std::endl;
  try {
    co_await troupe::sleep(i * 150ms);
  } catch (const troupe::cancelled_error&) {
    std::cout << "phase " << i << " canceled" << std::endl;
    throw;
  }
  std::cout << "done with phase " << i << std::endl;
  co_return "phase " + std::to_string(i) + " result";
}

troupe::coro<void> async_main(int num_phases) {
  std::cout << "starting main" << std::endl;
  std::vector<troupe::task<std::string>> phases;
  for (int i = 0; i < num_phases; ++i)
    phases.push_back(troupe::create_task(phase(i)));
  std::cout << "waiting 0.1 for phases to complete" << std::endl;
  auto [completed, pending] = co_await troupe::wait(phases, {.timeout = 100ms});
  std::cout << completed.size() << " completed and " << pending.size()
            << " pending" << std::endl;
  if (!pending.empty()) {
    std::cout << "canceling tasks" << std::endl;
    for (const auto& each : pending)
      each.cancel();
  }
  std::cout << "exiting main" << std::endl;
}

int main() {
  troupe::run(async_main(3)); // the cancelled ones end before it returns
}
