// Work that would block the loop goes to threads. In Python:
//     noise = await loop.run_in_executor(None, blocking_io)
//     with ThreadPoolExecutor() as pool:
//         total = await loop.run_in_executor(pool, cpu_bound)
// Prints: default thread pool 3fa9... (100 bytes in hexadecimal)
//         custom thread pool 333333283333335000000

#include <troupe/troupe.hpp>

#include <cstdint>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>

// The sum below does not fit in 64 bits.
__extension__ typedef unsigned __int128 wide;

std::string to_string(wide x) {
  auto last = static_cast<char>('0' + static_cast<int>(x % 10));
  return x < 10 ? std::string{last} : to_string(x / 10) + last;
}

// Reading a file can block: that is no work for the loop's own thread.
std::string blocking_io() {
  std::ifstream source("/dev/urandom", std::ios::binary);
  std::string bytes(100, '\0');
  source.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

// Nor is a long calculation.
wide cpu_bound() {
  wide sum = 0;
  for (std::uint64_t i = 0; i < 10'000'000; ++i)
    sum += i * i;
  return sum;
}

std::string hex(const std::string& bytes) {
  std::ostringstream out;
  out << std::hex << std::setfill('0');
  for (unsigned char byte : bytes)
    out << std::setw(2) << static_cast<int>(byte);
  return out.str();
}

troupe::coro<void> async_main() {
  auto loop = troupe::get_running_loop();

  auto noise = co_await loop.run_in_executor(nullptr, blocking_io);
  std::cout << "default thread pool " << hex(noise) << '\n';

  troupe::thread_pool pool; // its threads are joined at the end of the scope
  auto sum = co_await loop.run_in_executor(pool, cpu_bound);
  std::cout << "custom thread pool " << to_string(sum) << '\n';
}

int main() {
  troupe::run(async_main());
}
