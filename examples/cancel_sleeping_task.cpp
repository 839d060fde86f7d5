// Cancelling throws at the await where the task stands; the task may clean up
// and passes it on. In Python:
//     try: await asyncio.sleep(1)
//     except asyncio.CancelledError:
//         print("task_func was canceled")
//         raise
// Prints: creating task
//         in task_func, sleeping
//         in task_canceller
//         canceled the task
//         task_func was canceled
//         main() also sees task as canceled

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

//! [cancel]
troupe::coro<std::string> task_func() {
  std::cout << "in task_func, sleeping\n";
  try {
    co_await troupe::sleep(1s);
  } catch (const troupe::cancelled_error&) {
    std::cout << "task_func was canceled\n";
    throw;
  }
  co_return "the result";
}
//! [cancel]

void task_canceller(const troupe::any_task& task) {
  std::cout << "in task_canceller\n";
  task.cancel();
  std::cout << "canceled the task\n";
}

troupe::coro<void> async_main() {
  std::cout << "creating task\n";
  auto task = troupe::create_task(task_func());

  // The task was made first, so it is asleep when the callback runs.
  troupe::get_running_loop().call_soon(task_canceller, task);
  try {
    co_await task;
  } catch (const troupe::cancelled_error&) {
    std::cout << "main() also sees task as canceled\n";
  }
}

int main() {
  troupe::run(async_main());
}
