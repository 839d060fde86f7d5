// Says something to an echo server and prints the answer. In Python:
//     reader, writer = await asyncio.open_connection("127.0.0.1", 8888)
//     writer.write(message.encode())
//     data = await reader.readexactly(len(message))
//     writer.close()
// Run it with `echo_client [--port N] [--message TEXT]`.
// Prints: Send: 'Hello World!'
//         Received: 'Hello World!'
//         Close the connection

#include <troupe/troupe.hpp>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <string>
#include <string_view>

//! [client]
troupe::coro<void> echo_client(std::uint16_t port, std::string message) {
  auto [reader, writer] = co_await troupe::open_connection("127.0.0.1", port);

  std::cout << "Send: " << std::quoted(message, '\'') << '\n';
  writer.write(message);

  auto data = co_await reader.readexactly(message.size());
  std::cout << "Received: " << std::quoted(data, '\'') << '\n';

  std::cout << "Close the connection\n";
  writer.close();
}
//! [client]

int main(int argc, char** argv) {
  std::uint16_t port = 8888;
  std::string message = "Hello World!";
  for (int i = 1; i < argc; ++i) {
    std::string_view option = argv[i];
    if (option == "--port" && i + 1 < argc) {
      port = static_cast<std::uint16_t>(std::atoi(argv[++i]));
    } else if (option == "--message" && i + 1 < argc) {
      message = argv[++i];
    } else {
      std::cerr << "usage: echo_client [--port N] [--message TEXT]\n";
      return 2;
    }
  }

  try {
    troupe::run(echo_client(port, message));
  } catch (const std::exception& problem) {
    std::cerr << "echo_client: " << problem.what() << '\n';
    return 1;
  }
}
