// The simulated network: links, and what programs see of their faults.

#include "simulation/echo_node.hpp"

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
