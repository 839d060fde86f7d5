// Tasks that end before the scope does; an error of one cancels the others. In
// Python:
//     async with asyncio.TaskGroup() as group:
//         one = group.create_task(double(1))
//         two = group.create_task(double(2))
//     print(one.result() + two.result())
// Prints: sum: 6, then: patience was cancelled, 1 error: no luck

#include <troupe/troupe.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>

using namespace std::chrono_literals;

troupe::coro<int> twice(int x) {
  co_await troupe::sleep(10ms);
  co_return 2 * x;
}

troupe::coro<void> patience() {
  try {
    co_await troupe::sleep(1h);
  } catch (const troupe::cancelled_error&) {
    std::cout << "patience was cancelled" << std::endl;
    throw;
  }
}

troupe::coro<void> luck() {
  co_await troupe::sleep(10ms);
  throw std::runtime_error("no luck");
}

troupe::coro<void> async_main() {
  //! [group]
  auto sum = [](troupe::task_group& group) -> troupe::coro<int> {
    auto one = group.create_task(twice(1));
    auto two = group.create_task(twice(2));
    co_return co_await one + co_await two;
  };
  int result = co_await troupe::with_task_group(sum);
  //! [group]
  std::cout << "sum: " << result << std::endl;

  auto fails = [](troupe::task_group& group) -> troupe::coro<void> {
    group.create_task(patience());
    group.create_task(luck());
    co_return;
  };
  try {
    co_await troupe::with_task_group(fails);
  } catch (const troupe::exception_group& group) {
    try {
      troupe::rethrow_unwrapped(group);
    } catch (const std::exception& problem) {
      std::cout << group.exceptions().size() << " error: " << problem.what()
                << '\n';
    }
  }
}

int main() {
  troupe::run(async_main());
}
