// A task and what is seen of it before and after. In Python:
//     task = loop.create_task(task_func())
//     print("waiting for", task)
//     result = await task
//     print("task completed", task)
// Prints: creating task
//         waiting for <Task pending ...>
//         in task_func
//         task completed <Task finished ...>
//         return value: 'the result'

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

  std::cout << "waiting for " << task << '\n';
  auto result = co_await task;
  std::cout << "task completed " << task << '\n';
  std::cout << "return value: " << std::quoted(result, '\'') << '\n';
}

int main() {
  troupe::run(async_main());
}
