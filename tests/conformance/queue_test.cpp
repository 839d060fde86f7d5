// What asyncio's queues promise.

#include <troupe/loop.hpp>
#include <troupe/queue.hpp>
#include <troupe/run.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> take(queue<int> items, record<int>& got) {
  int item = co_await items.get();
  got.add(item);
}

coro<void> give(queue<int> items, int item) {
  co_await items.put(item);
}

// Takes until the queue is shut down, saying that each item is done.
coro<void> work(queue<int> items, record<int>& got) {
  try {
    for (;;) {
      int item = co_await items.get();
      got.add(item);
      co_await sleep(0s);
      items.task_done();
    }
  } catch (const queue_shut_down&) {
  }
}

coro<bool> getting(queue<int> items, std::size_t count) {
  return reached(
    [items, count] { return items.statistics().getting == count; });
}

coro<bool> putting(queue<int> items, std::size_t count) {
  return reached(
    [items, count] { return items.statistics().putting == count; });
}

coro<bool> joining(queue<int> items, std::size_t count) {
  return reached(
    [items, count] { return items.statistics().joining == count; });
}

std::vector<int> drain(queue<int> items) {
  std::vector<int> all;
  while (auto item = items.try_get())
    all.push_back(*item);
  return all;
}

} // namespace

TEST_CASE("queue: is full at its limit, one without limit never (fact 230)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    std::vector<bool> full;
    run(
      [&]() -> coro<void> {
        queue<int> endless;
        queue<int> two{2};
        full.push_back(endless.full());
        full.push_back(two.full());
        for (int i = 0; i < 2; ++i) {
          endless.put_nowait(i);
          two.put_nowait(i);
        }
        full.push_back(endless.full());
        full.push_back(two.full());
        two.get_nowait();
        full.push_back(two.full());
        co_return;
      },
      options);

    CHECK(full == std::vector{false, false, false, true, false});
  });
}

TEST_CASE("queue: the smallest first (fact 232)", "[queue]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        priority_queue<int> items{4};
        for (int i : {1, 3, 2})
          items.put_nowait(i);
        for (int i = 0; i < 3; ++i)
          got.push_back(items.get_nowait());
        co_return;
      },
      options);

    CHECK(got == std::vector{1, 2, 3});
  });
}

TEST_CASE("queue: an empty one gives nothing without waiting (fact 234)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    std::error_code code;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        code = error_of([&] { items.get_nowait(); });
        co_return;
      },
      options);

    CHECK(code == errc::queue_empty);
  });
}

TEST_CASE("queue: a full one takes nothing without waiting (fact 235)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    std::error_code code;
    run(
      [&]() -> coro<void> {
        queue<int> items{1};
        items.put_nowait(1);
        code = error_of([&] { items.put_nowait(2); });
        co_return;
      },
      options);

    CHECK(code == errc::queue_full);
  });
}

TEST_CASE("queue: an item does not go to a cancelled task (fact 236)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    record<int> got;
    std::string end;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      queue<int> items;
      auto first = create_task(take(items, got), in_group);
      co_await getting(items, 1);
      auto second = create_task(take(items, got), in_group);
      co_await getting(items, 2);
      first.cancel();
      items.put_nowait(7);
      co_await second;
      end = co_await ending_of(first);
    });

    CHECK(got.all() == std::vector{7});
    CHECK(end == "cancelled");
  });
}

TEST_CASE("queue: an item that a cancelled task was woken for stays in its "
          "place (fact 237)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    record<int> got;
    std::vector<int> left;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      queue<int> items;
      auto first = create_task(take(items, got), in_group);
      co_await getting(items, 1);
      items.put_nowait(1);
      items.put_nowait(2);
      first.cancel();
      co_await ending_of(first);
      left.push_back(co_await items.get());
      left.push_back(co_await items.get());
    });

    CHECK(got.empty());
    CHECK(left == std::vector{1, 2});
  });
}

TEST_CASE("queue: the others get all items when the first is cancelled "
          "(fact 238)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    record<int> got;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      queue<int> items;
      std::vector<task<>> all;
      for (std::size_t i = 1; i <= 3; ++i) {
        all.push_back(create_task(take(items, got), in_group));
        co_await getting(items, i);
      }
      items.put_nowait(1);
      items.put_nowait(2);
      all[0].cancel();
      co_await all[1];
      co_await all[2];
      co_await ending_of(all[0]);
    });

    CHECK(got.all() == std::vector{1, 2});
  });
}

TEST_CASE("queue: a get that is given up leaves nothing behind (fact 239)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    std::size_t left = 1;
    bool kept = false;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        record<int> got;
        for (int i = 0; i < 10; ++i) {
          auto waiter = create_task(take(items, got));
          get_running_loop().call_later(1us, [waiter] { waiter.cancel(); });
          co_await ending_of(waiter);
        }
        left = items.statistics().getting;
        items.put_nowait(1);
        kept = items.qsize() == 1;
      },
      options);

    CHECK(left == 0);
    CHECK(kept);
  });
}

TEST_CASE("queue: a put that was woken and is cancelled puts nothing "
          "(fact 240)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    std::string end;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      queue<int> items{1};
      items.put_nowait(1);
      auto giver = create_task(give(items, 2), in_group);
      co_await putting(items, 1);
      got.push_back(items.get_nowait());
      giver.cancel();
      end = co_await ending_of(giver);
      co_await items.put(3);
      got.push_back(co_await items.get());
    });

    CHECK(got == std::vector{1, 3});
    CHECK(end == "cancelled");
  });
}

TEST_CASE("queue: a cancelled put leaves the line (fact 242)", "[queue]") {
  for_each_worker_count([](run_options options) {
    std::size_t left = 1;
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        queue<int> items{1};
        items.put_nowait(1);
        auto giver = create_task(give(items, 2));
        co_await putting(items, 1);
        giver.cancel();
        co_await ending_of(giver);
        left = items.statistics().putting;
        got = drain(items);
      },
      options);

    CHECK(left == 0);
    CHECK(got == std::vector{1});
  });
}

TEST_CASE("queue: cancelling a put that a get took out of the line is clean "
          "(fact 243)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    std::vector<int> got;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      queue<int> items{1};
      items.put_nowait(1);
      auto giver = create_task(give(items, 2), in_group);
      auto next = create_task(give(items, 3), in_group);
      co_await putting(items, 2);
      got.push_back(items.get_nowait());
      giver.cancel();
      end = co_await ending_of(giver);
      co_await next;
      got.push_back(items.get_nowait());
    });

    CHECK(end == "cancelled");
    CHECK(got == std::vector{1, 3});
  });
}

TEST_CASE("queue: one place is enough to pass items on (fact 245)", "[queue]") {
  for_each_worker_count([](run_options options) {
    record<int> got;
    run(
      [&]() -> coro<void> {
        queue<int> items{1};
        auto consumer = create_task([&]() -> coro<void> {
          for (int i = 0; i < 5; ++i) {
            int item = co_await items.get();
            got.add(item);
          }
        });
        for (int i = 0; i < 5; ++i)
          co_await items.put(i);
        co_await consumer;
      },
      options);

    CHECK(got.all() == std::vector{0, 1, 2, 3, 4});
  });
}

TEST_CASE("queue: what waits to be put comes in its order (fact 246)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      queue<int> items{1};
      items.put_nowait(0);
      auto a = create_task(give(items, 1), in_group);
      co_await putting(items, 1);
      auto b = create_task(give(items, 2), in_group);
      co_await putting(items, 2);
      for (int i = 0; i < 3; ++i)
        got.push_back(co_await items.get());
      co_await a;
      co_await b;
    });

    CHECK(got == std::vector{0, 1, 2});
  });
}

TEST_CASE("queue: no item is done more than once (fact 247)", "[queue]") {
  for_each_worker_count([](run_options options) {
    std::error_code code;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        code = error_of([&] { items.task_done(); });
        co_return;
      },
      options);

    CHECK(code == errc::too_often);
  });
}

TEST_CASE("queue: join waits until all items are done (fact 248)", "[queue]") {
  for_each_worker_count([](run_options options) {
    record<int> got;
    std::size_t unfinished = 1;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        for (int i = 0; i < 100; ++i)
          items.put_nowait(i);
        auto a = create_task(work(items, got));
        auto b = create_task(work(items, got));
        co_await items.join();
        unfinished = items.statistics().unfinished;
        items.shutdown();
        co_await a;
        co_await b;
      },
      options);

    auto all = got.all();
    std::sort(all.begin(), all.end());
    CHECK(all.size() == 100);
    CHECK(std::unique(all.begin(), all.end()) == all.end());
    CHECK(unfinished == 0);
  });
}

TEST_CASE("queue: join of an unused one returns at once (fact 249)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    bool joined = false;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        co_await items.join();
        co_await items.join();
        joined = true;
      },
      options);

    CHECK(joined);
  });
}

TEST_CASE("queue: shutting down an empty one ends all (fact 250)", "[queue]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::error_code> codes;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        auto waiter = create_task(error_of_await(items.get()));
        co_await getting(items, 1);
        items.shutdown();
        codes.push_back(co_await waiter);
        codes.push_back(co_await error_of_await(items.put(1)));
        codes.push_back(error_of([&] { items.put_nowait(1); }));
        codes.push_back(co_await error_of_await(items.get()));
        codes.push_back(error_of([&] { items.get_nowait(); }));
      },
      options);

    CHECK(codes.size() == 5);
    for (auto& code : codes)
      CHECK(code == errc::queue_shut_down);
  });
}

TEST_CASE("queue: what is left after a shutdown can be taken (fact 251)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    std::error_code blocked_put;
    std::vector<int> got;
    std::error_code end;
    run(
      [&]() -> coro<void> {
        queue<int> items{1};
        items.put_nowait(1);
        auto giver = create_task(error_of_await(items.put(2)));
        co_await putting(items, 1);
        items.shutdown();
        blocked_put = co_await giver;
        got.push_back(co_await items.get());
        end = co_await error_of_await(items.get());
      },
      options);

    CHECK(blocked_put == errc::queue_shut_down);
    CHECK(got == std::vector{1});
    CHECK(end == errc::queue_shut_down);
  });
}

TEST_CASE("queue: after a shutdown join still needs all to be done (fact 252)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    std::vector<bool> joined;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        items.put_nowait(1);
        auto joiner
          = create_task([&]() -> coro<void> { co_await items.join(); });
        co_await joining(items, 1);
        items.shutdown();
        items.get_nowait();
        co_await turns(3);
        joined.push_back(joiner.done());
        items.task_done();
        co_await joiner;
        joined.push_back(joiner.done());
      },
      options);

    CHECK(joined == std::vector{false, true});
  });
}

TEST_CASE("queue: an immediate shutdown drops the items and releases join "
          "(fact 253)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    queue_statistics after;
    bool joined = false;
    std::error_code end;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        items.put_nowait(1);
        items.put_nowait(2);
        auto joiner = create_task([&]() -> coro<void> {
          co_await items.join();
          joined = true;
        });
        co_await joining(items, 1);
        items.shutdown(true);
        co_await joiner;
        after = items.statistics();
        end = error_of([&] { items.get_nowait(); });
      },
      options);

    CHECK(joined);
    CHECK(after.size == 0);
    CHECK(after.unfinished == 0);
    CHECK(after.is_shut_down);
    CHECK(end == errc::queue_shut_down);
  });
}

TEST_CASE("queue: what is possible at once does not suspend (fact E3)",
          "[queue][order]") {
  std::vector<std::string> seen;
  run([&]() -> coro<void> {
    queue<int> items{1};
    get_running_loop().call_soon([&] { seen.push_back("callback"); });
    co_await items.put(1);
    seen.push_back("put");
    co_await items.get();
    seen.push_back("got");
    co_await turns(1);
  });

  CHECK(seen == std::vector<std::string>{"put", "got", "callback"});
}

TEST_CASE("queue: nobody overtakes a task that was woken for an item "
          "(fact E15)",
          "[queue]") {
  for_each_worker_count([](run_options options) {
    record<int> first_got;
    record<int> second_got;
    bool barged = true;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      queue<int> items;
      auto a = create_task(take(items, first_got), in_group);
      co_await getting(items, 1);
      items.put_nowait(1);
      barged = items.try_get().has_value();
      auto b = create_task(take(items, second_got), in_group);
      items.put_nowait(2);
      co_await a;
      co_await b;
    });

    // In asyncio the first one loses its item and waits again.
    CHECK_FALSE(barged);
    CHECK(first_got.all() == std::vector{1});
    CHECK(second_got.all() == std::vector{2});
  });
}
