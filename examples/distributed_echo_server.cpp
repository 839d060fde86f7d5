// A node that gives back what others say, until Ctrl-C. asyncio has nothing of
// the kind; this is its echo server with a published function for a protocol.
// Run it with `distributed_echo_server [--port N] [--certificates FOLDER]`, and
// distributed_echo_client beside it, as often as you like.
// Prints: Node 'server' at 127.0.0.1:4242
//         Received 'Hello 1' from 'client'

#include <troupe/node.hpp>
#include <troupe/troupe.hpp>

#include "distributed_options.hpp"

#include <exception>
#include <iomanip>
#include <iostream>
#include <string>

//! [server]
troupe::coro<std::string> echo(std::string who, std::string text) {
  std::cout << "Received " << std::quoted(text, '\'') << " from "
            << std::quoted(who, '\'') << std::endl;
  co_return text;
}

troupe::coro<void> serve(troupe::node_options options) {
  troupe::node here = co_await troupe::node::start(options);
  here.publish("echo", echo);
  std::cout << "Node '" << here.name() << "' at " << options.host << ':'
            << here.port() << std::endl;
  co_await troupe::event{}.wait(); // until Ctrl-C
}
//! [server]

int main(int argc, char** argv) {
  settings given = read_settings(argc, argv, "server");
  troupe::node_options options = given.node();
  options.host = given.host;
  options.port = given.port;
  try {
    troupe::run(serve(options));
  } catch (const troupe::keyboard_interrupt&) {
    std::cout << "Node stopped\n";
  } catch (const std::exception& problem) {
    std::cerr << "distributed_echo_server: " << problem.what() << '\n';
    return 1;
  }
}
