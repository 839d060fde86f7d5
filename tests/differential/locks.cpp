// Locks, events and conditions: who goes on, and in which turn.

#include "differential/program.hpp"

#include <numeric>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Awaits all; prints how each ended if `told`.
coro<void> await_all(std::vector<task<>>& tasks, bool told = false) {
  for (auto& each : tasks) {
    try {
      co_await each;
      if (told)
        print("done");
    } catch (const cancelled_error&) {
      print("cancelled");
    }
  }
}

coro<void> turns(int count) {
  for (int i = 0; i < count; ++i)
    co_await sleep(0s);
}

class numbers {
public:
  explicit numbers(int seed) : seed_(seed) {}

  int operator()(int limit) {
    seed_ = (seed_ * 1'103'515'245 + 12'345) % 2'147'483'648;
    return static_cast<int>(seed_ / 65'536 % limit);
  }

private:
  long long seed_;
};

} // namespace

PROGRAM(100_lock_order) {
  auto visitor
    = [](std::string name, lock door, int visits, int stay) -> coro<void> {
    for (int visit = 0; visit < visits; ++visit) {
      auto held = co_await door.scoped();
      print(name, "in", visit);
      co_await turns(stay);
      print(name, "out", visit);
    }
  };
  run([&]() -> coro<void> {
    lock door;
    std::vector<task<>> tasks;
    tasks.push_back(create_task(visitor("a", door, 3, 1)));
    tasks.push_back(create_task(visitor("b", door, 2, 2)));
    tasks.push_back(create_task(visitor("c", door, 1, 0)));
    tasks.push_back(create_task(visitor("d", door, 2, 0)));
    co_await turns(4);
    print("cancel c", tasks[2].cancel());
    for (auto& each : tasks) {
      try {
        co_await each;
        print("main");
      } catch (const cancelled_error&) {
        print("main: cancelled");
      }
    }
  });
}

PROGRAM(101_lock_scopes) {
  auto leave = [](lock door, std::string how) -> coro<void> {
    auto held = co_await door.scoped();
    print(how, door.locked());
    if (how == "return")
      co_return;
    if (how == "raise")
      throw std::runtime_error(how);
    if (how == "sleep")
      co_await sleep(1h);
  };
  run([&]() -> coro<void> {
    lock door;
    for (std::string how : {"return", "raise", "sleep", "end"}) {
      auto child = create_task(leave(door, how));
      co_await sleep(0s);
      print("inside", door.locked());
      child.cancel();
      try {
        co_await child;
      } catch (const std::runtime_error& e) {
        print("raised", e);
      } catch (const cancelled_error&) {
        print("cancelled");
      }
      print("after", door.locked());
    }
  });
}

PROGRAM(102_lock_callback) {
  auto scoped = [](lock door) -> coro<void> {
    print("scoped waits");
    {
      auto held = co_await door.scoped();
      print("scoped acquired");
    }
    print("scoped released");
  };
  auto by_hand = [](lock door) -> coro<void> {
    print("by hand waits");
    bool got = co_await door.acquire();
    print("acquire gives", got);
    door.release();
    print("by hand released");
  };
  run([&]() -> coro<void> {
    lock door;
    co_await door.acquire();
    print("lock acquired:", door.locked());
    get_running_loop().call_later(1ms, [door]() mutable {
      print("callback releasing lock");
      door.release();
    });
    std::vector<task<>> tasks;
    tasks.push_back(create_task(scoped(door)));
    tasks.push_back(create_task(by_hand(door)));
    co_await await_all(tasks);
    print("lock acquired:", door.locked());
  });
}

PROGRAM(103_lock_turns) {
  auto take = [](std::string name, lock door) -> coro<void> {
    co_await door.acquire();
    print(name, "has it");
  };
  run([&]() -> coro<void> {
    lock door;
    co_await door.acquire();
    std::vector<task<>> tasks;
    tasks.push_back(create_task(take("a", door)));
    tasks.push_back(create_task(take("b", door)));
    for (int turn = 0; turn < 8; ++turn) {
      print("turn", turn, door.locked());
      if (turn == 2 || turn == 5) {
        door.release();
        print("released", door.locked());
      }
      co_await sleep(0s);
    }
    door.release();
    co_await await_all(tasks);
    print("end", door.locked());
  });
}

PROGRAM(104_lock_no_barging) {
  auto take = [](std::string name, lock door) -> coro<void> {
    co_await door.acquire();
    print(name, "has it");
    door.release();
  };
  run([&]() -> coro<void> {
    lock door;
    co_await door.acquire();
    auto first = create_task(take("first", door));
    co_await sleep(0s);
    auto late = create_task(take("late", door));
    door.release();
    print("main asks");
    co_await door.acquire();
    print("main has it");
    door.release();
    co_await first;
    co_await late;
    print("end");
  });
}

PROGRAM(105_lock_misuse) {
  run([&]() -> coro<void> {
    lock door;
    for (int i = 0; i < 2; ++i) {
      try {
        door.release();
      } catch (const error&) {
        print("nobody holds it");
      }
      print(door.locked());
      co_await door.acquire();
      print(door.locked());
      door.release();
    }
    co_await door.acquire();
    auto waiter = create_task([&]() -> coro<void> {
      co_await door.acquire();
      print("taken");
    });
    co_await sleep(0s);
    door.release();
    try {
      door.release();
      print("released twice");
    } catch (const error&) {
      print("on its way to somebody");
    }
    co_await waiter;
    print(door.locked());
  });
}

PROGRAM(106_lock_random) {
  auto visitor = [](char name, lock door, numbers& random) -> coro<void> {
    for (int visit = 0; visit < 5; ++visit) {
      co_await turns(random(4));
      auto held = co_await door.scoped();
      print(name, visit, random(100));
      int stay = random(3);
      co_await turns(stay);
    }
  };
  run([&]() -> coro<void> {
    for (int seed = 1; seed < 6; ++seed) {
      lock door;
      numbers random{seed};
      std::vector<task<>> tasks;
      for (char name : {'a', 'b', 'c', 'd', 'e', 'f'})
        tasks.push_back(create_task(visitor(name, door, random)));
      co_await await_all(tasks);
      print("seed", seed, door.locked());
    }
  });
}

PROGRAM(107_event_callback) {
  auto wait = [](char name, event gate) -> coro<void> {
    print(name, "waiting for event");
    bool result = co_await gate.wait();
    print(name, result);
    print(name, "triggered");
  };
  run([&]() -> coro<void> {
    event gate;
    print("event start state:", gate.is_set());
    get_running_loop().call_later(1ms, [gate]() mutable {
      print("setting event in callback");
      gate.set();
    });
    std::vector<task<>> tasks;
    tasks.push_back(create_task(wait('a', gate)));
    tasks.push_back(create_task(wait('b', gate)));
    co_await await_all(tasks);
    print("event end state:", gate.is_set());
  });
}

PROGRAM(108_event_pulse) {
  auto wait = [](char name, event gate) -> coro<void> {
    co_await gate.wait();
    print(name, "passes", gate.is_set());
  };
  run([&]() -> coro<void> {
    event gate;
    std::vector<task<>> tasks;
    tasks.push_back(create_task(wait('a', gate)));
    tasks.push_back(create_task(wait('b', gate)));
    co_await sleep(0s);
    gate.set();
    gate.clear();
    print("pulse");
    co_await turns(2);
    tasks.push_back(create_task(wait('c', gate)));
    tasks.push_back(create_task(wait('d', gate)));
    co_await sleep(0s);
    tasks.push_back(create_task(wait('e', gate)));
    gate.set();
    gate.set();
    co_await await_all(tasks);
    gate.clear();
    print("end", gate.is_set());
  });
}

PROGRAM(109_event_cancel) {
  auto wait = [](char name, event gate) -> coro<void> {
    try {
      co_await gate.wait();
      print(name, "passes");
    } catch (const cancelled_error&) {
      print(name, "is cancelled");
      throw;
    }
  };
  run([&]() -> coro<void> {
    event gate;
    std::vector<task<>> tasks;
    for (char name : {'a', 'b', 'c', 'd'})
      tasks.push_back(create_task(wait(name, gate)));
    co_await sleep(0s);
    tasks[1].cancel();
    gate.set();
    tasks[2].cancel();
    print("set");
    co_await await_all(tasks, true);
  });
}

PROGRAM(110_two_events) {
  auto player
    = [](std::string name, event mine, event other, int rounds) -> coro<void> {
    for (int i = 0; i < rounds; ++i) {
      co_await mine.wait();
      mine.clear();
      print(name, i);
      other.set();
    }
  };
  run([&]() -> coro<void> {
    event ping;
    event pong;
    auto left = create_task(player("ping", ping, pong, 4));
    auto right = create_task(player("pong", pong, ping, 4));
    ping.set();
    for (int turn = 0; !right.done(); ++turn) {
      print("turn", turn);
      co_await sleep(0s);
    }
    print(ping.is_set(), pong.is_set());
    co_await left;
  });
}

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
