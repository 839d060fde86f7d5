// A done callback gets the finished task as its last argument; what is bound
// comes in front. In Python:
//     task.add_done_callback(functools.partial(report, "anna", 1))
//     task.add_done_callback(functools.partial(report, "bert", 2))
// Prints: task is made
//         in the task
//         anna 1: 42
//         bert 2: 42
//         main: 42

#include <troupe/troupe.hpp>

#include <functional>
#include <iostream>
#include <string>

troupe::coro<int> answer() {
  std::cout << "in the task\n";
  co_return 42;
}

void report(const std::string& name, int number,
            const troupe::future<int>& done) {
  std::cout << name << ' ' << number << ": " << done.result() << '\n';
}

troupe::coro<void> async_main() {
  auto task = troupe::create_task(answer());
  std::cout << "task is made\n";

  task.add_done_callback(std::bind_front(report, "anna", 1));
  task.add_done_callback(std::bind_front(report, "bert", 2));

  // A callback that is taken back is never called.
  auto number = task.add_done_callback(std::bind_front(report, "cora", 3));
  task.remove_done_callback(number);

  int value = co_await task;
  std::cout << "main: " << value << '\n';
}

int main() {
  troupe::run(async_main());
}
