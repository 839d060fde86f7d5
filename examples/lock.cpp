// A lock that a plain callback releases; tasks get it in the order in which
// they asked. In Python:
//     await lock.acquire()
//     loop.call_later(0.1, lock.release)
//     async with lock: ...
// Prints: lock acquired: true, both coroutines wait, callback releasing lock,
//         coro1 acquires and releases it, then coro2

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

//! [guard]
troupe::coro<void> coro1(troupe::lock lock) {
  std::cout << "coro1 waiting for the lock" << std::endl;
  {
    auto held = co_await lock.scoped();
    std::cout << "coro1 acquired lock" << std::endl;
  } // the guard releases it here
  std::cout << "coro1 released lock" << std::endl;
}
//! [guard]

troupe::coro<void> coro2(troupe::lock lock) {
  std::cout << "coro2 waiting for the lock" << std::endl;
  co_await lock.acquire();
  std::cout << "coro2 acquired lock" << std::endl;
  std::cout << "coro2 released lock" << std::endl;
  lock.release();
}

troupe::coro<void> async_main() {
  troupe::lock lock;
  std::cout << "acquiring the lock before starting coroutines" << std::endl;
  co_await lock.acquire();
  std::cout << std::boolalpha << "lock acquired: " << lock.locked()
            << std::endl;

  auto release = [lock]() mutable {
    std::cout << "callback releasing lock" << std::endl;
    lock.release();
  };
  troupe::get_running_loop().call_later(100ms, release);

  std::cout << "waiting for coroutines" << std::endl;
  auto first = troupe::create_task(coro1(lock));
  auto second = troupe::create_task(coro2(lock));
  co_await troupe::gather(first, second);
}

int main() {
  troupe::run(async_main());
}
