// An echo server that logs what each connection does. In Python:
//     log = logging.getLogger("echo_{}_{}".format(*address))
//     while data := await reader.read(128):
//         log.debug("received %r", data)
//         writer.write(data)
//         await writer.drain()
//         log.debug("sent %r", data)
// Run it with `stream_echo_server [PORT]`, else it takes port 10000.
// Writes to standard error: main: starting up on localhost port 10000
//     echo_127.0.0.1_40312: connection accepted (then received, sent, closing)
// and after Ctrl-C main: closing server

#include <troupe/troupe.hpp>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <string>

// A log with a name, as Python's logging.getLogger(name).debug(text, bytes).
struct logger {
  void debug(const std::string& text) const {
    std::cerr << name + ": " + text + '\n';
  }

  void debug(const std::string& text, const std::string& bytes) const {
    std::cerr << name << ": " << text << " b" << std::quoted(bytes, '\'')
              << '\n';
  }

  std::string name;
};

troupe::coro<void> echo(troupe::stream_reader reader,
                        troupe::stream_writer writer) {
  auto peer = writer.get_extra_info("peername", {});
  logger log{"echo_" + peer.host + '_' + std::to_string(peer.port)};
  log.debug("connection accepted");

  while (true) {
    auto data = co_await reader.read(128);
    if (data.empty())
      break;
    log.debug("received", data);
    writer.write(data);
    co_await writer.drain();
    log.debug("sent", data);
  }

  log.debug("closing");
  writer.close();
}

troupe::coro<void> serve(std::uint16_t port) {
  logger log{"main"};
  auto server = co_await troupe::start_server(echo, "localhost", port);
  auto address = server.sockets()[0].getsockname();
  log.debug("starting up on localhost port " + std::to_string(address.port));

  try {
    co_await server.serve_forever();
  } catch (const troupe::cancelled_error&) {
    log.debug("closing server"); // serve_forever() does it
    throw;
  }
}

int main(int argc, char** argv) {
  try {
    troupe::run(
      serve(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 10000)));
  } catch (const troupe::keyboard_interrupt&) {
    return 0; // Ctrl-C is how it ends
  } catch (const std::exception& problem) {
    std::cerr << "stream_echo_server: " << problem.what() << '\n';
    return 1;
  }
}
