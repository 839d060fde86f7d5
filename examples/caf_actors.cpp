// Actors of CAF and tasks in one program: a task asks an actor, the actor asks
// a task, and a task watches the end of an actor. Without CAF the same program
// would be tasks alone, see ping_pong.cpp; asyncio has neither.
// Prints: the adder says 42
//     the actor was told: a task squares 7 to 49
//     the adder has ended: exit_error: {reason}

#include <troupe/caf.hpp>
#include <troupe/troupe.hpp>

#include <caf/event_based_actor.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

using namespace std::chrono_literals;

// An ordinary actor of CAF, on troupe's loop.
class adder : public caf::event_based_actor {
public:
  explicit adder(caf::actor_config& config) : event_based_actor(config) {}

  caf::behavior make_behavior() override {
    return {[](int x, int y) {
      return x + y;
    }};
  }
};

// Asks a task, and tells another what the answer was.
class client : public caf::event_based_actor {
public:
  client(caf::actor_config& config, caf::actor server, troupe::actor_ref told)
    : event_based_actor(config), server_(std::move(server)),
      told_(std::move(told)) {}

  caf::behavior make_behavior() override {
    request(server_, 1s, 7).then([this](int x) {
      troupe::tell(told_, "a task squares 7 to " + std::to_string(x));
      quit();
    });
    return {[](caf::unit_t) {
    }};
  }

private:
  caf::actor server_;
  troupe::actor_ref told_;
};

troupe::coro<void> square_numbers() {
  for (;;)
    co_await troupe::receive([](int x) { return x * x; });
}

troupe::coro<void> both() {
  troupe::actor_ref sums = troupe::ref_of(troupe::spawn<adder>());
  int sum = co_await troupe::ask<int>(sums, 1s, 40, 2);
  std::cout << "the adder says " << sum << '\n';

  auto squares = troupe::create_task(square_numbers());
  troupe::spawn<client>(squares.actor(), troupe::self());
  auto told = co_await troupe::receive<std::string>();
  std::cout << "the actor was told: " << told << '\n';

  troupe::monitor(sums);
  troupe::send_exit(sums, "enough sums");
  co_await troupe::receive([](const troupe::down& x) {
    std::cout << "the adder has ended: " << to_string(x.reason) << '\n';
  });
}

int main() {
  troupe::run(both());
}
