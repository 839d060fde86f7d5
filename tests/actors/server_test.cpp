#include <troupe/stream.hpp>

#include "support/sockets.hpp"
#include "support/test.hpp"

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <vector>

using troupe::coro;
using troupe::create_task;
using troupe::open_connection;
using troupe::server;
using troupe::server_options;
using troupe::start_server;
using troupe::stream_reader;
using troupe::stream_writer;

using namespace std::chrono_literals;

namespace {

std::uint16_t port_of(const server& x) {
  return x.sockets().at(0).getsockname().port;
}

// Sends back what comes; a client that is gone is none of its business.
coro<void> echo(stream_reader reader, stream_writer writer) {
  try {
    for (;;) {
      auto data = co_await reader.read(4096);
      if (data.empty())
        break;
      writer.write(data);
      co_await writer.drain();
    }
  } catch (const std::system_error&) {
  }
  co_await close_and_wait(writer);
}

// Runs `body(server)` with a server on loopback, then closes both.
template <class Handler, class F>
void serve(const setting& how, Handler handler, F body,
           server_options options = {}) {
  troupe::run(
    [&]() -> coro<void> {
      auto made = co_await start_server(handler, how.host(), 0, options);
      co_await body(made);
      made.close();
      co_await made.wait_closed();
    },
    how.options);
}

// CPU time of this process, user and system.
std::chrono::microseconds cpu_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto microseconds = [](const timeval& x) {
    return std::chrono::seconds{x.tv_sec}
         + std::chrono::microseconds{x.tv_usec};
  };
  return microseconds(used.ru_utime) + microseconds(used.ru_stime);
}

// A sanitizer's own bookkeeping grows by itself.
void check_not_grown([[maybe_unused]] std::size_t before) {
#ifndef TROUPE_POOL_OFF
  auto now = resident_bytes();
  CHECK((now > before ? now - before : 0) < (4u << 20));
#endif
}

} // namespace

// -- many clients -------------------------------------------------------------

TEST_CASE("server: 500 clients are served at once", "[server][threads]") {
  want_descriptors();
  for_each_setting([](setting how) {
    constexpr int clients = 500;
    std::atomic<int> open{0};
    std::atomic<int> right{0};
    std::atomic<bool> all_here{false};
    int together = 0;
    serve(how, echo, [&](server made) -> coro<void> {
      auto port = port_of(made);
      auto client = [&](int number) -> coro<void> {
        auto to = co_await open_connection(how.host(), port);
        ++open;
        (void)co_await reached([&] { return all_here.load(); });
        auto text = "client " + std::to_string(number);
        for (int i = 0; i < 3; ++i) {
          to.writer.write(text);
          co_await to.writer.drain();
          auto answer = co_await to.reader.readexactly(text.size());
          right += answer == text;
        }
        co_await close_and_wait(to.writer);
      };
      std::vector<troupe::task<void>> running;
      for (int i = 0; i < clients; ++i)
        running.push_back(create_task(client(i)));
      (void)co_await reached([&] { return open == clients; });
      together = open;
      all_here = true;
      for (auto& one : running)
        co_await one;
    });
    CHECK(together == clients);
    CHECK(right == 3 * clients);
  });
}

TEST_CASE("server: clients that reset at any point leave it working",
          "[server][threads]") {
  for_each_setting([](setting how) {
    auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    std::string got;
    serve(how, echo, [&](server made) -> coro<void> {
      const auto block = counting_pattern(20'000);
      for (int i = 0; i < 300; ++i) {
        auto client = co_await troupe::to_thread(
          [&] { return plain_socket::connect(how.family, port_of(made)); });
        if (random() % 4)
          client.send(std::string_view{block}.substr(0, random() % 20'000));
        if (random() % 3 == 0)
          co_await turns(static_cast<int>(random() % 5));
        if (random() % 2)
          client.reset();
      }
      auto client = plain_socket::connect(how.family, port_of(made));
      client.send("alive");
      got = co_await troupe::to_thread([&] { return client.receive(5); });
    });
    CHECK(got == "alive");
  });
}

TEST_CASE("server: a silent client and one that does not read keep nobody "
          "waiting",
          "[server][threads]") {
  for_each_setting([](setting how) {
    int served = 0;
    serve(how, echo, [&](server made) -> coro<void> {
      auto silent = plain_socket::connect(how.family, port_of(made));
      auto deaf = plain_socket::connect(how.family, port_of(made), 4096);
      co_await troupe::to_thread([&] {
        const auto block = counting_pattern(64 * 1024);
        while (deaf.writable(200))
          (void)deaf.try_send(block);
      });
      for (int i = 0; i < 50; ++i) {
        auto client = plain_socket::connect(how.family, port_of(made));
        client.send("ping");
        auto answer
          = co_await troupe::to_thread([&] { return client.receive(4); });
        served += answer == "ping";
      }
      deaf.reset();
    });
    CHECK(served == 50);
  });
}

TEST_CASE("server: at max_connections accepting pauses until one is closed",
          "[server][threads]") {
  for_each_setting([](setting how) {
    std::atomic<int> started{0};
    std::atomic<int> open{0};
    std::atomic<int> most{0};
    int paused_at = 0;
    int served = 0;
    server_options options;
    options.max_connections = 2;
    auto handler
      = [&](stream_reader reader, stream_writer writer) -> coro<void> {
      ++started;
      most = std::max(most.load(), ++open);
      auto line = co_await reader.readline();
      writer.write(line);
      --open;
      co_await close_and_wait(writer);
    };
    serve(
      how, handler,
      [&](server made) -> coro<void> {
        std::vector<plain_socket> clients;
        for (int i = 0; i < 6; ++i)
          clients.push_back(plain_socket::connect(how.family, port_of(made)));
        (void)co_await reached([&] { return started >= 2; });
        co_await turns(50);
        paused_at = started;
        for (auto& client : clients) {
          client.send("x\n");
          auto answer
            = co_await troupe::to_thread([&] { return client.receive_all(); });
          served += answer == "x\n";
        }
      },
      options);
    CHECK(paused_at == 2);
    CHECK(most == 2);
    CHECK(served == 6);
  });
}

// -- handlers -----------------------------------------------------------------

TEST_CASE("server: a handler that drops its writer is reported and its "
          "connection closed",
          "[server][threads]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::vector<std::string> got;
    bool coroutine = false;
    for (int i = 0; i < 2; ++i) {
      auto plain = [](stream_reader, stream_writer writer) {
        writer.write("bye");
      };
      auto body = [&](server made) -> coro<void> {
        reports.watch(troupe::get_running_loop());
        auto client = plain_socket::connect(how.family, port_of(made));
        got.push_back(
          co_await troupe::to_thread([&] { return client.receive_all(); }));
      };
      if (coroutine) {
        serve(
          how,
          [&](stream_reader reader, stream_writer writer) -> coro<void> {
            plain(reader, writer);
            co_return;
          },
          body);
      } else {
        serve(how, plain, body);
      }
      coroutine = true;
    }
    CHECK(got == std::vector<std::string>{"bye", "bye"});
    CHECK(reports.size() == 2);
    for (const auto& told : reports.all())
      CHECK_FALSE(told.transport.empty());
  });
}

TEST_CASE("server: a handler that closed its writer is not reported",
          "[server][threads]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::string got;
    auto handler = [](stream_reader, stream_writer writer) {
      writer.write("bye");
      writer.close();
    };
    serve(how, handler, [&](server made) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      auto client = plain_socket::connect(how.family, port_of(made));
      got = co_await troupe::to_thread([&] { return client.receive_all(); });
    });
    CHECK(got == "bye");
    CHECK(reports.size() == 0);
  });
}

TEST_CASE("server: what a handler captured lives as long as its connections",
          "[server][threads]") {
  for_each_setting([](setting how) {
    auto word = std::make_shared<std::string>(200, 'w');
    std::weak_ptr<std::string> watch = word;
    std::string got;
    bool alive = false;
    std::atomic<bool> started{false};
    troupe::run(
      [&]() -> coro<void> {
        plain_socket client;
        {
          // Two statements: g++ 12 copies a closure inside an awaiting one.
          auto starting = start_server(
            [word = std::move(word), &started](
              stream_reader reader, stream_writer writer) -> coro<void> {
              started = true;
              (void)co_await reader.readline();
              writer.write(*word);
              co_await close_and_wait(writer);
            },
            how.host(), 0);
          auto made = co_await starting;
          client = plain_socket::connect(how.family, port_of(made));
          client.send("wait");
          (void)co_await reached([&] { return started.load(); });
          made.close();
        } // no handle is left
        co_await turns(5);
        alive = !watch.expired();
        client.send(" for it\n");
        got = co_await troupe::to_thread([&] { return client.receive_all(); });
      },
      how.options);
    CHECK(alive);
    CHECK(got == std::string(200, 'w'));
    CHECK(watch.expired());
  });
}

TEST_CASE("server: a handler may return a value", "[server][threads]") {
  for_each_setting([](setting how) {
    std::string got;
    auto handler = [](stream_reader, stream_writer writer) -> coro<int> {
      writer.write("x");
      writer.close();
      co_return 42;
    };
    serve(how, handler, [&](server made) -> coro<void> {
      auto client = plain_socket::connect(how.family, port_of(made));
      got = co_await troupe::to_thread([&] { return client.receive_all(); });
    });
    CHECK(got == "x");
  });
}

TEST_CASE("server: a handler may close the server, its clients and itself",
          "[server][threads]") {
  for_each_setting([](setting how) {
    std::string got;
    std::string other = "?";
    record<server> here;
    std::atomic<int> calls{0};
    auto handler
      = [&](stream_reader reader, stream_writer writer) -> coro<void> {
      ++calls;
      auto line = co_await reader.readline();
      if (line == "stop\n") {
        writer.write("stopping");
        here.all()[0].close();
        here.all()[0].close_clients();
      }
      co_await close_and_wait(writer);
    };
    troupe::run(
      [&]() -> coro<void> {
        auto made = co_await start_server(handler, how.host(), 0);
        here.add(made);
        auto first = plain_socket::connect(how.family, port_of(made));
        auto second = plain_socket::connect(how.family, port_of(made));
        (void)co_await reached([&] { return calls == 2; });
        first.send("stop\n");
        co_await made.wait_closed();
        got = first.receive_all();
        other = second.receive_all();
      },
      how.options);
    CHECK(got == "stopping");
    CHECK(other.empty());
  });
}

// -- handles ------------------------------------------------------------------

TEST_CASE("server: it serves on when its last handle goes",
          "[server][threads]") {
  for_each_setting([](setting how) {
    std::string got;
    troupe::run(
      [&]() -> coro<void> {
        std::uint16_t port = 0;
        {
          auto made = co_await start_server(echo, how.host(), 0);
          port = port_of(made);
        }
        auto client = plain_socket::connect(how.family, port);
        client.send("anybody?");
        got = co_await troupe::to_thread([&] { return client.receive(8); });
      },
      how.options);
    CHECK(got == "anybody?");
  });
}

TEST_CASE("server: it knows its loop, and copies name the same server",
          "[server][threads]") {
  for_each_setting([](setting how) {
    bool same_loop = false;
    bool closed = false;
    serve(how, echo, [&](server made) -> coro<void> {
      same_loop = made.get_loop() == troupe::get_running_loop();
      auto copy = made;
      copy.close();
      closed = !made.is_serving() && made.sockets().empty();
      co_return;
    });
    CHECK(same_loop);
    CHECK(closed);
  });
}

TEST_CASE("server: a program that ends closes its server and all connections",
          "[server][threads]") {
  for_each_setting([](setting how) {
    std::vector<plain_socket> clients;
    std::atomic<int> started{0};
    std::atomic<int> ended{0};
    std::size_t before = open_descriptors();
    auto handler
      = [&](stream_reader reader, stream_writer writer) -> coro<void> {
      struct at_end {
        std::atomic<int>& count;
        ~at_end() {
          ++count;
        }
      } guard{ended};
      ++started;
      (void)co_await reader.read();
      co_await close_and_wait(writer);
    };
    troupe::run(
      [&]() -> coro<void> {
        auto made = co_await start_server(handler, how.host(), 0);
        for (int i = 0; i < 50; ++i)
          clients.push_back(plain_socket::connect(how.family, port_of(made)));
        (void)co_await reached([&] { return started == 50; });
      },
      how.options);
    CHECK(ended == 50);
    CHECK(open_descriptors() == before + 50); // the clients' own
    int orderly = 0;
    for (auto& client : clients)
      orderly += client.receive_to_error() == 0;
    CHECK(orderly == 50);
  });
}

TEST_CASE("server: with reuse_port two servers share a port",
          "[server][threads]") {
  for_each_setting([](setting how) {
    std::size_t served = 0;
    std::exception_ptr alone;
    server_options shared;
    shared.reuse_port = true;
    serve(
      how, echo,
      [&](server first) -> coro<void> {
        auto second
          = co_await start_server(echo, how.host(), port_of(first), shared);
        alone
          = co_await failure_of(start_server(echo, how.host(), port_of(first)));
        for (int i = 0; i < 10; ++i) {
          auto client = plain_socket::connect(how.family, port_of(first));
          client.send("x");
          served
            += (co_await troupe::to_thread([&] { return client.receive(1); }))
                 .size();
        }
        second.close();
      },
      shared);
    CHECK(served == 10);
    CHECK(code_of(alone) == std::errc::address_in_use);
  });
}

// -- errors -------------------------------------------------------------------

TEST_CASE("open_connection: a name that cannot be resolved is named",
          "[server][threads]") {
  for_each_worker_count([](troupe::run_options options) {
    std::exception_ptr connecting;
    std::exception_ptr serving;
    std::exception_ptr wrong_family;
    troupe::run(
      [&]() -> coro<void> {
        connecting
          = co_await failure_of(open_connection("no-such-host.invalid", 80));
        serving
          = co_await failure_of(start_server(echo, "no-such-host.invalid", 0));
        troupe::connect_options only4;
        only4.family = 4;
        wrong_family = co_await failure_of(open_connection("::1", 80, only4));
      },
      options);
    CHECK(is_a<std::system_error>(connecting));
    CHECK(is_a<std::system_error>(serving));
    CHECK(is_a<std::system_error>(wrong_family));
    CHECK(contains(text_of(connecting), "no-such-host.invalid"));
    CHECK(contains(text_of(serving), "no-such-host.invalid"));
    CHECK(contains(text_of(wrong_family), "::1"));
  });
}

TEST_CASE("open_connection: a name may hold anything", "[server][threads]") {
  for_each_worker_count([](troupe::run_options options) {
    std::vector<std::exception_ptr> problems;
    troupe::run(
      [&]() -> coro<void> {
        std::vector<std::string> names{"127.0.0.1.",
                                       "[::1]",
                                       "127.0.0.256",
                                       "a b",
                                       std::string(70, 'x'),
                                       std::string(5'000, 'x'),
                                       std::string("127.0.0.1\0evil", 14)};
        deaf_port nobody{4};
        for (const auto& name : names)
          problems.push_back(
            co_await failure_of(open_connection(name, nobody.port())));
      },
      options);
    for (const auto& problem : problems)
      CHECK(is_a<std::exception>(problem));
  });
}

TEST_CASE("open_connection: without descriptors it throws the system's code",
          "[server][threads]") {
  for_each_setting([](setting how) {
    plain_listener listener{how.family};
    std::exception_ptr problem;
    std::string after;
    troupe::run(
      [&]() -> coro<void> {
        {
          descriptor_shortage none;
          problem = co_await failure_of(
            open_connection(listener.host(), listener.port()));
        }
        auto to = co_await link_to(listener);
        to.peer.send("x");
        after = co_await to.reader.read(1);
        co_await close_and_wait(to.writer);
      },
      how.options);
    CHECK(code_of(problem) == std::errc::too_many_files_open);
    CHECK(after == "x");
  });
}

TEST_CASE("start_server: without descriptors it throws and leaves nothing",
          "[server][threads]") {
  for_each_setting([](setting how) {
    std::exception_ptr problem;
    troupe::run(
      [&]() -> coro<void> {
        descriptor_shortage none;
        problem = co_await failure_of(start_server(echo, how.host(), 0));
      },
      how.options);
    CHECK(code_of(problem) == std::errc::too_many_files_open);
  });
}

TEST_CASE("start_server: cancelled at any turn it leaves no socket",
          "[server][threads]") {
  for_each_worker_count([](troupe::run_options options) {
    std::size_t before = open_descriptors();
    int ended = 0;
    troupe::run(
      [&]() -> coro<void> {
        for (int i = 0; i < 60; ++i) {
          auto starting = create_task(
            start_server(echo, i % 2 ? "localhost" : "127.0.0.1", 0));
          co_await turns(i / 4);
          starting.cancel();
          try {
            auto made = co_await starting;
            made.close();
            co_await made.wait_closed();
          } catch (const troupe::cancelled_error&) {
          }
          ++ended;
        }
      },
      options); // its threads, which may be resolving names, have ended
    CHECK(ended == 60);
    CHECK(open_descriptors() == before);
  });
}

// -- over time ----------------------------------------------------------------

TEST_CASE("server: in ten seconds without work it uses no CPU",
          "[server][threads][slow]") {
  for_each_worker_count([](troupe::run_options options) {
    std::chrono::microseconds used{};
    setting how{options, 4};
    serve(how, echo, [&](server made) -> coro<void> {
      std::vector<plain_socket> clients;
      for (int i = 0; i < 20; ++i) {
        clients.push_back(plain_socket::connect(4, port_of(made)));
        clients.back().send("x");
        (void)co_await troupe::to_thread(
          [&] { return clients.back().receive(1); });
      }
      auto before = cpu_time();
      co_await troupe::sleep(10s);
      used = cpu_time() - before;
    });
    CAPTURE(used.count());
    CHECK(used < 10ms);
  });
}

TEST_CASE("run: 10,000 programs leave no thread, no descriptor and no byte",
          "[server][threads][slow]") {
  auto threads = running_threads(); // before any program has some that end
  for_each_worker_count([&](troupe::run_options options) {
    int right = 0;
    auto program = []() -> coro<int> {
      co_return 1;
    };
    auto repeat = [&](int count) {
      for (int i = 0; i < count; ++i)
        right += troupe::run(program(), options);
    };
    // With several workers each program starts and joins their threads.
    const int count = options.threads == 1 ? 10'000 : 1'000;
    repeat(count / 10);
    auto descriptors = open_descriptors();
    auto memory = resident_bytes();
    repeat(count - count / 10);
    CHECK(right == count);
    CHECK(open_descriptors() == descriptors);
    CHECK(settled_threads(threads) <= threads);
    check_not_grown(memory);
  });
}

TEST_CASE("run: 2,000 programs with a server and a client leave no thread and "
          "no descriptor",
          "[server][threads][slow]") {
  auto threads = running_threads(); // before any program has some that end
  for_each_worker_count([&](troupe::run_options options) {
    int right = 0;
    auto program = [&]() -> coro<void> {
      auto made = co_await start_server(echo, "127.0.0.1", 0);
      auto to = co_await open_connection("127.0.0.1", port_of(made));
      to.writer.write("x");
      right += co_await to.reader.readexactly(1) == "x";
      // A reset leaves no port behind in TIME_WAIT.
      linger hard{1, 0};
      ::setsockopt(to.writer.fileno(), SOL_SOCKET, SO_LINGER, &hard,
                   sizeof hard);
      to.writer.abort();
      made.close();
    };
    for (int i = 0; i < 100; ++i)
      troupe::run(program, options);
    auto descriptors = open_descriptors();
    auto memory = resident_bytes();
    for (int i = 0; i < 1'900; ++i)
      troupe::run(program, options);
    CHECK(right == 2'000);
    CHECK(open_descriptors() == descriptors);
    CHECK(settled_threads(threads) <= threads);
    check_not_grown(memory);
  });
}
