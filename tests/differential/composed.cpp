// Larger programs: primitives that are made of futures, and random steps.

#include "differential/program.hpp"

#include <algorithm>
#include <deque>
#include <optional>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

PROGRAM(79_ping_pong) {
  using ball_future = future<int>;
  auto player = [](std::string name, ball_future& mine, ball_future& others,
                   int rallies) -> coro<std::string> {
    auto loop = get_running_loop();
    for (int i = 0; i < rallies; ++i) {
      int ball = co_await mine;
      mine = loop.create_future<int>();
      print(name, ball);
      others.set_result(ball + 1);
    }
    co_return name;
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    auto left = loop.create_future<int>();
    auto right = loop.create_future<int>();
    auto ping = create_task(player("ping", left, right, 6));
    auto pong = create_task(player("pong", right, left, 6));
    left.set_result(0);
    int turns = 0;
    while (!pong.done()) {
      print("turn", turns);
      ++turns;
      co_await sleep(0s);
    }
    auto from_ping = co_await ping;
    auto from_pong = co_await pong;
    int ball = co_await left;
    print(from_ping, from_pong, ball);
  });
}

namespace {

template <class Line>
void take_out(Line& line, const any_future& x) {
  line.erase(std::find(line.begin(), line.end(), x));
}

class lock_of_futures {
public:
  coro<void> acquire(std::string name) {
    bool all_cancelled = std::all_of(line_.begin(), line_.end(),
                                     [](auto& x) { return x.cancelled(); });
    if (!locked_ && all_cancelled) {
      locked_ = true;
      print(name, "finds it free");
      co_return;
    }
    auto x = get_running_loop().create_future();
    line_.push_back(x);
    try {
      try {
        co_await x;
      } catch (...) {
        take_out(line_, x);
        throw;
      }
      take_out(line_, x);
    } catch (const cancelled_error&) {
      print(name, "leaves the line");
      if (!locked_)
        wake();
      throw;
    }
    locked_ = true;
  }

  void release() {
    locked_ = false;
    wake();
  }

private:
  void wake() {
    if (!line_.empty() && !line_.front().done())
      line_.front().set_result();
  }

  std::deque<future<>> line_;
  bool locked_ = false;
};

} // namespace

PROGRAM(80_lock_of_futures) {
  lock_of_futures lock;
  auto visitor = [&](std::string name, int visits, int stay) -> coro<void> {
    for (int visit = 0; visit < visits; ++visit) {
      co_await lock.acquire(name);
      print(name, "in", visit);
      for (int i = 0; i < stay; ++i)
        co_await sleep(0s);
      print(name, "out", visit);
      lock.release();
    }
  };
  run([&]() -> coro<void> {
    std::vector<task<>> tasks;
    tasks.push_back(create_task(visitor("a", 3, 1)));
    tasks.push_back(create_task(visitor("b", 2, 2)));
    tasks.push_back(create_task(visitor("c", 1, 0)));
    tasks.push_back(create_task(visitor("d", 2, 0)));
    for (int i = 0; i < 4; ++i)
      co_await sleep(0s);
    print("cancel c", tasks[2].cancel());
    for (auto& t : tasks) {
      try {
        co_await t;
        print("main");
      } catch (const cancelled_error&) {
        print("main: cancelled");
      }
    }
  });
}

namespace {

class queue_of_futures {
public:
  explicit queue_of_futures(std::size_t limit) : limit_(limit) {}

  coro<void> put(std::string item) {
    while (items_.size() >= limit_)
      co_await wait(putters_);
    items_.push_back(item);
    wake(getters_);
  }

  coro<std::string> get() {
    while (items_.empty())
      co_await wait(getters_);
    auto item = items_.front();
    items_.pop_front();
    wake(putters_);
    co_return item;
  }

private:
  using line = std::deque<future<>>;

  static void wake(line& waiting) {
    while (!waiting.empty()) {
      auto x = waiting.front();
      waiting.pop_front();
      if (!x.done()) {
        x.set_result();
        break;
      }
    }
  }

  static coro<void> wait(line& waiting) {
    auto x = get_running_loop().create_future();
    waiting.push_back(x);
    co_await x;
  }

  std::size_t limit_;
  std::deque<std::string> items_;
  line getters_;
  line putters_;
};

} // namespace

PROGRAM(81_queue_of_futures) {
  queue_of_futures queue{2};
  auto producer = [&](std::string name, int count) -> coro<void> {
    for (int i = 0; i < count; ++i) {
      co_await queue.put(name + std::to_string(i));
      print(name, "put", i);
    }
    print(name, "ends");
  };
  auto consumer = [&](std::string name, int pause) -> coro<void> {
    for (;;) {
      auto item = co_await queue.get();
      print(name, "got", item);
      if (item == "stop")
        co_return;
      for (int i = 0; i < pause; ++i)
        co_await sleep(0s);
    }
  };
  run([&]() -> coro<void> {
    auto x = create_task(producer("x", 5));
    auto y = create_task(producer("y", 4));
    auto one = create_task(consumer("one", 0));
    auto two = create_task(consumer("two", 2));
    co_await x;
    co_await y;
    co_await queue.put("stop");
    co_await queue.put("stop");
    co_await one;
    print("main");
    co_await two;
    print("main");
  });
}

namespace {

class event_of_futures {
public:
  void set() {
    value = true;
    for (auto& x : waiters)
      if (!x.done())
        x.set_result();
  }

  void clear() {
    value = false;
  }

  coro<void> wait() {
    if (value)
      co_return;
    auto x = get_running_loop().create_future();
    waiters.push_back(x);
    struct leaving {
      event_of_futures& home;
      future<>& x;
      ~leaving() {
        take_out(home.waiters, x);
      }
    } end{*this, x};
    co_await x;
  }

  std::vector<future<>> waiters;
  bool value = false;
};

} // namespace

PROGRAM(82_event_of_futures) {
  event_of_futures event;
  auto waiter = [&](std::string name, int times) -> coro<void> {
    for (int i = 0; i < times; ++i) {
      co_await event.wait();
      print(name, i, event.value, event.waiters.size());
      co_await sleep(0s);
    }
  };
  run([&]() -> coro<void> {
    std::vector<task<>> tasks;
    for (int i = 0; i < 3; ++i)
      tasks.push_back(create_task(waiter("w" + std::to_string(i), 3)));
    co_await sleep(0s);
    event.set();
    event.clear();
    print("set and cleared");
    co_await sleep(0s);
    co_await sleep(0s);
    print("waiting", event.waiters.size());
    tasks[1].cancel();
    event.set();
    for (int turn = 0; turn < 4; ++turn) {
      print("turn", turn,
            std::count_if(tasks.begin(), tasks.end(),
                          [](const auto& t) { return t.done(); }));
      co_await sleep(0s);
    }
    print(tasks[1].cancelled());
  });
}

PROGRAM(83_token_ring) {
  std::vector<future<int>> ring;
  auto member = [&](int i, int laps) -> coro<int> {
    auto loop = get_running_loop();
    auto following = (i + 1) % ring.size();
    for (int lap = 0; lap < laps; ++lap) {
      int token = co_await ring[i];
      ring[i] = loop.create_future<int>();
      if (token % 7 == 0)
        print("member", i, "lap", lap, "token", token);
      ring[following].set_result(token + 1);
    }
    co_return i;
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    for (int i = 0; i < 20; ++i)
      ring.push_back(loop.create_future<int>());
    std::vector<task<int>> tasks;
    for (int i = 0; i < 20; ++i)
      tasks.push_back(create_task(member(i, 4)));
    ring[0].set_result(0);
    int turns = 0;
    while (!tasks.back().done()) {
      ++turns;
      co_await sleep(0s);
    }
    print("turns", turns);
    print("token", co_await ring[0]);
    int sum = 0;
    for (auto& t : tasks)
      sum += co_await t;
    print(sum);
  });
}

namespace {

// Holds one value: put waits until it is empty, get until it is full.
class slot {
public:
  using value_type = std::optional<int>;

  slot() {
    empty_.set_result();
  }

  coro<void> put(value_type value) {
    co_await empty_;
    empty_ = get_running_loop().create_future();
    full_.set_result(value);
  }

  coro<value_type> get() {
    auto value = co_await full_;
    full_ = get_running_loop().create_future<value_type>();
    empty_.set_result();
    co_return value;
  }

private:
  future<value_type> full_ = get_running_loop().create_future<value_type>();
  future<> empty_ = get_running_loop().create_future();
};

coro<void> source(int count, slot& out) {
  for (int i = 0; i < count; ++i) {
    co_await out.put(i);
    print("source", i);
  }
  co_await out.put(std::nullopt);
}

coro<void> square(slot& into, slot& out) {
  while (auto value = co_await into.get()) {
    print("square", *value);
    co_await out.put(*value * *value);
  }
  co_await out.put(std::nullopt);
}

coro<int> total(slot& into) {
  int result = 0;
  while (auto value = co_await into.get()) {
    result += *value;
    print("total", result);
  }
  co_return result;
}

} // namespace

PROGRAM(84_pipeline) {
  run([]() -> coro<void> {
    slot a;
    slot b;
    auto last = create_task(total(b));
    create_task(source(6, a));
    create_task(square(a, b));
    print("result", co_await last);
    print("left", all_tasks().size());
  });
}

namespace {

class semaphore_of_futures {
public:
  explicit semaphore_of_futures(int start) : value(start) {}

  coro<void> acquire() {
    if (value > 0 && line.empty()) {
      --value;
      co_return;
    }
    auto x = get_running_loop().create_future();
    line.push_back(x);
    try {
      co_await x;
    } catch (const cancelled_error&) {
      if (std::find(line.begin(), line.end(), x) != line.end())
        take_out(line, x);
      if (x.done() && !x.cancelled())
        release();
      throw;
    }
  }

  void release() {
    while (!line.empty()) {
      auto x = line.front();
      line.pop_front();
      if (!x.done()) {
        x.set_result();
        return;
      }
    }
    ++value;
  }

  int value;
  std::deque<future<>> line;
};

} // namespace

PROGRAM(85_semaphore_of_futures) {
  semaphore_of_futures semaphore{2};
  std::vector<int> inside;
  auto worker = [&](int i) -> coro<int> {
    try {
      co_await semaphore.acquire();
    } catch (const cancelled_error&) {
      print(i, "gives up");
      throw;
    }
    inside.push_back(i);
    print(i, "inside with", inside.size());
    for (int n = 0; n < 1 + i % 3; ++n)
      co_await sleep(0s);
    inside.erase(std::find(inside.begin(), inside.end(), i));
    semaphore.release();
    print(i, "leaves");
    co_return i;
  };
  run([&]() -> coro<void> {
    auto loop = get_running_loop();
    std::vector<task<int>> tasks;
    for (int i = 0; i < 8; ++i)
      tasks.push_back(create_task(worker(i)));
    loop.call_soon([t = tasks[5]] { t.cancel(); });
    loop.call_later(-1s, [t = tasks[3]] { t.cancel(); });
    loop.call_soon([loop, t = tasks[2]]() mutable {
      loop.call_soon(
        [loop, t]() mutable { loop.call_soon([t] { t.cancel(); }); });
    });
    int sum = 0;
    for (auto& t : tasks) {
      try {
        sum += co_await t;
      } catch (const cancelled_error&) {
        print("one is missing");
      }
    }
    print(sum, semaphore.value, semaphore.line.size());
  });
}

namespace {

class world {
public:
  static constexpr int count = 20;

  explicit world(std::uint64_t seed) : seed_(seed), tasks(count) {
    for (int i = 0; i < 6; ++i)
      futures_.push_back(get_running_loop().create_future<int>());
  }

  int number(int below) {
    seed_ = (seed_ * 1103515245 + 12345) % 2147483648;
    return static_cast<int>(seed_ / 65536 % static_cast<unsigned>(below));
  }

  void start(int k) {
    tasks[k] = create_task(go(k, 0), "t" + std::to_string(k));
    if (number(3) == 0)
      tasks[k].add_done_callback(
        [k](const future<int>& t) { print("done", k, t.cancelled()); });
  }

private:
  // -- steps ------------------------------------------------------------------

  coro<int> go(int i, int depth) {
    int steps = 2 + number(12);
    for (int n = 0; n < steps; ++n) {
      --left;
      if (left < 0)
        break;
      print(i, depth, n);
      co_await step(i, depth);
    }
    co_return i * 100 + depth;
  }

  coro<void> step(int i, int depth) {
    int what = number(14);
    if (what < 4) {
      int turns = 1 + number(3);
      for (int n = 0; n < turns; ++n)
        co_await sleep(0s);
    } else if (what == 4) {
      co_await sleep(shortest);
    } else if (what < 7) {
      co_await wait(i);
    } else if (what < 9) {
      complete(i);
    } else if (what == 9) {
      cancel(i);
    } else if (what == 10) {
      callbacks(i);
    } else if (what == 11) {
      co_await join(i);
    } else if (what == 12 && depth < 5) {
      int got = co_await go(i, depth + 1);
      print(i, "calls", got);
    } else {
      co_await restart(i);
    }
  }

  coro<void> wait(int i) {
    int f = number(static_cast<int>(futures_.size()));
    bool pause = false;
    try {
      print(i, "awaits", f);
      int got = co_await futures_[f];
      print(i, "got", got);
    } catch (const cancelled_error& e) {
      int asked = current_task().cancelling();
      if (e.message().empty())
        print(i, "was cut", asked);
      else
        print(i, "was cut", e, asked);
      if (number(3) == 0)
        throw;
      pause = number(2) == 0;
    } catch (const std::invalid_argument& e) {
      print(i, "caught", e);
    }
    if (pause) {
      co_await sleep(0s);
      print(i, "goes on");
    }
  }

  void complete(int i) {
    int f = number(static_cast<int>(futures_.size()));
    auto x = futures_[f];
    auto by = "by " + std::to_string(i);
    if (x.done()) {
      print(i, "renews", f);
      if (!x.cancelled())
        x.exception();
      futures_[f] = get_running_loop().create_future<int>();
    } else if (number(4) == 0) {
      print(i, "fails", f);
      x.set_exception(std::invalid_argument(by));
    } else if (number(5) == 0) {
      print(i, "cancels future", f, x.cancel("f " + by));
    } else {
      print(i, "sets", f);
      x.set_result(i);
    }
  }

  void cancel(int i) {
    int k = number(count);
    if (tasks[k] && k != i) {
      bool asked = tasks[k].cancel("by " + std::to_string(i));
      print(i, "cancels", k, asked, tasks[k].cancelling());
    }
  }

  void callbacks(int i) {
    int f = number(static_cast<int>(futures_.size()));
    int n = number(1000);
    print(i, "adds", n, "to", f);
    auto call = [this, n] {
      called(n);
    };
    futures_[f].add_done_callback(call);
    if (n % 3 == 0)
      get_running_loop().call_soon(call);
    else if (n % 3 == 1)
      get_running_loop().call_later(std::chrono::seconds{-1 - n}, call);
  }

  void called(int n) {
    print("callback", n);
    if (n % 5 == 0)
      complete(n);
    else if (n % 7 == 0)
      cancel(-1);
  }

  coro<void> join(int i) {
    int k = number(count);
    // Only upwards: a circle of tasks would never end.
    if (!tasks[k] || k <= i)
      co_return;
    try {
      print(i, "joins", k);
      int got = co_await tasks[k];
      print(i, "joined", k, got);
    } catch (const cancelled_error&) {
      print(i, "found", k, tasks[k].cancelled());
      if (!tasks[k].cancelled())
        throw;
    }
  }

  coro<void> restart(int i) {
    int k = number(count);
    if (!tasks[k] || tasks[k].done()) {
      print(i, "starts", k);
      start(k);
    }
    if (number(2))
      co_await sleep(0s);
  }

  std::uint64_t seed_;
  std::vector<future<int>> futures_;

public:
  int left = 1500;
  std::vector<task<int>> tasks;
};

} // namespace

PROGRAM(86_random_steps) {
  std::optional<world> here;
  run([&]() -> coro<void> {
    auto& w = here.emplace(std::stoull(args.at(0)));
    for (int k = 0; k < world::count; ++k)
      if (w.number(4))
        w.start(k);
    for (int turn = 0; turn < 400; ++turn) {
      if (turn % 10 == 9) {
        std::vector<int> left;
        std::string words = "turn " + std::to_string(turn) + " left";
        for (int k = 0; k < world::count; ++k)
          if (w.tasks[k] && !w.tasks[k].done()) {
            left.push_back(k);
            words += " " + std::to_string(k);
          }
        print(words);
        if (left.empty())
          break;
        if (turn >= 99) {
          w.left = 0;
          for (int k : left)
            w.tasks[k].cancel("the end");
        }
      }
      co_await sleep(0s);
    }
    for (int k = 0; k < world::count; ++k)
      if (const auto& t = w.tasks[k])
        print(k, t.done(), t.cancelled(), t.cancelling());
  });
}
