// Monitors and links from one node to another.

#include <troupe/link.hpp>
#include <troupe/wait.hpp>

#include "support/errors.hpp"
#include "support/test.hpp"
#include "support/two_nodes.hpp"

#include <algorithm>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<int> linger() {
  co_await sleep(1h);
  co_return 1;
}

coro<int> after(event gong, bool fails) {
  co_await gong.wait();
  if (fails)
    throw std::runtime_error("broken");
  co_return 1;
}

// Why the next watched one has ended.
coro<std::string> next_end() {
  down end = co_await receive<down>();
  co_return to_string(end.who) + ": " + to_string(end.reason);
}

// As the server of the tests that kill one: a task that never ends.
void serve_task(child_process& me) {
  run([&]() -> coro<void> {
    node server = co_await node::start(plain_node("server", 0));
    server.publish("slow", create_task(linger()));
    me.say(std::to_string(server.port()));
    co_await sleep(1h);
  });
}

} // namespace

TEST_CASE("remote monitor: a task's end comes with its reason", "[threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> ends;
    bool known = true;
    with_two_nodes(
      [&](node server, peer there) -> coro<void> {
        event gong;
        auto good = create_task(after(gong, false));
        auto bad = create_task(after(gong, true));
        auto slow = create_task(linger());
        server.publish("good", good);
        server.publish("bad", bad);
        server.publish("slow", slow);
        auto far_good = co_await remote<task<int>>(there, "good");
        auto far_bad = co_await remote<task<int>>(there, "bad");
        auto far_slow = co_await remote<task<int>>(there, "slow");
        auto first = co_await monitor(far_good);
        auto second = co_await monitor(far_bad);
        auto third = co_await monitor(far_slow);
        known = first != second && second != third;
        bool cancelled = co_await far_slow.cancel("enough");
        ends.push_back(co_await next_end());
        gong.set();
        std::vector<std::string> two;
        two.push_back(co_await next_end());
        two.push_back(co_await next_end());
        std::sort(two.begin(), two.end());
        ends.insert(ends.end(), two.begin(), two.end());
        // What has ended is told at once.
        co_await monitor(far_good);
        ends.push_back(co_await next_end());
        known = known && cancelled;
      },
      options);
    CHECK(known);
    REQUIRE(ends.size() == 4);
    CHECK(contains(ends[0], "'slow' on node 'server'"));
    CHECK(contains(ends[0], "enough"));
    CHECK(contains(ends[1], "'bad' on node 'server'"));
    CHECK(contains(ends[1], "broken"));
    CHECK(ends[2] == "'good' on node 'server': a normal end");
    CHECK(ends[3] == ends[2]);
  });
}

TEST_CASE("remote monitor: it can be taken back, and a name withdrawn") {
  bool came = true;
  std::error_code why;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    event gong;
    server.publish("first", create_task(after(gong, false)));
    server.publish("second", create_task(linger()));
    auto first = co_await remote<task<int>>(there, "first");
    auto second = co_await remote<task<int>>(there, "second");
    auto which = co_await monitor(first);
    co_await first.done();
    demonitor(which);
    gong.set();
    co_await first;
    co_await monitor(second);
    co_await second.done();
    server.withdraw("second");
    down end = co_await receive<down>();
    why = error_of([&] { end.reason.rethrow(); });
    came = co_await receive_for(0s, [](const down&) {});
  });
  CHECK(!came);
  CHECK(why == errc::not_published);
}

TEST_CASE("remote monitor: the loss of the node is an end") {
  child_process server{serve_task};
  std::string address = server.address();
  std::string lost, text;
  std::string later;
  run([&]() -> coro<void> {
    node client = co_await node::start(plain_node("client"));
    peer there = co_await client.connect(address);
    auto slow = co_await remote<task<int>>(there, "slow");
    co_await monitor(slow);
    co_await slow.done();
    server.signal(SIGKILL);
    for (std::string* each : {&lost, &later}) {
      down end = co_await receive<down>();
      try {
        end.reason.rethrow();
      } catch (const node_lost_error& problem) {
        *each = problem.node();
      }
      if (each == &lost)
        co_await monitor(slow); // one that is lost already
    }
  });
  CHECK(lost == "server");
  CHECK(later == "server");
}

TEST_CASE("remote link: an end by an exception or a cancellation crosses") {
  std::string reason, text;
  bool was_trapped = false;
  bool spared = false;
  bool mine_failed = false;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    event gong;
    auto slow = create_task(linger());
    auto calm = create_task(linger());
    server.publish("bad", create_task(after(gong, true)));
    server.publish("slow", slow);
    server.publish("calm", calm);
    auto bad = co_await remote<task<int>>(there, "bad");
    auto far = co_await remote<task<int>>(there, "slow");
    auto far_calm = co_await remote<task<int>>(there, "calm");
    // From there to here.
    trap_exit(true);
    co_await link(bad);
    co_await bad.done();
    gong.set();
    exit_signal told = co_await receive<exit_signal>();
    reason = to_string(told.reason);
    // From here to there.
    auto mine = create_task([](remote_task<int> to) -> coro<void> {
      co_await link(to);
      co_await to.done();
      throw std::runtime_error("I fail");
    }(far));
    auto good = create_task([](remote_task<int> to) -> coro<void> {
      co_await link(to);
      co_await to.done();
    }(far_calm));
    std::vector<any_task> both{mine, good};
    co_await wait(both);
    mine_failed = is_a<std::runtime_error>(mine.exception());
    monitor(slow);
    down end = co_await receive<down>();
    text = to_string(end.reason);
    co_await far_calm.done();
    spared = !calm.done();
    // Without a link.
    co_await monitor(far_calm);
    send_exit(far_calm.ref(), "over");
    down last = co_await receive<down>();
    was_trapped = contains(to_string(last.reason), "over") && calm.cancelled();
  });
  CHECK(contains(reason, "broken"));
  CHECK(contains(text, "I fail"));
  CHECK(spared);
  CHECK(mine_failed);
  CHECK(was_trapped);
}

TEST_CASE("remote link: the loss of a node ends both sides") {
  child_process server{serve_task};
  std::string address = server.address();
  std::string here, there_reason;
  run([&]() -> coro<void> {
    node client = co_await node::start(plain_node("client"));
    peer there = co_await client.connect(address);
    auto slow = co_await remote<task<int>>(there, "slow");
    trap_exit(true);
    co_await link(slow);
    co_await slow.done();
    server.signal(SIGKILL);
    exit_signal told = co_await receive<exit_signal>();
    here = to_string(told.reason);
  });
  with_two_nodes([&](node server, peer there) -> coro<void> {
    auto slow = create_task(linger());
    server.publish("slow", slow);
    auto far = co_await remote<task<int>>(there, "slow");
    trap_exit(true);
    co_await link(far);
    co_await far.done();
    monitor(slow);
    there.close();
    down end = co_await receive<down>();
    there_reason = to_string(end.reason);
  });
  CHECK(contains(here, "node 'server' is lost"));
  CHECK(
    contains(there_reason, "node 'client', which has a linked actor, is lost"));
}
