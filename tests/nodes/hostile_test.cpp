#include "support/certificates.hpp"
#include "support/errors.hpp"
#include "support/nodes.hpp"
#include "support/raw_peer.hpp"
#include "support/sanitized.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// A header of BASP that announces 4 GiB.
std::string big_header() {
  std::string header(32, '\0');
  header[4] = header[5] = header[6] = header[7] = '\xff';
  return header;
}

// Silence, a great announcement, or garbage.
std::string nonsense(int number) {
  if (number % 3 == 0)
    return {};
  return number % 3 == 1 ? big_header() : std::string(2000, 'x');
}

} // namespace

TEST_CASE("hostile: a thousand strangers get nothing and cost little") {
  allow_many_sockets();
  certificates made;
  made.make("ours", "server");
  made.make("ours", "client");
  child_process server{[&](child_process& me) {
    run([&]() -> coro<void> {
      node here = co_await node::start(made.node("ours", "server", 0));
      here.publish("line", queue<int>{});
      me.say(std::to_string(here.port()));
      co_await sleep(1h);
    });
  }};
  int port = std::stoi(server.hear());
  long before = 0;
  long after = 0;
  int served = 0;
  std::vector<raw_peer> strangers;
  run([&]() -> coro<void> {
    node mine = co_await node::start(made.node("ours", "client"));
    std::string address = "127.0.0.1:" + std::to_string(port);
    peer there = co_await mine.connect(address);
    auto far = co_await remote<queue<int>>(there, "line");
    before = memory_of(server.id());
    for (int i = 0; i < 1000; ++i) {
      strangers.emplace_back(port).send(nonsense(i));
      if (i % 100 == 0) {
        co_await far.put(i);
        int got = co_await far.get();
        served += got == i;
      }
    }
    co_await far.put(7);
    int last = co_await far.get();
    served += last == 7;
    after = memory_of(server.id());
  });
  INFO("from " << before << " KiB to " << after << " KiB");
  CHECK(served == 11);
  CHECK(before > 0);
  if (!TROUPE_SANITIZED)
    CHECK(after - before <= 16 * 1024);
}

TEST_CASE("hostile: who only stands there makes room, and goes in time") {
  bool tls = GENERATE(true, false);
  certificates made;
  made.make("ours", "server");
  made.make("ours", "client");
  auto serving = tls ? made.node("ours", "server", 0) : plain_node("server", 0);
  auto calling = tls ? made.node("ours", "client") : plain_node("client");
  serving.connect_limit = 2s;
  child_process server{[&](child_process& me) {
    run([&]() -> coro<void> {
      node here = co_await node::start(serving);
      here.publish("line", queue<int>{});
      me.say(std::to_string(here.port()));
      co_await sleep(1h);
    });
  }};
  int port = std::stoi(server.hear());
  std::vector<raw_peer> strangers;
  for (int i = 0; i < 100; ++i)
    strangers.emplace_back(port);
  // The first 36 made room for the last 64.
  for (int i = 0; i < 36; ++i) {
    INFO("stranger " << i);
    CHECK(strangers[static_cast<std::size_t>(i)].is_dropped());
  }
  int got = 0;
  run([&]() -> coro<void> {
    node mine = co_await node::start(calling);
    peer there = co_await mine.connect("127.0.0.1:" + std::to_string(port));
    auto far = co_await remote<queue<int>>(there, "line");
    co_await far.put(7);
    got = co_await far.get();
    for (auto& x : strangers)
      CHECK(x.is_dropped());
    co_await far.put(8);
    int next = co_await far.get();
    got += next;
  });
  CHECK(got == 15);
}
