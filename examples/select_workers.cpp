// select waits for several things of which one happens: a worker takes urgent
// jobs first, then others, and stops when it is told to. In Go:
//     select { case j := <-urgent: ... case j := <-jobs: ... case <-quit: ... }
// Python's asyncio has wait(FIRST_COMPLETED), where the tasks that lost have to
// be cancelled, and an item that one of them had just taken is lost.
// Prints: urgent: call the doctor, job: sweep, job: cook, nothing to do for a
//         while, urgent: fire, stopped, <channel 'usual' 1 of 4 items>

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

namespace {

using jobs = troupe::channel<std::string>;

//! [select]
troupe::coro<void> worker(jobs urgent, jobs usual, troupe::event quit) {
  for (;;) {
    auto got = co_await troupe::select(urgent.receive(), usual.receive(),
                                       quit.wait(), troupe::sleep(100ms));
    switch (got.index()) {
      case 0: // the first in order, if several are possible
        std::cout << "urgent: " << std::get<0>(got) << std::endl;
        break;
      case 1:
        std::cout << "job: " << std::get<1>(got) << std::endl;
        break;
      case 2:
        std::cout << "stopped" << std::endl;
        co_return;
      default:
        std::cout << "nothing to do for a while" << std::endl;
        co_await urgent.send("fire"); // there is room for it
    }
    if (got.index() == 0 && std::get<0>(got) == "fire")
      quit.set();
  }
}
//! [select]

troupe::coro<void> async_main() {
  jobs urgent{4, "urgent"};
  jobs usual{4, "usual"};
  troupe::event quit{"quit"};
  co_await usual.send("sweep");
  co_await usual.send("cook");
  co_await urgent.send("call the doctor");
  co_await worker(urgent, usual, quit);
  co_await usual.send("left");
  std::cout << to_string(usual) << std::endl;
}

} // namespace

int main() {
  troupe::run(async_main());
}
