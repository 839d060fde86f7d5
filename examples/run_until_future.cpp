// A loop can run until a future is done; the result outlives the loop. In
// Python:
//     all_done = loop.create_future()
//     loop.call_soon(mark_done, all_done, "the result")
//     result = loop.run_until_complete(all_done)
// Prints: scheduling mark_done
//         entering event loop
//         setting future result to 'the result'
//         returned result: 'the result'
//         closing event loop
//         future result: 'the result'

#include <troupe/troupe.hpp>

#include <iomanip>
#include <iostream>
#include <string>

void mark_done(const troupe::future<std::string>& done,
               const std::string& result) {
  std::cout << "setting future result to " << std::quoted(result, '\'') << '\n';
  done.set_result(result);
}

int main() {
  auto loop = troupe::new_event_loop();
  auto all_done = loop.create_future<std::string>();

  std::cout << "scheduling mark_done\n";
  loop.call_soon(mark_done, all_done, "the result");

  std::cout << "entering event loop\n";
  auto result = loop.run_until_complete(all_done);
  std::cout << "returned result: " << std::quoted(result, '\'') << '\n';

  std::cout << "closing event loop\n";
  loop.close();
  std::cout << "future result: " << std::quoted(all_done.result(), '\'')
            << '\n';
}
