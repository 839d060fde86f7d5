// Streams over loopback. Each side prints only when the other one waits.

#include "differential/program.hpp"

#include <numeric>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

namespace {

std::string rstrip(std::string line) {
  while (!line.empty() && line.back() == '\n')
    line.pop_back();
  return line;
}

// As Python's repr of a text without quotes in it.
std::string quoted(const std::string& words) {
  std::string out = "'";
  for (char c : words) {
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out + "'";
}

std::uint16_t port_of(const server& x) {
  return x.sockets()[0].getsockname().port;
}

} // namespace

PROGRAM(87_echo_lines) {
  auto echo = [](stream_reader reader, stream_writer writer) -> coro<void> {
    int count = 0;
    while (auto line = co_await reader.next()) {
      ++count;
      print("server got", rstrip(*line));
      writer.write("echo " + *line);
      co_await writer.drain();
    }
    print("server saw the end after", count);
    writer.close();
    co_await writer.wait_closed();
  };
  auto client
    = [](std::uint16_t port, std::string name, int count) -> coro<void> {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    for (int i = 0; i < count; ++i) {
      writer.write(name + " " + std::to_string(i) + "\n");
      auto line = co_await reader.readline();
      print(name, "got", rstrip(line));
    }
    writer.write_eof();
    auto rest = co_await reader.read();
    print(name, "at the end:", quoted(rest), reader.at_eof());
    writer.close();
    co_await writer.wait_closed();
    print(name, "closed", writer.is_closing());
  };
  run([&]() -> coro<void> {
    auto listener = co_await start_server(echo, "127.0.0.1", 0);
    auto port = port_of(listener);
    print(listener.is_serving(), listener.sockets().size());
    co_await client(port, "anna", 3);
    co_await client(port, "bert", 1);
    co_await client(port, "cleo", 0);
    listener.close();
    co_await listener.wait_closed();
    print(listener.is_serving(), listener.sockets().size());
  });
}

PROGRAM(88_pieces) {
  auto talk = [](stream_reader reader, stream_writer writer) -> coro<void> {
    for (const char* piece :
         {"first li", "ne\nsecond line\nthi", "rd line\n", "abc", "defgh", "ij",
          "key=va", "lue;;", "rest without a newline"}) {
      writer.write(std::string_view{piece});
      co_await writer.drain();
      // Waits for a sign, so that the pieces come apart.
      co_await reader.readexactly(1);
    }
    writer.close();
  };
  auto signs = [](stream_writer writer) -> coro<void> {
    for (int i = 0; i < 9; ++i) {
      co_await sleep(5ms);
      writer.write(".");
    }
  };
  run([&]() -> coro<void> {
    auto listener = co_await start_server(talk, "127.0.0.1", 0);
    auto [reader, writer]
      = co_await open_connection("127.0.0.1", port_of(listener));
    auto t = create_task(signs(writer));
    for (int i = 0; i < 3; ++i) {
      auto line = co_await reader.readline();
      print("line", quoted(line));
    }
    print("block", co_await reader.readexactly(4));
    print("block", co_await reader.readexactly(6));
    print("until", co_await reader.readuntil("="));
    print("until", co_await reader.readuntil(";;"));
    auto last = co_await reader.readline();
    print("last", quoted(last));
    auto line = co_await reader.readline();
    auto bytes = co_await reader.read(10);
    print("end", quoted(line), quoted(bytes), reader.at_eof());
    co_await t;
    writer.close();
    listener.close();
  });
}

PROGRAM(89_stream_errors) {
  auto talk = [](stream_reader reader, stream_writer writer) -> coro<void> {
    auto what = rstrip(co_await reader.readline());
    print("server is asked for", what);
    if (what == "short") {
      writer.write("abc");
    } else if (what == "no mark") {
      writer.write("no mark here");
    } else if (what == "long") {
      writer.write(std::string(200, 'x') + "\nnext\n");
    } else if (what == "far mark") {
      writer.write(std::string(150, 'y') + "|rest\n");
    } else if (what == "silence") {
      writer.write("ready\n");
      co_await reader.read();
    }
    writer.close();
  };
  auto ask = [](std::uint16_t port, std::string what) -> coro<connection> {
    connect_options options;
    options.limit = 100;
    auto made = co_await open_connection("127.0.0.1", port, options);
    made.writer.write(what + "\n");
    co_return made;
  };
  auto read_line = [](stream_reader reader) -> coro<std::string> {
    co_return co_await reader.readline();
  };
  run([&]() -> coro<void> {
    auto listener = co_await start_server(talk, "127.0.0.1", 0);
    auto port = port_of(listener);
    {
      auto [reader, writer] = co_await ask(port, "short");
      try {
        co_await reader.readexactly(5);
      } catch (const incomplete_read_error& e) {
        print("incomplete", e.partial, e.expected);
      }
      auto rest = co_await reader.read();
      print("nothing left", quoted(rest));
      writer.close();
    }
    {
      auto [reader, writer] = co_await ask(port, "no mark");
      try {
        co_await reader.readuntil("|");
      } catch (const incomplete_read_error& e) {
        print("incomplete", e.partial, e.expected == 0 ? "None" : "a number");
      }
      writer.close();
    }
    {
      auto [reader, writer] = co_await ask(port, "long");
      try {
        co_await reader.readline();
      } catch (const std::length_error&) {
        print("the line is too long");
      }
      auto next = co_await reader.readline();
      print("next", rstrip(next));
      writer.close();
    }
    {
      auto [reader, writer] = co_await ask(port, "far mark");
      try {
        co_await reader.readuntil("|");
      } catch (const limit_overrun_error& e) {
        print("overrun", e.consumed >= 100);
      }
      auto block = co_await reader.readexactly(150);
      print("block", block.size());
      print("until", co_await reader.readuntil("|"));
      auto rest = co_await reader.read();
      print("rest", rstrip(rest));
      writer.close();
    }
    {
      auto [reader, writer] = co_await ask(port, "silence");
      auto ready = co_await reader.readline();
      print(rstrip(ready));
      auto first = create_task(read_line(reader));
      co_await sleep(0s);
      try {
        co_await reader.readline();
      } catch (const error& e) {
        if (e.code() == errc::concurrent_read)
          print("one reads already");
      }
      first.cancel();
      try {
        co_await first;
      } catch (const cancelled_error&) {
        print("the first was cancelled");
      }
      writer.write_eof();
      auto end = co_await reader.readline();
      print("end", quoted(end));
      try {
        writer.write("too late");
      } catch (const error& e) {
        if (e.code() == errc::connection_closed)
          print("no writing after the end");
      }
      writer.close();
    }
    listener.close();
    print("over");
  });
}

PROGRAM(90_half_closed) {
  auto summing = [](stream_reader reader, stream_writer writer) -> coro<void> {
    int total = 0;
    for (;;) {
      auto line = co_await reader.readline();
      if (line.empty())
        break;
      total += std::stoi(line);
    }
    print("server has it all");
    writer.write(std::to_string(total) + "\n");
    writer.write("and ");
    writer.writelines(std::vector<std::string>{"some ", "more\n"});
    writer.write_eof();
    auto rest = co_await reader.read();
    print("server waits for the end", quoted(rest));
    writer.close();
  };
  auto handler = [&](stream_reader reader, stream_writer writer,
                     future<std::string> ended) -> coro<void> {
    co_await summing(reader, writer);
    ended.set_result("handler ended");
  };
  run([&]() -> coro<void> {
    auto ended = get_running_loop().create_future<std::string>();
    auto on_connection
      = [&handler, ended](stream_reader reader, stream_writer writer) {
          return handler(reader, writer, ended);
        };
    auto listener = co_await start_server(on_connection, "127.0.0.1", 0);
    auto [reader, writer]
      = co_await open_connection("127.0.0.1", port_of(listener));
    print(writer.can_write_eof());
    for (int i = 0; i < 5; ++i)
      writer.write(std::to_string(i * 11) + "\n");
    writer.write_eof();
    std::vector<std::string> lines;
    while (auto line = co_await reader.next())
      lines.push_back(rstrip(*line));
    print(co_await ended);
    for (const auto& line : lines)
      print("client got", line);
    print("client at the end", reader.at_eof());
    writer.close();
    co_await writer.wait_closed();
    listener.close();
  });
}

PROGRAM(91_large_transfer) {
  constexpr int size = 3'000'000;
  int passed_on = 0;
  auto echo = [&](stream_reader reader, stream_writer writer) -> coro<void> {
    for (;;) {
      auto data = co_await reader.read(50'000);
      if (data.empty())
        break;
      passed_on += static_cast<int>(data.size());
      writer.write(data);
      co_await writer.drain();
    }
    writer.close();
  };
  auto send = [](stream_writer writer) -> coro<void> {
    for (int start = 0; start < size; start += 30'000) {
      std::string pattern;
      for (int i = 0; i < 300; ++i)
        pattern += static_cast<char>((start / 30'000 + i) % 251);
      std::string block;
      for (int i = 0; i < 100; ++i)
        block += pattern;
      writer.write(block);
      co_await writer.drain();
    }
    writer.write_eof();
  };
  auto byte = [](char c) {
    return static_cast<int>(static_cast<std::uint8_t>(c));
  };
  run([&]() -> coro<void> {
    auto listener = co_await start_server(
      [&echo](stream_reader reader, stream_writer writer) {
        return echo(reader, writer);
      },
      "127.0.0.1", 0);
    auto [reader, writer]
      = co_await open_connection("127.0.0.1", port_of(listener));
    auto t = create_task(send(writer));
    int check = 0;
    int count = 0;
    while (count < size) {
      auto data = co_await reader.readexactly(60'000);
      count += static_cast<int>(data.size());
      int sum
        = std::accumulate(data.begin(), data.begin() + 300, 0,
                          [&](int before, char c) { return before + byte(c); });
      check = (check * 31 + byte(data.front()) + byte(data.back()) + sum)
            % 1'000'003;
      if (count % 600'000 == 0) {
        print("received", count, check);
        co_await sleep(2ms);
      }
    }
    co_await t;
    auto rest = co_await reader.read();
    print("end", quoted(rest));
    print("server passed on", passed_on);
    writer.close();
    listener.close();
  });
}

PROGRAM(92_server_ends) {
  std::vector<any_task> handlers;
  auto echo = [&](stream_reader reader, stream_writer writer) -> coro<void> {
    handlers.push_back(current_task());
    struct leaving {
      stream_writer& writer;
      ~leaving() {
        print("handler leaves");
        writer.close();
      }
    } end{writer};
    try {
      for (;;) {
        auto line = co_await reader.readline();
        if (line.empty())
          break;
        for (char& c : line)
          c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        writer.write(line);
      }
    } catch (const cancelled_error&) {
      print("handler cancelled");
      throw;
    }
  };
  run([&]() -> coro<void> {
    auto listener = co_await start_server(
      [&echo](stream_reader reader, stream_writer writer) {
        return echo(reader, writer);
      },
      "127.0.0.1", 0);
    auto port = port_of(listener);
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    writer.write("one\n");
    auto line = co_await reader.readline();
    print(rstrip(line));
    auto serving = create_task(listener.serve_forever());
    co_await sleep(0s);
    print("serving", listener.is_serving());
    serving.cancel();
    try {
      co_await serving;
    } catch (const cancelled_error&) {
      print("no longer", listener.is_serving());
    }
    try {
      co_await open_connection("127.0.0.1", port);
    } catch (const std::system_error&) {
      print("refused");
    }
    writer.write("two\n");
    line = co_await reader.readline();
    print(rstrip(line));
    handlers[0].cancel();
    line = co_await reader.readline();
    print("end", quoted(line));
    writer.close();
    co_await writer.wait_closed();
    print("over");
  });
}
