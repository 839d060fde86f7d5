// When nodes count as lost, and when not.

#include "nodes/simulated_clients.hpp"

namespace {

// The server has a lock; the holder holds it, and waits for something else
// there. The next one waits for the lock.
struct watch_of {
  nanoseconds began{-1}; // the fault
  nanoseconds ended{-1}; // the holder's wait for the server
  nanoseconds next{-1};  // the next one got the lock
  std::uint64_t token = 0;
  std::uint64_t next_token = 0;
};

coro<void> lock_server() {
  auto options = node_of("server", 4242);
  options.connect_limit = 60s; // handshakes, too, may be slow
  auto here = co_await node::start(options);
  here.publish("door", lock{});
  here.publish("bell", event{});
  co_await event{}.wait();
}

coro<peer> peer_of(std::string name) {
  auto options = node_of(name);
  options.connect_limit = 60s;
  auto connecting = connect("server:4242", options);
  co_return co_await std::move(connecting);
}

coro<void> hold(watch_of& all) {
  auto there = co_await peer_of("holder");
  auto door = co_await remote<lock>(there, "door");
  auto bell = co_await remote<event>(there, "bell");
  auto held = co_await door.scoped();
  all.token = held.token();
  try {
    co_await bell.wait();
  } catch (const node_lost_error&) {
    all.ended = test::time();
    test::require(there.lost() && !held.owns_lock());
  }
}

coro<void> come_next(watch_of& all) {
  auto there = co_await peer_of("next");
  auto door = co_await remote<lock>(there, "door");
  auto held = co_await door.scoped();
  all.next = test::time();
  all.next_token = held.token();
  test::require(!there.lost());
}

enum class trouble {
  partition,
  cut_to_server,
  cut_from_server,
  black_hole,
  pause,
  machine,
  process, // seen at once, from here on
  crash_with_reset,
  reset,
};

constexpr std::size_t troubles = 9;
std::uint64_t troubles_seen[troubles];

void begin(trouble which, test::node& holder) {
  test::network net;
  switch (which) {
    case trouble::partition:
      return net.partition("holder", "server");
    case trouble::cut_to_server:
      return net.cut("holder", "server");
    case trouble::cut_from_server:
      return net.cut("server", "holder");
    case trouble::black_hole:
      return net.black_hole("holder");
    case trouble::pause:
      return holder.pause();
    case trouble::machine:
      return holder.crash(test::crash_kind::machine);
    case trouble::process:
      return holder.crash(test::crash_kind::process);
    case trouble::crash_with_reset:
      return holder.crash(test::crash_kind::reset);
    case trouble::reset:
      return net.reset("holder", "server");
  }
}

coro<void> lose_the_holder() {
  watch_of all;
  test::network net;
  net.set_links({.min_latency = 1ms, .max_latency = 20ms});
  test::node server{"server", lock_server};
  co_await sleep(50ms);
  test::node holder{"holder", [&all] {
                      return hold(all);
                    }};
  co_await test::eventually([&all] { return all.token != 0; }, 2s);
  test::node next{"next", [&all] {
                    return come_next(all);
                  }};
  co_await sleep(
    std::chrono::microseconds{200'000 + test::random() % 5'000'000});
  test::require(all.next < 0s && all.ended < 0s, "no alarm before");
  auto which = static_cast<trouble>(test::random() % troubles);
  ++troubles_seen[static_cast<std::size_t>(which)];
  all.began = test::time();
  begin(which, holder);
  co_await sleep(7s);
  nanoseconds limit = which < trouble::process ? 7s : 100ms;
  test::require(all.next >= all.began && all.next - all.began <= limit,
                "the server loses the holder in time");
  test::require(all.next_token > all.token, "the next one has a greater token");
  bool sees = which <= trouble::black_hole || which == trouble::reset;
  test::require(!sees
                  || (all.ended >= all.began && all.ended - all.began <= limit),
                "the holder loses the server in time");
  if (which != trouble::pause)
    co_return;
  holder.resume();
  co_await sleep(100ms);
  test::require(all.ended > 0s, "a holder that goes on learns it");
}

// -- no false alarms ----------------------------------------------------------

coro<void> work(int& rounds) {
  auto there = co_await peer_of("client");
  co_await sleep(std::chrono::seconds{test::random() % 10});
  auto door = co_await remote<lock>(there, "door");
  while (test::time() < 60s) {
    auto held = co_await door.scoped();
    co_await sleep(1s);
    test::require(held.owns_lock());
    held.release();
    ++rounds;
    co_await sleep(std::chrono::seconds{test::random() % 15});
    test::require(!there.lost(), there.why_lost());
  }
  there.close();
}

coro<void> slow_but_alive() {
  int rounds = 0;
  test::network net;
  bool late = test::random() % 2 == 0; // else pauses, of 3 seconds as well
  if (late)
    net.set_links(
      {.min_latency = 3s * (test::random() % 2), .max_latency = 3s});
  test::node server{"server", lock_server};
  co_await sleep(10ms);
  test::node one{"one", [&rounds] {
                   return work(rounds);
                 }};
  test::node two{"two", [&rounds] {
                   return work(rounds);
                 }};
  while (!late && test::time() < 50s) {
    co_await sleep(std::chrono::milliseconds{test::random() % 5'000});
    auto& victim = test::random() % 2 == 0 ? server : one;
    victim.pause();
    co_await sleep(3s);
    victim.resume();
    co_await sleep(1s);
  }
  co_await one.wait();
  co_await two.wait();
  test::require(rounds >= 2);
}

} // namespace

TEST_CASE("simulated nodes: a loss is seen within 7 seconds, by both ends",
          "[explore]") {
  auto found = test::explore(lose_the_holder, {.schedules = 10'000});
  INFO(found.text());
  CHECK(found.ok());
  for (std::uint64_t each : troubles_seen)
    CHECK(each > 100);
}

TEST_CASE("simulated nodes: delays and pauses of 3 seconds are no loss",
          "[explore]") {
  auto found = test::explore(slow_but_alive, {.schedules = 10'000});
  INFO(found.text());
  CHECK(found.ok());
}

TEST_CASE("simulated nodes: a link of four seconds works, if connecting may "
          "take so long") {
  test::simulation sim;
  sim.run([]() -> coro<void> {
    test::network net;
    net.set_links({.min_latency = 4s, .max_latency = 4s});
    test::node server{"server", lock_server};
    co_await sleep(10ms);
    auto there = co_await peer_of("client");
    auto door = co_await remote<lock>(there, "door");
    auto held = co_await door.scoped();
    co_await sleep(60s);
    test::require(held.owns_lock());
  });
}
