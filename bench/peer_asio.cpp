// The workloads on raw Asio coroutines: one thread, one io_context.

#ifndef ASIO_STANDALONE
#  define ASIO_STANDALONE
#endif
// Asio 1.22 does not know that clang 14 has the coroutines of C++20.
#ifdef __clang__
#  define ASIO_HAS_CO_AWAIT 1
#  define ASIO_HAS_STD_COROUTINE 1
#endif

#include "coordination.hpp"

#include <asio.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>

using namespace std::chrono_literals;

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using bench::spent;
using bench::stopwatch;

namespace {

// Runs a coroutine that returns what its timed region has cost.
template <class Result>
Result run(awaitable<Result> (*body)(std::uint64_t), std::uint64_t n) {
  asio::io_context loop(1);
  Result result{};
  asio::co_spawn(loop, body(n),
                 [&](const std::exception_ptr& error, Result value) {
                   if (error)
                     std::rethrow_exception(error);
                   result = value;
                 });
  loop.run();
  return result;
}

// A timer that never goes off: cancelling it wakes whoever waits for it, which
// is Asio's usual event.
class event : public asio::steady_timer {
public:
  explicit event(const asio::any_io_executor& executor)
    : asio::steady_timer(executor, time_point::max()) {}

  void set() {
    cancel();
  }
};

// Waits, without an exception when the timer is cancelled.
auto quietly(asio::steady_timer& timer, asio::error_code& ignored) {
  return timer.async_wait(asio::redirect_error(use_awaitable, ignored));
}

awaitable<void> wait_for(event& gate) {
  asio::error_code ignored;
  co_await quietly(gate, ignored);
}

// -- coroutines and tasks -----------------------------------------------------

awaitable<int> one() {
  co_return 1;
}

awaitable<spent> child(std::uint64_t n) {
  stopwatch watch;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i)
    sum += static_cast<unsigned>(co_await one());
  if (sum != n)
    std::terminate();
  co_return watch.elapsed();
}

awaitable<spent> spawn(std::uint64_t n) {
  auto executor = co_await asio::this_coro::executor;
  stopwatch watch;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i)
    sum += static_cast<unsigned>(
      co_await asio::co_spawn(executor, one(), use_awaitable));
  if (sum != n)
    std::terminate();
  co_return watch.elapsed();
}

awaitable<spent> million(std::uint64_t n) {
  auto executor = co_await asio::this_coro::executor;
  stopwatch watch;
  event done(executor);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i)
    asio::co_spawn(executor, one(), [&](const std::exception_ptr&, int value) {
      sum += static_cast<unsigned>(value);
      if (sum == n)
        done.set();
    });
  co_await wait_for(done);
  co_return watch.elapsed();
}

awaitable<std::size_t> parked(std::uint64_t n) {
  auto executor = co_await asio::this_coro::executor;
  event gate(executor);
  event done(executor);
  std::size_t before = bench::resident_bytes();
  std::uint64_t left = n;
  for (std::uint64_t i = 0; i < n; ++i)
    asio::co_spawn(executor, wait_for(gate), [&](const std::exception_ptr&) {
      if (--left == 0)
        done.set();
    });
  co_await asio::post(use_awaitable);
  std::size_t after = bench::resident_bytes();
  gate.set();
  co_await wait_for(done);
  co_return after - before;
}

awaitable<void> give_way(std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i)
    co_await asio::post(use_awaitable);
}

awaitable<spent> reschedule(std::uint64_t n) {
  auto executor = co_await asio::this_coro::executor;
  event done(executor);
  int left = 2;
  stopwatch watch;
  for (int i = 0; i < 2; ++i)
    asio::co_spawn(executor, give_way(n / 2), [&](const std::exception_ptr&) {
      if (--left == 0)
        done.set();
    });
  co_await wait_for(done);
  co_return watch.elapsed();
}

// -- time ---------------------------------------------------------------------

awaitable<spent> timer(std::uint64_t n) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  // Something else is due first, as in a busy program: otherwise each start
  // would also set the kernel's timer.
  asio::steady_timer sooner(timer.get_executor(), 30min);
  sooner.async_wait([](asio::error_code) {});
  stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i) {
    timer.expires_after(1h);
    timer.async_wait([](asio::error_code) {});
    timer.cancel();
    if (i % 64 == 63)
      co_await asio::post(use_awaitable);
  }
  co_return watch.elapsed();
}

awaitable<spent> timer0(std::uint64_t n) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i) {
    timer.expires_after(0s);
    co_await timer.async_wait(use_awaitable);
  }
  co_return watch.elapsed();
}

awaitable<void> nap(asio::steady_timer& timer, std::uint64_t i) {
  asio::error_code ignored;
  timer.expires_after(bench::nth_delay(i));
  co_await quietly(timer, ignored);
}

awaitable<spent> sleeps(std::uint64_t n) {
  auto executor = co_await asio::this_coro::executor;
  stopwatch watch;
  event done(executor);
  std::deque<asio::steady_timer> timers;
  std::uint64_t left = n;
  for (std::uint64_t i = 0; i < n; ++i)
    asio::co_spawn(executor, nap(timers.emplace_back(executor), i),
                   [&](const std::exception_ptr&) {
                     if (--left == 0)
                       done.set();
                   });
  co_await asio::post(use_awaitable);
  for (std::uint64_t i = 1; i < n; i += 2)
    timers[i].cancel();
  co_await wait_for(done);
  co_return watch.elapsed();
}

// -- threads ------------------------------------------------------------------

// Runs `body` on the pool and comes back with its result.
template <class Function>
auto to_thread(asio::thread_pool& pool, Function body) {
  using result = decltype(body());
  return asio::async_initiate<decltype(use_awaitable), void(result)>(
    [&pool](auto handler, Function work) {
      auto home = asio::prefer(asio::get_associated_executor(handler),
                               asio::execution::outstanding_work.tracked);
      asio::post(pool, [handler = std::move(handler), work = std::move(work),
                        home = std::move(home)]() mutable {
        asio::post(home,
                   [handler = std::move(handler), value = work()]() mutable {
                     std::move(handler)(value);
                   });
      });
    },
    use_awaitable, std::move(body));
}

awaitable<spent> thread_round_trip(std::uint64_t n) {
  asio::thread_pool pool(2);
  std::uint64_t sum = 0;
  stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i)
    sum += static_cast<unsigned>(co_await to_thread(pool, [] { return 1; }));
  if (sum != n)
    std::terminate();
  co_return watch.elapsed();
}

// -- TCP echo -----------------------------------------------------------------

awaitable<void> echo(tcp::socket socket) {
  try {
    std::array<char, 1024> buffer;
    for (;;) {
      std::size_t size
        = co_await socket.async_read_some(asio::buffer(buffer), use_awaitable);
      co_await asio::async_write(socket, asio::buffer(buffer, size),
                                 use_awaitable);
    }
  } catch (const std::system_error&) {
    // The client has gone.
  }
}

awaitable<void> listen(tcp::acceptor& acceptor) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(acceptor.get_executor(), echo(std::move(socket)),
                   asio::detached);
  }
}

void serve_echo(std::uint16_t port) {
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), port});
  acceptor.listen(tcp::acceptor::max_listen_connections);
  asio::signal_set signals(loop, SIGTERM);
  signals.async_wait([&](asio::error_code, int) { loop.stop(); });
  asio::co_spawn(loop, listen(acceptor), asio::detached);
  std::printf("ready %d\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  loop.run();
}

// -----------------------------------------------------------------------------

template <awaitable<spent> (*Body)(std::uint64_t)>
spent timed(std::uint64_t n) {
  return run(Body, n);
}

std::size_t parked_bytes(std::uint64_t n) {
  return run(parked, n);
}

constexpr bench::workload table[] = {
  {.name = "child", .time = timed<child>},
  {.name = "spawn", .time = timed<spawn>},
  {.name = "million",
   .how = bench::workload::fixed,
   .n = 1'000'000,
   .time = timed<million>},
  {.name = "million_eager", // as all of Asio's
   .how = bench::workload::fixed,
   .n = 1'000'000,
   .time = timed<million>},
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
  return bench::run("asio", {table, bench::coordination}, serve_echo, argc,
                    argv);
}
