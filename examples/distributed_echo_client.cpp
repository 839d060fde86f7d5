// Says something to the node of distributed_echo_server again and again. Kill
// the server while it does, and start it again: the client says what it saw.
// Run it with `distributed_echo_client [--port N] [--certificates FOLDER]
// [--count N] [--interval SECONDS]`.
// Prints: Connected to 'server'
//         Send: 'Hello 1'
//         Received: 'Hello 1' after 0.2 ms
//         5 echoes, fastest 0.1 ms, slowest 0.2 ms

#include <troupe/remote.hpp>
#include <troupe/troupe.hpp>

#include "distributed_options.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;

using echo_function
  = troupe::remote_function<std::string(std::string, std::string)>;

//! [reconnect]
// The echo of the server, as soon as there is one.
troupe::coro<echo_function> find_echo(troupe::node here, std::string address) {
  for (bool told = false;;) {
    try {
      troupe::peer there = co_await here.connect(address, "server");
      std::cout << "Connected to '" << there.name() << "'" << std::endl;
      auto echo
        = co_await troupe::remote<std::string(std::string, std::string)>(
          there, "echo");
      co_return echo;
    } catch (const troupe::node_lost_error& problem) {
      if (!std::exchange(told, true))
        std::cout << "No server yet: " << problem.what() << std::endl;
    }
    co_await troupe::sleep(100ms);
  }
}
//! [reconnect]

//! [client]
troupe::coro<void> talk(settings given) {
  troupe::node_options options = given.node();
  troupe::node here = co_await troupe::node::start(options);
  echo_function echo = co_await find_echo(here, given.address());
  std::vector<double> times;
  for (int n = 1; n <= given.count; ++n) {
    std::string text = "Hello " + std::to_string(n);
    std::cout << "Send: '" << text << "'" << std::endl;
    auto start = std::chrono::steady_clock::now();
    std::optional<std::string> answer;
    try {
      answer = co_await echo(given.name, text);
    } catch (const troupe::node_lost_error& problem) {
      std::cout << "Lost: " << problem.what() << std::endl;
    }
    std::chrono::duration<double, std::milli> taken
      = std::chrono::steady_clock::now() - start;
    if (answer) {
      std::cout << "Received: '" << *answer << "' after " << taken.count()
                << " ms" << std::endl;
      times.push_back(taken.count());
      co_await troupe::sleep(std::chrono::duration<double>(given.interval));
    } else {
      echo = co_await find_echo(here, given.address());
    }
  }
  if (times.empty())
    co_return;
  auto [least, most] = std::ranges::minmax(times);
  std::cout << times.size() << " echoes, fastest " << least << " ms, slowest "
            << most << " ms\n";
}
//! [client]

int main(int argc, char** argv) {
  settings given = read_settings(argc, argv, "client");
  try {
    troupe::run(talk(given));
  } catch (const troupe::keyboard_interrupt&) {
    std::cout << "Client stopped\n";
  } catch (const std::exception& problem) {
    std::cerr << "distributed_echo_client: " << problem.what() << '\n';
    return 1;
  }
}
