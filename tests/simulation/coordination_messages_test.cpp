// Actors of CAF and tasks at the same locks and queues, in explored orders; an
// actor may die at every step.

#include <troupe/caf.hpp>
#include <troupe/lock.hpp>
#include <troupe/queue.hpp>
#include <troupe/semaphore.hpp>

#include "simulation/injection.hpp"
#include "support/puppet.hpp"

#include <caf/send.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct visits {
  int inside = 0;
  int tasks = 0;
  int actors = 0;
};

coro<void> visit(lock door, visits& seen) {
  auto held = co_await door.scoped();
  test::require(++seen.inside == 1, "one at a time");
  co_await sleep(0s);
  --seen.inside;
  ++seen.tasks;
}

// Acquires, releases a message later, and ends.
caf::actor visitor(const caf::actor& entrance, visits& seen) {
  return play([entrance, &seen](puppet& self) {
    auto leave = [&self, &seen] {
      ++seen.actors;
      self.quit();
    };
    auto enter = [&self, &seen, entrance, leave] {
      test::require(seen.inside == 0, "one at a time");
      self.ask_for(entrance, leave, messages::release{});
    };
    self.ask_for(entrance, enter, messages::acquire{});
  });
}

coro<void> share_lock(int step) {
  lock door{"door"};
  visits seen;
  {
    caf::actor entrance = door.actor();
    caf::actor first = visitor(entrance, seen);
    auto one = create_task(visit(door, seen));
    caf::actor second = visitor(entrance, seen);
    auto two = create_task(visit(door, seen));
    co_await steps_of(step);
    caf::anon_send_exit(first, caf::exit_reason::kill);
    co_await one;
    co_await two;
  }
  co_await test::wait_all_tasks_blocked();
  test::require(seen.tasks == 2, "both tasks came in");
  test::require(seen.actors >= 1, "the actor that lives came in");
  test::require(!door.locked(), "the lock is free at the end");
  test::require(door.statistics().waiting == 0, "nobody waits at the end");
}

coro<void> share_items(int step) {
  queue<int> items{1, "items"};
  int got = 0;
  int read = 0;
  {
    caf::actor shelf = items.actor();
    caf::actor reader = play([shelf, &read](puppet& self) {
      auto take = [&read](int) {
        ++read;
      };
      self.request(shelf, caf::infinite, messages::get{}).then(take);
      self.request(shelf, caf::infinite, messages::get{}).then(take);
    });
    caf::actor writer = play([shelf](puppet& self) {
      for (int i = 0; i < 3; ++i)
        self.ask_for(shelf, [] {}, messages::put{}, i);
    });
    co_await steps_of(step);
    caf::anon_send_exit(reader, caf::exit_reason::kill);
    co_await test::wait_all_tasks_blocked();
    while (auto item = items.try_get()) {
      ++got;
      co_await test::wait_all_tasks_blocked();
    }
    caf::anon_send_exit(writer, caf::exit_reason::kill);
  }
  co_await test::wait_all_tasks_blocked();
  auto end = items.statistics();
  test::require(end.getting + end.putting == 0, "nobody waits at the end");
  // What was sent to the reader is its own, though it may have died since.
  test::require(got + read <= 3 && got >= 1, "no item twice");
  test::require(static_cast<int>(end.unfinished) == 3, "three were put");
}

template <class F>
void explore_steps(F program) {
  for (int step = 0; step <= 12; ++step) {
    INFO("step " << step);
    test::explore_options options;
    options.schedules = 400;
    options.seed = static_cast<std::uint64_t>(step) * 1'000 + 1;
    auto found
      = test::explore([&]() -> coro<void> { return program(step); }, options);
    INFO(found.text());
    REQUIRE(found.ok());
  }
}

} // namespace

TEST_CASE("coordination: actors and tasks share a lock, also if one dies") {
  explore_steps(share_lock);
}

TEST_CASE("coordination: actors and tasks share items, also if one dies") {
  explore_steps(share_items);
}

TEST_CASE("coordination: an actor that waits in vain is told by its request") {
  test::simulation sim{{.how = test::strategy::fifo}};
  std::string report;
  try {
    sim.run([]() -> coro<void> {
      lock door{"door"};
      auto held = co_await door.scoped();
      caf::actor entrance = door.actor();
      caf::actor asker = play([entrance](puppet& self) {
        self.ask_for(entrance, [] {}, messages::acquire{});
      });
      co_await future<void>::make();
    });
  } catch (const test::failure& found) {
    report = found.what();
  }
  CHECK_THAT(report, Catch::Contains("request to actor"));
  CHECK_THAT(report, Catch::Contains("by <lock 'door' locked by"));
}
