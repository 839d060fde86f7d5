// Locks and events: who goes on, and in which turn.

#include "differential/coordination.hpp"

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

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
