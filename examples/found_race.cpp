// A race that asyncio's order hides: found by running the program in many
// orders, made simple, and run again from its schedule. No Python counterpart:
// asyncio has one order only.
//
// Two tellers book on one account. Each reads the balance, asks another desk
// (an await), and writes the sum. In asyncio's order it goes well by chance.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

troupe::coro<> book(int& balance, int amount, int desks) {
  for (int i = 0; i < desks; ++i)
    co_await troupe::sleep(0s); // asks the desks
  int before = balance;
  co_await troupe::sleep(0s); // the clerk signs
  balance = before + amount;
}

troupe::coro<> two_tellers() {
  int balance = 100;
  auto rent = troupe::create_task(book(balance, -40, 1), {.name = "rent"});
  auto wage = troupe::create_task(book(balance, +70, 3), {.name = "wage"});
  co_await rent;
  co_await wage;
  troupe::test::require(balance == 130, "the balance is 130");
}

int main() {
  auto usual = troupe::test::explore(
    two_tellers, {.schedules = 1, .how = troupe::test::strategy::fifo});
  std::cout << "asyncio's order: " << (usual.ok() ? "fine" : "wrong") << '\n';

  auto found = troupe::test::explore(two_tellers);
  if (found.ok())
    return 1;
  std::cout << "other orders: wrong after " << found.found_after
            << " schedules\n\n"
            << found.found->what() << '\n';

  troupe::test::simulation again({.schedule = found.found->schedule});
  try {
    again.run(two_tellers);
  } catch (const troupe::test::failure& same) {
    std::cout << "replayed: " << (same.id == found.found->id ? "the same" : "?")
              << '\n';
  }
}
