#pragma once

#include <troupe/remote.hpp>
#include <troupe/troupe.hpp>

#include "support/errors.hpp"

#include <chrono>
#include <string>
#include <system_error>
#include <vector>

// One of each kind of thing that can be published. Whoever takes what it offers
// leaves nothing for others: `full` is full, `door` and `seats` are for one.
struct everything {
  troupe::queue<int> empty;
  troupe::queue<int> full{1};
  troupe::lock door{"door"};
  troupe::semaphore seats{1};
  troupe::event bell;
  troupe::task<int> work = troupe::create_task(for_long());

  explicit everything(const troupe::node& here) {
    full.put_nowait(1);
    here.publish("empty", empty);
    here.publish("full", full);
    here.publish("door", door);
    here.publish("seats", seats);
    here.publish("bell", bell);
    here.publish("work", work);
    here.publish("call", for_long);
    here.publish("hello", hello);
  }

  // How many tasks of others stand in line here.
  std::size_t waiting() const {
    return empty.statistics().getting + full.statistics().putting
         + door.statistics().waiting + seats.statistics().waiting;
  }

private:
  static troupe::coro<int> for_long() {
    co_await troupe::sleep(std::chrono::hours{1});
    co_return 1;
  }

  static troupe::coro<int> hello() {
    co_return 1;
  }
};

// What a node holds of another one, and its awaits of each kind that wait
// there.
struct visitor {
  troupe::remote_lock_guard held;
  troupe::remote_semaphore_guard seat;
  std::vector<troupe::task<std::error_code>> waits;
};

template <class T>
troupe::task<std::error_code> hang(troupe::coro<T> x) {
  return troupe::create_task(error_of_await(std::move(x)));
}

// Takes what there is and then waits for everything; returns when all of it
// waits over there.
inline troupe::coro<visitor> visit_all(troupe::peer there) {
  auto empty = co_await troupe::remote<troupe::queue<int>>(there, "empty");
  auto full = co_await troupe::remote<troupe::queue<int>>(there, "full");
  auto door = co_await troupe::remote<troupe::lock>(there, "door");
  auto seats = co_await troupe::remote<troupe::semaphore>(there, "seats");
  auto bell = co_await troupe::remote<troupe::event>(there, "bell");
  auto work = co_await troupe::remote<troupe::task<int>>(there, "work");
  auto call = co_await troupe::remote<int()>(there, "call");
  auto hello = co_await troupe::remote<int()>(there, "hello");
  auto held = co_await door.scoped();
  auto seat = co_await seats.scoped();
  visitor made{std::move(held), std::move(seat), {}};
  made.waits.push_back(hang(empty.get()));
  made.waits.push_back(hang(full.put(2)));
  made.waits.push_back(hang(full.join()));
  made.waits.push_back(hang(door.scoped()));
  made.waits.push_back(hang(seats.scoped()));
  made.waits.push_back(hang(bell.wait()));
  made.waits.push_back(hang(work.result()));
  made.waits.push_back(hang(call()));
  // All is in order, so when this is answered the others have been asked.
  co_await hello();
  co_return made;
}
