// The simulated network: links, faults, and what programs see of them.

#include <troupe/simulated_network.hpp>
#include <troupe/troupe.hpp>

#include "support/test.hpp"

#include <cerrno>
#include <string>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using nanoseconds = std::chrono::nanoseconds;

coro<void> echo(stream_reader reader, stream_writer writer) {
  int code = 0;
  try {
    for (;;) {
      std::string data = co_await reader.read(1'000);
      if (data.empty())
        break;
      writer.write(data);
      co_await writer.drain();
    }
  } catch (const std::system_error& e) {
    code = e.code().value();
  }
  static_cast<void>(code);
  writer.close();
}

coro<void> echo_server() {
  auto server = co_await start_server(echo, "", 7);
  co_await server.serve_forever();
}

// What a client of "server" port 7 gets back for `text`, or the errno.
struct answer {
  std::string text;
  int code = 0;
  nanoseconds at{};
};

coro<answer> ask(std::string text, std::string host = "server") {
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

} // namespace

TEST_CASE("network: a node is reached by name and by address") {
  for_seeds(20, []() -> coro<void> {
    test::node server{"server", echo_server};
    co_await sleep(1s);
    auto by_name = co_await ask("hello");
    test::require(by_name.text == "hello");
    auto by_number = co_await ask("hello", server.address());
    test::require(by_number.text == "hello");
    auto unknown = co_await ask("hello", "nobody");
    test::require(unknown.code != 0);
    auto nowhere = co_await ask("hello", "192.0.2.1");
    test::require(nowhere.code == EHOSTUNREACH);
    auto own = co_await ask("hello", "localhost");
    test::require(own.code == ECONNREFUSED, "the server is elsewhere");
  });
}

TEST_CASE("network: a packet takes as long as the link says") {
  test::simulation sim{{.how = test::strategy::fifo}};
  sim.run([]() -> coro<void> {
    test::network net;
    test::link_options slow;
    slow.min_latency = slow.max_latency = 100ms;
    net.set_links(slow);
    test::node server{"server", echo_server};
    co_await sleep(1s);
    nanoseconds begin = test::time();
    auto [reader, writer] = co_await open_connection(server.address(), 7);
    test::require(test::time() - begin == 200ms, "connecting: there and back");
    writer.write("x");
    co_await reader.read(1);
    test::require(test::time() - begin == 400ms, "asking: there and back");
    writer.close();
  });
}

TEST_CASE("network: bandwidth makes data late") {
  test::simulation sim{{.how = test::strategy::fifo, .odds = 0}};
  sim.run([]() -> coro<void> {
    test::network net;
    test::link_options narrow;
    narrow.min_latency = narrow.max_latency = 0ms;
    narrow.bytes_per_second = 1'000;
    net.set_link("main", "server", narrow);
    test::node server{"server", echo_server};
    co_await sleep(1s);
    nanoseconds begin = test::time();
    auto got = co_await ask(std::string(5'000, 'x'), server.address());
    test::require(got.text.size() == 5'000);
    nanoseconds took = test::time() - begin;
    test::require(took >= 5s && took < 6s);
  });
}

TEST_CASE("network: refused, where nobody listens or by wish") {
  for_seeds(10, []() -> coro<void> {
    test::network net;
    test::node server{"server", echo_server};
    co_await sleep(1s);
    net.refuse("server", 7);
    auto refused = co_await ask("hello");
    test::require(refused.code == ECONNREFUSED);
    net.refuse("server", 7, false);
    auto served = co_await ask("hello");
    test::require(served.text == "hello");
    server.crash(test::crash_kind::process);
    auto late = co_await ask("hello");
    test::require(late.code == ECONNREFUSED);
  });
}

TEST_CASE("network: connecting into a black hole takes 127 seconds") {
  for_seeds(10, []() -> coro<void> {
    test::network net;
    test::node server{"server", echo_server};
    co_await sleep(1s);
    net.black_hole("server");
    nanoseconds begin = test::time();
    auto lost = co_await ask("hello");
    test::require(lost.code == ETIMEDOUT);
    nanoseconds took = lost.at - begin;
    test::require(took >= 127s && took < 128s);
    net.heal("server");
    auto served = co_await ask("hello");
    test::require(served.text == "hello");
  });
}

TEST_CASE("network: a partition that heals in time loses nothing") {
  for_seeds(20, []() -> coro<void> {
    test::network net;
    test::node server{"server", echo_server};
    co_await sleep(1s);
    auto [reader, writer] = co_await open_connection("server", 7);
    net.partition("main", "server");
    writer.write("hello");
    co_await sleep(60s);
    net.heal("main", "server");
    std::string got = co_await reader.readexactly(5);
    test::require(got == "hello");
    test::require(test::time() < 70s);
    writer.close();
  });
}

TEST_CASE("network: connecting goes on when a partition heals") {
  for_seeds(20, []() -> coro<void> {
    test::network net;
    test::node server{"server", echo_server};
    co_await sleep(1s);
    net.cut("server", "main"); // one way: the answers
    auto asking = create_task(ask("hello"));
    co_await sleep(20s);
    test::require(!asking.done());
    net.heal("main", "server");
    auto got = co_await asking;
    test::require(got.text == "hello");
    test::require(got.at < 40s);
  });
}

TEST_CASE("network: who gets no answer gives up in the end") {
  for_seeds(10, []() -> coro<void> {
    test::network net;
    test::node server{"server", echo_server};
    co_await sleep(1s);
    auto [reader, writer] = co_await open_connection("server", 7);
    net.cut("main", "server");
    writer.write("hello");
    int code = 0;
    try {
      co_await reader.read(1);
    } catch (const std::system_error& e) {
      code = e.code().value();
    }
    test::require(code == ETIMEDOUT);
    test::require(test::time() > 900s && test::time() < 1000s);
    writer.close();
  });
}

TEST_CASE("network: one way cut, the other way data still comes") {
  for_seeds(20, []() -> coro<void> {
    test::network net;
    auto talk = [](stream_reader, stream_writer writer) -> coro<void> {
      co_await sleep(10s);
      writer.write("still here");
      co_await sleep(100s);
      writer.close();
    };
    test::node server{"server", [talk]() -> coro<void> {
                        auto door = co_await start_server(talk, "", 7);
                        co_await door.serve_forever();
                      }};
    co_await sleep(1s);
    auto [reader, writer] = co_await open_connection("server", 7);
    co_await sleep(1s);
    net.cut("main", "server");
    std::string got = co_await reader.readexactly(10);
    test::require(got == "still here" && test::time() < 20s);
    net.heal("main", "server");
    std::string end = co_await reader.read();
    test::require(end.empty());
    writer.close();
  });
}

TEST_CASE("network: a reset is seen at both ends") {
  for_seeds(20, []() -> coro<void> {
    test::network net;
    std::string seen;
    auto listen = [&seen](stream_reader reader,
                          stream_writer writer) -> coro<void> {
      try {
        co_await reader.read();
      } catch (const std::system_error& e) {
        seen = e.code().value() == ECONNRESET ? "reset" : "other";
      }
      writer.close();
    };
    test::node server{"server", [listen]() -> coro<void> {
                        auto door = co_await start_server(listen, "", 7);
                        co_await door.serve_forever();
                      }};
    co_await sleep(1s);
    auto [reader, writer] = co_await open_connection("server", 7);
    co_await sleep(1s);
    test::require(net.open_connections() == 1);
    net.reset("main", "server");
    int code = 0;
    try {
      co_await reader.read(1);
    } catch (const std::system_error& e) {
      code = e.code().value();
    }
    test::require(code == ECONNRESET);
    co_await test::eventually([&] { return seen == "reset"; });
    test::require(net.open_connections() == 0);
    writer.close();
  });
}

TEST_CASE("network: half closed, the other half still talks") {
  for_seeds(20, []() -> coro<void> {
    auto count = [](stream_reader reader, stream_writer writer) -> coro<void> {
      std::string all = co_await reader.read();
      writer.write(std::to_string(all.size()));
      writer.close();
    };
    auto server = co_await start_server(count, "127.0.0.1", 7);
    auto [reader, writer] = co_await open_connection("127.0.0.1", 7);
    writer.write("12345");
    writer.write_eof();
    std::string got = co_await reader.read();
    test::require(got == "5");
    writer.close();
    server.close();
    co_await server.wait_closed();
  });
}

TEST_CASE("network: a slow reader stops the writer at drain") {
  for_seeds(10, []() -> coro<void> {
    test::network net;
    test::link_options small;
    small.receive_window = 1'000;
    small.send_buffer = 1'000;
    net.set_links(small);
    auto sleepy = [](stream_reader reader, stream_writer writer) -> coro<void> {
      std::size_t all = 0;
      for (;;) {
        co_await sleep(1s);
        std::string some = co_await reader.read(1'000);
        if (some.empty())
          break;
        all += some.size();
      }
      test::require(all == 300'000);
      writer.close();
    };
    test::node server{"server", [sleepy]() -> coro<void> {
                        auto door = co_await start_server(sleepy, "", 7);
                        co_await door.serve_forever();
                      }};
    co_await sleep(1s);
    auto [reader, writer] = co_await open_connection("server", 7);
    for (int i = 0; i < 30; ++i) {
      writer.write(std::string(10'000, 'x'));
      co_await writer.drain();
      test::require(writer.get_write_buffer_size() <= 64 * 1024);
    }
    test::require(test::time() > 100s, "the reader sets the pace");
    writer.write_eof();
    std::string end = co_await reader.read();
    test::require(end.empty());
    writer.close();
  });
}

TEST_CASE("network: accepting fails, pauses and goes on") {
  std::string reported;
  test::simulation sim;
  sim.run([&]() -> coro<void> {
    get_running_loop().set_exception_handler(
      [&](event_loop&, const error_context& what) { reported = what.message; });
    test::network net;
    net.fail_accepts("main", 1, EMFILE);
    auto server = co_await start_server(echo, "127.0.0.1", 7);
    nanoseconds begin = test::time();
    auto got = co_await ask("hello", "127.0.0.1");
    test::require(got.text == "hello");
    test::require(got.at - begin >= 1s, "it pauses for a second");
    server.close();
    co_await server.wait_closed();
  });
  CHECK_THAT(reported, Catch::Contains("out of resources"));
}

TEST_CASE("network: an address in use is refused") {
  test::simulation sim;
  sim.run([]() -> coro<void> {
    auto first = co_await start_server(echo, "127.0.0.1", 7);
    int code = 0;
    try {
      co_await start_server(echo, "127.0.0.1", 7);
    } catch (const std::system_error& e) {
      code = e.code().value();
    }
    test::require(code == EADDRINUSE);
    try {
      co_await start_server(echo, "192.0.2.1", 7);
    } catch (const std::system_error& e) {
      code = e.code().value();
    }
    test::require(code == EADDRNOTAVAIL);
    auto any = co_await start_server(echo, "127.0.0.1", 0);
    test::require(any.sockets().front().getsockname().port != 0);
    any.close();
    first.close();
    co_await first.wait_closed();
  });
}

TEST_CASE("network: what is for simulations says so elsewhere") {
  CHECK_THROWS_AS(test::network{}, error);
  CHECK_THROWS_AS(test::node("x", echo_server), error);
  test::simulation sim;
  sim.run([]() -> coro<void> {
    test::network net;
    test::link_options wrong;
    wrong.min_latency = 2s;
    bool refused = false;
    try {
      net.set_links(wrong);
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    test::require(refused);
    co_return;
  });
}
