// Simulated hosts that crash, pause and come back.

#include "simulation/echo_node.hpp"

TEST_CASE("node: tasks of a crashed host are gone, and its server with it") {
  test::check(
    []() -> coro<void> {
      int ticks = 0;
      auto tick = [&ticks]() -> coro<void> {
        auto more = [&ticks]() -> coro<void> {
          for (;;) {
            co_await sleep(1s);
            ++ticks;
          }
        };
        auto first = create_task(more());
        auto second = create_task(more());
        get_running_loop().call_later(5s, [&ticks] { ticks += 1'000; });
        co_await first;
      };
      test::node clock{"clock", tick};
      co_await sleep(2500ms);
      test::require(ticks == 4);
      test::require(clock.running());
      clock.crash();
      test::require(!clock.running());
      co_await clock.wait();
      co_await sleep(10s);
      test::require(ticks == 4);
      clock.restart();
      co_await sleep(1500ms);
      test::require(ticks == 6);
    },
    {.schedules = 100});
}

TEST_CASE("node: a client that connects again survives crashes") {
  test::check(
    []() -> coro<void> {
      test::node server{"server", echo_server};
      co_await sleep(1s);
      auto persist = []() -> coro<int> {
        int attempts = 0;
        for (;;) {
          ++attempts;
          bool whole = co_await talk("hello", 5);
          if (whole)
            co_return attempts;
          co_await sleep(5s);
        }
      };
      auto client = create_task(persist());
      co_await sleep(2ms);
      server.crash(test::crash_kind::process);
      co_await sleep(10s);
      server.restart();
      int attempts = co_await client;
      test::require(attempts >= 1);
    },
    {.schedules = 200});
}

TEST_CASE("node: each kind of crash looks as it should") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    for (auto kind : {test::crash_kind::process, test::crash_kind::reset,
                      test::crash_kind::machine}) {
      test::simulation sim{seed};
      sim.run([kind]() -> coro<void> {
        test::node server{"server", echo_server};
        co_await sleep(1s);
        auto [reader, writer] = co_await open_connection("server", 7);
        writer.write("one");
        co_await reader.readexactly(3);
        server.crash(kind);
        std::string seen = "end";
        auto attempt = [](stream_reader from, std::string& what) -> coro<void> {
          try {
            co_await from.read(1);
          } catch (const std::system_error& e) {
            what = e.code().value() == ECONNRESET ? "reset" : "other";
          }
        };
        auto reading = create_task(attempt(reader, seen));
        co_await sleep(60s);
        if (kind == test::crash_kind::machine) {
          test::require(!reading.done(), "half-open: not a word");
          server.restart();
          co_await sleep(60s);
          test::require(!reading.done(), "still not: nobody asked");
          writer.write("two");
          co_await reading;
          test::require(seen == "reset", "the new system knows nothing of it");
        } else {
          co_await reading;
          test::require(seen
                        == (kind == test::crash_kind::reset ? "reset" : "end"));
        }
        writer.close();
      });
    }
}

TEST_CASE("node: a half-open connection is found by a timer of one's own") {
  test::simulation sim;
  sim.run([]() -> coro<void> {
    test::node server{"server", echo_server};
    co_await sleep(1s);
    auto [reader, writer] = co_await open_connection("server", 7);
    server.crash(test::crash_kind::machine);
    auto wait = [](stream_reader from) -> coro<void> {
      co_await from.read(1);
    };
    auto reading = create_task(wait(reader));
    get_running_loop().call_later(30s,
                                  [reading]() mutable { reading.cancel(); });
    bool cancelled = false;
    try {
      co_await reading;
    } catch (const cancelled_error&) {
      cancelled = true;
    }
    test::require(cancelled && test::time() == 31s + 2ms + 1ms);
    writer.abort();
  });
}

TEST_CASE("node: a paused host's timers are late, and nothing is lost") {
  test::check(
    []() -> coro<void> {
      test::node server{"server", echo_server};
      co_await sleep(1s);
      auto talking = create_task(talk(numbers(50), 50));
      co_await sleep(2ms);
      server.pause();
      co_await sleep(60s);
      test::require(!talking.done());
      server.resume();
      bool whole = co_await talking;
      test::require(whole);
      int ticks = 0;
      auto tick = [&ticks]() -> coro<void> {
        for (;;) {
          co_await sleep(1s);
          ++ticks;
        }
      };
      test::node clock{"clock", tick};
      co_await sleep(2500ms);
      clock.pause();
      co_await sleep(10s);
      test::require(ticks == 2);
      clock.resume();
      co_await sleep(100ms);
      test::require(ticks == 3, "late, and once");
    },
    {.schedules = 100});
}

TEST_CASE("node: it cannot crash itself") {
  test::simulation sim;
  sim.run([]() -> coro<void> {
    test::node* self = nullptr;
    bool refused = false;
    auto body = [&]() -> coro<void> {
      co_await sleep(1s);
      try {
        self->crash();
      } catch (const error& e) {
        refused = e.code() == errc::invalid_state;
      }
    };
    test::node mine{"mine", body};
    self = &mine;
    co_await mine.wait();
    test::require(refused);
  });
}

TEST_CASE("node: what its program throws fails the run") {
  test::simulation sim;
  try {
    sim.run([]() -> coro<void> {
      auto body = []() -> coro<void> {
        co_await sleep(1s);
        throw std::runtime_error("the till is empty");
      };
      test::node shop{"shop", body};
      co_await sleep(1h);
    });
    FAIL("it did not fail");
  } catch (const test::failure& failed) {
    CHECK(failed.kind == "unhandled");
    CHECK_THAT(failed.what(), Catch::Contains("the till is empty")
                                && Catch::Contains("node 'shop'"));
  }
}

TEST_CASE("node: one may be made by another, and ends with it") {
  test::check(
    []() -> coro<void> {
      int ticks = 0;
      auto tick = [&ticks]() -> coro<void> {
        for (;;) {
          co_await sleep(1s);
          ++ticks;
        }
      };
      auto outer = [tick]() -> coro<void> {
        test::node inner{"inner", tick};
        co_await sleep(1h);
      };
      test::node mine{"outer", outer};
      co_await sleep(2500ms);
      test::require(ticks == 2);
      mine.crash();
      co_await sleep(10s);
      test::require(ticks == 2);
      mine.restart();
      co_await sleep(1500ms);
      test::require(ticks == 3);
    },
    {.schedules = 50});
}
