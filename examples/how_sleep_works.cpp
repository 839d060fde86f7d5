// A sleep is a future, and a timer that completes it. In Python:
//     async def nap(delay):
//         woken = loop.create_future()
//         timer = loop.call_later(delay, woken.set_result, None)
//         try: await woken
//         finally: timer.cancel()
// Prints: anna naps
//         bert naps
//         bert is awake
//         anna is awake

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

using namespace std::chrono_literals;

// Takes a timer back at the end of a scope, however that ends.
struct timer_scope {
  explicit timer_scope(troupe::timer_handle made) : timer(std::move(made)) {}

  timer_scope(const timer_scope&) = delete;
  timer_scope& operator=(const timer_scope&) = delete;

  ~timer_scope() {
    timer.cancel();
  }

  troupe::timer_handle timer;
};

// Suspends only the task that awaits it.
troupe::coro<void> nap(std::chrono::milliseconds delay) {
  auto loop = troupe::get_running_loop();
  auto woken = loop.create_future();
  timer_scope timer(loop.call_later(delay, [woken] { woken.set_result(); }));
  co_await woken;
}

troupe::coro<void> sleeper(std::string name, std::chrono::milliseconds delay) {
  std::cout << name << " naps\n";
  co_await nap(delay);
  std::cout << name << " is awake\n";
}

troupe::coro<void> async_main() {
  auto anna = troupe::create_task(sleeper("anna", 200ms));
  auto bert = troupe::create_task(sleeper("bert", 100ms));
  co_await anna;
  co_await bert;
}

int main() {
  troupe::run(async_main());
}
