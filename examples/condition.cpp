// A condition wakes as many as it is told to, in the order of their coming. In
// Python:
//     async with condition:
//         await condition.wait()
//     async with condition:
//         condition.notify(n=2)
// Prints: 5 consumers wait; one, then two, then the remaining are triggered

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <vector>

using namespace std::chrono_literals;

troupe::coro<void> consumer(troupe::condition condition, int n) {
  {
    auto held = co_await condition.scoped();
    std::cout << "consumer " << n << " is waiting" << std::endl;
    co_await condition.wait();
    std::cout << "consumer " << n << " triggered" << std::endl;
  }
  std::cout << "ending consumer " << n << std::endl;
}

troupe::coro<void> manipulate_condition(troupe::condition condition) {
  std::cout << "starting manipulate_condition" << std::endl;
  co_await troupe::sleep(100ms); // lets the consumers begin
  for (int i = 1; i < 3; ++i) {
    {
      auto held = co_await condition.scoped();
      std::cout << "notifying " << i << " consumers" << std::endl;
      condition.notify(static_cast<std::size_t>(i));
    }
    co_await troupe::sleep(100ms);
  }
  {
    auto held = co_await condition.scoped();
    std::cout << "notifying remaining consumers" << std::endl;
    condition.notify_all();
  }
  std::cout << "ending manipulate_condition" << std::endl;
}

troupe::coro<void> async_main() {
  troupe::condition condition;
  std::vector<troupe::task<>> all;
  all.push_back(troupe::create_task(manipulate_condition(condition)));
  for (int i = 0; i < 5; ++i)
    all.push_back(troupe::create_task(consumer(condition, i)));
  co_await troupe::wait(all);
}

int main() {
  troupe::run(async_main());
}
