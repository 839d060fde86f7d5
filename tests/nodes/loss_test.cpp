#include <troupe/thread_pool.hpp>
#include <troupe/timeout.hpp>

#include "support/errors.hpp"
#include "support/nodes.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <memory>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Shows life often, so that a test need not wait long.
node_options lively(std::string name, int port = -1) {
  node_options options = plain_node(std::move(name), port);
  options.heartbeat = 250ms;
  return options;
}

// Shows life each second, and is lost after two.
node_options impatient(std::string name, int port = -1) {
  node_options options = plain_node(std::move(name), port);
  options.heartbeat = 1s;
  options.loss_limit = 2s;
  return options;
}

// A server that publishes a queue and a lock, until it is killed.
void serve(child_process& me, int port,
           node_options (*make)(std::string, int)) {
  run([&]() -> coro<void> {
    node_options options = make("server", port);
    node server = co_await node::start(options);
    server.publish("line", queue<int>{});
    server.publish("door", lock{});
    me.say(std::to_string(server.port()));
    co_await sleep(1h);
  });
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
    .count();
}

// How long a wait for a server takes to fail after `signal` was sent to it.
double time_to_lose(int signal, node_options (*make)(std::string, int)) {
  child_process server{[&](child_process& me) {
    serve(me, 0, make);
  }};
  std::string address = server.address();
  double waited = -1;
  run([&]() -> coro<void> {
    node_options options = make("client", -1);
    node client = co_await node::start(options);
    peer there = co_await client.connect(address);
    auto far = co_await remote<queue<int>>(there, "line");
    auto getting = create_task(error_of_await(far.get()));
    co_await blocked(getting);
    auto start = std::chrono::steady_clock::now();
    server.signal(signal);
    std::error_code end = co_await getting;
    if (end == errc::node_lost)
      waited = seconds_since(start);
  });
  return waited;
}

} // namespace

TEST_CASE("loss: an await fails at once when the node is killed") {
  double waited = time_to_lose(SIGKILL, plain_node);
  CHECK(waited >= 0);
  CHECK(waited < 2);
}

TEST_CASE("loss: an await fails when the node pauses beyond the limit") {
  double waited = time_to_lose(SIGSTOP, lively);
  CHECK(waited > 0.1);
  CHECK(waited < 2);
}

TEST_CASE("loss: without settings a paused node is lost within 7 seconds") {
  double waited = time_to_lose(SIGSTOP, plain_node);
  CHECK(waited > 4);
  CHECK(waited < 7);
}

TEST_CASE("loss: a short pause is none") {
  child_process server{[&](child_process& me) {
    serve(me, 0, plain_node);
  }};
  std::string address = server.address();
  bool lost = true;
  int got = 0;
  run([&]() -> coro<void> {
    node client = co_await node::start(plain_node("client"));
    peer there = co_await client.connect(address);
    auto far = co_await remote<queue<int>>(there, "line");
    server.signal(SIGSTOP);
    co_await sleep(3s);
    server.signal(SIGCONT);
    co_await far.put(5);
    got = co_await far.get();
    lost = there.lost();
  });
  CHECK(!lost);
  CHECK(got == 5);
}

TEST_CASE("loss: a pause of the whole machine is none") {
  child_process server{[&](child_process& me) {
    serve(me, 0, impatient);
  }};
  std::string address = server.address();
  child_process client{[&](child_process& me) {
    run([&]() -> coro<void> {
      node mine = co_await node::start(impatient("client"));
      peer there = co_await mine.connect(address);
      auto far = co_await remote<queue<int>>(there, "line");
      me.say("ready");
      // Long enough for a loss that is noticed late.
      auto lost = there.wait_lost();
      std::error_code end
        = co_await error_of_await(wait_for(std::move(lost), 6s));
      co_await far.put(5);
      int got = co_await far.get();
      me.say(end == errc::timeout ? std::to_string(got) : "lost");
    });
  }};
  client.hear();
  run([&]() -> coro<void> {
    server.signal(SIGSTOP);
    client.signal(SIGSTOP);
    co_await sleep(3s);
    server.signal(SIGCONT);
    client.signal(SIGCONT);
  });
  CHECK(client.hear() == "5");
}

TEST_CASE("loss: the lock of a killed or paused holder goes to the next") {
  for (int signal : {SIGKILL, SIGSTOP}) {
    child_process server{[&](child_process& me) {
      serve(me, 0, lively);
    }};
    std::string address = server.address();
    auto hold = [&](child_process& me) {
      run([&]() -> coro<void> {
        node mine = co_await node::start(lively("holder"));
        peer there = co_await mine.connect(address);
        auto door = co_await remote<lock>(there, "door");
        auto held = co_await door.scoped();
        me.say(std::to_string(held.token()));
        co_await sleep(1h);
      });
    };
    child_process holder{hold};
    std::uint64_t before = std::stoull(holder.hear());
    std::uint64_t after = 0;
    run([&]() -> coro<void> {
      node mine = co_await node::start(lively("next"));
      peer there = co_await mine.connect(address);
      auto door = co_await remote<lock>(there, "door");
      auto waiting = create_task(door.scoped());
      co_await blocked(waiting);
      holder.signal(signal);
      auto held = co_await waiting;
      after = held.token();
    });
    CHECK(after > before);
  }
}

TEST_CASE("loss: a node that comes back can be connected to again") {
  std::string port;
  std::string address;
  std::vector<int> got;
  auto begin = [&](int at) {
    return std::make_unique<child_process>(
      [at](child_process& me) { serve(me, at, plain_node); });
  };
  auto first = begin(0);
  address = first->address();
  int number = std::stoi(address.substr(address.find(':') + 1));
  // Made now, since a fork needs a process of one thread; it waits for a word.
  child_process second{[&](child_process& me) {
    me.say("ready");
    raise(SIGSTOP);
    serve(me, number, plain_node);
  }};
  second.hear();
  run([&]() -> coro<void> {
    node client = co_await node::start(plain_node("client"));
    for (int life = 0; life < 2; ++life) {
      peer there = co_await client.connect(address);
      auto far = co_await remote<queue<int>>(there, "line");
      co_await far.put(life);
      got.push_back(co_await far.get());
      if (life == 1)
        co_return;
      first->signal(SIGKILL);
      co_await there.wait_lost();
      first->wait();
      second.signal(SIGCONT);
      co_await to_thread([&] { second.hear(); });
    }
  });
  CHECK(got == std::vector{0, 1});
}
