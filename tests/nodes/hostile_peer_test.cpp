#include "support/certificates.hpp"
#include "support/errors.hpp"
#include "support/nodes.hpp"
#include "support/nonsense.hpp"
#include "support/raw_peer.hpp"
#include "support/sanitized.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <vector>

using namespace troupe;
using namespace troupe::detail;
using namespace std::chrono_literals;

namespace {

// A server in a process of its own. It publishes an empty queue, and a function
// that says how often it was called.
void serve(child_process& me, node_options options) {
  run([&]() -> coro<void> {
    node here = co_await node::start(options);
    here.publish("line", queue<int>{});
    int calls = 0;
    here.publish("calls", [&]() -> coro<int> { co_return ++calls; });
    me.say(std::to_string(here.port()));
    co_await sleep(1h);
  });
}

// An honest client of a server that looks how the server is.
struct witness {
  pid_t server;
  long before = memory_of(server);
  int served = 0;

  coro<void> use(remote_queue<int> far) {
    co_await far.put(served);
    int got = co_await far.get();
    if (got == served)
      ++served;
  }

  void check() const {
    long after = memory_of(server);
    INFO("from " << before << " KiB to " << after << " KiB");
    CHECK(before > 0);
    if (!TROUPE_SANITIZED)
      CHECK(after - before <= 16 * 1024);
  }
};

// What CAF would obey, or choke on.
std::vector<std::string> forgeries(const basp_peer& peer,
                                   const std::string& other) {
  const auto& me = peer.me;
  const auto& them = peer.them;
  std::uint64_t at = peer.gateway;
  std::uint64_t mid = basp_plain;
  using enum basp;
  auto spawn_server = from_big_endian(std::string{"\0\0\x3f", 3});
  std::string no_reason = big_endian(4, 1) + big_endian(0, 8);
  std::string empty = big_endian(0, 2) + basp_size(3) + "@<>";
  basp_header text{direct_message, 0, mid, 77, at};
  basp_header down{down_message, 0, 0, 77, 0};
  std::string stage = big_endian(1, 1) + me + big_endian(77, 8);
  return {
    // lengths
    basp_frame(text, {}, 0xffffffff),
    basp_frame(text, {}, 1 << 20),
    basp_frame(text, basp_message("@<>+@str", basp_size(1 << 20) + "x")),
    basp_frame(text, basp_message("@<>+@str", "\xff\xff\xff\xff\xff\xff")),
    basp_frame(text),
    basp_frame({client_handshake}, {}, 0x7fffffff),
    basp_frame({monitor_message, 0, 0, 0, at}, {}, 0x7fffffff),
    basp_frame(down, {}, 0x7fffffff),
    basp_frame({heartbeat}),
    // contents
    basp_frame(text, basp_message("@<>+@i32", big_endian(1, 4))),
    basp_frame(text, basp_message("@<>+@message", empty)),
    basp_frame(text, basp_message("@<>+@exit", me + empty)),
    basp_frame(text, basp_message("@<>+@atom+@strong_actor_ptr", stage)),
    basp_frame(text, stage + basp_text("x").substr(1)),
    basp_frame(text, basp_message("@<>", {})),
    // receivers and senders
    basp_frame({direct_message, 0, mid, 77, 1}, basp_text("x")),
    basp_frame({direct_message, 0, mid, 77, 2}, basp_text("x")),
    basp_frame({direct_message, 1, mid, 77, spawn_server}, basp_text("x")),
    basp_frame({direct_message, 1, mid, 77, at}, basp_text("x")),
    basp_frame({direct_message, 0, mid, 0, at}, basp_text("x")),
    basp_frame({direct_message, 0, mid | 5, 77, at}, basp_text("x")),
    basp_frame({direct_message, 0, mid | 5ULL << 62, 77, at}, basp_text("x")),
    basp_frame({routed_message, 0, mid, 77, at}, other + them + basp_text("x")),
    basp_frame({routed_message, 0, mid, 77, at}, me + other + basp_text("x")),
    basp_frame({monitor_message, 0, 0, 0, 1}, me + them),
    basp_frame({monitor_message, 0, 0, 0, at}, other + them),
    basp_frame({monitor_message, 0, 0, 0, at}, me + other),
    basp_frame(down, other + them + no_reason + empty),
    basp_frame(down, me + other + no_reason + empty),
    basp_frame(down, me + them + no_reason + big_endian(0, 2) + "\x03+++"),
    // who it is
    basp_frame({client_handshake, 2}, other),
    basp_frame({client_handshake}, me),
    basp_frame({server_handshake, 0, 3}, them),
    basp_frame({static_cast<basp>(9)}),
    basp_frame({static_cast<basp>(255), 255, mid, 77, at}, "x"),
  };
}

} // namespace

TEST_CASE(
  "hostile: a peer with a certificate reaches nothing below a session") {
  allow_many_sockets();
  certificates made;
  made.make("ours", "server");
  made.make("ours", "client");
  made.make("ours", "mole");
  child_process server{[&](child_process& me) {
    serve(me, made.node("ours", "server", 0));
  }};
  int port = std::stoi(server.hear());
  auto mole = made.node("ours", "mole");
  run([&]() -> coro<void> {
    node mine = co_await node::start(made.node("ours", "client", 0));
    std::string address = "127.0.0.1:" + std::to_string(port);
    peer there = co_await mine.connect(address);
    auto far = co_await remote<queue<int>>(there, "line");
    auto calls = co_await remote<int()>(there, "calls");
    witness honest{server.id()};
    std::uint32_t number = 0;
    auto enter = [&] {
      return basp_peer{raw_peer{port, mole}, ++number};
    };
    // The honest client's own node, which it shows to everybody.
    std::string other = basp_peer{raw_peer{mine.port(), mole}, 1'000'000}.them;

    std::size_t kinds = 0;
    for (std::size_t i = 0; i == 0 || i < kinds; ++i) {
      basp_peer peer = enter();
      auto all = forgeries(peer, other);
      kinds = all.size();
      peer.line.send(all[i]);
      INFO("forgery " << i);
      CHECK(peer.line.is_dropped());
      co_await honest.use(far);
    }
    CHECK(kinds >= 20);

    // It says that it is the server itself, the client, or nobody.
    for (auto name : {std::string{}, other, std::string(32, '\0')}) {
      raw_peer line{port, mole};
      std::string hello = line.read(32);
      auto size = from_big_endian(hello.substr(4, 4));
      std::string them = line.read(size).substr(0, 32);
      line.send(
        basp_frame({basp::client_handshake}, name.empty() ? them : name));
      CHECK(line.is_dropped());
      co_await honest.use(far);
    }

    // A thousand ids: the gateway is the only one to answer.
    int answers = 0;
    for (std::uint64_t id = 1; id <= 1000; ++id) {
      basp_peer peer = enter();
      if (id == peer.gateway)
        continue;
      peer.text(id, make_frame(frame::ping));
      answers += !peer.line.is_dropped();
      if (id % 10 == 0)
        co_await honest.use(far); // also lets the loop turn
    }
    CHECK(answers == 0);

    // A thousand names.
    node other_node = co_await node::start(mole);
    peer asked = co_await other_node.connect(address);
    int found = 0;
    for (int i = 0; i < 1000; ++i) {
      try {
        std::string name = "name" + std::to_string(i);
        co_await remote<queue<int>>(asked, name);
        ++found;
      } catch (const error& problem) {
        if (problem.code() != errc::not_published)
          ++found;
      }
    }
    CHECK(found == 0);
    int called = co_await calls();
    CHECK(called == 1);
    honest.check();
  });
}

TEST_CASE("hostile: a peer that forges messages of a session ends it only") {
  child_process server{[&](child_process& me) {
    serve(me, plain_node("server", 0));
  }};
  int port = std::stoi(server.hear());
  run([&]() -> coro<void> {
    node mine = co_await node::start(plain_node("client"));
    std::string address = "127.0.0.1:" + std::to_string(port);
    peer there = co_await mine.connect(address);
    auto far = co_await remote<queue<int>>(there, "line");
    auto calls = co_await remote<int()>(there, "calls");
    witness honest{server.id()};
    std::string none;
    std::uint32_t number = 0;
    for (const std::string& bytes : nonsense_frames()) {
      if (bytes.size() > 10'000)
        continue; // this node has no such limit
      INFO("message " << number);
      basp_peer peer{raw_peer{port}, ++number};
      peer.text(peer.gateway,
                make_frame(frame::hello, std::string{"troupe"},
                           protocol_version, std::string{"forger"}, none, none,
                           none));
      auto welcome = peer.await(basp::direct_message);
      auto link = from_big_endian(welcome.header.substr(16, 8));
      peer.line.send(basp_frame({basp::monitor_message, 0, 0, 0, link},
                                peer.me + peer.them));
      peer.text(link, make_frame(frame::proof, none));
      peer.text(link, bytes);
      auto end = peer.await(basp::down_message);
      REQUIRE(end.header.size() == 32);
      CHECK(from_big_endian(end.header.substr(16, 8)) == link);
      co_await honest.use(far);
    }
    int called = co_await calls();
    CHECK(called == 1);
    honest.check();
  });
}
