// Connections of the simulated network, and servers on it.

#include "simulation/echo_node.hpp"

TEST_CASE("network: a reset is seen at both ends") {
  for_seeds(20, []() -> coro<void> {
    test::network net;
    std::string seen;
    auto listen
      = [&seen](stream_reader reader, stream_writer writer) -> coro<void> {
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

TEST_CASE("network: a free port is one that is free at all addresses") {
  test::simulation sim;
  sim.run([]() -> coro<void> {
    auto probe = co_await start_server(echo, "::1", 0);
    auto taken = probe.sockets().front().getsockname().port + 1;
    auto other = co_await start_server(echo, "127.0.0.1",
                                       static_cast<std::uint16_t>(taken));
    auto both = co_await start_server(echo, "localhost", 0);
    auto sockets = both.sockets();
    test::require(sockets.size() == 2);
    auto port = sockets[0].getsockname().port;
    test::require(port == taken + 1);
    test::require(sockets[1].getsockname().port == port);
    probe.close();
    other.close();
    both.close();
    co_await both.wait_closed();
  });
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
