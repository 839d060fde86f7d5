// A task awaits a future that a callback completes. In Python:
//     all_done = loop.create_future()
//     loop.call_soon(mark_done, all_done, "the result")
//     result = await all_done
// Prints: scheduling mark_done
//         setting future result to 'the result'
//         returned result: 'the result'

#include <troupe/troupe.hpp>

#include <iomanip>
#include <iostream>
#include <string>

void mark_done(const troupe::future<std::string>& done,
               const std::string& result) {
  std::cout << "setting future result to " << std::quoted(result, '\'') << '\n';
  done.set_result(result);
}

troupe::coro<void> async_main() {
  auto loop = troupe::get_running_loop();
  auto all_done = loop.create_future<std::string>();

  std::cout << "scheduling mark_done\n";
  loop.call_soon(mark_done, all_done, "the result");

  auto result = co_await all_done;
  std::cout << "returned result: " << std::quoted(result, '\'') << '\n';
}

int main() {
  troupe::run(async_main());
}
