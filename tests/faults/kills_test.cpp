#include <troupe/thread_pool.hpp>

#include "programs/everything.hpp"
#include "support/nodes.hpp"
#include "support/programs.hpp"
#include "support/sockets.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using steady = std::chrono::steady_clock;

constexpr auto limit = 7s; // from a kill to the end of each await

double ms_since(steady::time_point start) {
  return std::chrono::duration<double, std::milli>(steady::now() - start)
    .count();
}

int kills_wanted() {
  const char* count = std::getenv("TROUPE_KILLS");
  return count ? std::atoi(count) : 60;
}

// What became of those that were left by the killed ones.
struct tally {
  int kills = 0;
  int awaits = 0;
  int wrong = 0; // ended with something else than the loss of the node
  double slowest_loss = 0;
  double slowest_grant = 0;
};

template <class T>
coro<void> acquired(T x) {
  co_await x.acquire();
}

// A node is killed that has what is ours, waits here, and is waited for.
coro<void> kill_one(node here, everything& ours, tally& seen) {
  program victim{TROUPE_KILL_NODE, "--port", std::to_string(here.port())};
  std::string heard = co_await to_thread([&] { return victim.hear(); });
  peer there = co_await here.connect("127.0.0.1:" + heard.substr(5), "victim");
  auto guest = co_await visit_all(there);
  // Tasks of this node stand in line behind those of the other.
  auto door = create_task(acquired(ours.door));
  auto seat = create_task(acquired(ours.seats));
  co_await reached([&] { return ours.waiting() == 6; });
  auto start = steady::now();
  victim.kill();
  for (auto& wait : guest.waits) {
    std::error_code end = co_await wait_for(wait, limit);
    seen.wrong += end != errc::node_lost;
    ++seen.awaits;
  }
  co_await wait_for(there.wait_lost(), limit);
  seen.slowest_loss = std::max(seen.slowest_loss, ms_since(start));
  co_await wait_for(door, limit);
  co_await wait_for(seat, limit);
  seen.slowest_grant = std::max(seen.slowest_grant, ms_since(start));
  ours.door.release();
  ours.seats.release();
  // What waited here for the killed node takes nothing and puts nothing.
  co_await reached([&] { return ours.waiting() == 0; });
  ours.empty.put_nowait(seen.kills);
  int back = co_await wait_for(ours.empty.get(), limit);
  seen.wrong += back != seen.kills || ours.full.qsize() != 1;
  ++seen.kills;
}

} // namespace

TEST_CASE("kills: no await hangs when nodes are killed, whoever asked whom") {
  tally seen;
  std::size_t files_before = 0;
  bool closed = false;
  int wanted = kills_wanted();
  run([&]() -> coro<void> {
    auto options = plain_node("survivor", 0);
    node here = co_await node::start(options);
    everything ours{here};
    co_await kill_one(here, ours, seen);
    files_before = open_descriptors();
    while (seen.kills < wanted)
      co_await kill_one(here, ours, seen);
    closed
      = co_await reached([&] { return open_descriptors() <= files_before; });
    ours.work.cancel();
  });
  std::cout << "| " << seen.kills << " nodes killed: " << seen.awaits
            << " awaits ended, " << seen.wrong
            << " not as they should; slowest " << seen.slowest_loss
            << " ms after the kill\n| what the killed held "
            << "went to the next within " << seen.slowest_grant << " ms\n";
  CHECK(seen.wrong == 0);
  CHECK(seen.slowest_loss < 7'000);
  CHECK(closed);
}
