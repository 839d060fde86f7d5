// A task that is cancelled before it begins never runs. In Python:
//     task = loop.create_task(task_func())
//     task.cancel()
//     try: await task
//     except asyncio.CancelledError: print("caught ...")
// Prints: creating task
//         canceling task
//         canceled task <Task cancelling ...>
//         caught error from canceled task

#include <troupe/troupe.hpp>

#include <iomanip>
#include <iostream>
#include <string>

troupe::coro<std::string> task_func() {
  std::cout << "in task_func\n";
  co_return "the result";
}

troupe::coro<void> async_main() {
  std::cout << "creating task\n";
  auto task = troupe::create_task(task_func());

  std::cout << "canceling task\n";
  task.cancel();
  std::cout << "canceled task " << task << '\n';

  try {
    auto result = co_await task;
    std::cout << "task result: " << std::quoted(result, '\'') << '\n';
  } catch (const troupe::cancelled_error&) {
    std::cout << "caught error from canceled task\n";
  }
}

int main() {
  troupe::run(async_main());
}
