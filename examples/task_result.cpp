// create_task and ensure_future both give a task that holds a result. In
// Python:
//     made = asyncio.create_task(square(4))
//     ensured = asyncio.ensure_future(square(5))
//     await made; await ensured
//     print(made.result(), ensured.result())
// Prints: not done yet
//         16 25
//         a task comes back as it is: true

#include <troupe/troupe.hpp>

#include <iostream>

troupe::coro<int> square(int n) {
  co_return n* n;
}

troupe::coro<void> async_main() {
  auto made = troupe::create_task(square(4));
  auto ensured = troupe::ensure_future(square(5));

  try {
    std::cout << made.result() << '\n';
  } catch (const troupe::invalid_state_error&) {
    std::cout << "not done yet\n";
  }

  co_await made;
  co_await ensured;
  std::cout << made.result() << ' ' << ensured.result() << '\n';

  bool same = troupe::ensure_future(made) == made;
  std::cout << "a task comes back as it is: " << std::boolalpha << same << '\n';
}

int main() {
  troupe::run(async_main());
}
