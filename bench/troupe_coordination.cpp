// The workloads of locks, events, queues and gather on troupe.

#include <troupe/troupe.hpp>

#include "coordination.hpp"

#include <exception>
#include <vector>

using namespace std::chrono_literals;

using bench::spent;
using bench::stopwatch;
using troupe::coro;

namespace {

// -- locks --------------------------------------------------------------------

coro<spent> lock(std::uint64_t n) {
  troupe::lock mutex;
  stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i) {
    co_await mutex.acquire();
    mutex.release();
  }
  co_return watch.elapsed();
}

coro<void> contender(troupe::lock& mutex, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) {
    co_await mutex.acquire();
    co_await troupe::sleep(0s);
    mutex.release();
  }
}

coro<spent> contended(std::uint64_t n) {
  troupe::lock mutex;
  std::vector<troupe::task<void>> tasks;
  stopwatch watch;
  for (int i = 0; i < 4; ++i)
    tasks.push_back(troupe::create_task(contender(mutex, n / 4)));
  for (auto& task : tasks)
    co_await task;
  co_return watch.elapsed();
}

// -- queues -------------------------------------------------------------------

coro<void> produce(troupe::queue<int>& items, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i)
    co_await items.put(1);
}

coro<void> consume(troupe::queue<int>& items, std::uint64_t count) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i)
    sum += static_cast<unsigned>(co_await items.get());
  if (sum != count)
    std::terminate();
}

coro<spent> pass(int pairs, std::uint64_t n) {
  auto share = n / static_cast<unsigned>(pairs);
  troupe::queue<int> items(64);
  std::vector<troupe::task<void>> tasks;
  stopwatch watch;
  for (int i = 0; i < pairs; ++i) {
    tasks.push_back(troupe::create_task(produce(items, share)));
    tasks.push_back(troupe::create_task(consume(items, share)));
  }
  for (auto& task : tasks)
    co_await task;
  co_return watch.elapsed();
}

coro<spent> queue(std::uint64_t n) {
  return pass(1, n);
}

coro<spent> queue_4x4(std::uint64_t n) {
  return pass(4, n);
}

// -- events -------------------------------------------------------------------

coro<void> wait(troupe::event& event, std::uint64_t& left,
                troupe::future<void>& all) {
  co_await event.wait();
  if (--left == 0)
    all.set_result();
}

coro<spent> event(std::uint64_t n) {
  spent sum;
  for (std::uint64_t done = 0; done < n; done += bench::waiters) {
    troupe::event event;
    auto all = troupe::future<void>::make();
    std::uint64_t left = bench::waiters;
    std::vector<troupe::task<void>> tasks;
    tasks.reserve(left);
    for (std::uint64_t i = 0; i < bench::waiters; ++i)
      tasks.push_back(troupe::create_task(wait(event, left, all)));
    co_await troupe::sleep(0s);
    stopwatch watch;
    event.set();
    co_await all;
    sum += watch.elapsed();
  }
  co_return sum;
}

// -- gather -------------------------------------------------------------------

coro<int> one() {
  co_return 1;
}

template <bool Eager>
coro<spent> gather(std::uint64_t n) {
  stopwatch watch;
  std::vector<troupe::task<int>> tasks;
  tasks.reserve(n);
  for (std::uint64_t i = 0; i < n; ++i)
    tasks.push_back(troupe::create_task(one(), {.eager_start = Eager}));
  auto results = co_await troupe::gather(std::move(tasks));
  std::uint64_t sum = 0;
  for (int each : results)
    sum += static_cast<unsigned>(each);
  if (sum != n)
    std::terminate();
  co_return watch.elapsed();
}

// -----------------------------------------------------------------------------

// -- messages -----------------------------------------------------------------

struct ball {};

coro<void> send_back(troupe::actor_ref other, std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) {
    co_await troupe::receive([](ball) {});
    troupe::tell(other, ball{});
  }
}

coro<spent> ping_pong(std::uint64_t n) {
  auto other = troupe::create_task(send_back(troupe::self(), n / 2));
  troupe::actor_ref target = other;
  stopwatch watch;
  for (std::uint64_t i = 0; i < n / 2; ++i) {
    troupe::tell(target, ball{});
    co_await troupe::receive([](ball) {});
  }
  auto result = watch.elapsed();
  co_await other;
  co_return result;
}

coro<void> answer(std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i)
    co_await troupe::receive([](int x) { return x + 1; });
}

coro<spent> ask(std::uint64_t n) {
  auto server = troupe::create_task(answer(n));
  troupe::actor_ref target = server;
  stopwatch watch;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i)
    sum += static_cast<unsigned>(co_await troupe::ask<int>(target, nullptr, 0));
  if (sum != n)
    std::terminate();
  auto result = watch.elapsed();
  co_await server;
  co_return result;
}

// -----------------------------------------------------------------------------

template <coro<spent> (*Body)(std::uint64_t)>
spent timed(std::uint64_t n) {
  return troupe::run(Body(n));
}

template <coro<spent> (*Body)(std::uint64_t)>
spent on_two(std::uint64_t n) {
  return troupe::run(Body(n), {.threads = 2});
}

constexpr bench::workload table[] = {
  {.name = "lock", .time = timed<lock>},
  {.name = "contended", .time = timed<contended>},
  {.name = "queue", .time = timed<queue>},
  {.name = "queue_4x4", .time = timed<queue_4x4>},
  {.name = "queue_2", .time = on_two<queue>},
  {.name = "queue_4x4_2", .time = on_two<queue_4x4>},
  {.name = "event",
   .how = bench::workload::fixed,
   .n = 50 * bench::waiters,
   .time = timed<event>},
  {.name = "ping_pong", .time = timed<ping_pong>},
  {.name = "ask", .time = timed<ask>},
  {.name = "gather",
   .how = bench::workload::fixed,
   .n = 1'000'000,
   .time = timed<gather<false>>},
  {.name = "gather_eager",
   .how = bench::workload::fixed,
   .n = 1'000'000,
   .time = timed<gather<true>>},
};

} // namespace

const std::span<const bench::workload> bench::coordination = table;
