// What a coroutine returns comes out of run_until_complete. In Python:
//     result = loop.run_until_complete(coroutine())
//     print(f"it returned: {result!r}")
// Prints: in coroutine
//         it returned: 'result'

#include <troupe/troupe.hpp>

#include <iomanip>
#include <iostream>
#include <string>

troupe::coro<std::string> coroutine() {
  std::cout << "in coroutine\n";
  co_return "result";
}

int main() {
  auto loop = troupe::new_event_loop();
  auto result = loop.run_until_complete(coroutine());
  std::cout << "it returned: " << std::quoted(result, '\'') << '\n';
  loop.close();
}
