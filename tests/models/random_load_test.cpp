// Random load on real workers for as long as one likes: TROUPE_LOAD_SECONDS=600
// under the thread sanitizer. Tasks that use all primitives and all that waits
// for several tasks are cancelled at random; the books must be right after each
// round.

#include "models/storm.hpp"
#include "support/workers.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <utility>

using namespace troupe;
using namespace std::chrono_literals;
using models::storm;

namespace {

std::chrono::duration<double> load_time() {
  const char* text = std::getenv("TROUPE_LOAD_SECONDS");
  return std::chrono::duration<double>{text ? std::stod(text) : 1.0};
}

// What children of gathers, groups and races share.
struct family {
  lock door;
  semaphore permits{3};
  queue<int> items{2};
  long under_lock = 0; // with the lock only
  std::atomic<long> counted{0};
  std::atomic<long> alive{0};
  std::atomic<long> put{0}, got{0};
};

// Of a child, from its making to its end, also if it never begins.
class life {
public:
  explicit life(family& home) : home_(&home) {
    ++home.alive;
  }

  life(life&& other) noexcept : home_(std::exchange(other.home_, nullptr)) {}

  life& operator=(life&&) = delete;

  ~life() {
    if (home_)
      --home_->alive;
  }

private:
  family* home_;
};

coro<int> live(family& home, unsigned fate, life) {
  auto permit = co_await home.permits.scoped();
  co_await sleep(0s);
  {
    auto held = co_await home.door.scoped();
    ++home.under_lock;
    ++home.counted;
  }
  if (fate % 5 == 0)
    throw std::runtime_error("no luck");
  if (fate % 3 == 0) {
    co_await home.items.put(1);
    ++home.put;
  } else if (fate % 3 == 1) {
    co_await home.items.get();
    ++home.got;
  }
  co_return static_cast<int>(fate);
}

coro<int> child(family& home, unsigned fate) {
  return live(home, fate, life{home});
}

std::vector<coro<int>> children(family& home, unsigned fate) {
  std::vector<coro<int>> all;
  for (unsigned i = 0; i < 4; ++i)
    all.push_back(child(home, fate + 7 * i));
  return all;
}

coro<void> gathers(family& home, unsigned fate) {
  if (fate % 2 == 0)
    co_await gather(return_exceptions, children(home, fate));
  else
    co_await gather(children(home, fate));
}

coro<void> waits(family& home, unsigned fate) {
  std::vector<task<int>> all;
  for (auto& each : children(home, fate))
    all.push_back(create_task(std::move(each)));
  wait_options first{.timeout = 1ms, .return_when = return_when(fate % 3)};
  auto ends = co_await wait(all, first);
  for (auto& each : ends.pending)
    each.cancel();
  if (!ends.pending.empty())
    co_await wait(ends.pending);
}

coro<void> completes(family& home, unsigned fate) {
  as_completed_options limit{.timeout = 2ms};
  auto line = as_completed(children(home, fate), limit);
  for (;;) {
    auto next = co_await line.next();
    if (!next)
      break;
  }
}

coro<void> has_limit(family& home, unsigned fate) {
  if (fate % 2 == 0) {
    co_await wait_for(child(home, fate), 100us);
  } else {
    auto body = [&home, fate] {
      return child(home, fate);
    };
    co_await timeout(100us, body);
  }
}

coro<void> shields(family& home, unsigned fate) {
  auto work = create_task(child(home, fate));
  try {
    co_await wait_for(shield(work), 50us);
  } catch (const timeout_error&) {
  }
  work.cancel();
  std::vector<any_future> only(1, work);
  co_await wait(only);
}

coro<void> groups(family& home, unsigned fate) {
  auto body = [&home, fate](task_group& group) -> coro<void> {
    for (auto& each : children(home, fate))
      group.create_task(std::move(each));
    co_return;
  };
  co_await with_task_group(body);
}

coro<void> races(family& home, unsigned fate) {
  auto run_one = [&home, fate] {
    return child(home, fate);
  };
  std::vector<decltype(run_one)> all(3, run_one);
  co_await staggered_race(all, 50us);
}

coro<void> threads(family& home, unsigned fate) {
  auto blocking = [] {
    return 1;
  };
  auto work = to_thread(blocking);
  auto other = child(home, fate);
  co_await gather(return_exceptions, std::move(work), std::move(other));
}

constexpr coro<void> (*ways[])(family&, unsigned)
  = {gathers, waits, completes, has_limit, shields, groups, races, threads};

// Whatever error comes is expected.
coro<void> one_of(family& home, unsigned fate) {
  try {
    co_await ways[fate % std::size(ways)](home, fate / std::size(ways));
  } catch (const std::exception&) {
  }
}

coro<std::string> family_round(unsigned seed, long& combined) {
  family home;
  std::mt19937 random{seed};
  std::vector<task<>> all;
  for (int i = 0; i < 60; ++i)
    all.push_back(create_task(one_of(home, random())));
  for (int i = 0; i < 40; ++i) {
    if (random() % 2 == 0)
      all[random() % all.size()].cancel();
    if (random() % 4 == 0 && home.items.try_get())
      ++home.got;
    co_await sleep(0s);
  }
  for (auto& each : all)
    each.cancel();
  co_await wait(all);
  home.items.shutdown(); // some children have lost those who waited for them
  bool quiet = co_await reached([&] { return home.alive == 0; });
  combined += static_cast<long>(all.size());
  auto permits = home.permits.statistics();
  auto items = home.items.statistics();
  if (!quiet)
    co_return "a child lives on";
  if (home.door.locked() || permits.value != 3 || permits.waiting != 0)
    co_return "a lock or a permit is lost";
  if (home.under_lock != home.counted)
    co_return "two were in the lock";
  if (home.put - home.got != static_cast<long>(items.size))
    co_return "an item is lost or doubled";
  co_return "";
}

coro<std::string> storm_round(unsigned seed, long& cancels) {
  storm here;
  std::mt19937 engine{seed};
  auto random = [&engine](std::size_t n) -> std::size_t {
    return engine() % n;
  };
  co_await here.strike(1'000, random);
  co_await here.end([](auto condition) { return reached(condition); });
  for (long each : here.cancelled())
    cancels += each;
  co_return here.problems();
}

} // namespace

TEST_CASE("coordination: random load loses nothing", "[explore][threads]") {
  for_each_worker_count([](run_options options) {
    std::string problems;
    long cancels = 0;
    long combined = 0;
    unsigned rounds = 0;
    run(
      [&]() -> coro<void> {
        // Nobody asks for the errors of all children.
        get_running_loop().set_exception_handler(
          [](event_loop&, const error_context&) {});
        auto end = std::chrono::steady_clock::now() + load_time();
        while (problems.empty() && std::chrono::steady_clock::now() < end) {
          problems += co_await storm_round(++rounds, cancels);
          for (unsigned i = 0; i < 20; ++i)
            problems += co_await family_round(rounds * 20 + i, combined);
        }
      },
      options);

    INFO("round " << rounds);
    CHECK(problems == "");
    std::printf("%u workers: %u rounds, %ld cancels, %ld gathers, waits, "
                "groups and races\n",
                options.threads, rounds, cancels, combined);
  });
}
