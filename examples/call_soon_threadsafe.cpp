// Another thread completes a future: it wakes the loop, and the callback runs
// on the loop's thread. In Python:
//     def worker():
//         loop.call_soon_threadsafe(complete, answer)
//     threading.Thread(target=worker).start()
//     print(await answer)
// Prints: main: waiting
//         callback on the loop's thread: true
//         main: 42

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

const auto loop_thread = std::this_thread::get_id();

void complete(const troupe::future<int>& answer) {
  bool at_home = std::this_thread::get_id() == loop_thread;
  std::cout << "callback on the loop's thread: " << at_home << '\n';
  answer.set_result(42);
}

void worker(troupe::event_loop loop, const troupe::future<int>& answer) {
  std::this_thread::sleep_for(50ms);
  loop.call_soon_threadsafe(complete, answer);
}

troupe::coro<void> async_main() {
  auto loop = troupe::get_running_loop();
  auto answer = loop.create_future<int>();

  std::jthread other(worker, loop, answer);
  std::cout << "main: waiting\n";
  int value = co_await answer;
  std::cout << "main: " << value << '\n';
}

int main() {
  std::cout << std::boolalpha;
  troupe::run(async_main());
}
