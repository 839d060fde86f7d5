// Sends a message in three parts, ends its side of the connection, and reads
// until the server ends the other. In Python:
//     for part in parts:
//         writer.write(part)
//     if writer.can_write_eof(): writer.write_eof()
//     await writer.drain()
//     while data := await reader.read(128):
//         log.debug("received %r", data)
// Run it with `stream_echo_client [PORT]`; stream_echo_server.cpp is its
// server. Writes to standard error: echo_client: connecting to localhost port
// 10000
//     echo_client: sending b'This is the message.' (and two more)
//     echo_client: waiting for response
//     echo_client: received b'This is the message.It will be sentin parts.'
//     echo_client: closing
//     main: closing event loop

#include <troupe/troupe.hpp>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <string>

void debug(const std::string& text) {
  std::cerr << "echo_client: " + text + '\n';
}

void debug(const std::string& text, const std::string& bytes) {
  std::cerr << "echo_client: " << text << " b" << std::quoted(bytes, '\'')
            << '\n';
}

troupe::coro<void> echo_client(std::string host, std::uint16_t port) {
  debug("connecting to " + host + " port " + std::to_string(port));
  auto [reader, writer] = co_await troupe::open_connection(host, port);

  for (auto part : {"This is the message.", "It will be sent", "in parts."}) {
    writer.write(part);
    debug("sending", part);
  }
  if (writer.can_write_eof())
    writer.write_eof();
  co_await writer.drain();

  debug("waiting for response");
  while (true) {
    auto data = co_await reader.read(128);
    if (data.empty())
      break;
    debug("received", data);
  }
  debug("closing");
  writer.close();
}

int main(int argc, char** argv) {
  int port = argc > 1 ? std::atoi(argv[1]) : 10000;
  auto loop = troupe::new_event_loop();
  int status = 0;
  try {
    loop.run_until_complete(
      echo_client("localhost", static_cast<std::uint16_t>(port)));
  } catch (const std::exception& problem) {
    std::cerr << "stream_echo_client: " << problem.what() << '\n';
    status = 1;
  }
  std::cerr << "main: closing event loop\n";
  loop.close();
  return status;
}
