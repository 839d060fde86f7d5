// What all coordinators share: texts of misuse, loops, lifetimes.

#include <troupe/troupe.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("coordination: misuse names the object and says what to do",
          "[coordination]") {
  std::vector<std::string> texts;
  run([&]() -> coro<void> {
    auto caught = [&](auto&& call) {
      texts.push_back(text_of_error(call));
    };

    lock door{"door"};
    caught([&] { door.release(); });

    semaphore permits{1};
    caught([] { semaphore{-1}; });
    bounded_semaphore bounded{2, "slots"};
    caught([&] { bounded.release(); });

    condition changed{"changed"};
    caught([&] { changed.notify(); });
    texts.push_back(co_await ending_of(changed.wait()));

    caught([] { barrier{0}; });
    barrier gate{2, "gate"};
    gate.abort();
    texts.push_back(co_await ending_of(gate.wait()));

    queue<int> items{1, "items"};
    caught([&] { items.task_done(); });
    caught([&] { items.get_nowait(); });
    items.put_nowait(1);
    caught([&] { items.put_nowait(2); });
    items.shutdown();
    texts.push_back(co_await ending_of(items.put(3)));
    caught([&] { items.put_nowait(3); });
    items.get_nowait();
    texts.push_back(co_await ending_of(items.get()));

    auto held = co_await door.scoped();
    held.release();
    caught([&] { held.release(); });
    auto permit = co_await permits.scoped();
    permit.release();
    caught([&] { permit.release(); });
  });

  CHECK(
    texts
    == std::vector<std::string>{
      "release of <lock 'door' unlocked>, which nobody holds; release it once "
      "for each acquire",
      "semaphore: the value is -1; give 0 or more permits",
      "release of <bounded_semaphore 'slots' value 2>, which has all its "
      "permits; release once for each acquire",
      "notify of <condition 'changed' of <lock 'changed' unlocked>> without "
      "its lock; acquire it first",
      "wait of <condition 'changed' of <lock 'changed' unlocked>> without its "
      "lock; acquire it first",
      "barrier: the number of parties is 0; give 1 or more",
      "<barrier 'gate' broken, 0 of 2> was aborted; reset it first",
      "task_done of <queue 'items' 0 of 1 items>, which has no unfinished "
      "item; call it once for each item that was got",
      "get_nowait from <queue 'items' 0 of 1 items>, which has no item; use "
      "co_await get()",
      "put_nowait to <queue 'items' 1 of 1 items, 1 unfinished>, which has no "
      "room; use co_await put()",
      "put to <queue 'items' 1 of 1 items, 1 unfinished, shut down>; stop when "
      "it is shut down",
      "put to <queue 'items' 1 of 1 items, 1 unfinished, shut down>; stop when "
      "it is shut down",
      "get from <queue 'items' 0 of 1 items, 1 unfinished, shut down>; stop "
      "when it is shut down",
      "release of a lock_guard that holds no lock; it was released or moved "
      "from, so leave the release to its scope",
      "release of a semaphore_guard that holds no permit; it was released or "
      "moved from, so leave the release to its scope"});
}

TEST_CASE("coordination: two loops that run cannot share anything",
          "[coordination]") {
  std::vector<std::string> texts;
  run([&]() -> coro<void> {
    semaphore permits{1, "permits"};
    co_await permits.acquire();
    event gate{"gate"};
    gate.set();
    barrier meeting{2, "meeting"};
    meeting.reset();
    queue<int> items{1, "items"};
    items.put_nowait(1);
    rw_lock table{"table"};
    co_await table.read();
    channel<int> results{1, "results"};
    co_await results.send(1);
    rate_limiter calls{1, 1, "calls"};
    co_await calls.acquire();
    once setup{"setup"};
    co_await setup.call([] {});
    std::thread other{[&] {
      run([&]() -> coro<void> {
        texts.push_back(co_await ending_of(permits.acquire()));
        texts.push_back(co_await ending_of(gate.wait()));
        texts.push_back(co_await ending_of(meeting.wait()));
        texts.push_back(co_await ending_of(items.get()));
        texts.push_back(co_await ending_of(table.read()));
        texts.push_back(co_await ending_of(results.receive()));
        texts.push_back(co_await ending_of(calls.acquire()));
        texts.push_back(co_await ending_of(setup.call([] {})));
      });
    }};
    other.join();
  });

  REQUIRE(texts.size() == 8);
  CHECK(texts[0]
        == "<semaphore 'permits' locked> is in use by a different event loop, "
           "which runs; make one for each loop");
  for (auto& text : texts)
    CHECK_THAT(text, Catch::Contains("in use by a different event loop"));
}

TEST_CASE("coordination: anything can be used before a loop runs",
          "[coordination]") {
  event gate{"gate"};
  semaphore permits{0};
  queue<std::string> items;
  gate.set();
  permits.release();
  items.put_nowait("early");
  std::string got;
  run([&]() -> coro<void> {
    co_await gate.wait();
    co_await permits.acquire();
    got = co_await items.get();
  });

  CHECK(got == "early");
  CHECK(permits.locked());
  CHECK(items.empty());
}

TEST_CASE("coordination: anything can be used while its loop stands still",
          "[coordination]") {
  auto loop = new_event_loop();
  lock door;
  semaphore permits{0};
  queue<int> items;
  std::vector<int> seen;
  auto first
    = loop.create_task([](lock door, std::vector<int>& seen) -> coro<void> {
        co_await door.acquire();
        co_await door.acquire();
        seen.push_back(1);
      }(door, seen));
  auto second = loop.create_task(
    [](semaphore permits, std::vector<int>& seen) -> coro<void> {
      co_await permits.acquire();
      seen.push_back(2);
    }(permits, seen));
  auto third = loop.create_task(
    [](queue<int> items, std::vector<int>& seen) -> coro<void> {
      int item = co_await items.get();
      seen.push_back(item);
    }(items, seen));
  loop.call_soon([loop]() mutable { loop.stop(); });
  loop.run_forever();
  CHECK(seen.empty());
  door.release();
  permits.release();
  items.put_nowait(3);
  loop.run_until_complete(first);
  loop.run_until_complete(second);
  loop.run_until_complete(third);
  loop.close();

  CHECK(seen == std::vector{1, 2, 3});
  permits.release();
  CHECK_FALSE(permits.locked());
}

TEST_CASE("coordination: what nobody names any more lives while tasks wait",
          "[coordination][threads]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    run(
      [&]() -> coro<void> {
        auto items = std::make_unique<queue<int>>();
        auto waiter = create_task(
          [&]() -> coro<void> { static_cast<void>(co_await items->get()); });
        co_await reached([&] { return items->statistics().getting == 1; });
        items.reset();
        waiter.cancel();
        end = co_await ending_of(waiter);
      },
      options);

    CHECK(end == "cancelled");
  });
}
