// The workloads on troupe: one worker.

#include <troupe/troupe.hpp>

#include "coordination.hpp"

#include <chrono>
#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;

using bench::spent;
using bench::stopwatch;
using troupe::coro;

namespace {

// -- coroutines and tasks -----------------------------------------------------

coro<int> one() {
  co_return 1;
}

coro<spent> child(std::uint64_t n) {
  stopwatch watch;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i)
    sum += static_cast<unsigned>(co_await one());
  if (sum != n)
    std::terminate();
  co_return watch.elapsed();
}

coro<spent> spawn(std::uint64_t n) {
  stopwatch watch;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i)
    sum += static_cast<unsigned>(co_await troupe::create_task(one()));
  if (sum != n)
    std::terminate();
  co_return watch.elapsed();
}

template <bool Eager>
coro<spent> million(std::uint64_t n) {
  stopwatch watch;
  std::vector<troupe::task<int>> tasks;
  tasks.reserve(n);
  for (std::uint64_t i = 0; i < n; ++i)
    tasks.push_back(troupe::create_task(one(), {.eager_start = Eager}));
  std::uint64_t sum = 0;
  for (auto& task : tasks)
    sum += static_cast<unsigned>(co_await task);
  if (sum != n)
    std::terminate();
  tasks.clear();
  co_return watch.elapsed();
}

coro<void> wait_for(troupe::future<void> gate) {
  co_await gate;
}

coro<std::size_t> parked(std::uint64_t n) {
  auto gate = troupe::future<void>::make();
  std::vector<troupe::task<void>> tasks;
  tasks.reserve(n);
  std::size_t before = bench::resident_bytes();
  for (std::uint64_t i = 0; i < n; ++i)
    tasks.push_back(troupe::create_task(wait_for(gate)));
  co_await troupe::sleep(0s);
  std::size_t after = bench::resident_bytes();
  gate.set_result();
  for (auto& task : tasks)
    co_await task;
  co_return after - before;
}

coro<void> give_way(std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i)
    co_await troupe::sleep(0s);
}

coro<spent> reschedule(std::uint64_t n) {
  stopwatch watch;
  auto first = troupe::create_task(give_way(n / 2));
  auto second = troupe::create_task(give_way(n / 2));
  co_await first;
  co_await second;
  co_return watch.elapsed();
}

// -- time ---------------------------------------------------------------------

coro<spent> timer(std::uint64_t n) {
  auto loop = troupe::get_running_loop();
  auto sooner = loop.call_later(30min, [] {});
  stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i) {
    loop.call_later(1h, [] {}).cancel();
    if (i % 64 == 63)
      co_await troupe::sleep(0s);
  }
  spent all = watch.elapsed();
  sooner.cancel();
  co_return all;
}

coro<spent> timer0(std::uint64_t n) {
  stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i)
    co_await troupe::sleep(1ns); // sleep(0s) would set no timer
  co_return watch.elapsed();
}

coro<void> nap(std::uint64_t i) {
  co_await troupe::sleep(bench::nth_delay(i));
}

// As in the Asio program, whoever is done is counted by a function, so that the
// exception of a cancelled sleep goes no further than its task.
coro<spent> sleeps(std::uint64_t n) {
  stopwatch watch;
  auto done = troupe::future<void>::make();
  std::uint64_t left = n;
  std::vector<troupe::task<void>> tasks;
  tasks.reserve(n);
  for (std::uint64_t i = 0; i < n; ++i)
    tasks.emplace_back(troupe::create_task(nap(i)))
      .add_done_callback([&](const auto&) {
        if (--left == 0)
          done.set_result();
      });
  co_await troupe::sleep(0s);
  for (std::uint64_t i = 1; i < n; i += 2)
    tasks[i].cancel();
  co_await done;
  tasks.clear();
  co_return watch.elapsed();
}

// -- threads ------------------------------------------------------------------

coro<spent> thread_round_trip(std::uint64_t n) {
  troupe::get_running_loop().set_default_executor(troupe::thread_pool(2));
  std::uint64_t sum = 0;
  stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i)
    sum += static_cast<unsigned>(co_await troupe::to_thread([] { return 1; }));
  if (sum != n)
    std::terminate();
  co_return watch.elapsed();
}

// -- TCP echo -----------------------------------------------------------------

coro<void> echo(troupe::stream_reader reader, troupe::stream_writer writer) {
  try {
    for (;;) {
      std::string data = co_await reader.read(1024);
      if (data.empty())
        break;
      writer.write(data);
      co_await writer.drain();
    }
  } catch (const std::system_error&) {
    // The client has gone.
  }
  writer.close();
}

coro<void> listen(std::uint16_t port) {
  auto server
    = co_await troupe::start_server(echo, "127.0.0.1", port, {.backlog = 4096});
  std::printf("ready %d\n", server.sockets()[0].getsockname().port);
  std::fflush(stdout);
  co_await server.serve_forever();
}

void serve_echo(std::uint16_t port) {
  troupe::run(listen(port));
}

// -----------------------------------------------------------------------------

template <coro<spent> (*Body)(std::uint64_t)>
spent timed(std::uint64_t n) {
  return troupe::run(Body(n));
}

std::size_t parked_bytes(std::uint64_t n) {
  return troupe::run(parked(n));
}

constexpr bench::workload table[] = {
  {.name = "child", .time = timed<child>},
  {.name = "spawn", .time = timed<spawn>},
  {.name = "million",
   .how = bench::workload::fixed,
   .n = 1'000'000,
   .time = timed<million<false>>},
  {.name = "million_eager",
   .how = bench::workload::fixed,
   .n = 1'000'000,
   .time = timed<million<true>>},
  {.name = "parked",
   .how = bench::workload::resident,
   .n = 100'000,
   .bytes = parked_bytes},
  {.name = "reschedule", .time = timed<reschedule>},
  {.name = "timer", .time = timed<timer>},
  {.name = "timer0", .time = timed<timer0>},
  {.name = "sleeps",
   .how = bench::workload::fixed,
   .n = 100'000,
   .time = timed<sleeps>},
  {.name = "to_thread", .time = timed<thread_round_trip>},
};

} // namespace

int main(int argc, char** argv) {
  return bench::run("troupe", {table, bench::coordination}, serve_echo, argc,
                    argv);
}
