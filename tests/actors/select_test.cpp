// One of several things happens, the others are taken back.

#include <troupe/troupe.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

static_assert(selectable<detail::get_op<int>>);
static_assert(selectable<detail::sleep_op<void>>);
static_assert(selectable<task<int>>);
static_assert(selectable<future<void>&>);
static_assert(!selectable<coro<int>>);
static_assert(!selectable<int>);

namespace {

coro<void> note_which(queue<int> one, queue<int> two, record<int>& got) {
  auto found = co_await select(one.get(), two.get());
  int item = found.index() == 0 ? std::get<0>(found) : std::get<1>(found);
  got.add(static_cast<int>(found.index()) * 100 + item);
}

coro<bool> getting(queue<int> x, std::size_t count) {
  return reached([x, count] { return x.statistics().getting == count; });
}

} // namespace

TEST_CASE("select: of what is possible the first in order happens",
          "[select][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::size_t> seen;
    run(
      [&]() -> coro<void> {
        queue<int> one;
        queue<int> two;
        event gate;
        two.put_nowait(2);
        gate.set();
        auto got = co_await select(one.get(), two.get(), gate.wait());
        seen.push_back(got.index());
        seen.push_back(static_cast<std::size_t>(std::get<1>(got)));
        auto next = co_await select(one.get(), two.get(), gate.wait());
        seen.push_back(next.index());
        seen.push_back(one.statistics().getting);
      },
      options);

    CHECK(seen == std::vector<std::size_t>{1, 2, 2, 0});
  });
}

TEST_CASE("select: what comes first happens, and the others leave their lines",
          "[select][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::size_t> seen;
    std::string text;
    run(
      [&]() -> coro<void> {
        queue<int> one{0, "one"};
        queue<int> two{0, "two"};
        record<int> got;
        auto chooser = create_task(note_which(one, two, got));
        co_await getting(two, 1);
        co_await blocked(chooser);
        text = to_string(chooser);
        two.put_nowait(7);
        co_await chooser;
        seen.push_back(static_cast<std::size_t>(got.all().at(0)));
        seen.push_back(one.statistics().getting);
        seen.push_back(two.statistics().getting);
        one.put_nowait(8);
        seen.push_back(one.qsize());
        seen.push_back(one.get_nowait());
      },
      options);

    CHECK(seen == std::vector<std::size_t>{107, 0, 0, 1, 8});
    CHECK_THAT(text,
               Catch::Contains("wait_for=<select of <queue 'one' 0 items, "
                               "1 getting>, <queue 'two' 0 items, "
                               "1 getting>>"));
  });
}

TEST_CASE("select: two that come at once: one is taken, the other stays",
          "[select]") {
  std::vector<std::size_t> seen;
  run([&]() -> coro<void> {
    queue<int> one;
    queue<int> two;
    record<int> got;
    auto chooser = create_task(note_which(one, two, got));
    co_await getting(two, 1);
    two.put_nowait(7);
    one.put_nowait(8);
    co_await chooser;
    seen.push_back(static_cast<std::size_t>(got.all().at(0)));
    seen.push_back(one.qsize());
    seen.push_back(two.qsize());
    seen.push_back(one.empty());
  });

  CHECK(seen == std::vector<std::size_t>{107, 1, 0, 0});
}

TEST_CASE("select: takes locks, semaphores, events, futures, tasks and sleeps",
          "[select][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> seen;
    run(
      [&]() -> coro<void> {
        lock door{"door"};
        semaphore permits{0, "permits"};
        event gate{"gate"};
        auto never = future<int>::make();
        auto sleeper = create_task([]() -> coro<void> { co_await sleep(1h); });
        {
          auto got = co_await select(permits.acquire(), never, sleeper,
                                     gate.wait(), door.scoped(), sleep(1h));
          seen.push_back(std::to_string(got.index()) + to_string(door));
        }
        auto held = co_await door.scoped();
        auto late = co_await select(permits.scoped(), never, sleeper,
                                    gate.wait(), door.scoped(), sleep(0s));
        seen.push_back(std::to_string(late.index()) + to_string(permits));
        seen.push_back(to_string(gate));
        seen.push_back(std::to_string(door.statistics().waiting));
        never.set_result(5);
        auto done = co_await select(permits.acquire(), never, sleeper);
        seen.push_back(std::to_string(std::get<1>(done)));
        seen.push_back(std::to_string(sleeper.done()));
        sleeper.cancel();
        seen.push_back(co_await ending_of(sleeper));
      },
      options);

    CHECK_THAT(seen.at(0), Catch::Contains("4<lock 'door' locked"));
    seen.erase(seen.begin());
    CHECK(seen
          == std::vector<std::string>{"5<semaphore 'permits' locked>",
                                      "<event 'gate' not set>", "0", "5", "0",
                                      "cancelled"});
  });
}

TEST_CASE("select: a reference comes as a pointer", "[select]") {
  int number = 1;
  int* found = nullptr;
  run([&]() -> coro<void> {
    auto one = get_running_loop().create_future<int&>();
    one.set_result(number);
    event never;
    auto got = co_await select(never.wait(), one);
    found = std::get<1>(got);
  });

  CHECK(found == &number);
}

TEST_CASE("select: a lock that loses goes to the next in line", "[select]") {
  std::vector<std::size_t> seen;
  run([&]() -> coro<void> {
    lock door;
    event gate;
    co_await door.acquire();
    auto body = [&]() -> coro<void> {
      auto got = co_await select(gate.wait(), door.scoped());
      seen.push_back(got.index());
    };
    auto chooser = create_task(body);
    co_await waiting_at(door, 1);
    auto next = create_task([&]() -> coro<void> {
      auto held = co_await door.scoped();
      seen.push_back(9);
    });
    co_await waiting_at(door, 2);
    gate.set();
    door.release(); // both are on their way now
    co_await chooser;
    co_await next;
    seen.push_back(door.locked());
  });

  CHECK(seen == std::vector<std::size_t>{0, 9, 0});
}

TEST_CASE("select: cancelled, it takes all back", "[select][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> seen;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        auto never = future<int>::make();
        event gate;
        auto body = [&]() -> coro<void> {
          static_cast<void>(
            co_await select(items.get(), never, gate.wait(), sleep(1h)));
        };
        auto chooser = create_task(body);
        co_await waiting_at(gate, 1);
        co_await blocked(chooser);
        chooser.cancel("enough");
        seen.push_back(co_await ending_of(chooser));
        seen.push_back(std::to_string(items.statistics().getting
                                      + gate.statistics().waiting));
        seen.push_back(std::to_string(never.done()));
      },
      options);

    CHECK(seen == std::vector<std::string>{"cancelled: enough", "0", "0"});
  });
}

TEST_CASE("select: cancelled just as something comes, that is kept",
          "[select]") {
  std::vector<std::string> seen;
  run([&]() -> coro<void> {
    queue<int> one;
    queue<int> two;
    record<int> got;
    auto chooser = create_task(note_which(one, two, got));
    co_await getting(two, 1);
    one.put_nowait(1);
    two.put_nowait(2);
    chooser.cancel();
    seen.push_back(co_await ending_of(chooser));
    seen.push_back(std::to_string(one.get_nowait()));
    seen.push_back(std::to_string(two.get_nowait()));
  });

  CHECK(seen == std::vector<std::string>{"cancelled", "1", "2"});
}

TEST_CASE("select: it may be cancelled twice before it goes on", "[select]") {
  std::string seen;
  run([&]() -> coro<void> {
    queue<int> one;
    queue<int> two;
    record<int> got;
    auto chooser = create_task(note_which(one, two, got));
    co_await getting(two, 1);
    chooser.cancel();
    chooser.cancel(); // nothing more
    seen = co_await ending_of(chooser);
  });

  CHECK(seen == "cancelled");
}

TEST_CASE("select: the error of what happens comes out", "[select][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> seen;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        queue<int> other;
        other.shutdown();
        auto ask = [&]() -> coro<void> {
          static_cast<void>(co_await select(items.get(), other.get()));
        };
        seen.push_back(co_await ending_of(ask()));
        auto broken = create_task([]() -> coro<int> {
          co_await sleep(0s);
          throw std::runtime_error("broken");
        });
        auto wait = [&]() -> coro<void> {
          static_cast<void>(co_await select(items.get(), broken));
        };
        seen.push_back(co_await ending_of(wait()));
        auto waiter = create_task(wait);
        seen.push_back(co_await ending_of(waiter));
        auto late = create_task([&]() -> coro<void> {
          static_cast<void>(co_await select(items.get(), sleep(1h)));
        });
        co_await getting(items, 1);
        co_await blocked(late);
        items.shutdown();
        seen.push_back(co_await ending_of(late));
      },
      options);

    CHECK(seen
          == std::vector<std::string>{
            "get from <queue 0 items, shut down>; stop when it is shut down",
            "broken", "broken",
            "get from <queue 0 items, shut down>; stop when it is shut down"});
  });
}
