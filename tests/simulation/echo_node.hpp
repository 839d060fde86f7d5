#pragma once

#include <troupe/simulated_network.hpp>
#include <troupe/troupe.hpp>

#include "support/test.hpp"

#include <cerrno>
#include <string>

// What the tests of the simulated network share: an echo server on a host of
// its own, and clients.

using namespace troupe;
using namespace std::chrono_literals;
using nanoseconds = std::chrono::nanoseconds;

inline coro<void> echo(stream_reader reader, stream_writer writer) {
  try {
    for (;;) {
      std::string data = co_await reader.read(1'000);
      if (data.empty())
        break;
      writer.write(data);
      co_await writer.drain();
    }
  } catch (const std::system_error&) {
  }
  writer.close();
}

inline coro<void> echo_server() {
  auto server = co_await start_server(echo, "", 7);
  co_await server.serve_forever();
}

// Sends `text` in pieces and reads what comes back; false if the connection was
// lost. What came back is always the beginning of what was sent.
inline coro<bool> talk(std::string text, std::size_t piece) {
  std::string got;
  bool whole = false;
  try {
    auto [reader, writer] = co_await open_connection("server", 7);
    stream_writer out = writer;
    auto send
      = [](stream_writer to, std::string all, std::size_t size) -> coro<void> {
      try {
        for (std::size_t i = 0; i < all.size(); i += size) {
          to.write(all.substr(i, size));
          co_await to.drain();
        }
        to.write_eof();
      } catch (const std::system_error&) {
      }
    };
    auto sending = create_task(send(out, text, piece));
    try {
      for (;;) {
        std::string some = co_await reader.read(700);
        if (some.empty())
          break;
        got += some;
      }
      whole = got.size() == text.size();
    } catch (const std::system_error&) {
    }
    co_await sending;
    writer.close();
  } catch (const std::system_error&) {
  }
  test::require(text.compare(0, got.size(), got) == 0,
                "nothing lost, doubled or out of order");
  co_return whole;
}

inline std::string numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += std::to_string(i) + ' ';
  return text;
}

inline test::link_options bad_link() {
  test::link_options bad;
  bad.min_latency = 1ms;
  bad.max_latency = 50ms;
  bad.short_io = 300;
  bad.receive_window = 900;
  bad.send_buffer = 500;
  return bad;
}

// What a client of "server" port 7 gets back for `text`, or the errno.
struct answer {
  std::string text;
  int code = 0;
  nanoseconds at{};
};

inline coro<answer> ask(std::string text, std::string host = "server") {
  answer got;
  try {
    auto [reader, writer] = co_await open_connection(host, 7);
    writer.write(text);
    got.text = co_await reader.readexactly(text.size());
    writer.close();
    co_await writer.wait_closed();
  } catch (const incomplete_read_error& e) {
    got.text = e.partial;
    got.code = -1;
  } catch (const std::system_error& e) {
    got.code = e.code().value();
  }
  got.at = test::time();
  co_return got;
}

template <class F>
void for_seeds(int count, F&& program, unsigned odds = 100) {
  for (int seed = 1; seed <= count; ++seed) {
    INFO("seed " << seed);
    test::simulation sim{
      {.seed = static_cast<std::uint64_t>(seed), .odds = odds}};
    sim.run(program);
  }
}
