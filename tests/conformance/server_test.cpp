#include <troupe/stream.hpp>

#include "support/sockets.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include <fcntl.h>
#include <netdb.h>

using troupe::coro;
using troupe::create_task;
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

// Sends each line back.
coro<void> echo(stream_reader reader, stream_writer writer) {
  while (auto line = co_await reader.next()) {
    writer.write(*line);
    co_await writer.drain();
  }
  co_await close_and_wait(writer);
}

// Says one word and closes.
coro<void> greet(stream_reader, stream_writer writer) {
  writer.write("hello");
  co_await close_and_wait(writer);
}

// True if a connection to `port` is refused.
bool refused(int family, std::uint16_t port) {
  try {
    (void)plain_socket::connect(family, port);
  } catch (const std::system_error& problem) {
    return problem.code() == std::errc::connection_refused;
  }
  return false;
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

// A port that is free for IPv4 and IPv6, below those that the system chooses
// from, so that no other program gets it in the meantime.
std::uint16_t free_port() {
  std::random_device random;
  for (;;) {
    auto port = static_cast<std::uint16_t>(10'000 + random() % 20'000);
    bool free = true;
    for (int family : {4, 6}) {
      if (family == 6 && !has_ipv6())
        continue;
      auto probe = plain_socket::make(family);
      plain_address same{family, port};
      free = free && ::bind(probe.descriptor(), same.get(), same.size()) == 0;
    }
    if (free)
      return port;
  }
}

// How many addresses the name has.
std::size_t addresses_of(const char* name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name, nullptr, &hints, &found))
    return 0;
  std::size_t count = 0;
  for (auto* one = found; one; one = one->ai_next)
    ++count;
  ::freeaddrinfo(found);
  return count;
}

} // namespace

// -- connecting ---------------------------------------------------------------

TEST_CASE("open_connection: a refused connection throws the system's code and "
          "names the address (fact 480)",
          "[server]") {
  for_each_setting([](setting how) {
    deaf_port nobody{how.family};
    std::exception_ptr problem;
    troupe::run(
      [&]() -> coro<void> {
        problem = co_await failure_of(
          troupe::open_connection(how.host(), nobody.port()));
      },
      how.options);
    CHECK(code_of(problem) == std::errc::connection_refused);
    auto text = text_of(problem);
    CAPTURE(text);
    CHECK(contains(text, how.host()));
    CHECK(contains(text, std::to_string(nobody.port())));
  });
}

TEST_CASE("open_connection: with all_errors one error for each address comes "
          "(fact 480)",
          "[server]") {
  for_each_setting([](setting how) {
    deaf_port nobody{how.family};
    std::exception_ptr problem;
    troupe::run(
      [&]() -> coro<void> {
        troupe::connect_options options;
        options.all_errors = true;
        problem = co_await failure_of(
          troupe::open_connection(how.host(), nobody.port(), options));
      },
      how.options);
    REQUIRE(is_a<troupe::exception_group>(problem));
    try {
      std::rethrow_exception(problem);
    } catch (const troupe::exception_group& group) {
      REQUIRE(group.exceptions().size() == 1);
      CHECK(code_of(group.exceptions()[0]) == std::errc::connection_refused);
      CHECK(contains(text_of(group.exceptions()[0]), how.host()));
    }
  });
}

TEST_CASE("open_connection: when all addresses of a name fail, one error lists "
          "their messages (fact 480)",
          "[server]") {
  auto expected = addresses_of("localhost");
  for_each_worker_count([&](troupe::run_options options) {
    auto port = free_port();
    std::exception_ptr one;
    std::exception_ptr group;
    troupe::run(
      [&]() -> coro<void> {
        one = co_await failure_of(troupe::open_connection("localhost", port));
        troupe::connect_options all;
        all.all_errors = true;
        group = co_await failure_of(
          troupe::open_connection("localhost", port, all));
      },
      options);
    auto text = text_of(one);
    CAPTURE(text);
    CHECK(is_a<std::system_error>(one));
    CHECK(contains(text, std::to_string(port)));
    if (expected > 1) {
      CHECK(contains(text, "127.0.0.1"));
      CHECK(contains(text, "::1"));
    }
    REQUIRE(is_a<troupe::exception_group>(group));
    try {
      std::rethrow_exception(group);
    } catch (const troupe::exception_group& errors) {
      CHECK(errors.exceptions().size() == expected);
    }
  });
}

TEST_CASE("open_connection: a connect that fails or is cancelled leaves no "
          "socket (fact 481)",
          "[server]") {
  for_each_setting([](setting how) {
    deaf_port nobody{how.family};
    // One connection fills the line of this listener, so the next ones hang.
    plain_listener full{how.family, 0, 0};
    auto filling = plain_socket::connect(how.family, full.port());
    std::size_t before = 0;
    std::size_t failed = 0;
    std::size_t cancelled = 0;
    std::exception_ptr problem;
    bool done = true;
    troupe::run(
      [&]() -> coro<void> {
        auto connect = [&](std::uint16_t port) {
          return troupe::open_connection(how.host(), port);
        };
        (void)co_await failure_of(connect(nobody.port())); // what is made once
        before = open_descriptors();
        for (int i = 0; i < 5; ++i)
          (void)co_await failure_of(connect(nobody.port()));
        failed = open_descriptors();
        auto hanging = create_task(connect(full.port()));
        (void)co_await reached([&] { return open_descriptors() > before; });
        done = hanging.done();
        hanging.cancel();
        problem = co_await failure_of(hanging);
        cancelled = open_descriptors();
      },
      how.options);
    CHECK(failed == before);
    CHECK_FALSE(done);
    CHECK(was_cancelled(problem));
    CHECK(cancelled == before);
  });
}

TEST_CASE("open_connection: a local address is bound", "[server]") {
  for_each_setting([](setting how) {
    plain_listener listener{how.family};
    auto port = free_port();
    std::optional<troupe::socket_address> own;
    std::exception_ptr foreign;
    troupe::run(
      [&]() -> coro<void> {
        troupe::connect_options options;
        options.local_host = loopback(how.family);
        options.local_port = port;
        auto to = co_await link_to(listener, options);
        own = to.writer.get_extra_info("sockname");
        // The peer closes first, so that the port does not linger with us.
        to.peer.reset();
        co_await close_and_wait(to.writer);
        options.local_host = how.family == 6 ? "2001:db8::1" : "192.0.2.1";
        options.local_port = 0;
        foreign = co_await failure_of(
          troupe::open_connection(listener.host(), listener.port(), options));
      },
      how.options);
    REQUIRE(own);
    CHECK(own->port == port);
    CHECK(own->host == how.host());
    CHECK(is_a<std::system_error>(foreign));
  });
}

TEST_CASE("open_connection: the family chooses among the addresses",
          "[server]") {
  for_each_setting([](setting how) {
    plain_listener listener{how.family};
    std::exception_ptr wrong;
    std::string got;
    troupe::run(
      [&]() -> coro<void> {
        troupe::connect_options options;
        options.family = how.family;
        auto to = co_await link_to(listener, options);
        to.peer.send("x");
        got = co_await to.reader.read(1);
        co_await close_and_wait(to.writer);
        options.family = 10 - how.family;
        wrong = co_await failure_of(
          troupe::open_connection(how.host(), listener.port(), options));
      },
      how.options);
    CHECK(got == "x");
    CHECK(is_a<std::system_error>(wrong));
  });
}

// -- handlers -----------------------------------------------------------------

TEST_CASE("server: a plain function is called with reader and writer "
          "(fact 478)",
          "[server]") {
  for_each_setting([](setting how) {
    std::string got;
    std::optional<troupe::task<void>> answering;
    auto handler = [&](stream_reader reader, stream_writer writer) {
      answering = create_task(echo(reader, writer));
    };
    serve(how, handler, [&](server made) -> coro<void> {
      auto client = plain_socket::connect(how.family, port_of(made));
      client.send("ping\n");
      client.finish();
      got = co_await troupe::to_thread([&] { return client.receive_all(); });
    });
    CHECK(got == "ping\n");
  });
}

TEST_CASE("server: a coroutine function runs as a task for each client "
          "(fact 478)",
          "[server]") {
  for_each_setting([](setting how) {
    std::vector<std::string> got;
    serve(how, echo, [&](server made) -> coro<void> {
      std::vector<plain_socket> clients;
      for (int i = 0; i < 5; ++i)
        clients.push_back(plain_socket::connect(how.family, port_of(made)));
      // All are open at once, the last one is served first.
      for (int i = 4; i >= 0; --i) {
        auto& client = clients[static_cast<std::size_t>(i)];
        client.send(std::to_string(i) + "\n");
        got.push_back(
          co_await troupe::to_thread([&] { return client.receive(2); }));
      }
    });
    CHECK(got == std::vector<std::string>{"4\n", "3\n", "2\n", "1\n", "0\n"});
  });
}

TEST_CASE("server: a handler that is cancelled closes its connection in "
          "silence (fact 477)",
          "[server]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::string got = "?";
    record<troupe::any_task> handlers;
    auto handler = [&](stream_reader reader, stream_writer) -> coro<void> {
      handlers.add(troupe::current_task());
      (void)co_await reader.read();
    };
    serve(how, handler, [&](server made) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      auto client = plain_socket::connect(how.family, port_of(made));
      (void)co_await reached([&] { return !handlers.empty(); });
      handlers.all()[0].cancel();
      got = co_await troupe::to_thread([&] { return client.receive_all(); });
    });
    CHECK(got.empty());
    CHECK(reports.size() == 0);
  });
}

TEST_CASE("server: a handler that throws is reported and its connection closed "
          "(fact 389)",
          "[server]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::vector<std::string> got;
    std::atomic<int> calls{0};
    auto handler
      = [&](stream_reader reader, stream_writer writer) -> coro<void> {
      if (++calls == 1)
        throw std::runtime_error("the handler broke");
      co_await echo(reader, writer);
    };
    serve(how, handler, [&](server made) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      auto first = plain_socket::connect(how.family, port_of(made));
      got.push_back(
        co_await troupe::to_thread([&] { return first.receive_all(); }));
      auto second = plain_socket::connect(how.family, port_of(made));
      second.send("still here\n");
      got.push_back(
        co_await troupe::to_thread([&] { return second.receive(11); }));
    });
    CHECK(got == std::vector<std::string>{"", "still here\n"});
    REQUIRE(reports.size() == 1);
    CHECK(text_of(reports.all()[0].exception) == "the handler broke");
    CHECK_FALSE(reports.all()[0].message.empty());
  });
}

TEST_CASE("server: a plain function that throws is reported and its connection "
          "closed (fact 389)",
          "[server]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::string got = "?";
    auto handler = [](stream_reader, stream_writer) {
      throw std::runtime_error("the function broke");
    };
    serve(how, handler, [&](server made) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      auto client = plain_socket::connect(how.family, port_of(made));
      got = co_await troupe::to_thread([&] { return client.receive_all(); });
    });
    CHECK(got.empty());
    REQUIRE(reports.size() >= 1);
    CHECK(text_of(reports.all()[0].exception) == "the function broke");
  });
}

// -- binding ------------------------------------------------------------------

TEST_CASE("server: the same host twice is bound once (fact 488)", "[server]") {
  for_each_setting([](setting how) {
    std::size_t count = 0;
    std::string got;
    troupe::run(
      [&]() -> coro<void> {
        std::vector<std::string> hosts{how.host(), how.host()};
        auto made = co_await start_server(greet, hosts, 0);
        count = made.sockets().size();
        auto client = plain_socket::connect(how.family, port_of(made));
        got = co_await troupe::to_thread([&] { return client.receive_all(); });
        made.close();
        co_await made.wait_closed();
      },
      how.options);
    CHECK(count == 1);
    CHECK(got == "hello");
  });
}

TEST_CASE("server: without a host IPv4 and IPv6 serve on the same port "
          "(fact 489)",
          "[server]") {
  if (!has_ipv6())
    return;
  for_each_worker_count([](troupe::run_options options) {
    auto port = free_port();
    std::vector<troupe::socket_address> bound;
    std::vector<std::string> got;
    troupe::run(
      [&]() -> coro<void> {
        auto made = co_await start_server(greet, "", port);
        for (const auto& socket : made.sockets())
          bound.push_back(socket.getsockname());
        for (int family : {4, 6}) {
          auto client = plain_socket::connect(family, port);
          got.push_back(
            co_await troupe::to_thread([&] { return client.receive_all(); }));
        }
        made.close();
        co_await made.wait_closed();
      },
      options);
    REQUIRE(bound.size() == 2);
    CHECK(bound[0].port == port);
    CHECK(bound[1].port == port);
    CHECK(bound[0].ipv6 != bound[1].ipv6);
    CHECK(got == std::vector<std::string>{"hello", "hello"});
  });
}

TEST_CASE("server: several addresses are all served", "[server]") {
  if (!has_ipv6())
    return;
  for_each_worker_count([](troupe::run_options options) {
    std::vector<std::string> got;
    std::vector<std::string> hosts{"127.0.0.1", "::1", "127.0.0.2"};
    std::vector<std::string> bound;
    troupe::run(
      [&]() -> coro<void> {
        auto made = co_await start_server(greet, hosts, 0);
        for (const auto& socket : made.sockets()) {
          auto at = socket.getsockname();
          bound.push_back(at.host);
          auto to = co_await troupe::open_connection(at.host, at.port);
          got.push_back(co_await to.reader.read());
          co_await close_and_wait(to.writer);
        }
        made.close();
        co_await made.wait_closed();
      },
      options);
    CHECK(bound == hosts);
    CHECK(got == std::vector<std::string>(3, "hello"));
  });
}

TEST_CASE("server: a port in use is refused with a text that names it "
          "(fact 490)",
          "[server]") {
  for_each_setting([](setting how) {
    plain_listener taken{how.family};
    std::exception_ptr problem;
    troupe::run(
      [&]() -> coro<void> {
        problem
          = co_await failure_of(start_server(echo, how.host(), taken.port()));
      },
      how.options);
    CHECK(code_of(problem) == std::errc::address_in_use);
    auto text = text_of(problem);
    CAPTURE(text);
    CHECK(contains(text, how.host()));
    CHECK(contains(text, std::to_string(taken.port())));
    CHECK(contains(text, "in use"));
  });
}

TEST_CASE("server: when an address cannot be bound none is (fact 491)",
          "[server]") {
  for_each_setting([](setting how) {
    auto port = free_port();
    const char* foreign = how.family == 6 ? "2001:db8::1" : "192.0.2.1";
    std::size_t before = 0;
    std::size_t after = 99;
    std::exception_ptr problem;
    std::exception_ptr alone;
    bool free_again = false;
    troupe::run(
      [&]() -> coro<void> {
        (void)co_await failure_of(start_server(echo, foreign, port));
        before = open_descriptors();
        alone = co_await failure_of(start_server(echo, foreign, port));
        std::vector<std::string> hosts{how.host(), foreign};
        problem = co_await failure_of(start_server(echo, hosts, port));
        after = open_descriptors();
        free_again = refused(how.family, port);
      },
      how.options);
    CHECK(code_of(alone) == std::errc::address_not_available);
    CHECK(code_of(problem) == std::errc::address_not_available);
    CHECK(contains(text_of(problem), foreign));
    CHECK(after == before);
    CHECK(free_again);
  });
}

TEST_CASE("server: its sockets can be looked at and do not block (fact 492)",
          "[server]") {
  for_each_setting([](setting how) {
    troupe::socket_address bound;
    bool blocks = true;
    std::uint16_t real_port = 0;
    serve(how, echo, [&](server made) -> coro<void> {
      auto listening = made.sockets().at(0);
      bound = listening.getsockname();
      blocks = !(::fcntl(listening.fileno(), F_GETFL) & O_NONBLOCK);
      real_port = ::port_of(listening.fileno());
      co_return;
    });
    CHECK(bound.host == how.host());
    CHECK(bound.port == real_port);
    CHECK(bound.port != 0);
    CHECK_FALSE(blocks);
  });
}

TEST_CASE("server: a closed server refuses connections (fact 493)",
          "[server]") {
  for_each_setting([](setting how) {
    bool open = true;
    bool closed = false;
    std::size_t sockets = 99;
    bool serving = true;
    serve(how, greet, [&](server made) -> coro<void> {
      auto port = port_of(made);
      auto client = plain_socket::connect(how.family, port);
      open = co_await troupe::to_thread([&] { return client.receive_all(); })
          == "hello";
      made.close();
      made.close();
      closed = refused(how.family, port);
      sockets = made.sockets().size();
      serving = made.is_serving();
    });
    CHECK(open);
    CHECK(closed);
    CHECK(sockets == 0);
    CHECK_FALSE(serving);
  });
}

TEST_CASE("server: refuses at once when closed, also while another worker "
          "looks at its socket",
          "[server]") {
  for_each_setting([](setting how) {
    auto port = free_port();
    int let_in = 0;
    troupe::run(
      [&]() -> coro<void> {
        for (int i = 0; i < 5'000; ++i) {
          auto made = co_await start_server(greet, how.host(), port);
          made.close();
          let_in += refused(how.family, port) ? 0 : 1;
        }
      },
      how.options);
    CHECK(let_in == 0);
  });
}

TEST_CASE("server: the port of a closed server can be bound again at once",
          "[server]") {
  for_each_setting([](setting how) {
    std::vector<std::string> got;
    troupe::run(
      [&]() -> coro<void> {
        std::uint16_t port = 0;
        for (int i = 0; i < 3; ++i) {
          auto made = co_await start_server(greet, how.host(), port);
          port = port_of(made);
          // The server closes first: its end of the connection lingers.
          auto client = plain_socket::connect(how.family, port);
          got.push_back(
            co_await troupe::to_thread([&] { return client.receive_all(); }));
          made.close();
          client.close();
          co_await made.wait_closed();
        }
      },
      how.options);
    CHECK(got == std::vector<std::string>(3, "hello"));
  });
}

// -- accepting ----------------------------------------------------------------

TEST_CASE("server: connections that were reset before they were accepted do "
          "not keep the others away (fact 495)",
          "[server]") {
  for_each_setting([](setting how) {
    std::vector<std::string> got;
    error_log reports;
    server_options options;
    options.start_serving = false;
    serve(
      how, echo,
      [&](server made) -> coro<void> {
        reports.watch(troupe::get_running_loop());
        std::vector<plain_socket> clients;
        // The line of waiting connections begins with the first listen.
        co_await made.start_serving();
        for (int i = 0; i < 10; ++i) {
          clients.push_back(plain_socket::connect(how.family, port_of(made)));
          if (i % 2 == 0)
            clients.back().reset();
        }
        for (int i = 1; i < 10; i += 2) {
          auto& client = clients[static_cast<std::size_t>(i)];
          client.send("x\n");
          got.push_back(
            co_await troupe::to_thread([&] { return client.receive(2); }));
        }
      },
      options);
    CHECK(got == std::vector<std::string>(5, "x\n"));
  });
}

TEST_CASE("server: without descriptors accepting is reported, pauses, and goes "
          "on after a second (fact 496)",
          "[server]") {
  for_each_setting([](setting how) {
    error_log reports;
    std::string got;
    std::size_t during = 99;
    std::chrono::steady_clock::duration paused{};
    bool told = false;
    serve(how, greet, [&](server made) -> coro<void> {
      reports.watch(troupe::get_running_loop());
      auto client = plain_socket::make(how.family);
      auto begin = std::chrono::steady_clock::now();
      {
        descriptor_shortage none;
        plain_address to{how.family, port_of(made)};
        if (::connect(client.descriptor(), to.get(), to.size()))
          throw_errno("connect");
        told = co_await reached([&] { return reports.size() > 0; });
        co_await turns(100);
        during = reports.size();
      }
      got = co_await troupe::to_thread([&] { return client.receive_all(); });
      paused = std::chrono::steady_clock::now() - begin;
    });
    CHECK(told);
    CHECK(during == 1);
    CHECK(got == "hello");
    CHECK(paused >= 950ms);
    CHECK(paused < 10s);
    REQUIRE(reports.size() >= 1);
    auto first = reports.all()[0];
    CHECK(code_of(first.exception) == std::errc::too_many_files_open);
    CHECK_FALSE(first.message.empty());
  });
}

TEST_CASE("server: with start_serving off it serves when asked to (fact 497)",
          "[server]") {
  for_each_setting([](setting how) {
    server_options options;
    options.start_serving = false;
    bool before = true;
    bool after = false;
    std::string first;
    std::string second;
    serve(
      how, greet,
      [&](server made) -> coro<void> {
        before = made.is_serving();
        co_await made.start_serving();
        co_await made.start_serving();
        after = made.is_serving();
        auto client = plain_socket::connect(how.family, port_of(made));
        first
          = co_await troupe::to_thread([&] { return client.receive_all(); });
      },
      options);
    serve(
      how, greet,
      [&](server made) -> coro<void> {
        auto serving = create_task(made.serve_forever());
        (void)co_await reached([&] { return made.is_serving(); });
        auto client = plain_socket::connect(how.family, port_of(made));
        second
          = co_await troupe::to_thread([&] { return client.receive_all(); });
        serving.cancel();
        (void)co_await failure_of(serving);
      },
      options);
    CHECK_FALSE(before);
    CHECK(after);
    CHECK(first == "hello");
    CHECK(second == "hello");
  });
}

TEST_CASE("server: with start_serving off nobody is served before "
          "(fact 497)",
          "[server]") {
  for_each_setting([](setting how) {
    server_options options;
    options.start_serving = false;
    std::atomic<int> calls{0};
    int early = -1;
    std::size_t served = 0;
    auto handler = [&](stream_reader reader, stream_writer writer) {
      ++calls;
      return greet(reader, writer);
    };
    serve(
      how, handler,
      [&](server made) -> coro<void> {
        auto port = port_of(made);
        // Refused or held in line by the system; in no case served.
        std::optional<plain_socket> waiting;
        if (!refused(how.family, port))
          waiting = plain_socket::connect(how.family, port);
        co_await turns(20);
        early = calls;
        co_await made.start_serving();
        auto client = plain_socket::connect(how.family, port);
        served = co_await troupe::to_thread(
          [&] { return client.receive_all().size(); });
      },
      options);
    CHECK(early == 0);
    CHECK(served == 5);
  });
}

TEST_CASE("server: a cancelled serve_forever closes the server, and cannot be "
          "called again (fact 498)",
          "[server]") {
  for_each_setting([](setting how) {
    std::exception_ptr ended;
    std::exception_ptr again;
    std::exception_ptr start;
    std::size_t sockets = 99;
    bool serving = true;
    bool gone = false;
    server_options options;
    options.start_serving = false; // so that one sees when it is inside
    auto body = [&](server made) -> coro<void> {
      auto port = port_of(made);
      auto forever = create_task(made.serve_forever());
      (void)co_await reached([&] { return made.is_serving(); });
      forever.cancel();
      ended = co_await failure_of(forever);
      sockets = made.sockets().size();
      serving = made.is_serving();
      gone = refused(how.family, port);
      again = co_await failure_of(made.serve_forever());
      start = co_await failure_of(made.start_serving());
    };
    serve(how, echo, body, options);
    CHECK(was_cancelled(ended));
    CHECK(sockets == 0);
    CHECK_FALSE(serving);
    CHECK(gone);
    CHECK(code_of(again) == troupe::errc::server_closed);
    CHECK(contains(text_of(again), "is closed"));
    CHECK(code_of(start) == troupe::errc::server_closed);
  });
}

TEST_CASE("server: only one task may be in serve_forever (fact 498)",
          "[server]") {
  for_each_setting([](setting how) {
    std::exception_ptr second;
    std::exception_ptr first;
    serve(how, echo, [&](server made) -> coro<void> {
      auto one = create_task(made.serve_forever());
      auto two = create_task(made.serve_forever());
      // Which of them came second is open with several workers.
      (void)co_await reached([&] { return one.done() || two.done(); });
      auto late = one.done() ? one : two;
      auto early = one.done() ? two : one;
      second = co_await failure_of(late);
      early.cancel();
      first = co_await failure_of(early);
    });
    CHECK(code_of(second) == troupe::errc::server_closed);
    CHECK(was_cancelled(first));
  });
}

TEST_CASE("server: serve_forever ends with a cancellation when the server is "
          "closed (fact 498)",
          "[server]") {
  for_each_setting([](setting how) {
    std::exception_ptr ended;
    server_options options;
    options.start_serving = false; // so that one sees when it is inside
    auto body = [&](server made) -> coro<void> {
      auto forever = create_task(made.serve_forever());
      (void)co_await reached([&] { return made.is_serving(); });
      made.close();
      ended = co_await failure_of(forever);
    };
    serve(how, echo, body, options);
    CHECK(was_cancelled(ended));
  });
}

// -- ending -------------------------------------------------------------------

TEST_CASE("server: wait_closed of an open server waits (fact 499)",
          "[server]") {
  for_each_setting([](setting how) {
    bool open = true;
    bool with_client = true;
    bool closed_with_client = true;
    std::exception_ptr end;
    std::exception_ptr again;
    serve(how, echo, [&](server made) -> coro<void> {
      auto waiting = create_task(made.wait_closed());
      co_await turns(5);
      open = waiting.done();
      auto client = plain_socket::connect(how.family, port_of(made));
      client.send("x\n");
      (void)co_await troupe::to_thread([&] { return client.receive(2); });
      with_client = waiting.done();
      made.close();
      co_await turns(5);
      closed_with_client = waiting.done();
      client.close();
      end = co_await failure_of(waiting);
      again = co_await failure_of(made.wait_closed());
    });
    CHECK_FALSE(open);
    CHECK_FALSE(with_client);
    CHECK_FALSE(closed_with_client);
    CHECK(end == nullptr);
    CHECK(again == nullptr);
  });
}

TEST_CASE("server: wait_closed ends when close and the last client's end come "
          "together (fact 500)",
          "[server]") {
  for_each_setting([](setting how) {
    int rounds = 0;
    troupe::run(
      [&]() -> coro<void> {
        for (rounds = 0; rounds < 20; ++rounds) {
          record<stream_writer> clients;
          auto handler = [&](stream_reader, stream_writer writer) {
            clients.add(writer);
          };
          auto made = co_await start_server(handler, how.host(), 0);
          auto client = plain_socket::connect(how.family, port_of(made));
          (void)co_await reached([&] { return !clients.empty(); });
          auto waiting = create_task(made.wait_closed());
          co_await turns(1);
          auto writer = clients.all()[0];
          if (rounds % 2) {
            made.close();
            writer.close();
          } else {
            writer.abort();
            made.close();
          }
          co_await waiting;
        }
      },
      how.options);
    CHECK(rounds == 20);
  });
}

TEST_CASE("server: close_clients closes every connection after its buffer was "
          "sent (fact 501)",
          "[server]") {
  for_each_setting([](setting how) {
    static const std::string block = counting_pattern(12 << 20);
    std::atomic<int> started{0};
    std::string got;
    std::string other = "?";
    auto handler
      = [&](stream_reader reader, stream_writer writer) -> coro<void> {
      auto line = co_await reader.readline();
      if (line == "big\n")
        writer.write(block);
      ++started;
      (void)co_await reader.read();
      co_await close_and_wait(writer);
    };
    serve(how, handler, [&](server made) -> coro<void> {
      auto first = plain_socket::connect(how.family, port_of(made), 4096);
      auto second = plain_socket::connect(how.family, port_of(made));
      first.send("big\n");
      second.send("small\n");
      (void)co_await reached([&] { return started == 2; });
      made.close();
      made.close_clients();
      got = co_await troupe::to_thread([&] { return first.receive_all(); });
      other = co_await troupe::to_thread([&] { return second.receive_all(); });
      co_await made.wait_closed();
    });
    CHECK((got == block));
    CHECK(other.empty());
  });
}

TEST_CASE("server: abort_clients closes every connection at once", "[server]") {
  for_each_setting([](setting how) {
    static const std::string block = counting_pattern(12 << 20);
    std::atomic<int> started{0};
    auto handler
      = [&](stream_reader reader, stream_writer writer) -> coro<void> {
      writer.write(block);
      ++started;
      (void)co_await failure_of(reader.read());
      co_await close_and_wait(writer);
    };
    bool ended = false;
    serve(how, handler, [&](server made) -> coro<void> {
      std::vector<plain_socket> clients;
      for (int i = 0; i < 3; ++i)
        clients.push_back(
          plain_socket::connect(how.family, port_of(made), 4096));
      (void)co_await reached([&] { return started == 3; });
      made.close();
      made.abort_clients();
      co_await made.wait_closed(); // nobody reads, nothing is waited for
      ended = true;
    });
    CHECK(ended);
  });
}

TEST_CASE("server: close leaves open connections alone (fact 499)",
          "[server]") {
  for_each_setting([](setting how) {
    std::string got;
    serve(how, echo, [&](server made) -> coro<void> {
      auto client = plain_socket::connect(how.family, port_of(made));
      client.send("one\n");
      got = co_await troupe::to_thread([&] { return client.receive(4); });
      made.close();
      client.send("two\n");
      got += co_await troupe::to_thread([&] { return client.receive(4); });
    });
    CHECK(got == "one\ntwo\n");
  });
}
