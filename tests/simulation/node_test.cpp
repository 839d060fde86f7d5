// Simulated hosts that crash, pause and come back, and programs explored on a
// bad network.

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

coro<void> echo_server() {
  auto server = co_await start_server(echo, "", 7);
  co_await server.serve_forever();
}

// Sends `text` in pieces and reads what comes back; false if the connection was
// lost. What came back is always the beginning of what was sent.
coro<bool> talk(std::string text, std::size_t piece) {
  std::string got;
  bool whole = false;
  try {
    auto [reader, writer] = co_await open_connection("server", 7);
    stream_writer out = writer;
    auto send = [](stream_writer to, std::string all,
                   std::size_t size) -> coro<void> {
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

std::string numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += std::to_string(i) + ' ';
  return text;
}

test::link_options bad_link() {
  test::link_options bad;
  bad.min_latency = 1ms;
  bad.max_latency = 50ms;
  bad.short_io = 300;
  bad.receive_window = 900;
  bad.send_buffer = 500;
  return bad;
}

} // namespace

TEST_CASE("network: whatever the reads and writes take, the bytes are right") {
  test::check(
    []() -> coro<void> {
      test::network net;
      net.set_links(bad_link());
      test::node server{"server", echo_server};
      co_await sleep(1s);
      bool whole = co_await talk(numbers(600), 400);
      test::require(whole, "without a fault everything comes");
    },
    {.schedules = 300});
}

TEST_CASE("network: under random faults no byte is wrong") {
  int whole = 0;
  int broken = 0;
  test::check(
    [&]() -> coro<void> {
      test::network net;
      test::node server{"server", echo_server};
      co_await sleep(1s);
      net.inject_faults(20);
      bool ended = co_await talk(numbers(300), 200);
      net.inject_faults(0);
      ++(ended ? whole : broken);
    },
    {.schedules = 400, .recheck = 16});
  CHECK(whole > 20);
  CHECK(broken > 20);
}

TEST_CASE("network: the same seed gives the same run") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::uint64_t hash[2];
    nanoseconds took[2];
    for (int i : {0, 1}) {
      test::simulation sim{seed};
      sim.run([]() -> coro<void> {
        test::network net;
        net.set_links(bad_link());
        test::node server{"server", echo_server};
        co_await sleep(1s);
        net.inject_faults(30);
        co_await talk(numbers(200), 300);
      });
      hash[i] = sim.trace_hash();
      took[i] = sim.elapsed();
    }
    CHECK(hash[0] == hash[1]);
    CHECK(took[0] == took[1]);
  }
}

TEST_CASE("network: a failing run is found, shrunk and replayed") {
  auto program = []() -> coro<void> {
    test::network net;
    test::node server{"server", echo_server};
    co_await sleep(1s);
    net.inject_faults(100);
    bool whole = co_await talk("hello", 5);
    test::require(whole, "the client does not try again");
  };
  auto found = test::explore(program, {.schedules = 1'000});
  REQUIRE(found.found);
  CHECK_THAT(found.found->what(), Catch::Contains("does not try again"));
  CHECK(found.switches_after <= 2);
  test::simulation again{{.schedule = found.found->schedule}};
  try {
    again.run(program);
    FAIL("it did not fail again");
  } catch (const test::failure& failed) {
    CHECK(failed.id == found.found->id);
  }
}

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
    for (auto kind :
         {test::crash_kind::process, test::crash_kind::reset,
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
    get_running_loop().call_later(30s, [reading]() mutable { reading.cancel(); });
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

TEST_CASE("simulation: short cuts are counted") {
  test::check(
    []() -> coro<void> {
      test::node server{"server", echo_server};
      co_await sleep(1s);
      co_await talk("hello", 2);
    },
    {.schedules = 50});
  std::string table = test::short_cut_table();
  CHECK_THAT(table, Catch::Contains("write at once")
                      && Catch::Contains("read at once"));
}
