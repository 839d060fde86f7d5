// Several processes count in one file, each under the lock of a node. The file
// remembers the greatest fencing token it has seen and refuses smaller ones, so
// that a process which lost its lock without knowing cannot spoil it.
// Run `distributed_lock --name server`, then `distributed_lock --name FILE` as
// often as you like, at the same time; each adds `--count`.
// Prints: Node 'server' at 127.0.0.1:4242
// and:    counted to 5, last token 1700000000000000005

#include <troupe/remote.hpp>
#include <troupe/troupe.hpp>

#include "distributed_options.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

//! [resource]
// What the lock guards: a number in a file, and the last token.
int count_up(const std::string& file, std::uint64_t token) {
  std::uint64_t last = 0;
  int number = 0;
  std::ifstream{file} >> last >> number;
  if (token < last)
    throw std::runtime_error("an old token: the lock is somebody else's");
  std::ofstream{file} << token << ' ' << ++number << '\n';
  return number;
}
//! [resource]

troupe::coro<void> serve(settings given) {
  troupe::node_options options = given.node();
  options.host = given.host;
  options.port = given.port;
  troupe::node here = co_await troupe::node::start(options);
  here.publish("door", troupe::lock{"door"});
  std::cout << "Node 'server' at " << options.host << ':' << here.port()
            << std::endl;
  co_await troupe::event{}.wait(); // until Ctrl-C
}

//! [client]
troupe::coro<void> count(settings given) {
  std::string file = given.name;
  given.name = "client";
  troupe::node_options options = given.node();
  troupe::peer there = co_await troupe::connect(given.address(), options);
  auto door = co_await troupe::remote<troupe::lock>(there, "door");
  int number = 0;
  std::uint64_t token = 0;
  for (int i = 0; i < given.count; ++i) {
    auto held = co_await door.scoped();
    token = held.token();
    number = count_up(file, token);
    co_await troupe::sleep(std::chrono::milliseconds{1});
  }
  std::cout << "counted to " << number << ", last token " << token << '\n';
}
//! [client]

int main(int argc, char** argv) {
  settings given = read_settings(argc, argv, "server");
  try {
    if (given.name == "server")
      troupe::run(serve(given));
    else
      troupe::run(count(given));
  } catch (const troupe::keyboard_interrupt&) {
    std::cout << "Node stopped\n";
  } catch (const std::exception& problem) {
    std::cerr << "distributed_lock: " << problem.what() << '\n';
    return 1;
  }
}
