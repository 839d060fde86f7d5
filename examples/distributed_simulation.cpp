// A distributed lock under a network that fails, from a seed, in virtual time.
// No Python counterpart: asyncio has no nodes.
//
// Two clients add one to a number, each under the lock of a server. If the
// network parts one from the server, the lock goes to the other, while the
// first one still believes that it has it. A ledger that takes every write then
// loses one; a ledger that looks at the fencing tokens does not. `serve` and
// `add_one` are what runs in production as well. Prints: without tokens: wrong,
// for example
//         exception: ... not met: each has added one ...
// and:    with tokens: right in 500 runs

#include <troupe/remote.hpp>
#include <troupe/simulated_network.hpp>
#include <troupe/troupe.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using troupe::coro;

// What the lock guards.
struct ledger {
  bool looks_at_tokens = true;
  std::uint64_t last = 0; // the greatest token that it has seen
  int number = 0;

  bool refuses(std::uint64_t token) {
    bool old = token < last;
    last = std::max(last, token);
    return old && looks_at_tokens;
  }
};

// As in production; a simulation does not read the files.
troupe::node_options options_of(const std::string& name) {
  troupe::node_options options;
  options.name = name;
  options.certificate = name + ".pem";
  options.key = name + ".key";
  options.authority = "authority.pem";
  return options;
}

coro<> serve() {
  troupe::node_options options = options_of("server");
  options.host = "server";
  options.port = 4242;
  troupe::node here = co_await troupe::node::start(options);
  here.publish("door", troupe::lock{});
  co_await troupe::event{}.wait();
}

coro<bool> try_to_add(ledger& book, std::string name) {
  troupe::node_options options = options_of(name);
  try {
    troupe::peer there = co_await troupe::connect("server:4242", options);
    auto door = co_await troupe::remote<troupe::lock>(there, "door");
    auto held = co_await door.scoped();
    int seen = book.number;
    bool refused = book.refuses(held.token());
    co_await troupe::sleep(10s); // it takes its time
    if (refused || book.refuses(held.token()))
      co_return false;
    book.number = seen + 1;
    co_return true;
  } catch (const troupe::node_lost_error&) {
  } catch (const troupe::timeout_error&) {
  }
  co_return false;
}

coro<> add_one(ledger& book, std::string name) {
  for (;;) {
    bool added = co_await try_to_add(book, name);
    if (added)
      break;
    co_await troupe::sleep(1s);
  }
}

//! [simulation]
coro<> under_faults(bool looks_at_tokens) {
  ledger book{.looks_at_tokens = looks_at_tokens};
  troupe::test::network net;
  troupe::test::node server{"server", serve};
  troupe::test::node anna{"anna", [&] {
                            return add_one(book, "anna");
                          }};
  troupe::test::node bert{"bert", [&] {
                            return add_one(book, "bert");
                          }};
  co_await troupe::sleep(1s * troupe::test::choose(20));
  net.partition("anna", "server");
  co_await troupe::sleep(1s * troupe::test::choose(20));
  net.heal("anna", "server");
  co_await anna.wait();
  co_await bert.wait();
  troupe::test::require(book.number == 2, "each has added one");
}

int main() {
  for (bool looks_at_tokens : {false, true}) {
    auto program = [=] {
      return under_faults(looks_at_tokens);
    };
    auto found = troupe::test::explore(program, {.schedules = 500});
    std::cout << (looks_at_tokens ? "with" : "without") << " tokens: ";
    if (found.ok())
      std::cout << "right in " << found.schedules << " runs\n";
    else
      std::cout << "wrong, for example\n" << found.found->what() << '\n';
  }
}
//! [simulation]
