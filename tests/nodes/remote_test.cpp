#include <troupe/gather.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/two_nodes.hpp"

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<int> fail_with(std::string text) {
  co_await sleep(0s);
  throw std::runtime_error(text);
}

coro<int> linger() {
  co_await sleep(1h);
  co_return 1;
}

coro<int> give(int x) {
  co_return x;
}

} // namespace

TEST_CASE("remote: what is not published, or is something else, is refused") {
  std::error_code nothing, other_type, other_kind, withdrawn, waiting;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    queue<int> line;
    server.publish("line", line);
    nothing = co_await error_of_await(remote<lock>(there, "door"));
    other_type
      = co_await error_of_await(remote<queue<std::string>>(there, "line"));
    other_kind = co_await error_of_await(remote<event>(there, "line"));
    auto far = co_await remote<queue<int>>(there, "line");
    auto getting = create_task(error_of_await(far.get()));
    co_await until([&] { return line.statistics().getting == 1; });
    server.withdraw("line");
    waiting = co_await getting;
    withdrawn = co_await error_of_await(far.get());
  });
  CHECK(nothing == errc::not_published);
  CHECK(other_type == errc::not_published);
  CHECK(other_kind == errc::not_published);
  CHECK(waiting == errc::not_published);
  CHECK(withdrawn == errc::not_published);
}

TEST_CASE("remote lock: one at a time, in one line, with growing tokens",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> inside{0};
    std::atomic<bool> crowded{false};
    record<std::uint64_t> tokens;
    with_two_nodes(
      [&](node server, peer there) -> coro<void> {
        lock door;
        server.publish("door", door);
        auto far = co_await remote<lock>(there, "door");
        auto visit = [&](bool here) -> coro<void> {
          for (int i = 0; i < 20; ++i) {
            std::optional<lock_guard> mine;
            std::optional<remote_lock_guard> theirs;
            if (here)
              mine.emplace(co_await door.scoped());
            else
              theirs.emplace(co_await far.scoped());
            tokens.add(here ? door.token() : theirs->token());
            if (++inside != 1)
              crowded = true;
            co_await sleep(0s);
            --inside;
          }
        };
        co_await gather(visit(true), visit(false), visit(false));
      },
      options);
    CHECK(!crowded);
    auto all = tokens.all();
    REQUIRE(all.size() == 60);
    CHECK(std::is_sorted(all.begin(), all.end()));
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  });
}

TEST_CASE("remote lock: a cancelled wait leaves the line") {
  bool free_again = false;
  std::error_code twice;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    lock door;
    server.publish("door", door);
    auto far = co_await remote<lock>(there, "door");
    co_await far.acquire();
    auto next = create_task(far.scoped());
    co_await until([&] { return door.statistics().waiting == 1; });
    next.cancel();
    co_await until([&] { return door.statistics().waiting == 0; });
    far.release();
    co_await until([&] { return !door.locked(); });
    twice = error_of([&] { far.release(); });
    // Cancelled with the grant on its way.
    co_await door.acquire();
    auto late = create_task(far.scoped());
    co_await until([&] { return door.statistics().waiting == 1; });
    door.release();
    late.cancel();
    co_await until([&] { return late.done() && !door.locked(); });
    bool locked = co_await far.locked();
    free_again = !locked;
  });
  CHECK(free_again);
  CHECK(twice == errc::not_acquired);
}

TEST_CASE("remote semaphore and event: they work as here") {
  std::size_t most = 0;
  bool was_set = false;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    semaphore permits{2};
    event gong;
    server.publish("permits", permits);
    server.publish("gong", gong);
    auto far = co_await remote<semaphore>(there, "permits");
    auto first = co_await far.scoped();
    co_await far.acquire();
    auto third = create_task(far.acquire());
    co_await until([&] { return permits.statistics().waiting == 1; });
    most = permits.statistics().value;
    first.release();
    co_await third;
    far.release();
    far.release();
    co_await until([&] { return permits.statistics().value == 2; });
    auto bell = co_await remote<event>(there, "gong");
    auto heard = create_task(bell.wait());
    co_await until([&] { return gong.statistics().waiting == 1; });
    bell.set();
    co_await heard;
    was_set = co_await bell.is_set();
  });
  CHECK(most == 0);
  CHECK(was_set);
}

TEST_CASE("remote task: its result, its exception and its cancellation cross") {
  int result = 0;
  std::string text;
  bool cancelled = false;
  bool was_cancelled = false;
  bool by_waiter = false;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    auto third = create_task(linger());
    auto fourth = create_task(linger());
    server.publish("good", create_task(give(42)));
    server.publish("bad", create_task(fail_with("broken")));
    server.publish("slow", third);
    server.publish("slower", fourth);
    auto good = co_await remote<task<int>>(there, "good");
    result = co_await good;
    auto bad = co_await remote<task<int>>(there, "bad");
    try {
      co_await bad;
    } catch (const remote_error& problem) {
      text = problem.what();
    }
    auto slow = co_await remote<task<int>>(there, "slow");
    auto waiting = create_task(slow.result());
    cancelled = co_await slow.cancel("enough");
    try {
      co_await waiting;
    } catch (const cancelled_error& end) {
      was_cancelled = third.cancelled() && end.message() == "enough";
    }
    auto slower = co_await remote<task<int>>(there, "slower");
    auto waiter = create_task(slower.result());
    bool done = co_await slower.done(); // so the wait has begun there
    waiter.cancel();
    co_await until([&] { return fourth.done() && waiter.done(); });
    by_waiter = !done && fourth.cancelled();
  });
  CHECK(result == 42);
  CHECK(contains(text, "broken"));
  CHECK(contains(text, "server"));
  CHECK(cancelled);
  CHECK(was_cancelled);
  CHECK(by_waiter);
}

TEST_CASE("remote function: calls cross, each a task of its own") {
  int sum = 0;
  int calls = 0;
  bool stopped = false;
  std::string text;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    server.publish("add", [&calls](int x, std::vector<int> more) -> coro<int> {
      ++calls;
      for (int y : more)
        x += y;
      co_return x;
    });
    server.publish("fail", fail_with);
    event entered;
    server.publish("wait", [&stopped, entered]() mutable -> coro<void> {
      entered.set();
      try {
        co_await sleep(1h);
      } catch (const cancelled_error&) {
        stopped = true;
        throw;
      }
    });
    auto add = co_await remote<int(int, std::vector<int>)>(there, "add");
    std::vector<int> more{2, 3};
    sum = co_await add(1, more);
    auto fail = co_await remote<int(std::string)>(there, "fail");
    try {
      co_await fail("broken");
    } catch (const remote_error& problem) {
      text = problem.what();
    }
    auto wait = co_await remote<void()>(there, "wait");
    auto waiting = create_task(wait());
    co_await entered.wait();
    waiting.cancel();
    co_await until([&] { return waiting.done(); });
  });
  CHECK(sum == 6);
  CHECK(calls == 1);
  CHECK(stopped);
  CHECK(contains(text, "broken"));
}
