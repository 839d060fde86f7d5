// A client starts a task on another node, watches it and cancels it. A task
// that is cancelled from afar sees the same as one that is cancelled at home.
// Run `distributed_cancel --name server`, then `distributed_cancel --name
// client` beside it, as often as you like.
// Prints: Node 'server' at 127.0.0.1:4242
//         counting sheep
//         cancelled after 3 sheep: enough
// and:    the task runs on node 'server'
//         cancelled: yes
//         'sheep 1' on node 'server' has ended: cancelled_error: enough
//         awaiting it: cancelled, enough

#include <troupe/remote.hpp>
#include <troupe/troupe.hpp>

#include "distributed_options.hpp"

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

//! [server]
troupe::coro<int> count_sheep() {
  std::cout << "counting sheep" << std::endl;
  int sheep = 0;
  try {
    for (;; ++sheep)
      co_await troupe::sleep(10ms);
  } catch (const troupe::cancelled_error& stop) {
    std::cout << "cancelled after " << sheep << " sheep: " << stop.message()
              << std::endl;
    throw;
  }
}

troupe::coro<void> serve(settings given) {
  troupe::node_options options = given.node();
  options.host = given.host;
  options.port = given.port;
  troupe::node here = co_await troupe::node::start(options);
  int started = 0;
  // Starts a task, and says under which name it can be found.
  here.publish("start", [&]() -> troupe::coro<std::string> {
    std::string name = "sheep " + std::to_string(++started);
    here.publish(name, troupe::create_task(count_sheep()));
    co_return name;
  });
  std::cout << "Node 'server' at " << options.host << ':' << here.port()
            << std::endl;
  co_await troupe::event{}.wait(); // until Ctrl-C
}
//! [server]

//! [client]
troupe::coro<void> start_and_cancel(settings given) {
  troupe::node_options options = given.node();
  troupe::peer there = co_await troupe::connect(given.address(), options);
  auto start = co_await troupe::remote<std::string()>(there, "start");
  std::string name = co_await start();
  auto sheep = co_await troupe::remote<troupe::task<int>>(there, name);
  co_await troupe::monitor(sheep);
  bool done = co_await sheep.done();
  std::cout << "the task " << (done ? "has ended" : "runs") << " on node '"
            << there.name() << "'\n";

  bool cancelled = co_await sheep.cancel("enough");
  std::cout << "cancelled: " << (cancelled ? "yes" : "no") << '\n';
  auto end = co_await troupe::receive<troupe::down>();
  std::cout << to_string(end.who) << " has ended: " << to_string(end.reason)
            << '\n';
  try {
    co_await sheep;
  } catch (const troupe::cancelled_error& stop) {
    std::cout << "awaiting it: cancelled, " << stop.message() << '\n';
  }
}
//! [client]

int main(int argc, char** argv) {
  settings given = read_settings(argc, argv, "server");
  try {
    if (given.name == "server")
      troupe::run(serve(given));
    else
      troupe::run(start_and_cancel(given));
  } catch (const troupe::keyboard_interrupt&) {
    std::cout << "Node stopped\n";
  } catch (const std::exception& problem) {
    std::cerr << "distributed_cancel: " << problem.what() << '\n';
    return 1;
  }
}
