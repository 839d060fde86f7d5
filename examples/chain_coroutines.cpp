// A coroutine awaits another one: it runs inside the same task. In Python:
//     async def print_sum(x, y):
//         total = await compute(x, y)
//         print(x, "+", y, "=", total)
// Prints: Compute 1 + 2 ...
//         1 + 2 = 3 (a second later)

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

troupe::coro<int> compute(int x, int y) {
  std::cout << "Compute " << x << " + " << y << " ..." << std::endl;
  co_await troupe::sleep(1s);
  co_return x + y;
}

troupe::coro<void> print_sum(int x, int y) {
  int sum = co_await compute(x, y);
  std::cout << x << " + " << y << " = " << sum << std::endl;
}

int main() {
  troupe::run(print_sum(1, 2));
}
