// Callbacks of a future run in the order in which they were added, although the
// program ends in the turn in which the result is set. In Python:
//     all_done.add_done_callback(functools.partial(callback, n=1))
//     all_done.add_done_callback(functools.partial(callback, n=2))
//     all_done.set_result("the result")
// Prints: registering callbacks on future
//         setting result of future
//         1: future done: the result
//         2: future done: the result

#include <troupe/troupe.hpp>

#include <functional>
#include <iostream>
#include <string>

using text_future = troupe::future<std::string>;

void callback(int number, const text_future& done) {
  std::cout << number << ": future done: " << done.result() << '\n';
}

troupe::coro<void> register_callbacks(text_future all_done) {
  std::cout << "registering callbacks on future\n";
  all_done.add_done_callback(std::bind_front(callback, 1));
  all_done.add_done_callback(std::bind_front(callback, 2));
  co_return;
}

troupe::coro<void> async_main(text_future all_done) {
  co_await register_callbacks(all_done);
  std::cout << "setting result of future\n";
  all_done.set_result("the result");
}

int main() {
  auto loop = troupe::new_event_loop();
  loop.run_until_complete(async_main(loop.create_future<std::string>()));
  loop.close();
}
