// Streams on the simulated network: the same code as on real sockets.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include "support/test.hpp"

#include <string>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> echo(stream_reader reader, stream_writer writer) {
  for (;;) {
    std::string data = co_await reader.read(1'000);
    if (data.empty())
      break;
    writer.write(data);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

coro<std::string> ask(std::string text) {
  auto [reader, writer] = co_await open_connection("127.0.0.1", 8888);
  writer.write(text);
  writer.write_eof();
  std::string answer = co_await reader.read();
  writer.close();
  co_await writer.wait_closed();
  co_return answer;
}

} // namespace

TEST_CASE("simulated streams: an echo server answers") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    test::simulation sim{seed};
    sim.run([]() -> coro<void> {
      auto server = co_await start_server(echo, "127.0.0.1", 8888);
      std::string answer = co_await ask("hello");
      test::require(answer == "hello");
      server.close();
      co_await server.wait_closed();
    });
  }
}
