// open_connection with several addresses of which some are slow.

#include <troupe/stream.hpp>
#include <troupe/timeout.hpp>

#include "support/errors.hpp"
#include "support/sockets.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <optional>
#include <string>
#include <vector>

#include <netdb.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> greet(stream_reader, stream_writer writer) {
  writer.write("hello");
  co_await close_and_wait(writer);
}

// The families of the addresses of localhost, in the resolver's order.
std::vector<int> families() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::vector<int> all;
  if (::getaddrinfo("localhost", nullptr, &hints, &found))
    return all;
  for (auto* one = found; one; one = one->ai_next)
    all.push_back(one->ai_family == AF_INET6 ? 6 : 4);
  ::freeaddrinfo(found);
  return all;
}

connect_options eager(std::chrono::milliseconds delay) {
  connect_options options;
  options.happy_eyeballs_delay = delay;
  return options;
}

coro<std::string> read_all(std::string host, std::uint16_t port,
                           connect_options options) {
  auto [reader, writer] = co_await open_connection(host, port, options);
  auto text = co_await reader.read();
  co_await close_and_wait(writer);
  co_return text;
}

} // namespace

TEST_CASE("happy eyeballs: one address", "[eyeballs][threads]") {
  for_each_setting([](setting how) {
    std::string text;
    run(
      [&]() -> coro<void> {
        auto made = co_await start_server(greet, how.host(), 0);
        auto port = made.sockets().at(0).getsockname().port;
        auto options = eager(250ms);
        text = co_await read_all(how.host(), port, options);
        made.close();
        co_await made.wait_closed();
      },
      how.options);
    CHECK(text == "hello");
  });
}

TEST_CASE("happy eyeballs: nobody listens", "[eyeballs][threads]") {
  for_each_setting([](setting how) {
    deaf_port nobody{how.family};
    std::exception_ptr one;
    std::exception_ptr group;
    run(
      [&]() -> coro<void> {
        auto options = eager(10ms);
        one = co_await failure_of(
          open_connection(how.host(), nobody.port(), options));
        options.all_errors = true;
        group = co_await failure_of(
          open_connection(how.host(), nobody.port(), options));
      },
      how.options);
    CHECK(code_of(one) == std::errc::connection_refused);
    CHECK(is_a<exception_group>(group));
  });
}

TEST_CASE("happy eyeballs: a cancelled race leaves no socket",
          "[eyeballs][threads]") {
  for_each_setting([](setting how) {
    plain_listener full{how.family, 0, 0};
    auto filling = plain_socket::connect(how.family, full.port());
    bool timed_out = false;
    run(
      [&]() -> coro<void> {
        auto options = eager(1ms);
        auto attempt = open_connection(how.host(), full.port(), options);
        try {
          co_await wait_for(std::move(attempt), 20ms);
        } catch (const timeout_error&) {
          timed_out = true;
        }
      },
      how.options);
    CHECK(timed_out);
  });
}

TEST_CASE("happy eyeballs: a slow address is overtaken",
          "[eyeballs][threads]") {
  auto order = families();
  if (order.size() < 2 || order[0] == order[1])
    return; // this machine's localhost has one address
  for_each_worker_count([&](run_options options) {
    plain_listener full{order[0], 0, 0};
    auto filling = plain_socket::connect(order[0], full.port());
    std::string text;
    bool waits_in_vain = false;
    run(
      [&]() -> coro<void> {
        auto made
          = co_await start_server(greet, loopback(order[1]), full.port());
        auto race = eager(20ms);
        text = co_await read_all("localhost", full.port(), race);
        auto slow = read_all("localhost", full.port(), connect_options());
        try {
          co_await wait_for(std::move(slow), 50ms);
        } catch (const timeout_error&) {
          waits_in_vain = true;
        }
        made.close();
        co_await made.wait_closed();
      },
      options);
    CHECK(text == "hello");
    CHECK(waits_in_vain);
  });
}
