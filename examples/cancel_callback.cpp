// call_soon and call_later give handles that can take the callback back. In
// Python:
//     loop.call_soon(say, "one")
//     two = loop.call_soon(say, "two"); two.cancel()
//     timer = loop.call_later(0.05, say, "timer"); timer.when()
// Prints: two is cancelled: true
//         timer is due in the future: true
//         one
//         three
//         timer

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

void say(const char* what) {
  std::cout << what << '\n';
}

troupe::coro<void> async_main() {
  auto loop = troupe::get_running_loop();

  // First in, first out; none of them runs inside call_soon.
  loop.call_soon(say, "one");
  auto two = loop.call_soon(say, "two");
  loop.call_soon(say, "three");
  two.cancel();
  std::cout << "two is cancelled: " << two.cancelled() << '\n';

  auto timer = loop.call_later(50ms, say, "timer");
  auto never = loop.call_later(20ms, say, "never");
  never.cancel();
  bool ahead = timer.when() > loop.time();
  std::cout << "timer is due in the future: " << ahead << '\n';

  co_await troupe::sleep(100ms);
}

int main() {
  std::cout << std::boolalpha;
  troupe::run(async_main());
}
