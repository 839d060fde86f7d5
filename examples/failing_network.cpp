// A client and a server over a network that fails: simulated, in virtual time.
// No Python counterpart: asyncio has the machine's network only.
//
// A shop sends an order to the bank. If the connection breaks it tries again,
// since it can't know whether the order came. First shown step by step, with a
// partition and a crash; then explored with random faults: a careless bank
// books an order twice, one that remembers the numbers of orders never does.

#include <troupe/simulated_network.hpp>
#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <set>
#include <string>

using namespace std::chrono_literals;
using troupe::coro;
using troupe::test::crash_kind;

// What is on the bank's disk: it survives a crash.
struct ledger {
  std::set<std::string> orders;
  int booked = 0;
  bool careful = true;
};

coro<> serve(ledger& disk, troupe::stream_reader reader,
             troupe::stream_writer writer) {
  try {
    while (auto order = co_await reader.next()) {
      if (disk.orders.insert(*order).second || !disk.careful)
        ++disk.booked;
      writer.write("booked\n");
      co_await writer.drain();
    }
  } catch (const std::system_error&) {
    // the shop will come again
  }
  writer.close();
}

coro<> bank(ledger& disk) {
  auto server = co_await troupe::start_server(
    [&disk](troupe::stream_reader reader, troupe::stream_writer writer) {
      return serve(disk, std::move(reader), std::move(writer));
    },
    "", 443);
  co_await server.serve_forever();
}

void say(const std::string& text, bool aloud) {
  using seconds = std::chrono::duration<double>;
  if (aloud)
    std::cout << seconds{troupe::test::time()}.count() << " s: " << text
              << '\n';
}

coro<bool> try_once(const std::string& order, bool aloud) {
  std::string answer;
  try {
    auto [reader, writer] = co_await troupe::open_connection("bank", 443);
    writer.write(order);
    answer = co_await reader.readline();
    writer.close();
  } catch (const std::system_error& e) {
    say(e.code().message(), aloud);
    co_return false;
  }
  say(answer.empty() ? "no answer" : "booked", aloud);
  co_return !answer.empty();
}

coro<> shop(bool aloud) {
  std::string order = "order 1\n";
  for (;;) {
    bool booked = co_await try_once(order, aloud);
    if (booked)
      break;
    co_await troupe::sleep(10s);
  }
}

// -- step by step -------------------------------------------------------------

coro<> story() {
  ledger disk;
  troupe::test::network net;
  troupe::test::node server{"bank", [&disk] {
                              return bank(disk);
                            }};
  co_await troupe::sleep(1s);

  say("partition", true);
  net.partition("main", "bank");
  auto buying = troupe::create_task(shop(true));
  co_await troupe::sleep(150s);

  say("healed, but the bank crashes", true);
  net.heal("main", "bank");
  server.crash(crash_kind::process);
  co_await troupe::sleep(50s);

  say("the bank is back", true);
  server.restart();
  co_await buying;
  std::cout << "booked " << disk.booked << " time\n";
}

// -- explored -----------------------------------------------------------------

coro<> under_faults(bool careful) {
  ledger disk{.orders = {}, .booked = 0, .careful = careful};
  troupe::test::network net;
  troupe::test::node server{"bank", [&disk] {
                              return bank(disk);
                            }};
  co_await troupe::sleep(1s);
  net.inject_faults(100);
  co_await shop(false);
  troupe::test::require(disk.booked == 1, "one order is booked once");
}

int main() {
  troupe::test::simulation sim{{.how = troupe::test::strategy::fifo}};
  sim.run(story);

  for (bool careful : {false, true}) {
    auto program = [careful] {
      return under_faults(careful);
    };
    auto found = troupe::test::explore(program, {.schedules = 500});
    std::cout << (careful ? "careful" : "careless") << " bank: ";
    if (found.ok())
      std::cout << "right in " << found.schedules << " runs\n";
    else
      std::cout << "wrong after " << found.found_after << " runs\n"
                << found.found->what() << '\n';
  }
}
