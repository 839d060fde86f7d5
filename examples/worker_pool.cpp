// A pool of workers that ends gracefully: no new jobs, those that were accepted
// are done, and what hangs is cancelled after a while. In Python:
//     jobs.shutdown()  # since 3.13
//     done, pending = await asyncio.wait(workers, timeout=0.2)
//     for each in pending: each.cancel()
// Prints: seven jobs are done, one is cancelled, a late one is refused

#include <troupe/troupe.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

class worker_pool {
public:
  using job = std::function<troupe::coro<void>()>;

  explicit worker_pool(int size) {
    for (int i = 0; i < size; ++i)
      workers_.push_back(troupe::create_task(work(jobs_)));
  }

  // Waits while too many jobs are waiting.
  troupe::coro<void> submit(job what) {
    co_await jobs_.put(std::move(what));
  }

  // Returns how many workers had to be cancelled.
  troupe::coro<std::size_t> end(std::chrono::milliseconds patience) {
    jobs_.shutdown();
    troupe::wait_options limit{.timeout = patience};
    auto [done, pending] = co_await troupe::wait(workers_, limit);
    for (auto& each : pending)
      each.cancel();
    if (!pending.empty())
      co_await troupe::wait(pending);
    co_return pending.size();
  }

private:
  static troupe::coro<void> work(troupe::queue<job> jobs) {
    try {
      for (;;) {
        auto next = co_await jobs.get();
        co_await next();
      }
    } catch (const troupe::queue_shut_down&) {
    }
  }

  troupe::queue<job> jobs_{2, "jobs"};
  std::vector<troupe::task<>> workers_;
};

troupe::coro<void> print(int number) {
  co_await troupe::sleep(5ms);
  std::cout << "job " << number << " is done" << std::endl;
}

troupe::coro<void> hang() {
  co_await troupe::sleep(1h);
}

troupe::coro<void> async_main() {
  worker_pool pool{3};
  co_await pool.submit(hang);
  for (int i = 1; i <= 7; ++i) {
    worker_pool::job next = [i] {
      return print(i);
    };
    co_await pool.submit(next);
  }
  auto cancelled = co_await pool.end(200ms);
  std::cout << cancelled << " worker was cancelled" << std::endl;
  try {
    co_await pool.submit(hang);
  } catch (const troupe::queue_shut_down& refused) {
    std::cout << refused.what() << std::endl;
  }
}

int main() {
  troupe::run(async_main());
}
