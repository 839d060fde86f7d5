#include "support/certificates.hpp"
#include "support/errors.hpp"
#include "support/nodes.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <fstream>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Memory of a process in KiB.
long memory_of(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/status"};
  std::string word;
  while (file >> word)
    if (word == "VmRSS:") {
      long size = 0;
      file >> size;
      return size;
    }
  return -1;
}

int open_raw(int port) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to);
  return s;
}

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
  rlimit files{4096, 4096};
  setrlimit(RLIMIT_NOFILE, &files);
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
  std::vector<int> sockets;
  run([&]() -> coro<void> {
    node mine = co_await node::start(made.node("ours", "client"));
    std::string address = "127.0.0.1:" + std::to_string(port);
    peer there = co_await mine.connect(address);
    auto far = co_await remote<queue<int>>(there, "line");
    before = memory_of(server.id());
    for (int i = 0; i < 1000; ++i) {
      int s = open_raw(port);
      sockets.push_back(s);
      std::string bytes = nonsense(i);
      send(s, bytes.data(), bytes.size(), MSG_NOSIGNAL);
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
  for (int s : sockets)
    close(s);
  INFO("from " << before << " KiB to " << after << " KiB");
  CHECK(served == 11);
  CHECK(before > 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(after - before <= 16 * 1024);
#endif
}
