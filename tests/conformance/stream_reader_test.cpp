#include <troupe/stream.hpp>

#include "support/sockets.hpp"
#include "support/test.hpp"

#include <string>
#include <vector>

using troupe::coro;
using troupe::create_task;
using troupe::incomplete_read_error;
using troupe::limit_overrun_error;

// -- the limit ----------------------------------------------------------------

TEST_CASE("stream_reader: a limit of 0 is refused (fact 442)", "[stream]") {
  for_each_setting([](setting how) {
    plain_listener listener{how.family};
    std::exception_ptr connecting;
    std::exception_ptr serving;
    troupe::run(
      [&]() -> coro<void> {
        connecting = co_await failure_of([&]() -> coro<void> {
          troupe::connect_options none;
          none.limit = 0;
          (void)co_await troupe::open_connection(listener.host(),
                                                 listener.port(), none);
        });
        serving = co_await failure_of([&]() -> coro<void> {
          troupe::server_options none;
          none.limit = 0;
          (void)co_await troupe::start_server(
            [](troupe::stream_reader, troupe::stream_writer) {}, how.host(), 0,
            none);
        });
      },
      how.options);
    CHECK(is_a<std::invalid_argument>(connecting));
    CHECK(is_a<std::invalid_argument>(serving));
  });
}

TEST_CASE("stream_reader: the limit that was asked for is the limit",
          "[stream]") {
  for_each_setting([](setting how) {
    std::size_t usual = 0;
    std::size_t chosen = 0;
    talk(how, [&](linked& to) -> coro<void> {
      usual = to.reader.limit();
      co_return;
    });
    talk_with_limit(how, 321, [&](linked& to) -> coro<void> {
      chosen = to.reader.limit();
      co_return;
    });
    CHECK(usual == 64 * 1024);
    CHECK(chosen == 321);
  });
}

// -- read ---------------------------------------------------------------------

TEST_CASE("stream_reader: read(0) gives nothing at once and takes nothing "
          "(fact 443)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string silent = "?";
    std::string nothing = "?";
    std::string rest;
    talk(how, [&](linked& to) -> coro<void> {
      silent = co_await to.reader.read(0); // nothing has come
      to.peer.send("some data");
      nothing = co_await to.reader.read(0);
      rest = co_await to.reader.readexactly(9);
    });
    CHECK(silent.empty());
    CHECK(nothing.empty());
    CHECK(rest == "some data");
  });
}

TEST_CASE("stream_reader: read gives what is there without waiting for more "
          "(fact 444)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string first;
    std::string second;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("abc");
      first = co_await to.reader.read(30);
      to.peer.send("defgh");
      second = co_await to.reader.read(2);
      second += '|' + co_await to.reader.read(30);
    });
    CHECK(first == "abc");
    CHECK(second == "de|fgh");
  });
}

TEST_CASE("stream_reader: a read waits until something comes (fact 444)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    bool early = true;
    talk(how, [&](linked& to) -> coro<void> {
      auto waiting = create_task(
        [&]() -> coro<std::string> { co_return co_await to.reader.read(30); });
      co_await turns(3);
      early = waiting.done();
      to.peer.send("x");
      got = co_await waiting;
    });
    CHECK_FALSE(early);
    CHECK(got == "x");
  });
}

TEST_CASE("stream_reader: read is not cut by the limit (fact 446)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    talk_with_limit(how, 3, [&](linked& to) -> coro<void> {
      to.peer.send("longer than three");
      got = co_await to.reader.read(100);
    });
    CHECK(got == "longer than three");
  });
}

TEST_CASE("stream_reader: read without a number reads to the end", "[stream]") {
  for_each_setting([](setting how) {
    auto sent = counting_pattern(300'000);
    std::string got;
    std::string after = "?";
    bool at_eof = false;
    talk_with_limit(how, 100, [&](linked& to) -> coro<void> {
      peer_thread peer{[&] {
        to.peer.send(sent);
        to.peer.finish();
      }};
      got = co_await to.reader.read();
      after = co_await to.reader.read();
      at_eof = to.reader.at_eof();
      co_await peer.joined();
    });
    CHECK(got == sent);
    CHECK(after.empty());
    CHECK(at_eof);
  });
}

TEST_CASE("stream_reader: at the end read gives nothing, again and again",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> got;
    bool before = true;
    bool between = true;
    bool after = false;
    talk(how, [&](linked& to) -> coro<void> {
      before = to.reader.at_eof();
      to.peer.send("ab");
      to.peer.finish();
      got.push_back(co_await to.reader.read(1));
      between = to.reader.at_eof();
      got.push_back(co_await to.reader.read(10));
      for (int i = 0; i < 3; ++i)
        got.push_back(co_await to.reader.read(10));
      after = to.reader.at_eof();
    });
    CHECK(got == std::vector<std::string>{"a", "b", "", "", ""});
    CHECK_FALSE(before);
    CHECK_FALSE(between);
    CHECK(after);
  });
}

TEST_CASE("stream_reader: read_into fills the caller's buffer", "[stream]") {
  for_each_setting([](setting how) {
    std::string seen;
    std::vector<std::size_t> counts;
    talk(how, [&](linked& to) -> coro<void> {
      char small[4];
      std::byte bytes[16];
      counts.push_back(co_await to.reader.read_into(std::span<char>{}));
      to.peer.send("abcdefg");
      counts.push_back(co_await to.reader.read_into(std::span<char>{small}));
      seen.append(small, counts.back());
      counts.push_back(
        co_await to.reader.read_into(std::span<std::byte>{bytes}));
      seen.append(reinterpret_cast<char*>(bytes), counts.back());
      to.peer.finish();
      counts.push_back(co_await to.reader.read_into(std::span<char>{small}));
    });
    CHECK(seen == "abcdefg");
    CHECK(counts == std::vector<std::size_t>{0, 4, 3, 0});
  });
}

// -- readline -----------------------------------------------------------------

TEST_CASE("stream_reader: readline joins a line that comes in pieces and "
          "leaves the rest (fact 448)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string line;
    std::string rest;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("piece one, ");
      auto reading = create_task([&]() -> coro<std::string> {
        co_return co_await to.reader.readline();
      });
      co_await to.consumed();
      to.peer.send("piece two, ");
      co_await to.consumed();
      to.peer.send("the end\nmore");
      line = co_await reading;
      rest = co_await to.reader.readexactly(4);
    });
    CHECK(line == "piece one, piece two, the end\n");
    CHECK(rest == "more");
  });
}

TEST_CASE("stream_reader: lines that came together are read one by one "
          "(fact 448)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> lines;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("one\n\ntwo\r\nthree\n");
      for (int i = 0; i < 4; ++i)
        lines.push_back(co_await to.reader.readline());
    });
    CHECK(lines
          == std::vector<std::string>{"one\n", "\n", "two\r\n", "three\n"});
  });
}

TEST_CASE("stream_reader: readline gives the last line without newline, then "
          "nothing (fact 449)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> lines;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("some data");
      to.peer.finish();
      for (int i = 0; i < 3; ++i)
        lines.push_back(co_await to.reader.readline());
    });
    CHECK(lines == std::vector<std::string>{"some data", "", ""});
  });
}

TEST_CASE("stream_reader: a line over the limit is taken out alone when its "
          "newline is there (fact 450)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::exception_ptr problem;
    std::string next;
    talk_with_limit(how, 5, [&](linked& to) -> coro<void> {
      to.peer.send("too long\nshort\n");
      problem = co_await failure_of(to.reader.readline());
      next = co_await to.reader.readline();
    });
    CHECK(is_a<std::length_error>(problem));
    CHECK(next == "short\n");
  });
}

TEST_CASE("stream_reader: a line over the limit without newline empties the "
          "buffer (fact 451)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::exception_ptr problem;
    std::string next;
    talk_with_limit(how, 5, [&](linked& to) -> coro<void> {
      to.peer.send("much too long");
      problem = co_await failure_of(to.reader.readline());
      to.peer.send("tail\n");
      next = co_await to.reader.readline();
    });
    CHECK(is_a<std::length_error>(problem));
    CHECK(next == "tail\n");
  });
}

TEST_CASE("stream_reader: a line that grows over the limit piece by piece is "
          "refused (fact 451)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::exception_ptr problem;
    std::string next;
    talk_with_limit(how, 8, [&](linked& to) -> coro<void> {
      auto reading = create_task([&]() -> coro<std::exception_ptr> {
        co_return co_await failure_of(to.reader.readline());
      });
      to.peer.send("12345678"); // exactly the limit: not yet too long
      co_await to.consumed();
      co_await turns(3);
      to.peer.send("9");
      problem = co_await reading;
      to.peer.send("ok\n");
      next = co_await to.reader.readline();
    });
    CHECK(is_a<std::length_error>(problem));
    CHECK(next == "ok\n");
  });
}

TEST_CASE("stream_reader: a line of exactly limit bytes plus newline is "
          "accepted (fact 452)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string whole;
    std::string pieces;
    talk_with_limit(how, 7, [&](linked& to) -> coro<void> {
      to.peer.send("1234567\n");
      whole = co_await to.reader.readline();
      auto reading = create_task([&]() -> coro<std::string> {
        co_return co_await to.reader.readline();
      });
      to.peer.send("abcdefg");
      co_await to.consumed();
      to.peer.send("\n");
      pieces = co_await reading;
    });
    CHECK(whole == "1234567\n");
    CHECK(pieces == "abcdefg\n");
  });
}

// -- readuntil ----------------------------------------------------------------

TEST_CASE("stream_reader: an empty separator, or none, is refused (fact 453)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::exception_ptr> problems;
    std::string after;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("some data\n");
      problems.push_back(co_await failure_of(
        [&]() -> coro<void> { (void)co_await to.reader.readuntil(""); }));
      problems.push_back(co_await failure_of([&]() -> coro<void> {
        (void)co_await to.reader.readuntil(std::vector<std::string>{});
      }));
      problems.push_back(co_await failure_of(
        [&]() -> coro<void> { (void)co_await to.reader.readuntil("x", ""); }));
      after = co_await to.reader.readuntil();
    });
    for (const auto& problem : problems)
      CHECK(is_a<std::invalid_argument>(problem));
    CHECK(after == "some data\n");
  });
}

TEST_CASE("stream_reader: readuntil reads up to and with the separator",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> got;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("line\nkey: value;;rest");
      got.push_back(co_await to.reader.readuntil());
      got.push_back(co_await to.reader.readuntil(": "));
      got.push_back(co_await to.reader.readuntil(";;"));
      got.push_back(co_await to.reader.read(10));
    });
    CHECK(got
          == std::vector<std::string>{"line\n", "key: ", "value;;", "rest"});
  });
}

TEST_CASE("stream_reader: a separator that is cut by the network is found",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> got;
    talk(how, [&](linked& to) -> coro<void> {
      // The separator begins inside a false start of itself.
      const std::string sent = "aXXaXXbXXXXcrest";
      for (std::size_t cut = 1; cut < 12; ++cut) {
        to.peer.send(sent.substr(0, cut));
        auto reading = create_task([&]() -> coro<std::string> {
          co_return co_await to.reader.readuntil("XXXXc");
        });
        co_await to.consumed();
        to.peer.send(sent.substr(cut));
        auto text = co_await reading;
        text += '|' + co_await to.reader.readexactly(4);
        got.push_back(text);
      }
    });
    CHECK(got == std::vector<std::string>(11, "aXXaXXbXXXXc|rest"));
  });
}

TEST_CASE("stream_reader: readuntil at the end gives what came as an error "
          "(fact 455)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string partial;
    std::size_t expected = 99;
    std::string left = "?";
    std::error_code code;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("some dataAA");
      to.peer.finish();
      try {
        (void)co_await to.reader.readuntil("AAA");
      } catch (const incomplete_read_error& problem) {
        partial = problem.partial;
        expected = problem.expected;
        code = problem.code();
      }
      left = co_await to.reader.read();
    });
    CHECK(partial == "some dataAA");
    CHECK(expected == 0);
    CHECK(code == troupe::errc::incomplete_read);
    CHECK(left.empty());
  });
}

TEST_CASE("stream_reader: readuntil over the limit leaves the data and says "
          "whether the separator is there (fact 456)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> texts;
    std::vector<std::size_t> consumed;
    std::string data;
    std::string rest;
    // Above twice the limit nothing more is taken from the system.
    talk_with_limit(how, 8, [&](linked& to) -> coro<void> {
      to.peer.send("some dataAA");
      for (int i = 0; i < 2; ++i) {
        try {
          (void)co_await to.reader.readuntil("AAA");
        } catch (const limit_overrun_error& problem) {
          texts.push_back(problem.what());
          consumed.push_back(problem.consumed);
        }
        to.peer.send(i == 0 ? "A" : "!");
        co_await turns(3);
      }
      if (consumed.size() == 2)
        data = co_await to.reader.readexactly(consumed[1]);
      rest = co_await to.reader.readuntil("AAA");
    });
    REQUIRE(texts.size() == 2);
    CHECK(contains(texts[0], "not found"));
    CHECK(contains(texts[1], "is found"));
    CHECK(consumed == std::vector<std::size_t>{9, 9});
    CHECK(data == "some data");
    CHECK(rest == "AAA");
  });
}

TEST_CASE("stream_reader: of several separators the one that ends first wins, "
          "even if it is longer (fact 457)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> got;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("one\r\ntwo\nthree|four;rest");
      got.push_back(co_await to.reader.readuntil("\n", "\r\n"));
      got.push_back(co_await to.reader.readuntil("\r\n", "\n"));
      got.push_back(co_await to.reader.readuntil("f", "hree|", ";"));
      std::vector<std::string> listed{"rest", "our;"};
      got.push_back(co_await to.reader.readuntil(listed));
    });
    CHECK(got
          == std::vector<std::string>{"one\r\n", "two\n", "three|", "four;"});
  });
}

TEST_CASE("stream_reader: the shortest result decides whether the limit is "
          "kept (fact 458)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::exception_ptr> problems;
    std::string data;
    talk_with_limit(how, 3, [&](linked& to) -> coro<void> {
      to.peer.send("some dataA");
      problems.push_back(
        co_await failure_of(to.reader.readuntil("A", "ome dataA")));
      problems.push_back(
        co_await failure_of(to.reader.readuntil("ome dataA", "A")));
      data = co_await to.reader.readexactly(10);
    });
    for (const auto& problem : problems) {
      CHECK(is_a<limit_overrun_error>(problem));
      CHECK(contains(text_of(problem), "is found"));
    }
    CHECK(data == "some dataA");
  });
}

TEST_CASE("stream_reader: a short separator is not missed while the buffer is "
          "shorter than the long one (fact 459)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> got;
    talk(how, [&](linked& to) -> coro<void> {
      for (std::string start : {"", "d", "dat", "data"}) {
        to.peer.send(start);
        auto reading = create_task([&]() -> coro<std::string> {
          co_return co_await to.reader.readuntil("A", "long sep");
        });
        co_await to.consumed();
        co_await turns(2);
        to.peer.send("Az");
        auto text = co_await reading;
        text += '|' + co_await to.reader.readexactly(1);
        got.push_back(text);
      }
    });
    CHECK(got == std::vector<std::string>{"A|z", "dA|z", "datA|z", "dataA|z"});
  });
}

// -- readexactly --------------------------------------------------------------

TEST_CASE("stream_reader: readexactly gathers its bytes and leaves the rest "
          "(fact 460)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    std::string rest;
    talk(how, [&](linked& to) -> coro<void> {
      auto reading = create_task([&]() -> coro<std::string> {
        co_return co_await to.reader.readexactly(10);
      });
      for (const char* piece : {"abc", "def", "ghi", "jkl"}) {
        to.peer.send(piece);
        co_await turns(2);
      }
      got = co_await reading;
      rest = co_await to.reader.readexactly(2);
    });
    CHECK(got == "abcdefghij");
    CHECK(rest == "kl");
  });
}

TEST_CASE("stream_reader: readexactly may ask for more than the limit "
          "(fact 461)",
          "[stream]") {
  for_each_setting([](setting how) {
    auto sent = counting_pattern(500'000);
    std::string got;
    talk_with_limit(how, 3, [&](linked& to) -> coro<void> {
      peer_thread peer{[&] {
        to.peer.send(sent + "rest");
      }};
      got = co_await to.reader.readexactly(sent.size());
      got += co_await to.reader.readexactly(4);
      co_await peer.joined();
    });
    CHECK(got == sent + "rest");
  });
}

TEST_CASE("stream_reader: readexactly(0) gives nothing at once (fact 463)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got = "?";
    talk(how, [&](linked& to) -> coro<void> {
      got = co_await to.reader.readexactly(0);
    });
    CHECK(got.empty());
  });
}

TEST_CASE("stream_reader: readexactly at the end gives what came as an error",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string partial;
    std::size_t expected = 0;
    std::string left = "?";
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("abcde");
      to.peer.finish();
      try {
        (void)co_await to.reader.readexactly(8);
      } catch (const incomplete_read_error& problem) {
        partial = problem.partial;
        expected = problem.expected;
      }
      left = co_await to.reader.read();
    });
    CHECK(partial == "abcde");
    CHECK(expected == 8);
    CHECK(left.empty());
  });
}

// -- errors -------------------------------------------------------------------

TEST_CASE("stream_reader: after an error every read raises it (fact 464)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::exception_ptr> problems;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.reset();
      problems.push_back(co_await failure_of(to.reader.read(10)));
      problems.push_back(co_await failure_of(to.reader.read()));
      problems.push_back(co_await failure_of(to.reader.readline()));
      problems.push_back(co_await failure_of(to.reader.readexactly(2)));
      problems.push_back(co_await failure_of(to.reader.readuntil("x")));
      problems.push_back(co_await failure_of(to.reader.next()));
      char bytes[4];
      problems.push_back(
        co_await failure_of(to.reader.read_into(std::span<char>{bytes})));
    });
    for (const auto& problem : problems)
      CHECK(code_of(problem) == std::errc::connection_reset);
  });
}

TEST_CASE("stream_reader: a waiting read gets the error (fact 464)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::exception_ptr> problems;
    for (int kind = 0; kind < 4; ++kind) {
      talk(how, [&](linked& to) -> coro<void> {
        auto waiting = create_task([&]() -> coro<std::exception_ptr> {
          switch (kind) {
            case 0:
              co_return co_await failure_of(to.reader.read(10));
            case 1:
              co_return co_await failure_of(to.reader.readline());
            case 2:
              co_return co_await failure_of(to.reader.readexactly(10));
            default:
              co_return co_await failure_of(to.reader.readuntil("x"));
          }
        });
        co_await turns(3);
        to.peer.reset();
        problems.push_back(co_await waiting);
      });
    }
    CHECK(problems.size() == 4);
    for (const auto& problem : problems)
      CHECK(code_of(problem) == std::errc::connection_reset);
  });
}

TEST_CASE("stream_reader: what came before a reset is read before the error",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    std::exception_ptr problem;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("last words\n");
      to.peer.reset();
      got = co_await to.reader.readline();
      problem = co_await failure_of(to.reader.readline());
    });
    CHECK(got == "last words\n");
    CHECK(code_of(problem) == std::errc::connection_reset);
  });
}

TEST_CASE("stream_reader: an error after a cancelled read is for the next read "
          "(fact 465)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::exception_ptr first;
    std::exception_ptr second;
    talk(how, [&](linked& to) -> coro<void> {
      auto waiting = create_task(
        [&]() -> coro<std::string> { co_return co_await to.reader.read(10); });
      co_await turns(3);
      waiting.cancel();
      to.peer.reset();
      first = co_await failure_of(waiting);
      second = co_await failure_of(to.reader.read(10));
    });
    CHECK(was_cancelled(first));
    CHECK(code_of(second) == std::errc::connection_reset);
  });
}

TEST_CASE("stream_reader: a connection lost with an error raises it when read "
          "(fact 475)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::exception_ptr reading;
    std::exception_ptr draining;
    std::exception_ptr closing;
    error_log reports;
    talk(how, [&](linked& to) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      to.peer.reset();
      reading = co_await failure_of(to.reader.read());
      draining = co_await failure_of(to.writer.drain());
      to.writer.close();
      closing = co_await failure_of(to.writer.wait_closed());
    });
    CHECK(code_of(reading) == std::errc::connection_reset);
    CHECK(code_of(draining) == std::errc::connection_reset);
    CHECK(code_of(closing) == std::errc::connection_reset);
    CHECK(reports.size() == 0);
  });
}

// -- iteration ----------------------------------------------------------------

TEST_CASE("stream_reader: next gives lines up to the end, the last without "
          "newline (fact 467)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> lines;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.send("one\n\nthree\nfour");
      to.peer.finish();
      while (auto line = co_await to.reader.next())
        lines.push_back(*line);
    });
    CHECK(lines == std::vector<std::string>{"one\n", "\n", "three\n", "four"});
  });
}

TEST_CASE("stream_reader: next at once at the end gives nothing (fact 467)",
          "[stream]") {
  for_each_setting([](setting how) {
    bool line = true;
    talk(how, [&](linked& to) -> coro<void> {
      to.peer.finish();
      auto first = co_await to.reader.next();
      line = first.has_value();
    });
    CHECK_FALSE(line);
  });
}

// -- one reader at a time -----------------------------------------------------

TEST_CASE("stream_reader: a second read while one waits is refused "
          "(fact E21)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::exception_ptr> problems;
    std::vector<std::string> got;
    talk(how, [&](linked& to) -> coro<void> {
      auto read_one = [&]() -> coro<std::string> {
        co_return co_await to.reader.readexactly(4);
      };
      auto first = create_task(read_one);
      auto second = create_task(read_one);
      // Which of them came second is open with several workers.
      (void)co_await reached([&] { return first.done() || second.done(); });
      to.peer.send("data");
      for (const auto& one : {first, second}) {
        auto problem = co_await failure_of(one);
        if (problem)
          problems.push_back(problem);
        else
          got.push_back(one.result());
      }
    });
    REQUIRE(problems.size() == 1);
    CHECK(code_of(problems[0]) == troupe::errc::concurrent_read);
    CHECK(contains(text_of(problems[0]), "wait"));
    CHECK(got == std::vector<std::string>{"data"});
  });
}

TEST_CASE("stream_reader: the read that waits first is the one that is served "
          "(fact E21) (order)",
          "[stream][order]") {
  std::exception_ptr second;
  std::string first;
  std::string after;
  talk(setting{}, [&](linked& to) -> coro<void> {
    auto waiting = create_task(
      [&]() -> coro<std::string> { co_return co_await to.reader.readline(); });
    co_await turns(1);
    second = co_await failure_of(to.reader.read(1));
    to.peer.send("for the first\nand then\n");
    first = co_await waiting;
    after = co_await to.reader.readline();
  });
  CHECK(code_of(second) == troupe::errc::concurrent_read);
  CHECK(first == "for the first\n");
  CHECK(after == "and then\n");
}

// -- cancelling ---------------------------------------------------------------

TEST_CASE("stream_reader: a read cancelled as its data comes leaves the data "
          "(fact 509)",
          "[stream]") {
  for_each_setting([](setting how) {
    std::string got;
    int rounds = 0;
    talk(how, [&](linked& to) -> coro<void> {
      for (rounds = 0; rounds < 50; ++rounds) {
        auto waiting = create_task(
          [&]() -> coro<std::string> { co_return co_await to.reader.read(9); });
        co_await turns(2);
        to.peer.send("x"); // the event is there, nobody has handled it
        waiting.cancel();
        try {
          got += co_await waiting;
        } catch (const troupe::cancelled_error&) {
          got += '-';
        }
      }
      to.peer.finish();
      got += co_await to.reader.read();
    });
    CHECK(rounds == 50);
    CHECK(std::count(got.begin(), got.end(), 'x') == 50);
    CHECK(got.find('-') != std::string::npos);
  });
}

TEST_CASE("stream_reader: what a cancelled read asked for comes after what was "
          "there",
          "[stream]") {
  for_each_setting([](setting how) {
    std::vector<std::string> got;
    talk(how, [&](linked& to) -> coro<void> {
      for (int i = 0; i < 10; ++i) {
        to.peer.send("ab");
        auto waiting = create_task([&]() -> coro<std::string> {
          co_return co_await to.reader.readline();
        });
        co_await to.consumed();
        waiting.cancel();
        (void)co_await failure_of(waiting);
        got.push_back(co_await to.reader.read(10));
        to.peer.send("cd");
        got.push_back(co_await to.reader.readexactly(2));
      }
    });
    std::vector<std::string> expected;
    for (int i = 0; i < 10; ++i) {
      expected.push_back("ab");
      expected.push_back("cd");
    }
    CHECK(got == expected);
  });
}

TEST_CASE("incomplete_read_error: a copy keeps what came and what was asked "
          "for (fact 479)",
          "[stream]") {
  incomplete_read_error made{"abc", 7};
  auto thrown = std::make_exception_ptr(made);
  incomplete_read_error copy{"", 0};
  try {
    std::rethrow_exception(thrown);
  } catch (const incomplete_read_error& problem) {
    copy = problem;
  }
  CHECK(copy.partial == "abc");
  CHECK(copy.expected == 7);
  CHECK(copy.code() == troupe::errc::incomplete_read);
}
