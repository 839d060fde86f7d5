// A done callback stops the loop: this is how run_until_complete works. In
// Python:
//     task = loop.create_task(compute())
//     task.add_done_callback(lambda done: loop.stop())
//     loop.run_forever()
//     print(task.result())
// Prints: computing
//         first callback: stop
//         second callback: same turn, so it still runs
//         the loop came back with 42

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

troupe::coro<int> compute() {
  std::cout << "computing\n";
  co_await troupe::sleep(10ms);
  co_return 42;
}

int main() {
  auto loop = troupe::new_event_loop();
  auto task = loop.create_task(compute());
  task.add_done_callback([loop]() mutable {
    std::cout << "first callback: stop\n";
    loop.stop();
  });
  task.add_done_callback(
    [] { std::cout << "second callback: same turn, so it still runs\n"; });

  loop.run_forever();
  std::cout << "the loop came back with " << task.result() << '\n';
  loop.close();
}
