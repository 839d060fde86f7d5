// Sends back what it gets, to any number of clients at once. In Python:
//     async def handle_echo(reader, writer):
//         while data := await reader.read(4096):
//             writer.write(data)
//             await writer.drain()
//         writer.close()
//     server = await asyncio.start_server(handle_echo, "127.0.0.1", 8888)
// Run it with `echo_server [--port N] [--quiet]`; port 0 takes a free one.
// Prints: Serving on ('127.0.0.1', 8888)
// and for a client that says hello and goes (not with --quiet):
//         Received 'hello' from ('127.0.0.1', 40312)
//         Send: 'hello'
//         Close the connection
// Ctrl-C ends it: Server closed

#include <troupe/troupe.hpp>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

// As Python's repr: what a client sends must not reach the terminal unseen.
std::string repr(std::string_view bytes) {
  constexpr auto digits = "0123456789abcdef";
  std::string text = "'";
  for (unsigned char byte : bytes)
    if (byte < ' ' || byte > '~')
      text += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
    else if (byte == '\'' || byte == '\\')
      text += {'\\', static_cast<char>(byte)};
    else
      text += static_cast<char>(byte);
  return text + "'";
}

//! [echo]
troupe::coro<void> echo(troupe::stream_reader reader,
                        troupe::stream_writer writer, bool quiet) {
  auto peer = writer.get_extra_info("peername", {});
  try {
    while (true) {
      auto data = co_await reader.read(4096);
      if (data.empty())
        break;
      if (!quiet)
        std::cout << "Received " << repr(data) << " from " << peer
                  << "\nSend: " << repr(data) << '\n';
      writer.write(data);
      co_await writer.drain();
    }
  } catch (const std::system_error& problem) {
    std::cout << "Lost " << peer << ": " << problem.code().message() << '\n';
  }
  if (!quiet)
    std::cout << "Close the connection\n";
  writer.close();
}

troupe::coro<void> serve(std::uint16_t port, bool quiet) {
  auto handler = [quiet](auto reader, auto writer) {
    return echo(std::move(reader), std::move(writer), quiet);
  };
  auto server = co_await troupe::start_server(handler, "127.0.0.1", port);
  auto address = server.sockets()[0].getsockname();
  std::cout << "Serving on " << address << '\n';

  try {
    co_await server.serve_forever();
  } catch (const troupe::cancelled_error&) {
    std::cout << "Server closed\n"; // Ctrl-C
  }
  server.abort_clients(); // their handlers see the end of the stream
  co_await server.wait_closed();
}
//! [echo]

int main(int argc, char** argv) {
  std::uint16_t port = 8888;
  bool quiet = false;
  for (int i = 1; i < argc; ++i) {
    std::string_view option = argv[i];
    if (option == "--quiet") {
      quiet = true;
    } else if (option == "--port" && i + 1 < argc) {
      port = static_cast<std::uint16_t>(std::atoi(argv[++i]));
    } else {
      std::cerr << "usage: echo_server [--port N] [--quiet]\n";
      return 2;
    }
  }

  std::cout << std::unitbuf; // each line is seen at once, in a pipe too
  try {
    troupe::run(serve(port, quiet));
  } catch (const std::exception& problem) {
    std::cerr << "echo_server: " << problem.what() << '\n';
    return 1;
  }
}
