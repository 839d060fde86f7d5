// Queues in explored orders, with a task cancelled at every step: each item is
// got once, or is still there.

#include <troupe/error.hpp>
#include <troupe/queue.hpp>

#include "simulation/injection.hpp"

#include <algorithm>
#include <memory>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// What was put and got, in the order in which it happened.
struct ledger {
  std::vector<int> put;
  std::vector<int> got;

  void check() {
    std::sort(put.begin(), put.end());
    std::sort(got.begin(), got.end());
    test::require(put == got, "what was put was got, once");
  }
};

// An item that is counted as long as it lives, and can only be moved.
class token {
public:
  explicit token(int value, int& alive) : value_(value), alive_(&alive) {
    ++alive;
  }

  token(token&& other) noexcept
    : value_(other.value_), alive_(std::exchange(other.alive_, nullptr)) {}

  token& operator=(token&&) = delete;

  ~token() {
    if (alive_)
      --*alive_;
  }

  int value() const {
    return value_;
  }

private:
  int value_;
  int* alive_;
};

using int_queue = queue<std::unique_ptr<int>>;

coro<void> produce(int_queue items, int first, int count, ledger& book) {
  for (int i = first; i < first + count; ++i) {
    auto item = std::make_unique<int>(i);
    co_await items.put(std::move(item));
    book.put.push_back(i);
    co_await sleep(0s);
  }
}

coro<void> consume(int_queue items, ledger& book) {
  try {
    for (;;) {
      auto item = co_await items.get();
      book.got.push_back(*item);
      items.task_done();
      co_await sleep(0s);
    }
  } catch (const queue_shut_down&) {
  }
}

// Two who put, two who get; one of them is cancelled.
coro<void> pass_items(injection where, int limit) {
  int_queue items{limit, "items"};
  ledger book;
  std::vector<task<>> all;
  all.push_back(create_task(produce(items, 0, 2, book)));
  all.push_back(create_task(produce(items, 10, 2, book)));
  all.push_back(create_task(consume(items, book)));
  all.push_back(create_task(consume(items, book)));
  auto strike = where.strike(all);
  co_await ended_cancelled(all[0]);
  co_await ended_cancelled(all[1]);
  co_await items.join();
  items.shutdown();
  co_await ended_cancelled(all[2]);
  co_await ended_cancelled(all[3]);
  co_await strike;
  book.check();
  auto end = items.statistics();
  test::require(end.size == 0 && end.getting == 0 && end.putting == 0);
}

coro<void> put_token(queue<token> items, int value, int& alive, int& put) {
  token item{value, alive};
  co_await items.put(std::move(item));
  ++put;
}

coro<void> get_token(queue<token> items, int& got) {
  auto item = co_await items.get();
  ++got;
}

// The queue is shut down at any moment.
coro<void> shut_down_at(int step, bool immediate) {
  int alive = 0;
  int put = 0;
  int got = 0;
  int sent_away = 0;
  {
    queue<token> items{1, "items"};
    std::vector<task<>> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(create_task(put_token(items, i, alive, put)));
      all.push_back(create_task(get_token(items, got)));
    }
    co_await steps_of(step);
    items.shutdown(immediate);
    for (auto& each : all) {
      try {
        co_await each;
      } catch (const queue_shut_down&) {
        ++sent_away;
      }
    }
    test::require(put + got + sent_away == 6, "all ended");
    auto end = items.statistics();
    test::require(got <= put, "only what was put is got");
    test::require(immediate || static_cast<int>(end.size) == put - got,
                  "what was not got is there");
    test::require(!immediate || end.size == 0, "all was dropped");
  }
  test::require(alive == 0, "each item is destroyed once");
}

} // namespace

TEST_CASE("coordination: items of a queue are got once, one place") {
  explore_cancellations(4, 12,
                        [](injection where) { return pass_items(where, 1); });
}

TEST_CASE("coordination: items of a queue are got once, two places") {
  explore_cancellations(4, 12,
                        [](injection where) { return pass_items(where, 2); });
}

TEST_CASE("coordination: items of a queue are got once, without limit") {
  explore_cancellations(4, 12,
                        [](injection where) { return pass_items(where, 0); });
}

TEST_CASE("coordination: a queue can be shut down at any moment") {
  for (bool immediate : {false, true})
    for (int step = 0; step < 8; ++step) {
      INFO("step " << step);
      auto found = everywhere::explore(
        [&]() { return shut_down_at(step, immediate); }, {});
      INFO(found.text());
      REQUIRE(found.ok());
    }
}

TEST_CASE(
  "coordination: one consumer gets what one producer put in its order") {
  explore_cancellations(1, 12, [](injection where) -> coro<void> {
    queue<int> items{2, "items"};
    std::vector<int> got;
    std::vector<task<>> all;
    all.push_back(create_task([&]() -> coro<void> {
      for (;;) {
        int item = co_await items.get();
        got.push_back(item);
      }
    }));
    auto strike = where.strike(all);
    auto producer = create_task([&]() -> coro<void> {
      for (int i = 0; i < 4; ++i)
        co_await items.put(i);
    });
    if (where.victim == 0 || everywhere::injecting()) {
      co_await ended_cancelled(all[0]);
      while (got.size() < 4) {
        int item = co_await items.get();
        got.push_back(item);
      }
    } else {
      co_await producer;
      co_await test::wait_all_tasks_blocked();
      all[0].cancel();
      co_await ended_cancelled(all[0]);
    }
    co_await producer;
    co_await strike;
    test::require(got == std::vector{0, 1, 2, 3}, "in their order");
  });
}
