#include <troupe/gather.hpp>

#include "support/errors.hpp"
#include "support/nodes.hpp"
#include "support/sockets.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <fstream>

#include <fcntl.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

node_options hasty_node(std::string name) {
  node_options options = plain_node(std::move(name));
  options.connect_limit = 2s;
  return options;
}

// A port that lets nobody in: its line of connections is full, and connecting
// takes as long as to a machine that is off.
class full_port : public plain_listener {
public:
  full_port() : plain_listener(4, 0, 0) {
    for (plain_socket& guest : guests_) {
      guest = plain_socket::make(4);
      plain_address at{4, port()};
      fcntl(guest.descriptor(), F_SETFL, O_NONBLOCK);
      ::connect(guest.descriptor(), at.get(), at.size());
    }
  }

  // How many stand before it, as the system lists them.
  std::size_t waiting() const {
    char end[16];
    std::snprintf(end, sizeof end, ":%04X 02 ", port());
    std::ifstream file{"/proc/net/tcp"};
    std::size_t count = 0;
    for (std::string line; std::getline(file, line);)
      count += contains(line, end);
    return count;
  }

  // Makes room for who comes next.
  void open() {
    for (plain_socket& guest : guests_)
      guest.close();
    inside_ = accept();
  }

private:
  std::array<plain_socket, 4> guests_;
  plain_socket inside_;
};

// What is set for the connection of this process to a port; -1 if there is
// none.
int setting_of_connection(int port, int level, int what) {
  for (int at = 3; at < 1024; ++at) {
    sockaddr_in other{};
    socklen_t size = sizeof other;
    if (getpeername(at, reinterpret_cast<sockaddr*>(&other), &size) != 0
        || other.sin_family != AF_INET || ntohs(other.sin_port) != port)
      continue;
    int value = -1;
    size = sizeof value;
    getsockopt(at, level, what, &value, &size);
    return value;
  }
  return -1;
}

coro<void> copy(stream_reader from, stream_writer to) {
  while (true) {
    std::string bytes = co_await from.read(4096);
    if (bytes.empty())
      break;
    to.write(bytes);
    co_await to.drain();
  }
  to.close();
}

} // namespace

TEST_CASE("connecting: a machine that is off holds nobody else up") {
  full_port off;
  std::error_code first;
  std::string name;
  run([&]() -> coro<void> {
    node server = co_await node::start(plain_node("server", 0));
    node client = co_await node::start(hasty_node("client"));
    std::string nowhere = "127.0.0.1:" + std::to_string(off.port());
    first = co_await error_of_await(client.connect(nowhere));
    peer there = co_await client.connect(address_of(server));
    name = there.name();
    off.close(); // the thread that still connects there can end
  });
  CHECK(first == errc::timeout);
  CHECK(name == "server");
}

TEST_CASE("connecting: an attempt that hangs does not spoil the next one") {
  std::error_code first;
  std::string name;
  run([&]() -> coro<void> {
    node behind = co_await node::start(plain_node("server", 0));
    node client = co_await node::start(hasty_node("client"));
    int connections = 0;
    // The first connection is one that the network has forgotten.
    auto relay = [&](stream_reader reader, stream_writer writer) -> coro<void> {
      if (++connections == 1)
        co_await sleep(1h);
      auto [back, forth] = co_await open_connection("127.0.0.1", behind.port());
      auto answers = create_task(copy(back, writer));
      co_await copy(reader, forth);
      co_await answers;
    };
    server gate = co_await start_server(relay, "127.0.0.1", 0);
    auto port = gate.sockets()[0].getsockname().port;
    std::string address = "127.0.0.1:" + std::to_string(port);
    first = co_await error_of_await(client.connect(address));
    peer there = co_await client.connect(address);
    name = there.name();
    there.close();
    co_await client.stop();
    gate.close();
    gate.abort_clients();
  });
  CHECK(first == errc::timeout);
  CHECK(name == "server");
}

TEST_CASE("connecting: a network that forgot a connection gets a new one") {
  int got = 0;
  int connections = 0;
  run([&]() -> coro<void> {
    node_options options = plain_node("server", 0);
    options.heartbeat = 250ms;
    node behind = co_await node::start(options);
    behind.publish("line", queue<int>{});
    options.name = "client";
    options.port = -1;
    node client = co_await node::start(options);
    event forgotten;
    auto relay = [&](stream_reader reader, stream_writer writer) -> coro<void> {
      ++connections;
      auto [back, forth] = co_await open_connection("127.0.0.1", behind.port());
      auto there = create_task(copy(reader, forth));
      auto answers = create_task(copy(back, writer));
      if (connections > 1)
        co_await gather(there, answers);
      co_await forgotten.wait();
      there.cancel();
      answers.cancel();
      co_await sleep(1h);
    };
    server gate = co_await start_server(relay, "127.0.0.1", 0);
    auto port = gate.sockets()[0].getsockname().port;
    std::string address = "127.0.0.1:" + std::to_string(port);
    peer first = co_await client.connect(address);
    auto near = co_await remote<queue<int>>(first, "line");
    co_await near.put(5);
    forgotten.set();
    co_await first.wait_lost();
    peer second = co_await client.connect(address);
    auto far = co_await remote<queue<int>>(second, "line");
    got = co_await far.get();
    second.close();
    co_await client.stop();
    gate.close();
    gate.abort_clients();
  });
  CHECK(got == 5);
  CHECK(connections == 2);
}

TEST_CASE("connecting: a node that stops meanwhile stops in time") {
  full_port slow;
  std::vector<std::string> reports;
  std::error_code attempt;
  bool begun = false;
  run([&]() -> coro<void> {
    get_running_loop().set_exception_handler(
      [&](event_loop&, const error_context& what) {
        reports.push_back(what.message);
      });
    std::size_t others = slow.waiting();
    node client = co_await node::start(plain_node("client"));
    std::string address = "127.0.0.1:" + std::to_string(slow.port());
    auto connecting = create_task(error_of_await(client.connect(address)));
    begun = co_await reached([&] { return slow.waiting() > others; });
    auto stopping = create_task(client.stop());
    co_await turns(2);
    slow.open(); // the connection comes when all else is about to go
    co_await stopping;
    attempt = co_await connecting;
  });
  CHECK(begun);
  CHECK(attempt == errc::node_lost);
  CHECK(reports == std::vector<std::string>{});
}

TEST_CASE("connecting: the node can be stopped at each turn of it",
          "[threads]") {
  for_each_worker_count([&](run_options options) {
    std::vector<std::error_code> ends;
    for (int when = 0; when < 20; ++when)
      run(
        [&]() -> coro<void> {
          node server = co_await node::start(plain_node("server", 0));
          node client = co_await node::start(plain_node("client"));
          std::vector<task<std::error_code>> all;
          for (int i = 0; i < 4; ++i)
            all.push_back(
              create_task(error_of_await(client.connect(address_of(server)))));
          co_await turns(when % 10);
          co_await client.stop();
          for (auto& each : all) {
            std::error_code end = co_await each;
            ends.push_back(end);
          }
        },
        options);
    for (const auto& end : ends)
      CHECK((!end || end == errc::node_lost || end == errc::not_supported));
  });
}

TEST_CASE("connecting: attempts that nobody answers leave no file") {
  bool late = true;
  bool closed = false;
  run([&]() -> coro<void> {
    // Keeps silent.
    auto serve = [](stream_reader reader, stream_writer writer) -> coro<void> {
      while (!(co_await reader.read(4096)).empty())
        ;
      writer.close();
    };
    server silent = co_await start_server(serve, "127.0.0.1", 0);
    auto port = silent.sockets()[0].getsockname().port;
    node_options options = plain_node("client");
    options.connect_limit = 20ms;
    node client = co_await node::start(options);
    std::size_t files = open_descriptors();
    for (int i = 0; i < 50; ++i) {
      std::string address = "127.0.0.1:" + std::to_string(port);
      std::error_code how = co_await error_of_await(client.connect(address));
      // Who is let go by the other thread a moment before is lost.
      late = late && (how == errc::timeout || how == errc::node_lost);
    }
    closed = co_await reached([&] { return open_descriptors() <= files; });
    co_await client.stop();
    silent.close();
  });
  CHECK(late);
  CHECK(closed);
}

TEST_CASE("connecting: what no session watches is watched by the system") {
  int kept_alive = 0;
  int first_probe = 0;
  int longest_wait = 0;
  run([&]() -> coro<void> {
    node server = co_await node::start(plain_node("server", 0));
    node_options options = plain_node("client");
    options.loss_limit = 9500ms;
    node client = co_await node::start(options);
    peer there = co_await client.connect(address_of(server));
    auto look = [&](int level, int what) {
      return setting_of_connection(server.port(), level, what);
    };
    kept_alive = look(SOL_SOCKET, SO_KEEPALIVE);
    first_probe = look(IPPROTO_TCP, TCP_KEEPIDLE);
    longest_wait = look(IPPROTO_TCP, TCP_USER_TIMEOUT);
  });
  CHECK(kept_alive == 1);
  CHECK(first_probe == 10);
  CHECK(longest_wait == 9'500);
}
