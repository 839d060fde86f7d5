// The same for a program with nodes: two of them talk within one process.

#include <troupe/remote.hpp>
#include <troupe/troupe.hpp>

#include <cstdio>
#include <string>

troupe::node_options plain(std::string name, int port) {
  troupe::node_options options;
  options.name = name;
  options.port = port;
  options.plain_text = true;
  return options;
}

troupe::coro<int> twice(int x) {
  co_return 2 * x;
}

troupe::coro<int> main_() {
  auto server = co_await troupe::node::start(plain("server", 0));
  server.publish("twice", twice);
  auto client = co_await troupe::node::start(plain("client", -1));
  auto there
    = co_await client.connect("127.0.0.1:" + std::to_string(server.port()));
  auto far = co_await troupe::remote<int(int)>(there, "twice");
  co_return co_await far(21);
}

int main() {
  int result = troupe::run(main_());
  std::printf("%d\n", result);
  return result == 42 ? 0 : 1;
}
