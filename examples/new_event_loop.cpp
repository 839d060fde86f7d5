// A loop of one's own, and how a coroutine finds the loop it runs on. In
// Python:
//     loop = asyncio.new_event_loop()
//     loop.run_until_complete(look(loop))
//     loop.close()
// Prints: outside: no loop runs
//         inside: our loop runs: true
//         closed: true

#include <troupe/troupe.hpp>

#include <iostream>

void look_outside() {
  try {
    troupe::get_running_loop();
  } catch (const troupe::error& problem) {
    if (problem.code() == troupe::errc::no_running_loop)
      std::cout << "outside: no loop runs\n";
  }
}

troupe::coro<void> look_inside(troupe::event_loop expected) {
  auto loop = troupe::get_running_loop();
  bool ours = loop == expected && loop.is_running();
  std::cout << "inside: our loop runs: " << ours << '\n';
  co_return;
}

int main() {
  std::cout << std::boolalpha;
  look_outside();

  auto loop = troupe::new_event_loop();
  loop.run_until_complete(look_inside(loop));
  loop.close();
  std::cout << "closed: " << loop.is_closed() << '\n';
}
