#include <troupe/gather.hpp>

#include "support/errors.hpp"
#include "support/nodes.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <map>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// As for CAF 0.17.
struct order {
  int number = 0;
  std::string what;
  std::vector<std::pair<std::string, double>> parts;
};

template <class Inspector>
auto inspect(Inspector& f, order& x) {
  return f(x.number, x.what, x.parts);
}

// As for CAF 1.x.
struct place {
  double x = 0;
  std::optional<order> last;
  std::map<std::string, int> stock;
};

template <class Inspector>
bool inspect(Inspector& f, place& x) {
  return f.object(x).fields(f.field("x", x.x), f.field("last", x.last),
                            f.field("stock", x.stock));
}

// Runs `body(server, there)` with two nodes that are connected.
template <class F>
void with_two_nodes(F body, run_options options = {}) {
  run(
    [&]() -> coro<void> {
      node server = co_await node::start(plain_node("server", 0));
      node client = co_await node::start(plain_node("client"));
      peer there = co_await client.connect(address_of(server));
      co_await body(server, there);
      co_await client.stop();
      co_await server.stop();
    },
    options);
}

// Waits until somebody else is in the state that `condition` tells.
template <class F>
coro<void> until(F condition) {
  bool came = co_await reached(std::move(condition));
  if (!came)
    throw std::runtime_error("it never came to that");
}

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

TEST_CASE("remote queue: items cross in order, both ways", "[threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    int last = 0;
    with_two_nodes(
      [&](node server, peer there) -> coro<void> {
        queue<int> line;
        server.publish("line", line);
        auto far = co_await remote<queue<int>>(there, "line");
        for (int i = 0; i < 200; ++i)
          co_await far.put(i);
        for (int i = 0; i < 200; ++i)
          got.push_back(co_await line.get());
        co_await line.put(7);
        last = co_await far.get();
      },
      options);
    std::vector<int> all(200);
    for (int i = 0; i < 200; ++i)
      all[i] = i;
    CHECK(got == all);
    CHECK(last == 7);
  });
}

TEST_CASE("remote queue: user types travel by either form of inspect") {
  place back;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    queue<place> line;
    server.publish("places", line);
    auto far = co_await remote<queue<place>>(there, "places");
    place sent;
    sent.x = 2.5;
    sent.last.emplace();
    sent.last->number = 7;
    sent.last->what = std::string("a\0b", 3);
    sent.last->parts.emplace_back("nut", 0.25);
    sent.stock["bolt"] = 3;
    co_await far.put(sent);
    back = co_await far.get();
  });
  CHECK(back.x == 2.5);
  REQUIRE(back.last);
  CHECK(back.last->number == 7);
  CHECK(back.last->what == std::string("a\0b", 3));
  CHECK(back.last->parts.at(0) == std::pair<std::string, double>("nut", 0.25));
  CHECK(back.stock == std::map<std::string, int>{{"bolt", 3}});
}

TEST_CASE("remote queue: a put into a full one waits for room") {
  bool waited = false;
  std::uint64_t size = 0;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    queue<int> line{2};
    server.publish("line", line);
    auto far = co_await remote<queue<int>>(there, "line");
    co_await far.put(1);
    co_await far.put(2);
    auto third = create_task(far.put(3));
    co_await until([&] { return line.statistics().putting == 1; });
    waited = !third.done();
    bool fits = co_await far.try_put(9);
    waited = waited && !fits;
    co_await line.get();
    co_await third;
    size = co_await far.qsize();
  });
  CHECK(waited);
  CHECK(size == 2);
}

TEST_CASE("remote queue: a cancelled get leaves the item in its place") {
  int first = 0;
  int second = 0;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    queue<int> line;
    server.publish("line", line);
    auto far = co_await remote<queue<int>>(there, "line");
    // Once in line, once with the item on its way.
    auto waiting = create_task(far.get());
    co_await until([&] { return line.statistics().getting == 1; });
    waiting.cancel();
    co_await until([&] { return line.statistics().getting == 0; });
    auto late = create_task(far.get());
    co_await until([&] { return line.statistics().getting == 1; });
    line.put_nowait(1);
    line.put_nowait(2);
    late.cancel();
    co_await until([&] { return late.done() && line.qsize() == 2; });
    first = co_await far.get();
    second = co_await far.get();
  });
  CHECK(first == 1);
  CHECK(second == 2);
}

TEST_CASE("remote queue: a cancelled put puts nothing") {
  std::size_t left = 9;
  bool cancelled = false;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    queue<int> line{1};
    server.publish("line", line);
    auto far = co_await remote<queue<int>>(there, "line");
    co_await far.put(1);
    auto second = create_task(far.put(2));
    co_await until([&] { return line.statistics().putting == 1; });
    second.cancel();
    co_await until([&] { return second.done(); });
    cancelled = second.cancelled();
    co_await line.get();
    left = line.qsize();
  });
  CHECK(cancelled);
  CHECK(left == 0);
}

TEST_CASE("remote queue: shutting down and done items are told") {
  std::error_code after;
  bool joined = false;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    queue<std::string> line;
    server.publish("line", line);
    auto far = co_await remote<queue<std::string>>(there, "line");
    co_await far.put("x");
    auto end = create_task(far.join());
    co_await far.get();
    far.task_done();
    co_await end;
    joined = true;
    far.shutdown();
    after = co_await error_of_await(far.get());
  });
  CHECK(joined);
  CHECK(after == errc::queue_shut_down);
}

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
