#include <troupe/stream.hpp>

#include "support/sockets.hpp"
#include "support/test.hpp"

#include <atomic>
#include <random>
#include <string>
#include <vector>

using troupe::coro;
using troupe::create_task;
using troupe::open_connection;
using troupe::start_server;
using troupe::stream_reader;
using troupe::stream_writer;

namespace {

constexpr std::size_t mebibyte = 1 << 20;

// What may add to a growth of memory. The address sanitizer keeps up to 256 MiB
// of what was freed.
constexpr std::size_t slack =
#ifdef TROUPE_POOL_OFF
  384 * mebibyte;
#else
  8 * mebibyte;
#endif

std::size_t growth_since(std::size_t before) {
  auto now = resident_bytes();
  return now > before ? now - before : 0;
}

// Sends until the system takes no more for 200 ms; returns how much it took.
std::size_t send_until_blocked(const plain_socket& peer, std::size_t most) {
  const std::string block(64 * 1024, 'x');
  std::size_t sent = 0;
  while (sent < most && peer.writable(200))
    sent += peer.try_send(block);
  return sent;
}

coro<std::string> read_four(stream_reader reader) {
  co_return co_await reader.readexactly(4);
}

} // namespace

// -- back-pressure ------------------------------------------------------------

TEST_CASE(
  "stream: a peer that sends 64 MiB to nobody who reads is stopped, and "
  "costs no memory",
  "[stream][threads]") {
  for_each_setting([](setting how) {
    std::size_t taken = 0;
    std::size_t grown = 0;
    std::size_t received = 0;
    std::size_t grown_reading = 0;
    constexpr std::size_t total = 64 * mebibyte;
    talk(how, [&](linked& to) -> coro<void> {
      auto before = resident_bytes();
      to.peer.send("line\n");
      received += (co_await to.reader.readline()).size();
      taken = co_await troupe::to_thread(
        [&] { return send_until_blocked(to.peer, total); });
      grown = growth_since(before);
      peer_thread peer{[&] {
        const std::string block(64 * 1024, 'x');
        for (auto left = total - taken; left > 0;) {
          auto part = std::min(left, block.size());
          to.peer.send(std::string_view{block}.substr(0, part));
          left -= part;
        }
        to.peer.finish();
      }};
      for (;;) {
        auto got = co_await to.reader.read(100'000);
        if (got.empty())
          break;
        received += got.size();
      }
      grown_reading = growth_since(before);
      co_await peer.joined();
    });
    CHECK(taken < total);
    CHECK(grown < slack);
    CHECK(received == total + 5);
    CHECK(grown_reading < slack);
  });
}

TEST_CASE("stream: with a peer that does not read the buffer stays below the "
          "high mark and one write",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    constexpr std::size_t piece = 32 * 1024;
    const auto block = counting_pattern(piece);
    std::atomic<bool> stop{false};
    std::atomic<int> written{0};
    std::atomic<std::size_t> most{0};
    std::string got;
    bool blocked = false;
    talk(
      how,
      [&](linked& to) -> coro<void> {
        auto writing = create_task([&]() -> coro<void> {
          while (!stop) {
            to.writer.write(block);
            ++written;
            most = std::max(most.load(), to.writer.get_write_buffer_size());
            co_await to.writer.drain();
          }
          to.writer.write_eof();
        });
        blocked = co_await reached(
          [&] { return to.writer.get_write_buffer_size() > 64 * 1024; });
        auto before = written.load();
        co_await turns(50);
        blocked = blocked && written == before;
        stop = true;
        got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
        co_await writing;
      },
      {}, 4096);
    CHECK(blocked);
    CHECK(most <= 64 * 1024 + piece);
    REQUIRE(got.size() == static_cast<std::size_t>(written) * piece);
    bool same = true;
    for (std::size_t at = 0; at < got.size(); at += piece)
      same = same && got.compare(at, piece, block) == 0;
    CHECK(same);
  });
}

TEST_CASE("stream_reader: a huge readexactly takes no memory before the data "
          "comes",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    std::string partial;
    std::size_t expected = 0;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("little");
      to.peer.finish();
      try {
        (void)co_await to.reader.readexactly(std::size_t{1} << 46);
      } catch (const troupe::incomplete_read_error& problem) {
        partial = problem.partial;
        expected = problem.expected;
      }
    });
    CHECK(partial == "little");
    CHECK(expected == std::size_t{1} << 46);
  });
}

// -- both directions ----------------------------------------------------------

TEST_CASE("stream: 1 MB goes both ways at once", "[stream][threads]") {
  for_each_setting([](setting how) {
    const auto there = counting_pattern(1'000'000);
    const std::string back{there.rbegin(), there.rend()};
    std::string at_server;
    std::string at_client;
    troupe::run(
      [&]() -> coro<void> {
        auto send
          = [](stream_writer writer, std::string_view data) -> coro<void> {
          while (!data.empty()) {
            writer.write(data.substr(0, 10'000));
            data.remove_prefix(std::min<std::size_t>(10'000, data.size()));
            co_await writer.drain();
          }
          writer.write_eof();
        };
        auto handler
          = [&](stream_reader reader, stream_writer writer) -> coro<void> {
          auto sending = create_task(send(writer, back));
          at_server = co_await reader.read();
          co_await sending;
          co_await close_and_wait(writer);
        };
        auto made = co_await start_server(handler, how.host(), 0);
        auto port = made.sockets()[0].getsockname().port;
        auto to = co_await open_connection(how.host(), port);
        auto sending = create_task(send(to.writer, there));
        at_client = co_await to.reader.read();
        co_await sending;
        co_await close_and_wait(to.writer);
        made.close();
        co_await made.wait_closed();
      },
      how.options);
    CHECK((at_server == there));
    CHECK((at_client == back));
  });
}

TEST_CASE("stream: one task may read while another writes",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    constexpr int rounds = 2'000;
    int echoed = 0;
    talk(how, [&](linked& to) -> coro<void> {
      peer_thread peer{[&] {
        for (;;) {
          auto part = to.peer.receive_some();
          if (part.empty())
            break;
          to.peer.send(part);
        }
        to.peer.finish();
      }};
      auto writing = create_task([&]() -> coro<void> {
        for (int i = 0; i < rounds; ++i) {
          to.writer.write(std::to_string(i) + "\n");
          if (i % 10 == 0)
            co_await to.writer.drain();
        }
        to.writer.write_eof();
      });
      while (auto line = co_await to.reader.next())
        echoed += *line == std::to_string(echoed) + "\n";
      co_await writing;
      co_await peer.joined();
    });
    CHECK(echoed == rounds);
  });
}

TEST_CASE("stream: a loop that always has work still reads",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    std::string got;
    talk(how, [&](linked& to) -> coro<void> {
      auto reading = create_task(
        [&]() -> coro<void> { got = co_await to.reader.readexactly(5); });
      co_await turns(2);
      to.peer.send("early");
      CHECK(co_await reached([&] { return reading.done(); }));
    });
    CHECK(got == "early");
  });
}

TEST_CASE("stream_reader: a read that begins in the last turn of a run is "
          "served in the next run",
          "[stream]") {
  auto loop = troupe::new_event_loop();
  plain_listener listener{4};
  std::optional<linked> to;
  std::optional<troupe::task<std::string>> reading;
  loop.run_until_complete([&]() -> coro<void> {
    to = co_await link_to(listener);
    reading = create_task(read_four(to->reader));
    co_await turns(1); // it waits, and nobody has looked at the sockets since
  }());
  to->peer.send("late");
  CHECK(loop.run_until_complete(*reading) == "late");
  to.reset();
  loop.close();
}

// -- cancelling ---------------------------------------------------------------

TEST_CASE("stream_reader: of 1,000 cancelled reads none loses a byte",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    auto pattern = counting_pattern(60'000);
    for (std::size_t at = 100; at < pattern.size(); at += 1 + random() % 300)
      pattern[at] = '\n';
    std::string got;
    int cancelled = 0;
    int rounds = 0;
    talk(how, [&](linked& to) -> coro<void> {
      std::string_view rest = pattern;
      while (cancelled < 1'000 && rounds < 20'000) {
        ++rounds;
        auto reading = create_task(read_somehow(to.reader, random()));
        co_await turns(static_cast<int>(random() % 4));
        if (random() % 2 == 0) {
          auto size = std::min<std::size_t>(random() % 60, rest.size());
          to.peer.send(rest.substr(0, size));
          rest.remove_prefix(size);
        }
        co_await turns(static_cast<int>(random() % 3));
        reading.cancel();
        try {
          got += co_await reading;
        } catch (const troupe::cancelled_error&) {
          ++cancelled;
        }
      }
      peer_thread peer{[&] {
        to.peer.send(rest);
        to.peer.finish();
      }};
      got += co_await to.reader.read();
      co_await peer.joined();
    });
    CHECK(cancelled == 1'000);
    CHECK((got == pattern));
  });
}

TEST_CASE("stream_writer: a cancelled drain takes no data with it",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    const auto block = counting_pattern(12 * mebibyte);
    std::string got;
    int cancelled = 0;
    talk(
      how,
      [&](linked& to) -> coro<void> {
        to.writer.write(block);
        for (int i = 0; i < 100; ++i) {
          auto draining
            = create_task([&]() -> coro<void> { co_await to.writer.drain(); });
          co_await turns(i % 3);
          draining.cancel();
          cancelled += was_cancelled(co_await failure_of(draining));
        }
        auto last
          = create_task([&]() -> coro<void> { co_await to.writer.drain(); });
        got = co_await troupe::to_thread(
          [&] { return to.peer.receive(block.size()); });
        co_await last;
      },
      {}, 4096);
    CHECK(cancelled == 100);
    CHECK((got == block));
  });
}

TEST_CASE("stream_writer: a drain cancelled as the peer reads is answered once",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    const auto block = counting_pattern(mebibyte);
    std::size_t received = 0;
    std::size_t written = 0;
    talk(
      how,
      [&](linked& to) -> coro<void> {
        peer_thread peer{[&] {
          received = to.peer.receive_all().size();
        }};
        for (int i = 0; i < 60; ++i) {
          to.writer.write(block);
          written += block.size();
          auto first
            = create_task([&]() -> coro<void> { co_await to.writer.drain(); });
          auto second
            = create_task([&]() -> coro<void> { co_await to.writer.drain(); });
          co_await turns(i);
          first.cancel();
          (void)co_await failure_of(first);
          co_await second;
        }
        to.writer.write_eof();
        co_await peer.joined();
      },
      {}, 4096);
    CHECK(received == written);
  });
}

TEST_CASE("stream_writer: a cancelled wait_closed leaves the closing alone",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    const auto block = counting_pattern(12 * mebibyte);
    std::string got;
    int cancelled = 0;
    talk(
      how,
      [&](linked& to) -> coro<void> {
        to.writer.write(block);
        to.writer.close();
        for (int i = 0; i < 20; ++i) {
          auto waiting = create_task(
            [&]() -> coro<void> { co_await to.writer.wait_closed(); });
          co_await turns(i % 3);
          waiting.cancel();
          cancelled += was_cancelled(co_await failure_of(waiting));
        }
        got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
        co_await to.writer.wait_closed();
      },
      {}, 4096);
    CHECK(cancelled == 20);
    CHECK((got == block));
  });
}

TEST_CASE("open_connection: cancelled at any turn it leaves no socket",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    plain_listener listener{how.family};
    plain_listener full{how.family, 0, 0};
    auto filling = plain_socket::connect(how.family, full.port());
    int cancelled = 0;
    int connected = 0;
    std::size_t before = 0;
    std::size_t after = 0;
    troupe::run(
      [&]() -> coro<void> {
        auto warm = co_await link_to(listener);
        co_await close_and_wait(warm.writer);
        warm.peer.close();
        before = open_descriptors();
        for (int i = 0; i < 200; ++i) {
          const auto& target = i % 4 == 3 ? full : listener;
          // A name is resolved in a thread, an address is not.
          bool by_name = how.family == 4 && i % 2 == 0;
          auto connecting = create_task(
            open_connection(by_name ? "localhost" : how.host(), target.port()));
          co_await turns(i / 4);
          connecting.cancel();
          try {
            auto made = co_await connecting;
            ++connected;
            co_await close_and_wait(made.writer);
          } catch (const troupe::cancelled_error&) {
            ++cancelled;
          }
        }
        // A cancelled lookup goes on in its thread, with /etc/hosts open.
        (void)co_await reached([&] { return open_descriptors() <= before; });
        after = open_descriptors();
      },
      how.options);
    CHECK(cancelled + connected == 200);
    CHECK(cancelled >= 50);
    CHECK(after == before);
  });
}

// -- handles ------------------------------------------------------------------

TEST_CASE("stream_writer: dropped without close it is reported, and its data "
          "still sent",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    const auto block = counting_pattern(12 * mebibyte);
    error_log reports;
    std::string got;
    plain_listener listener{how.family, 4096};
    troupe::run(
      [&]() -> coro<void> {
        reports.watch(troupe::get_running_loop());
        plain_socket peer;
        {
          auto to = co_await link_to(listener);
          to.writer.write(block);
          peer = std::move(to.peer);
        }
        got = co_await troupe::to_thread([&] { return peer.receive_all(); });
      },
      how.options);
    CHECK((got == block));
    REQUIRE(reports.size() == 1);
    auto told = reports.all()[0];
    CAPTURE(told.message, told.transport);
    CHECK(contains(told.message, "clos"));
    CHECK_FALSE(told.transport.empty());
  });
}

TEST_CASE("stream_writer: dropped after close it is not reported",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    error_log reports;
    plain_listener listener{how.family};
    troupe::run(
      [&]() -> coro<void> {
        reports.watch(troupe::get_running_loop());
        plain_socket peer;
        {
          auto to = co_await link_to(listener);
          to.writer.close();
          peer = std::move(to.peer);
        }
        co_await troupe::to_thread([&] { return peer.receive_all(); });
      },
      how.options);
    CHECK(reports.size() == 0);
  });
}

TEST_CASE("stream_reader: dropped it leaves the writing side alone",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::string got;
    talk(how, [&](linked& to) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      to.reader = stream_reader{};
      to.peer.send("nobody reads this");
      to.writer.write("still here");
      to.writer.write_eof();
      got = co_await troupe::to_thread([&] { return to.peer.receive_all(); });
    });
    CHECK(got == "still here");
    CHECK(reports.size() == 0);
  });
}

TEST_CASE("stream: handles may outlive their loop", "[stream][threads]") {
  for_each_setting([](setting how) {
    std::optional<stream_reader> reader;
    std::optional<stream_writer> writer;
    std::string at_peer = "?";
    plain_listener listener{how.family};
    plain_socket peer;
    troupe::run(
      [&]() -> coro<void> {
        troupe::get_running_loop().set_exception_handler(
          [](troupe::event_loop&, const troupe::error_context&) {});
        auto to = co_await link_to(listener);
        reader = to.reader;
        writer = to.writer;
        peer = std::move(to.peer);
      },
      how.options);
    at_peer = peer.receive_all(); // the loop's end closed the connection
    CHECK(at_peer.empty());
    CHECK(writer->is_closing());
    CHECK(writer->fileno() == -1);
    reader.reset();
    writer.reset();
  });
}

TEST_CASE("stream: a read, a drain and a wait that stand when the program ends "
          "are cancelled",
          "[stream][threads]") {
  for_each_setting([](setting how) {
    record<std::string> ends;
    plain_listener listener{how.family, 4096};
    std::optional<linked> kept;
    std::atomic<int> begun{
      0}; // a task that has not begun would not see its end
    auto watch = [&](std::string name, auto wait) -> coro<void> {
      ++begun;
      auto problem = co_await failure_of(std::move(wait));
      ends.add(name + (was_cancelled(problem) ? " cancelled" : " ended"));
    };
    troupe::run(
      [&]() -> coro<void> {
        troupe::get_running_loop().set_exception_handler(
          [](troupe::event_loop&, const troupe::error_context&) {});
        kept = co_await link_to(listener);
        kept->writer.write(counting_pattern(12 * mebibyte));
        create_task(watch("drain", kept->writer.drain()));
        create_task(watch("read", kept->reader.read()));
        create_task(watch("wait", kept->writer.wait_closed()));
        (void)co_await reached([&] { return begun == 3; });
        co_await turns(20);
      },
      how.options);
    auto seen = ends.all();
    std::sort(seen.begin(), seen.end());
    CHECK(seen
          == std::vector<std::string>{"drain cancelled", "read cancelled",
                                      "wait cancelled"});
  });
}

TEST_CASE("stream: a handle that names no connection says so",
          "[stream][threads]") {
  CHECK_THROWS_AS(stream_reader{}.at_eof(), std::exception);
  CHECK_THROWS_AS(stream_reader{}.limit(), std::exception);
  CHECK_THROWS_AS(stream_writer{}.write("x"), std::exception);
  CHECK_THROWS_AS(stream_writer{}.close(), std::exception);
}
