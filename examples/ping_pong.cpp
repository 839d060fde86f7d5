// Two tasks that talk by messages: one asks and is answered, then both send a
// ball to and fro. asyncio has no mailboxes; there one writes a queue for each
// direction, and a future for each answer:
//     answers = asyncio.get_running_loop().create_future()
//     await questions.put(("how far", answers)); print(await answers)
// Prints: 3 rounds
//     ping 1, pong 1, ping 2, pong 2, ping 3, pong 3
//     the wall takes no rackets: ask of wall: no answer for 0.010 s
//     gone: ask of wall, which has ended: a normal end

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

struct ball {
  troupe::actor_ref from;
  int round;
};

// Answers a question, then sends balls back.
troupe::coro<void> wall(int rounds) {
  co_await troupe::receive([&](const std::string& question) {
    return std::to_string(rounds) + ' ' + question;
  });
  for (int i = 0; i < rounds; ++i)
    co_await troupe::receive([](const ball& x) { tell(x.from, x.round); });
  co_await troupe::sleep(50ms); // what comes now stays in the mailbox
}

troupe::coro<void> play() {
  auto other = troupe::create_task(wall(3), "wall");
  auto rules = co_await troupe::ask<std::string>(other, 1s, "rounds");
  std::cout << rules << '\n';

  for (int round = 1; round <= 3; ++round) {
    troupe::tell(other, ball{troupe::self(), round});
    int back = co_await troupe::receive<int>();
    std::cout << (round > 1 ? ", " : "") << "ping " << round << ", pong "
              << back;
  }
  std::cout << '\n';

  try {
    co_await troupe::ask(other, 10ms, "a racket");
  } catch (const troupe::timeout_error& problem) {
    std::cout << "the wall takes no rackets: " << problem.what() << '\n';
  }
  co_await other;
  try {
    co_await troupe::ask(other, 10ms, "a racket");
  } catch (const troupe::actor_ended_error& problem) {
    std::cout << "gone: " << problem.what() << '\n';
  }
}

int main() {
  troupe::run(play());
}
