// Calling a coroutine function runs nothing of it; a coroutine that is thrown
// away without having run is reported. In Python:
//     lost = say_hello()
//     print(lost)
//     del lost
// Prints: <coroutine object say_hello at 0x55d0c8a3e2b0>
// and to standard error that coroutine 'say_hello' was never awaited; it never
// prints hello world.

#include <troupe/troupe.hpp>

#include <iostream>

troupe::coro<void> say_hello() {
  std::cout << "hello world\n";
  co_return;
}

int main() {
  auto lost = say_hello();
  std::cout << lost << '\n';
}
