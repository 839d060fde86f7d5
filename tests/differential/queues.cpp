// Barriers and queues: who goes on, and in which turn.

#include "differential/coordination.hpp"

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

PROGRAM(119_barrier_rounds) {
  auto walk = [](char name, barrier gate, int rounds, int steps) -> coro<void> {
    for (int i = 0; i < rounds; ++i) {
      co_await turns(steps);
      print(name, "arrives", i, gate.n_waiting());
      auto place = co_await gate.wait();
      print(name, "leaves", i, place);
    }
  };
  run([&]() -> coro<void> {
    barrier gate{3};
    print(gate.parties(), gate.n_waiting(), gate.broken());
    std::vector<task<>> tasks;
    tasks.push_back(create_task(walk('a', gate, 3, 1)));
    tasks.push_back(create_task(walk('b', gate, 3, 3)));
    tasks.push_back(create_task(walk('c', gate, 3, 5)));
    co_await await_all(tasks);
    print(gate.n_waiting(), gate.broken());
  });
}

PROGRAM(120_barrier_breaks) {
  auto meet = [](char name, barrier gate) -> coro<void> {
    try {
      auto place = co_await gate.wait();
      print(name, "place", place);
    } catch (const broken_barrier_error&) {
      print(name, "broken", gate.broken());
    }
  };
  run([&]() -> coro<void> {
    barrier gate{3};
    for (std::string end : {"reset", "abort"}) {
      std::vector<task<>> tasks;
      tasks.push_back(create_task(meet('a', gate)));
      tasks.push_back(create_task(meet('b', gate)));
      co_await sleep(0s);
      print("waiting", gate.n_waiting());
      if (end == "reset")
        gate.reset();
      else
        gate.abort();
      print(end, gate.n_waiting(), gate.broken());
      co_await await_all(tasks);
    }
    co_await meet('c', gate);
    gate.reset();
    std::vector<task<>> tasks;
    for (char name : {'d', 'e', 'f'})
      tasks.push_back(create_task(meet(name, gate)));
    co_await await_all(tasks);
    print(gate.broken());
  });
}

PROGRAM(121_barrier_cancel) {
  auto meet = [](char name, barrier gate) -> coro<void> {
    try {
      co_await gate.wait();
      print(name, "met");
    } catch (const cancelled_error&) {
      print(name, "is cancelled");
    }
  };
  run([&]() -> coro<void> {
    barrier gate{3};
    std::vector<task<>> tasks;
    tasks.push_back(create_task(meet('a', gate)));
    tasks.push_back(create_task(meet('b', gate)));
    co_await sleep(0s);
    print(gate.n_waiting());
    tasks[0].cancel();
    co_await turns(2);
    print(gate.n_waiting(), gate.broken());
    tasks.push_back(create_task(meet('c', gate)));
    tasks.push_back(create_task(meet('d', gate)));
    co_await await_all(tasks);
    print(gate.n_waiting(), gate.broken());
  });
}

PROGRAM(122_queue_program) {
  auto consumer = [](int n, queue<int> q) -> coro<void> {
    print("consumer", n, "starting");
    for (;;) {
      print("consumer", n, "waiting for item");
      int item = co_await q.get();
      print("consumer", n, "has item", item);
      if (item == -1) {
        q.task_done();
        break;
      }
      co_await sleep(50ms * item);
      q.task_done();
    }
    print("consumer", n, "ending");
  };
  auto producer = [](queue<int> q, int workers) -> coro<void> {
    print("producer starting");
    for (int i = 0; i < workers * 3; ++i) {
      co_await q.put(i);
      print("producer added task", i);
    }
    print("producer adding stop signals");
    for (int i = 0; i < workers; ++i)
      co_await q.put(-1);
    print("producer waiting for queue to empty");
    co_await q.join();
    print("producer ending");
  };
  run([&]() -> coro<void> {
    queue<int> q{2};
    std::vector<task<>> tasks;
    for (int i = 0; i < 2; ++i)
      tasks.push_back(create_task(consumer(i, q)));
    tasks.push_back(create_task(producer(q, 2)));
    co_await await_all(tasks);
  });
}

PROGRAM(123_queue_producers) {
  auto produce
    = [](std::string name, queue<std::string> q, int count) -> coro<void> {
    for (int i = 0; i < count; ++i) {
      std::string item = name + std::to_string(i);
      co_await q.put(item);
      print("put", name, i);
    }
  };
  run([&]() -> coro<void> {
    queue<std::string> q{2};
    std::vector<task<>> tasks;
    for (std::string name : {"a", "b", "c"})
      tasks.push_back(create_task(produce(name, q, 3)));
    for (int turn = 0; turn < 9; ++turn) {
      co_await turns(2);
      std::string item = co_await q.get();
      print("got", item);
    }
    co_await await_all(tasks);
    print(q.qsize(), q.empty(), q.full(), q.maxsize());
  });
}

PROGRAM(124_queue_join) {
  auto worker = [](char name, queue<int> q) -> coro<void> {
    for (;;) {
      int item = co_await q.get();
      co_await turns(item % 3);
      print(name, "did", item);
      q.task_done();
    }
  };
  run([&]() -> coro<void> {
    queue<int> q;
    co_await q.join();
    for (int i = 0; i < 10; ++i)
      q.put_nowait(i);
    print(q.qsize());
    std::vector<task<>> tasks;
    for (char name : {'a', 'b', 'c'})
      tasks.push_back(create_task(worker(name, q)));
    co_await q.join();
    print("joined", q.empty());
    for (auto& each : tasks)
      each.cancel();
    co_await await_all(tasks, true);
    try {
      q.task_done();
    } catch (const error&) {
      print("too often");
    }
  });
}

PROGRAM(125_queue_cancel) {
  auto get = [](char name, queue<int> q) -> coro<void> {
    try {
      int item = co_await q.get();
      print(name, "gets", item);
    } catch (const cancelled_error&) {
      print(name, "is cancelled");
    }
  };
  auto put = [](char name, queue<int> q, int item) -> coro<void> {
    try {
      co_await q.put(item);
      print(name, "puts", item);
    } catch (const cancelled_error&) {
      print(name, "is cancelled");
    }
  };
  run([&]() -> coro<void> {
    queue<int> q{1};
    auto a = create_task(get('a', q));
    auto b = create_task(get('b', q));
    co_await sleep(0s);
    q.put_nowait(1);
    a.cancel();
    co_await a;
    print("b goes on", b.done());
    co_await b;
    q.put_nowait(2);
    std::vector<task<>> tasks;
    tasks.push_back(create_task(put('c', q, 3)));
    tasks.push_back(create_task(put('d', q, 4)));
    tasks.push_back(create_task(put('e', q, 5)));
    co_await sleep(0s);
    tasks[0].cancel();
    co_await sleep(0s);
    int item = co_await q.get();
    print("main gets", item);
    tasks[1].cancel();
    co_await sleep(0s);
    item = co_await q.get();
    print("main gets", item);
    co_await await_all(tasks);
    print(q.qsize());
  });
}

namespace {

template <class Queue>
coro<void> put_and_get() {
  Queue q;
  for (int i : {5, 2, 8, 1, 9, 3})
    co_await q.put(i);
  int first = co_await q.get();
  int second = co_await q.get();
  std::string line = text(first) + ' ' + text(second);
  q.put_nowait(4);
  q.put_nowait(0);
  while (!q.empty())
    line += ' ' + text(q.get_nowait());
  print(line);
}

} // namespace

PROGRAM(126_other_queues) {
  run([&]() -> coro<void> {
    co_await put_and_get<priority_queue<int>>();
    co_await put_and_get<lifo_queue<int>>();
    co_await put_and_get<queue<int>>();
  });
}

PROGRAM(127_queue_nowait) {
  run([&]() -> coro<void> {
    queue<int> q{2};
    for (std::string step : {"get", "put", "put", "put", "get", "get", "get"}) {
      try {
        if (step == "put") {
          q.put_nowait(static_cast<int>(q.qsize()));
          print("put", q.qsize(), q.full());
        } else {
          int item = q.get_nowait();
          print("got", item, q.empty());
        }
      } catch (const queue_empty&) {
        print("empty");
      } catch (const queue_full&) {
        print("full");
      }
    }
    co_return;
  });
}

PROGRAM(128_queue_random) {
  auto produce = [](int name, queue<int> q, numbers& random) -> coro<void> {
    for (int i = 0; i < 6; ++i) {
      co_await turns(random(3));
      co_await q.put(name * 100 + i);
      print("put", name, i);
    }
  };
  auto consume = [](queue<int> q, numbers& random) -> coro<void> {
    for (;;) {
      int item = co_await q.get();
      print("got", item);
      q.task_done();
      co_await turns(random(4));
    }
  };
  run([&]() -> coro<void> {
    for (int seed = 1; seed < 9; ++seed) {
      numbers random{seed};
      queue<int> q{seed % 4};
      auto consumer = create_task(consume(q, random));
      std::vector<task<>> producers;
      for (int i = 0; i < (seed % 4 ? 1 : 3); ++i)
        producers.push_back(create_task(produce(i, q, random)));
      co_await await_all(producers);
      co_await q.join();
      consumer.cancel();
      print("seed", seed, q.qsize());
    }
  });
}

PROGRAM(129_philosophers) {
  auto dine = [](int i, std::vector<lock> forks, int meals) -> coro<void> {
    auto low = static_cast<std::size_t>(std::min(i, (i + 1) % 5));
    auto high = static_cast<std::size_t>(std::max(i, (i + 1) % 5));
    for (int meal = 0; meal < meals; ++meal) {
      auto first = co_await forks[low].scoped();
      co_await sleep(0s);
      auto second = co_await forks[high].scoped();
      print("philosopher", i, "eats", meal);
      co_await sleep(0s);
    }
    print("philosopher", i, "leaves");
  };
  run([&]() -> coro<void> {
    std::vector<lock> forks;
    for (int i = 0; i < 5; ++i)
      forks.emplace_back();
    std::vector<task<>> tasks;
    for (int i = 0; i < 5; ++i)
      tasks.push_back(create_task(dine(i, forks, 3)));
    co_await await_all(tasks);
  });
}

PROGRAM(130_pipeline) {
  auto stage = [](std::string name, queue<int> source, queue<int> target,
                  int (*step)(int)) -> coro<void> {
    for (;;) {
      int item = co_await source.get();
      if (item < 0) {
        co_await target.put(item);
        print(name, "ends");
        co_return;
      }
      print(name, item);
      co_await target.put(step(item));
    }
  };
  run([&]() -> coro<void> {
    queue<int> a{1};
    queue<int> b{2};
    queue<int> c{1};
    std::vector<task<>> tasks;
    tasks.push_back(
      create_task(stage("double", a, b, [](int x) { return x * 2; })));
    tasks.push_back(
      create_task(stage("add", b, c, [](int x) { return x + 1; })));
    tasks.push_back(create_task([&]() -> coro<void> {
      for (int i = 0; i < 6; ++i) {
        co_await a.put(i);
        print("fed", i);
      }
      co_await a.put(-1);
    }));
    for (int item = co_await c.get(); item >= 0; item = co_await c.get())
      print("out", item);
    co_await await_all(tasks);
  });
}
