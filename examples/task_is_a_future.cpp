// A task can stand wherever a future can, and so can the result of work in a
// thread: one function awaits them all. In Python:
//     async def show(name, future):
//         print(name, await future)
//     await show("task", asyncio.create_task(square(2)))
//     await show("thread", asyncio.wrap_future(pool.submit(cube, 2)))
// Prints: future 1, task 4, executor 8, thread 27

#include <troupe/troupe.hpp>

#include <iostream>
#include <string>

troupe::coro<int> square(int n) {
  co_return n* n;
}

int cube(int n) {
  return n * n * n;
}

troupe::coro<void> show(std::string name, troupe::future<int> x) {
  std::cout << name << ' ' << co_await x << '\n';
}

troupe::coro<void> async_main() {
  auto loop = troupe::get_running_loop();

  auto one = loop.create_future<int>();
  loop.call_soon([one] { one.set_result(1); });
  co_await show("future", one);

  co_await show("task", troupe::create_task(square(2)));

  troupe::thread_pool pool;
  co_await show("executor", loop.run_in_executor(pool, cube, 2));

  // What submit() gives is for threads that block; this makes it awaitable.
  co_await show("thread", troupe::wrap_future(pool.submit(cube, 3)));
}

int main() {
  troupe::run(async_main());
}
