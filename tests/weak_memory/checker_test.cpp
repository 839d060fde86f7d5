// What the checker must find: deadlocks, uses after the end.

#include "support/test.hpp"
#include "weak_memory/atomics.hpp"

#include <array>

using weak::execution;
using enum std::memory_order;

namespace {

struct shared {
  weak::atomic<int> x{0};
  weak::plain<int> data{0};
  int seen[2] = {};
};

} // namespace

TEST_CASE("weak memory: threads that wait for each other are a deadlock",
          "[litmus]") {
  auto found = weak::explore([](execution& run) {
    auto& s = run.make<shared>();
    auto& doors = run.make<std::array<weak::mutex, 2>>();
    for (std::size_t i = 0; i < 2; ++i)
      run.thread(i ? "anna" : "bert", [&s, &doors, i] {
        doors[i].lock();
        doors[1 - i].lock();
        s.data = 1;
        doors[1 - i].unlock();
        doors[i].unlock();
      });
  });
  CHECK(found.failure.rfind("deadlock: bert, anna", 0) == 0);

  found = weak::explore([](execution& run) {
    auto& s = run.make<shared>();
    run.thread("spinner", [&s] {
      while (s.x.load(relaxed) == 0)
        weak::atomics::pause();
    });
  });
  CHECK(found.failure.rfind("deadlock: spinner", 0) == 0);
}

TEST_CASE("weak memory: a spinning thread sees the store that it waits for",
          "[litmus]") {
  auto spinning = [](std::memory_order how) {
    return weak::explore([how](execution& run) {
      auto& s = run.make<shared>();
      run.thread("writer", [&s] {
        s.data = 1;
        s.x.store(1, release);
      });
      run.thread("spinner", [&s, how] {
        while (s.x.load(how) == 0)
          weak::atomics::pause();
        s.data = 2;
      });
    });
  };
  CHECK(spinning(acquire).failure.empty());
  CHECK(spinning(relaxed).failure.rfind("data race", 0) == 0);
}

TEST_CASE("weak memory: a condition wakes who sleeps", "[litmus]") {
  struct room {
    weak::mutex door;
    weak::condition changed;
    weak::plain<int> ready{0};
  };
  auto waiting = [](bool tell) {
    return weak::explore([tell](execution& run) {
      auto& r = run.make<room>();
      for (int i = 0; i < 2; ++i)
        run.thread("sleeper", [&r] {
          std::unique_lock lock{r.door};
          r.changed.wait(lock, [&r] { return r.ready > 0; });
          --r.ready;
        });
      run.thread("teller", [&r, tell] {
        for (int i = 0; i < 2; ++i) {
          std::unique_lock lock{r.door};
          ++r.ready;
          if (tell || i == 0)
            r.changed.notify_one();
        }
      });
    });
  };
  auto good = waiting(true);
  INFO(good.failure);
  CHECK(good.failure.empty());
  CHECK(good.complete);
  CHECK(waiting(false).failure.rfind("deadlock: sleeper", 0) == 0);
}

TEST_CASE("weak memory: a use after the end is found", "[litmus]") {
  struct pair {
    weak::mortal<shared> object;
    weak::atomic<int> users{2};
  };
  auto counting = [](std::memory_order how) {
    return weak::explore([how](execution& run) {
      auto& s = run.make<pair>();
      for (int i = 0; i < 2; ++i)
        run.thread(i ? "one" : "two", [&s, how, i] {
          s.object.get().seen[i] = s.object.get().x.load(relaxed);
          if (s.users.fetch_sub(1, how) == 1)
            s.object.die();
        });
    });
  };
  auto good = counting(acq_rel);
  INFO(good.failure);
  CHECK(good.failure.empty());
  CHECK(good.complete);
  CHECK(counting(acquire).failure.rfind("data race: end", 0) == 0);
  CHECK(counting(release).failure.rfind("data race: end", 0) == 0);

  auto early = weak::explore([](execution& run) {
    auto& s = run.make<pair>();
    run.thread("user", [&s] { s.object.get().x.load(relaxed); });
    run.thread("ender", [&s] { s.object.die(); });
  });
  CHECK_FALSE(early.failure.empty());
}
