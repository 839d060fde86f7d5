// One step's result goes into the next. In Python:
//     async def outer():
//         first = await phase1()
//         second = await phase2(first)
//         return first, second
// Prints: in outer
//         waiting for result1
//         in phase1
//         waiting for result2
//         in phase2
//         return value: ('result1', 'result2 derived from result1')

#include <troupe/troupe.hpp>

#include <iomanip>
#include <iostream>
#include <string>
#include <tuple>

troupe::coro<std::string> phase1() {
  std::cout << "in phase1\n";
  co_return "result1";
}

troupe::coro<std::string> phase2(std::string before) {
  std::cout << "in phase2\n";
  co_return "result2 derived from " + before;
}

troupe::coro<std::tuple<std::string, std::string>> outer() {
  std::cout << "in outer\nwaiting for result1\n";
  auto first = co_await phase1();
  std::cout << "waiting for result2\n";
  auto second = co_await phase2(first);
  co_return std::tuple(first, second);
}

int main() {
  auto [first, second] = troupe::run(outer());
  std::cout << "return value: (" << std::quoted(first, '\'') << ", "
            << std::quoted(second, '\'') << ")\n";
}
