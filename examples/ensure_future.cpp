// A task can be handed on to code that awaits it without knowing what it is. In
// Python:
//     task = asyncio.ensure_future(wrapped())
//     await inner(task)
// Prints: entering event loop
//         starter: creating task
//         starter: waiting for inner
//         inner: starting
//         inner: waiting for <Task pending ...>
//         wrapped
//         inner: task returned 'result'
//         starter: inner returned

#include <troupe/troupe.hpp>

#include <iomanip>
#include <iostream>
#include <string>

troupe::coro<std::string> wrapped() {
  std::cout << "wrapped\n";
  co_return "result";
}

troupe::coro<void> inner(troupe::future<std::string> task) {
  std::cout << "inner: starting\n";
  std::cout << "inner: waiting for " << task << '\n';
  auto result = co_await task;
  std::cout << "inner: task returned " << std::quoted(result, '\'') << '\n';
}

troupe::coro<void> starter() {
  std::cout << "starter: creating task\n";
  auto task = troupe::ensure_future(wrapped());
  std::cout << "starter: waiting for inner\n";
  co_await inner(task);
  std::cout << "starter: inner returned\n";
}

int main() {
  std::cout << "entering event loop\n";
  troupe::run(starter());
}
