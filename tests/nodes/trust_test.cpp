#include "support/certificates.hpp"
#include "support/errors.hpp"
#include "support/nodes.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// What a client with these options gets from a server with those: the text of
// an error, or "served".
std::string meet(node_options serving, node_options calling,
                 std::string expected = {}) {
  std::string told = "served";
  bool honest_served = false;
  run([&]() -> coro<void> {
    node server = co_await node::start(serving);
    server.publish("line", queue<int>{});
    try {
      node client = co_await node::start(calling);
      peer there = co_await client.connect(address_of(server), expected);
      auto far = co_await remote<queue<int>>(there, "line");
      co_await far.put(1);
      int got = co_await far.get();
      if (got != 1)
        told = "something else";
    } catch (const error& problem) {
      told = problem.what();
    }
    // The server goes on in any case.
    serving.port = -1;
    node honest = co_await node::start(serving);
    peer there = co_await honest.connect(address_of(server));
    auto far = co_await remote<queue<int>>(there, "line");
    co_await far.put(1);
    honest_served = true;
  });
  CHECK(honest_served);
  return told;
}

// Connects by hand and sends bytes; returns the socket.
int send_raw(std::uint16_t port, const std::string& bytes) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("no connection");
  send(s, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return s;
}

int tool(const std::string& line) {
  return std::system((line + " >/dev/null 2>&1 </dev/null").c_str());
}

} // namespace

TEST_CASE("trust: nodes with certificates of one authority serve each other") {
  certificates files;
  files.make("ours", "server");
  files.make("ours", "client");
  auto server = files.node("ours", "server", 0);
  auto client = files.node("ours", "client");
  CHECK(meet(server, client) == "served");
  CHECK(meet(server, client, "server") == "served");
  CHECK(contains(meet(server, client, "other"), "asks for node 'other'"));
}

TEST_CASE("trust: another authority, an expired certificate, none at all") {
  certificates files;
  files.make("ours", "server");
  files.make("ours", "client");
  files.make("ours", "late", -1);
  files.make("theirs", "client");
  auto server = files.node("ours", "server", 0);
  // Neither trusts the other; the client would trust the server; the server
  // would trust the client.
  CHECK(contains(meet(server, files.node("theirs", "client")), "reached"));
  auto believer = files.node("theirs", "client");
  believer.authority = server.authority;
  CHECK(contains(meet(server, believer), "reached"));
  auto naive = files.node("ours", "client");
  naive.authority = files.file("theirs", "authority.pem");
  CHECK(contains(meet(server, naive), "reached"));
  CHECK(contains(meet(server, files.node("ours", "late")), "reached"));
  CHECK(contains(meet(server, plain_node("client")), "reached"));
}

TEST_CASE("trust: a node is not what its certificate does not call it") {
  certificates files;
  files.make("ours", "client");
  files.make("theirs", "client");
  auto options = files.node("ours", "client");
  auto told = [](node_options options) {
    std::string text;
    run([&]() -> coro<void> {
      try {
        co_await node::start(options);
      } catch (const error& problem) {
        text = problem.what();
      }
    });
    return text;
  };
  CHECK(told(options).empty());
  options.name = "server";
  CHECK(contains(told(options), "not for a node named 'server'"));
  options = files.node("ours", "client");
  options.key = files.file("theirs", "client.key");
  CHECK(contains(told(options), "not that of the certificate"));
  options.key = "nowhere.key";
  CHECK(contains(told(options), "cannot read the key"));
}

TEST_CASE("trust: a TLS port takes no old version, no plain text, no garbage") {
  certificates files;
  files.make("ours", "server");
  files.make("ours", "client");
  auto serving = files.node("ours", "server", 0);
  serving.connect_limit = 2s;
  int old = 0;
  int anonymous = 0;
  int now = 1;
  bool served = false;
  run([&]() -> coro<void> {
    node server = co_await node::start(serving);
    server.publish("line", queue<int>{});
    std::string to
      = "openssl s_client -verify_return_error -connect " + address_of(server);
    std::string with = " -CAfile " + serving.authority + " -cert "
                     + files.file("ours", "client.pem") + " -key "
                     + files.file("ours", "client.key");
    now = tool(to + with + " -tls1_2");
    old = tool(to + with + " -tls1_1 -cipher ALL:@SECLEVEL=0");
    anonymous = tool(to + " -tls1_2 -cipher ALL:aNULL:@SECLEVEL=0 -CAfile "
                     + serving.authority);
    std::vector<int> sockets;
    sockets.push_back(send_raw(server.port(), ""));
    sockets.push_back(send_raw(server.port(), std::string(100'000, 'x')));
    sockets.push_back(send_raw(server.port(), std::string(32, '\xff')));
    node client = co_await node::start(files.node("ours", "client"));
    peer there = co_await client.connect(address_of(server));
    auto far = co_await remote<queue<int>>(there, "line");
    co_await far.put(1);
    served = true;
    for (int s : sockets)
      close(s);
  });
  CHECK(now == 0);
  CHECK(old != 0);
  CHECK(anonymous != 0);
  CHECK(served);
}
