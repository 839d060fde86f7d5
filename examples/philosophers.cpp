// Dining philosophers: each needs two forks. Those who take the left one first
// can starve together; those who take the lower one first cannot. In Python:
//     async with forks[left]:
//         async with forks[right]: ...
// asyncio would wait for ever. Here a simulation finds the order that goes
// wrong and says who waits for whom. Prints: the deadlock with its wait-for
// graph, then that the repaired ones are
//         right in all orders that were tried

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

constexpr int count = 3;

troupe::coro<void> dine(troupe::lock first, troupe::lock second) {
  auto one = co_await first.scoped();
  co_await troupe::sleep(0s); // reaches for the other one
  auto other = co_await second.scoped();
  co_await troupe::sleep(0s); // eats
}

troupe::coro<void> dinner(bool lower_first) {
  std::vector<troupe::lock> forks;
  for (int i = 0; i < count; ++i)
    forks.emplace_back("fork " + std::to_string(i));
  const char* names[count] = {"anna", "bert", "carl"};
  std::vector<troupe::task<>> all;
  for (int i = 0; i < count; ++i) {
    int first = i;
    int second = (i + 1) % count;
    if (lower_first && first > second)
      std::swap(first, second);
    all.push_back(troupe::create_task(dine(forks[first], forks[second]),
                                      {.name = names[i]}));
  }
  for (auto& each : all)
    co_await each;
}

int main() {
  auto wrong = troupe::test::explore([] { return dinner(false); });
  if (wrong.ok())
    return 1;
  std::cout << "left first: wrong\n\n" << wrong.found->what();

  auto right = troupe::test::explore([] { return dinner(true); });
  std::cout << "\nlower first: " << (right.ok() ? "right" : "wrong") << " in "
            << right.schedules << " orders\n";
}
