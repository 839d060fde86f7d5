// What our queues promise beyond asyncio's.

#include <troupe/loop.hpp>
#include <troupe/queue.hpp>
#include <troupe/run.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct job_of {
  int urgency;
  int number;

  bool operator<(const job_of& other) const {
    return urgency < other.urgency;
  }
};

struct larger {
  bool operator()(int x, int y) const {
    return x > y;
  }
};

// Cannot be compared with 13.
struct wary {
  int value;

  bool operator<(const wary& other) const {
    if (value == 13 || other.value == 13)
      throw std::domain_error("13");
    return value < other.value;
  }
};

} // namespace

TEST_CASE("queue: items may be movable only", "[queue]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        queue<std::unique_ptr<int>> items;
        co_await items.put(std::make_unique<int>(1));
        items.put_nowait(std::make_unique<int>(2));
        auto first = co_await items.get();
        got.push_back(*first);
        got.push_back(*items.get_nowait());
      },
      options);

    CHECK(got == std::vector{1, 2});
  });
}

TEST_CASE("queue: an item that finds no room is kept by whoever tried",
          "[queue]") {
  std::vector<bool> put;
  std::string kept;
  run([&]() -> coro<void> {
    queue<std::string> items{1};
    std::string one = "one";
    std::string two = "a string that is too long to be kept inside";
    put.push_back(items.try_put(std::move(one)));
    put.push_back(items.try_put(std::move(two)));
    kept = two;
    co_return;
  });

  CHECK(put == std::vector{true, false});
  CHECK(kept == "a string that is too long to be kept inside");
}

TEST_CASE("queue: of equal items the older goes first", "[queue]") {
  std::vector<int> order;
  priority_queue<job_of> jobs;
  for (int i = 0; i < 100; ++i)
    jobs.put_nowait({i % 3, i});
  while (auto next = jobs.try_get())
    order.push_back(next->urgency * 1'000 + next->number);

  std::vector<int> expected = order;
  std::sort(expected.begin(), expected.end());
  CHECK(order == expected);
  CHECK(order.size() == 100);
}

TEST_CASE("queue: the order of a priority queue can be chosen", "[queue]") {
  std::vector<int> got;
  priority_queue<int, larger> items;
  for (int i : {2, 9, 4, 7})
    items.put_nowait(i);
  while (auto next = items.try_get())
    got.push_back(*next);

  CHECK(got == std::vector{9, 7, 4, 2});
}

TEST_CASE("queue: a comparison that throws loses no item", "[queue]") {
  priority_queue<wary> items;
  for (int i : {5, 1, 3})
    items.put_nowait({i});
  CHECK_THROWS_AS(items.put_nowait({13}), std::domain_error);
  std::vector<int> got;
  while (auto next = items.try_get())
    got.push_back(next->value);

  CHECK(got == std::vector{1, 3, 5});
}

TEST_CASE("queue: a comparison that throws in a waiting put lets others go on",
          "[queue]") {
  std::string first;
  std::vector<int> got;
  run([&]() -> coro<void> {
    priority_queue<wary> items{2};
    items.put_nowait({5});
    items.put_nowait({6});
    auto bad = create_task(ending_of(items.put({13})));
    auto good = create_task(ending_of(items.put({1})));
    co_await reached([&] { return items.statistics().putting == 2; });
    got.push_back(items.get_nowait().value);
    first = co_await bad;
    co_await good;
    while (auto next = items.try_get())
      got.push_back(next->value);
  });

  CHECK(first == "13");
  CHECK(got == std::vector{5, 1, 6});
}

TEST_CASE("queue: keeps large crowds in order and gives their room back",
          "[queue]") {
  queue<int> items;
  long sum = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5'000; ++i)
      items.put_nowait(i);
    for (int i = 0; i < 5'000; ++i)
      sum += items.get_nowait() == i;
  }

  CHECK(sum == 15'000);
  CHECK(items.empty());
}

TEST_CASE("queue: items that are left go with the queue", "[queue]") {
  auto item = std::make_shared<int>(1);
  {
    queue<std::shared_ptr<int>> items;
    lifo_queue<std::shared_ptr<int>> others;
    for (int i = 0; i < 20; ++i) {
      items.put_nowait(item);
      others.put_nowait(item);
    }
    CHECK(item.use_count() == 41);
  }
  CHECK(item.use_count() == 1);
}

TEST_CASE("queue: says what it holds and who waits", "[queue]") {
  std::vector<std::string> texts;
  run([&]() -> coro<void> {
    queue<int> items{2, "items"};
    texts.push_back(to_string(items));
    auto waiter = create_task(
      [&]() -> coro<void> { static_cast<void>(co_await items.get()); });
    co_await reached([&] { return items.statistics().getting == 1; });
    texts.push_back(to_string(items));
    items.put_nowait(1);
    co_await waiter;
    texts.push_back(to_string(items));
    texts.push_back(to_string(priority_queue<int>{}));
    texts.push_back(to_string(lifo_queue<int>{}));
  });

  CHECK(texts
        == std::vector<std::string>{"<queue 'items' 0 of 2 items>",
                                    "<queue 'items' 0 of 2 items, 1 getting>",
                                    "<queue 'items' 0 of 2 items, 1 "
                                    "unfinished>",
                                    "<priority_queue 0 items>",
                                    "<lifo_queue 0 items>"});
}

TEST_CASE("queue: a promised item is neither to be had nor gone", "[queue]") {
  std::vector<std::size_t> seen;
  run([&]() -> coro<void> {
    queue<int> items;
    auto waiter = create_task(
      [&]() -> coro<void> { static_cast<void>(co_await items.get()); });
    co_await reached([&] { return items.statistics().getting == 1; });
    items.put_nowait(1);
    seen = {items.qsize(), items.empty()};
    co_await waiter;
  });

  CHECK(seen == std::vector<std::size_t>{1, 1});
}
