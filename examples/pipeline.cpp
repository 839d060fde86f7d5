// A pipeline of three stages with short queues between them: the slowest one
// sets the pace, and the first does not run ahead. In Python:
//     lines = asyncio.Queue(maxsize=2); results = asyncio.Queue(maxsize=2)
//     await asyncio.gather(read(lines), compute(lines, results),
//     write(results))
// Prints: 10 squares, then how many items were on their way at most

#include <troupe/troupe.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

using numbers = troupe::queue<int>;

int on_the_way = 0;
int most = 0;

troupe::coro<void> read(numbers out) {
  for (int i = 0; i < 10; ++i) {
    most = std::max(most, ++on_the_way);
    co_await out.put(i); // waits while the queue is full
  }
  out.shutdown(); // the end goes down the line
}

troupe::coro<void> compute(numbers in, numbers out) {
  try {
    for (;;) {
      int x = co_await in.get();
      co_await out.put(x * x);
    }
  } catch (const troupe::queue_shut_down&) {
    out.shutdown();
  }
}

troupe::coro<void> write(numbers in) {
  try {
    for (;;) {
      int x = co_await in.get();
      co_await troupe::sleep(2ms); // the slowest stage
      --on_the_way;
      std::cout << x << std::endl;
    }
  } catch (const troupe::queue_shut_down&) {
  }
}

troupe::coro<void> async_main() {
  numbers lines{2, "lines"};
  numbers results{2, "results"};
  co_await troupe::gather(read(lines), compute(lines, results), write(results));
  std::cout << "at most " << most << " items on the way" << std::endl;
}

int main() {
  troupe::run(async_main());
}
