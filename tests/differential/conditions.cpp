// Conditions and semaphores: who goes on, and in which turn.

#include "differential/coordination.hpp"

#include <numeric>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

PROGRAM(111_condition_notify) {
  auto consumer = [](condition changed, int n) -> coro<void> {
    {
      auto held = co_await changed.scoped();
      print("consumer", n, "is waiting");
      co_await changed.wait();
      print("consumer", n, "triggered");
    }
    print("ending consumer", n);
  };
  auto manipulate = [](condition changed) -> coro<void> {
    print("starting manipulate");
    co_await sleep(1ms);
    for (std::size_t i = 1; i < 3; ++i) {
      {
        auto held = co_await changed.scoped();
        print("notifying", i, "consumers");
        changed.notify(i);
      }
      co_await sleep(1ms);
    }
    {
      auto held = co_await changed.scoped();
      print("notifying remaining consumers");
      changed.notify_all();
    }
    print("ending manipulate");
  };
  run([&]() -> coro<void> {
    condition changed;
    std::vector<task<>> tasks;
    for (int i = 0; i < 5; ++i)
      tasks.push_back(create_task(consumer(changed, i)));
    create_task(manipulate(changed));
    co_await await_all(tasks);
  });
}

PROGRAM(112_condition_predicate) {
  std::vector<int> added;
  auto sum = [&] {
    return std::accumulate(added.begin(), added.end(), 0);
  };
  auto wait = [&](char name, condition changed, int least) -> coro<void> {
    auto held = co_await changed.scoped();
    int result = co_await changed.wait_for(
      [&sum, least] { return sum() >= least ? sum() : 0; });
    print(name, "sees", result);
  };
  run([&]() -> coro<void> {
    condition changed;
    std::vector<task<>> tasks;
    tasks.push_back(create_task(wait('a', changed, 5)));
    tasks.push_back(create_task(wait('b', changed, 1)));
    tasks.push_back(create_task(wait('c', changed, 9)));
    for (int i = 1; i < 5; ++i) {
      co_await turns(2);
      auto held = co_await changed.scoped();
      added.push_back(i);
      print("added", i);
      changed.notify_all();
    }
    co_await await_all(tasks);
    print(changed.locked());
  });
}

namespace {

class buffer_of_conditions {
public:
  explicit buffer_of_conditions(std::size_t limit) : limit_(limit) {}

  coro<void> put(int item) {
    auto held = co_await lock_.scoped();
    co_await not_full_.wait_for([this] { return items_.size() < limit_; });
    items_.push_back(item);
    print("put", item, items_.size());
    not_empty_.notify();
  }

  coro<int> get() {
    auto held = co_await lock_.scoped();
    co_await not_empty_.wait_for([this] { return !items_.empty(); });
    int item = items_.front();
    items_.erase(items_.begin());
    print("get", item, items_.size());
    not_full_.notify();
    co_return item;
  }

private:
  lock lock_;
  condition not_full_{lock_};
  condition not_empty_{lock_};
  std::vector<int> items_;
  std::size_t limit_;
};

} // namespace

PROGRAM(113_condition_pair) {
  buffer_of_conditions buffer{2};
  auto produce = [&](int first) -> coro<void> {
    for (int i = first; i < first + 4; ++i)
      co_await buffer.put(i);
  };
  auto consume = [&](char name) -> coro<void> {
    for (int i = 0; i < 4; ++i) {
      int item = co_await buffer.get();
      print(name, item);
    }
  };
  run([&]() -> coro<void> {
    std::vector<task<>> tasks;
    tasks.push_back(create_task(produce(0)));
    tasks.push_back(create_task(produce(10)));
    tasks.push_back(create_task(consume('a')));
    tasks.push_back(create_task(consume('b')));
    co_await await_all(tasks);
  });
}

PROGRAM(114_condition_cancel) {
  auto wait = [](char name, condition changed) -> coro<void> {
    {
      auto held = co_await changed.scoped();
      try {
        co_await changed.wait();
        print(name, "is woken");
      } catch (const cancelled_error& e) {
        print(name, "is cancelled", e, changed.locked());
        throw;
      }
    }
    print(name, "leaves");
  };
  run([&]() -> coro<void> {
    condition changed;
    auto first = create_task(wait('a', changed));
    co_await sleep(0s);
    first.cancel("first");
    try {
      co_await first;
    } catch (const cancelled_error&) {
      print("cancelled");
    }
    auto second = create_task(wait('b', changed));
    co_await sleep(0s);
    {
      auto held = co_await changed.scoped();
      second.cancel("second");
      for (int turn = 0; turn < 3; ++turn) {
        co_await sleep(0s);
        print("turn", turn, second.done());
      }
    }
    try {
      co_await second;
    } catch (const cancelled_error&) {
      print("cancelled", changed.locked());
    }
    for (bool all : {false, true}) {
      try {
        if (all)
          changed.notify_all();
        else
          changed.notify();
      } catch (const error&) {
        print("not without the lock");
      }
    }
    try {
      co_await changed.wait();
    } catch (const error&) {
      print("not without the lock");
    }
  });
}

PROGRAM(115_semaphore_limit) {
  std::string inside;
  auto work = [&](char name, semaphore permits, int steps) -> coro<void> {
    auto held = co_await permits.scoped();
    inside += inside.empty() ? "" : " ";
    inside += name;
    print(name, "in", inside);
    co_await turns(steps);
    auto at = inside.find(name);
    inside.erase(at == 0 ? 0 : at - 1, 2);
    print(name, "out", permits.locked());
  };
  run([&]() -> coro<void> {
    semaphore permits{3};
    std::vector<task<>> tasks;
    int steps[] = {3, 1, 4, 1, 5, 2, 2, 3};
    for (int i = 0; i < 8; ++i)
      tasks.push_back(
        create_task(work(static_cast<char>('a' + i), permits, steps[i])));
    co_await await_all(tasks);
    print(permits.locked());
  });
}

PROGRAM(116_semaphore_again) {
  auto work = [](char name, semaphore permits, int rounds) -> coro<void> {
    for (int i = 0; i < rounds; ++i) {
      co_await permits.acquire();
      print(name, i);
      permits.release();
    }
  };
  run([&]() -> coro<void> {
    semaphore permits{1};
    co_await permits.acquire();
    std::vector<task<>> tasks;
    for (char name : {'a', 'b', 'c'})
      tasks.push_back(create_task(work(name, permits, 3)));
    co_await sleep(0s);
    permits.release();
    print("released", permits.locked());
    co_await await_all(tasks);
    print("end", permits.locked());
  });
}

PROGRAM(117_semaphore_cancel) {
  auto take = [](char name, semaphore permits) -> coro<void> {
    try {
      co_await permits.acquire();
      print(name, "has one");
    } catch (const cancelled_error&) {
      print(name, "is cancelled");
    }
  };
  run([&]() -> coro<void> {
    semaphore permits{0};
    std::vector<task<>> tasks;
    for (char name : {'a', 'b', 'c', 'd'})
      tasks.push_back(create_task(take(name, permits)));
    co_await sleep(0s);
    permits.release();
    tasks[0].cancel();
    print("a is cancelled, its permit is on its way");
    for (int turn = 0; turn < 3; ++turn) {
      print("turn", turn);
      co_await sleep(0s);
    }
    tasks[2].cancel();
    co_await sleep(0s);
    permits.release();
    co_await await_all(tasks);
    print(permits.locked());
  });
}

PROGRAM(118_bounded_semaphore) {
  run([&]() -> coro<void> {
    bounded_semaphore permits{2};
    for (std::string step :
         {"release", "acquire", "acquire", "release", "release", "release"}) {
      try {
        if (step == "acquire")
          co_await permits.acquire();
        else
          permits.release();
        print(step, permits.locked());
      } catch (const error&) {
        print(step, "too often", permits.locked());
      }
    }
    for (int value : {0, -1}) {
      try {
        print(semaphore{value}.locked());
      } catch (const std::invalid_argument&) {
        print("no permits below 0");
      }
    }
  });
}
