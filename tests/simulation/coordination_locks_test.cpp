// Locks, semaphores, conditions and events in explored orders, with a task
// cancelled at every step: nothing is lost, nothing is doubled.

#include <troupe/condition.hpp>
#include <troupe/event.hpp>
#include <troupe/lock.hpp>
#include <troupe/semaphore.hpp>

#include "simulation/injection.hpp"

#include <algorithm>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct visits {
  int inside = 0;
  int entered = 0;
};

coro<void> visit(lock door, visits& seen) {
  auto held = co_await door.scoped();
  test::require(++seen.inside == 1, "one at a time");
  ++seen.entered;
  co_await sleep(0s);
  --seen.inside;
}

// As above, without a guard.
coro<void> visit_by_hand(lock door, visits& seen) {
  co_await door.acquire();
  test::require(++seen.inside == 1, "one at a time");
  ++seen.entered;
  try {
    co_await sleep(0s);
  } catch (...) {
    --seen.inside;
    door.release();
    throw;
  }
  --seen.inside;
  door.release();
}

// A cancelled visitor leaves the count inside to its guard's scope.
coro<void> visit_shortly(lock door, visits& seen) {
  auto held = co_await door.scoped();
  test::require(seen.inside == 0, "one at a time");
  ++seen.entered;
}

template <class Visit>
coro<void> lock_program(injection where, Visit visit) {
  lock door{"door"};
  visits seen;
  std::vector<task<>> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(create_task(visit(door, seen)));
  auto strike = where.strike(all);
  int cancelled = 0;
  for (auto& each : all)
    cancelled += co_await ended_cancelled(each);
  co_await strike;
  test::require(seen.entered >= 4 - cancelled, "nobody is forgotten");
  test::require(!door.locked(), "the lock is free at the end");
  test::require(door.statistics().waiting == 0, "nobody waits at the end");
}

coro<void> release_later(lock door) {
  co_await sleep(0s);
  door.release();
}

coro<void> use_permit(semaphore permits, int& inside, int most) {
  auto held = co_await permits.scoped();
  test::require(++inside <= most, "no more than there are permits");
  struct leave {
    int& inside;
    ~leave() {
      --inside;
    }
  } left{inside};
  co_await sleep(0s);
  co_await sleep(0s);
}

coro<void> take_permit(semaphore permits, int& taken) {
  co_await permits.acquire();
  ++taken;
}

coro<void> wait_once(condition changed, int& woken) {
  auto held = co_await changed.scoped();
  co_await changed.wait();
  ++woken;
}

coro<void> notify_each(condition changed, int times) {
  for (int i = 0; i < times; ++i) {
    auto held = co_await changed.scoped();
    changed.notify();
    co_await sleep(0s);
  }
}

coro<void> take_item(condition changed, int& items, int& taken) {
  auto held = co_await changed.scoped();
  co_await changed.wait_for([&] { return items > 0; });
  --items;
  ++taken;
}

coro<void> add_item(condition changed, int& items) {
  auto held = co_await changed.scoped();
  ++items;
  changed.notify();
}

coro<void> wait_for_event(event gate, int& passed) {
  co_await gate.wait();
  ++passed;
}

} // namespace

TEST_CASE("coordination: a lock is never lost or held twice") {
  explore_cancellations(4, 12, [](injection where) {
    return lock_program(
      where, [](lock door, visits& seen) { return visit_by_hand(door, seen); });
  });
  explore_cancellations(4, 12, [](injection where) {
    return lock_program(
      where, [](lock door, visits& seen) { return visit_shortly(door, seen); });
  });
}

TEST_CASE("coordination: many visitors of a lock in any order") {
  auto found = everywhere::explore(
    []() -> coro<void> {
      lock door;
      visits seen;
      std::vector<task<>> all;
      for (int i = 0; i < 6; ++i)
        all.push_back(create_task(visit(door, seen)));
      for (auto& each : all)
        co_await each;
      test::require(seen.entered == 6);
    },
    {.schedules = 20'000});
  INFO(found.text());
  CHECK(found.ok());
}

TEST_CASE("coordination: a lock that somebody else releases") {
  explore_cancellations(2, 8, [](injection where) -> coro<void> {
    lock door;
    co_await door.acquire();
    visits seen;
    std::vector<task<>> all;
    all.push_back(create_task(visit_shortly(door, seen)));
    all.push_back(create_task(visit_shortly(door, seen)));
    auto release = create_task(release_later(door));
    auto strike = where.strike(all);
    co_await release;
    for (auto& each : all)
      co_await ended_cancelled(each);
    co_await strike;
    test::require(!door.locked());
  });
}

TEST_CASE("coordination: permits come back and are never more than there are") {
  explore_cancellations(5, 12, [](injection where) -> coro<void> {
    semaphore permits{2, "permits"};
    int inside = 0;
    std::vector<task<>> all;
    for (int i = 0; i < 5; ++i)
      all.push_back(create_task(use_permit(permits, inside, 2)));
    auto strike = where.strike(all);
    for (auto& each : all)
      co_await ended_cancelled(each);
    co_await strike;
    auto end = permits.statistics();
    test::require(end.value == 2, "all permits are back");
    test::require(end.waiting == 0, "nobody waits at the end");
  });
}

TEST_CASE("coordination: each released permit is taken once or left") {
  explore_cancellations(3, 8, [](injection where) -> coro<void> {
    semaphore permits{0, "permits"};
    int taken = 0;
    std::vector<task<>> all;
    for (int i = 0; i < 3; ++i)
      all.push_back(create_task(take_permit(permits, taken)));
    auto strike = where.strike(all);
    for (int i = 0; i < 3; ++i) {
      co_await sleep(0s);
      permits.release();
    }
    for (auto& each : all)
      co_await ended_cancelled(each);
    co_await strike;
    auto left = static_cast<int>(permits.statistics().value);
    test::require(taken + left == 3, "three permits in all");
  });
}

TEST_CASE("coordination: each notification wakes exactly one") {
  explore_cancellations(4, 14, [](injection where) -> coro<void> {
    condition changed{"changed"};
    int woken = 0;
    std::vector<task<>> all;
    for (int i = 0; i < 4; ++i)
      all.push_back(create_task(wait_once(changed, woken)));
    co_await test::eventually([&] {
      auto gone = std::count_if(all.begin(), all.end(),
                                [](const task<>& x) { return x.done(); });
      return changed.statistics().waiting + std::size_t(gone) == 4;
    });
    auto strike = where.strike(all);
    auto notify = create_task(notify_each(changed, 2));
    co_await notify;
    co_await strike;
    co_await test::wait_all_tasks_blocked();
    test::require(woken == 2, "two notifications wake two");
    {
      auto held = co_await changed.scoped();
      changed.notify_all();
    }
    for (auto& each : all)
      co_await ended_cancelled(each);
    test::require(!changed.locked(), "the lock is free at the end");
  });
}

TEST_CASE("coordination: items under a condition are all taken") {
  explore_cancellations(3, 14, [](injection where) -> coro<void> {
    condition changed{"changed"};
    int items = 0;
    int taken = 0;
    std::vector<task<>> all;
    for (int i = 0; i < 3; ++i)
      all.push_back(create_task(take_item(changed, items, taken)));
    auto strike = where.strike(all);
    for (int i = 0; i < 2; ++i) {
      auto add = create_task(add_item(changed, items));
      co_await add;
    }
    co_await strike;
    co_await test::wait_all_tasks_blocked();
    // An item is left only if nobody waits for it.
    auto waiting = changed.statistics().waiting;
    test::require(items == 0 || waiting == 0, "nobody waits beside an item");
    test::require(items + taken == 2, "two items in all");
    for (std::size_t i = 0; i < waiting; ++i) {
      auto add = create_task(add_item(changed, items));
      co_await add;
    }
    for (auto& each : all)
      co_await ended_cancelled(each);
    test::require(!changed.locked(), "the lock is free at the end");
  });
}

TEST_CASE("coordination: a pulse of an event reaches all who wait") {
  explore_cancellations(4, 6, [](injection where) -> coro<void> {
    event gate{"gate"};
    int passed = 0;
    std::vector<task<>> all;
    for (int i = 0; i < 4; ++i)
      all.push_back(create_task(wait_for_event(gate, passed)));
    auto strike = where.strike(all);
    co_await test::eventually([&] {
      std::size_t ended = 0;
      for (auto& each : all)
        ended += each.done();
      return gate.statistics().waiting + ended == 4;
    });
    gate.set();
    gate.clear();
    int cancelled = 0;
    for (auto& each : all)
      cancelled += co_await ended_cancelled(each);
    co_await strike;
    test::require(passed + cancelled == 4);
    test::require(gate.statistics().waiting == 0);
  });
}
