// A gather is a future: it can be kept, and cancelling it cancels all of its
// members. wait only looks on. In Python:
//     first = asyncio.gather(*[member("first", i) for i in range(2)])
//     second = asyncio.gather(*[member("second", i) for i in range(2)])
//     first.cancel()
//     await asyncio.wait([first, second])
// Prints: first 0 begins, first 1 begins, second 0 begins, second 1 begins,
//         first 0 is cancelled, first 1 is cancelled, second 0 ends,
//         second 1 ends, first was cancelled, second has 2 results

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

troupe::coro<int> member(std::string group, int i) {
  std::string name = group + ' ' + std::to_string(i);
  std::cout << name << " begins" << std::endl;
  try {
    co_await troupe::sleep(100ms);
  } catch (const troupe::cancelled_error&) {
    std::cout << name << " is cancelled" << std::endl;
    throw;
  }
  std::cout << name << " ends" << std::endl;
  co_return i;
}

troupe::future<std::vector<int>> make_group(const std::string& name) {
  std::vector<troupe::coro<int>> members;
  for (int i = 0; i < 2; ++i)
    members.push_back(member(name, i));
  return troupe::gather(std::move(members));
}

troupe::coro<void> async_main() {
  auto first = make_group("first");
  auto second = make_group("second");
  co_await troupe::sleep(10ms);
  first.cancel();

  std::vector<troupe::future<std::vector<int>>> groups;
  groups.push_back(first);
  groups.push_back(second);
  co_await troupe::wait(groups);
  try {
    co_await first;
  } catch (const troupe::cancelled_error&) {
    std::cout << "first was cancelled" << std::endl;
  }
  std::cout << "second has " << second.result().size() << " results\n";
}

int main() {
  troupe::run(async_main());
}
