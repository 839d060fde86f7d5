// Scenarios: futures, their callbacks, and what is built of them.

#include "simulation/scenarios.hpp"

#include <deque>
#include <stdexcept>

using namespace troupe;
using namespace scenarios;
using namespace std::chrono_literals;
using test::require;

namespace {

coro<void> add_value(future<int> x, int& sum) {
  sum += co_await x;
}

coro<void> try_to_set(future<int> x, int value, int& wins) {
  co_await sleep(0s);
  try {
    x.set_result(value);
    ++wins;
  } catch (const invalid_state_error&) {
  }
}

// A queue in asyncio's manner.
class int_queue {
public:
  coro<int> get() {
    while (items_.empty()) {
      auto turn = future<void>::make();
      line_.push_back(turn);
      try {
        co_await turn;
      } catch (const cancelled_error&) {
        std::erase(line_, turn);
        if (turn.done() && !turn.cancelled())
          wake();
        throw;
      }
    }
    int item = items_.front();
    items_.pop_front();
    co_return item;
  }

  void put(int item) {
    items_.push_back(item);
    wake();
  }

private:
  void wake() {
    while (!line_.empty()) {
      auto next = line_.front();
      line_.pop_front();
      if (next.done())
        continue;
      next.set_result();
      return;
    }
  }

  std::deque<int> items_;
  std::deque<future<void>> line_;
};

coro<void> take_into(int_queue& queue, int count, int& sum) {
  for (int i = 0; i < count; ++i)
    sum += co_await queue.get();
}

coro<void> put_all(int_queue& queue, int first, int count) {
  for (int i = 0; i < count; ++i) {
    queue.put(first + i);
    co_await sleep(0s);
  }
}

} // namespace

TEST_CASE("scenario: all who wait for a future go on", "[explore]") {
  explore_all([]() -> coro<void> {
    int sum = 0;
    auto x = future<int>::make();
    std::vector<task<void>> waiters;
    for (int i = 0; i < 4; ++i)
      waiters.push_back(create_task(add_value(x, sum)));
    co_await spin(1);
    x.set_result(5);
    for (auto& each : waiters)
      co_await each;
    require(sum == 20);
  });
}

TEST_CASE("scenario: one of those who set a future wins", "[explore]") {
  explore_all([]() -> coro<void> {
    int wins = 0;
    auto x = future<int>::make();
    auto a = create_task(try_to_set(x, 1, wins));
    auto b = create_task(try_to_set(x, 2, wins));
    auto c = create_task(try_to_set(x, 3, wins));
    int got = co_await x;
    co_await a;
    co_await b;
    co_await c;
    require(wins == 1);
    require(got == x.result());
  });
}

TEST_CASE("scenario: each done callback is called once", "[explore]") {
  explore_all([]() -> coro<void> {
    int calls = 0;
    int unwanted = 0;
    auto x = future<int>::make();
    for (int i = 0; i < 3; ++i)
      x.add_done_callback([&calls](const future<int>& done) {
        require(done.result() == 9);
        ++calls;
      });
    auto number = x.add_done_callback([&unwanted] { ++unwanted; });
    auto remover = [&]() -> coro<void> {
      co_await sleep(0s);
      x.remove_done_callback(number);
    };
    auto task = create_task(remover());
    co_await task;
    x.set_result(9);
    x.add_done_callback([&calls] { ++calls; });
    co_await test::wait_all_tasks_blocked();
    require(calls == 4);
    require(unwanted == 0);
  });
}

TEST_CASE("scenario: a done callback completes the next future", "[explore]") {
  explore_all([]() -> coro<void> {
    std::vector<future<int>> chain;
    for (int i = 0; i < 5; ++i)
      chain.push_back(future<int>::make());
    for (std::size_t i = 0; i + 1 < chain.size(); ++i)
      chain[i].add_done_callback([next = chain[i + 1]](const future<int>& x) {
        next.set_result(x.result() + 1);
      });
    int sum = 0;
    auto waiter = create_task(add_value(chain[2], sum));
    chain[0].set_result(1);
    int last = co_await chain[4];
    co_await waiter;
    require(last == 5);
    require(sum == 3);
  });
}

TEST_CASE("scenario: a queue of futures loses and doubles nothing",
          "[explore]") {
  explore_all([]() -> coro<void> {
    int_queue queue;
    int sum = 0;
    auto a = create_task(take_into(queue, 2, sum));
    auto b = create_task(take_into(queue, 3, sum));
    auto c = create_task(put_all(queue, 1, 3));
    auto d = create_task(put_all(queue, 10, 2));
    co_await a;
    co_await b;
    co_await c;
    co_await d;
    require(sum == 1 + 2 + 3 + 10 + 11);
  });
}

TEST_CASE("scenario: a cancelled getter loses no item of a queue",
          "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      int_queue queue;
      int taken = 0;
      int rest = 0;
      auto a = create_task(take_into(queue, 1, taken), "impatient");
      auto b = create_task(cancel_at(a, when));
      auto c = create_task(put_all(queue, 1, 1));
      bool in_full = co_await finished(a);
      co_await b;
      co_await c;
      if (!in_full) {
        auto d = create_task(take_into(queue, 1, rest));
        co_await d;
      }
      require(taken + rest == 1);
    },
    0, 10);
}

TEST_CASE("scenario: a failed future tells all, whoever comes when",
          "[explore]") {
  explore_all([]() -> coro<void> {
    int count = 0;
    auto x = future<int>::make();
    auto body = [](future<int> y, int turns, int& caught) -> coro<void> {
      co_await spin(turns);
      try {
        co_await y;
      } catch (const std::runtime_error&) {
        ++caught;
      }
    };
    auto a = create_task(body(x, 0, count));
    auto b = create_task(body(x, 1, count));
    auto c = create_task(body(x, 3, count));
    co_await spin(1);
    x.set_exception(std::runtime_error("broken"));
    co_await a;
    co_await b;
    co_await c;
    require(count == 3);
  });
}

TEST_CASE("scenario: a move-only value goes to one who awaits", "[explore]") {
  explore_all([]() -> coro<void> {
    auto body = []() -> coro<std::unique_ptr<int>> {
      co_await spin(2);
      co_return std::make_unique<int>(4);
    };
    auto target = create_task(body());
    int seen = 0;
    auto taker = [](task<std::unique_ptr<int>> x, int& sum) -> coro<void> {
      auto box = co_await x;
      if (box)
        sum += *box;
    };
    auto a = create_task(taker(target, seen));
    auto b = create_task(taker(target, seen));
    co_await a;
    co_await b;
    require(seen == 4);
  });
}
