#include <troupe/remote_queue.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/two_nodes.hpp"

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
