// A bounded queue between one producer and two consumers, who stop at an end
// mark. In Python:
//     q = asyncio.Queue(maxsize=2)
//     await q.put(i); item = await q.get(); q.task_done(); await q.join()
// Prints: 30 lines; the producer waits whenever two items are in the queue

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <vector>

using namespace std::chrono_literals;

using items = troupe::queue<std::optional<int>>; // an empty one: stop

troupe::coro<void> consumer(int n, items q) {
  std::cout << "consumer " << n << ": starting" << std::endl;
  for (;;) {
    std::cout << "consumer " << n << ": waiting for item" << std::endl;
    auto item = co_await q.get();
    if (!item)
      break;
    std::cout << "consumer " << n << ": has item " << *item << std::endl;
    co_await troupe::sleep(*item * 10ms);
    q.task_done();
  }
  std::cout << "consumer " << n << ": has item None" << std::endl;
  q.task_done();
  std::cout << "consumer " << n << ": ending" << std::endl;
}

troupe::coro<void> producer(items q, int num_workers) {
  std::cout << "producer: starting" << std::endl;
  for (int i = 0; i < num_workers * 3; ++i) {
    co_await q.put(i);
    std::cout << "producer: added task " << i << " to the queue" << std::endl;
  }
  std::cout << "producer: adding stop signals to the queue" << std::endl;
  for (int i = 0; i < num_workers; ++i)
    co_await q.put(std::nullopt);
  std::cout << "producer: waiting for queue to empty" << std::endl;
  co_await q.join();
  std::cout << "producer: ending" << std::endl;
}

troupe::coro<void> async_main(int num_consumers) {
  items q{num_consumers}; // so the producer waits until items are taken
  std::vector<troupe::task<>> all;
  for (int i = 0; i < num_consumers; ++i)
    all.push_back(troupe::create_task(consumer(i, q)));
  all.push_back(troupe::create_task(producer(q, num_consumers)));
  co_await troupe::wait(all);
}

int main() {
  troupe::run(async_main(2));
}
