// The smallest program with a loop object. In Python:
//     async def hello():
//         print("Hello world!")
//         await asyncio.sleep(1)
//         print("Hello again!")
//     loop = asyncio.new_event_loop()
//     loop.run_until_complete(hello())
//     loop.close()
// Prints: Hello world!
//         Hello again! (a second later; hello_again 5 makes it five)

#include <troupe/troupe.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>

troupe::coro<void> hello(std::chrono::seconds delay) {
  std::cout << "Hello world!" << std::endl;
  co_await troupe::sleep(delay);
  std::cout << "Hello again!" << std::endl;
}

int main(int argc, char** argv) {
  std::chrono::seconds delay{argc > 1 ? std::atoi(argv[1]) : 1};
  auto loop = troupe::new_event_loop();
  loop.run_until_complete(hello(delay));
  loop.close();
}
