// The workloads of locks, events, queues and gather on raw Asio: a channel of
// one is its lock, a channel its queue, a timer that is cancelled its event.

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
#include <asio/experimental/channel.hpp>
#include <asio/experimental/concurrent_channel.hpp>

#include <atomic>
#include <exception>
#include <thread>

using asio::awaitable;
using asio::use_awaitable;
using bench::spent;
using bench::stopwatch;

namespace {

using items = asio::experimental::channel<void(asio::error_code, int)>;
using mutex = items; // one item is the lock
using shared_items
  = asio::experimental::concurrent_channel<void(asio::error_code, int)>;

// For the one who waits for the end of others.
class latch {
public:
  latch(const asio::any_io_executor& executor, std::uint64_t count)
    : ended_(executor, 1), left_(count) {}

  void count_down() {
    if (--left_ == 0)
      ended_.try_send(asio::error_code{}, 1);
  }

  awaitable<void> wait() {
    co_await ended_.async_receive(use_awaitable);
  }

private:
  asio::experimental::concurrent_channel<void(asio::error_code, int)> ended_;
  std::atomic<std::uint64_t> left_;
};

// -- locks --------------------------------------------------------------------

awaitable<void> acquire(mutex& lock) {
  co_await lock.async_send(asio::error_code{}, 1, use_awaitable);
}

void release(mutex& lock) {
  lock.try_receive([](asio::error_code, int) {});
}

awaitable<spent> lock(std::uint64_t n) {
  mutex lock(co_await asio::this_coro::executor, 1);
  stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i) {
    co_await lock.async_send(asio::error_code{}, 1, use_awaitable);
    release(lock);
  }
  co_return watch.elapsed();
}

awaitable<void> contender(mutex& lock, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) {
    co_await acquire(lock);
    co_await asio::post(use_awaitable);
    release(lock);
  }
}

awaitable<spent> contended(std::uint64_t n) {
  auto executor = co_await asio::this_coro::executor;
  mutex lock(executor, 1);
  latch all(executor, 4);
  stopwatch watch;
  for (int i = 0; i < 4; ++i)
    asio::co_spawn(executor, contender(lock, n / 4),
                   [&](const std::exception_ptr&) { all.count_down(); });
  co_await all.wait();
  co_return watch.elapsed();
}

// -- queues -------------------------------------------------------------------

template <class Channel>
awaitable<void> produce(Channel& queue, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i)
    co_await queue.async_send(asio::error_code{}, 1, use_awaitable);
}

template <class Channel>
awaitable<void> consume(Channel& queue, std::uint64_t count) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i)
    sum += static_cast<unsigned>(co_await queue.async_receive(use_awaitable));
  if (sum != count)
    std::terminate();
}

template <class Channel>
awaitable<spent> pass(unsigned pairs, std::uint64_t n) {
  auto executor = co_await asio::this_coro::executor;
  Channel queue(executor, 64);
  latch all(executor, 2 * pairs);
  auto count = [&](const std::exception_ptr&) {
    all.count_down();
  };
  stopwatch watch;
  for (unsigned i = 0; i < pairs; ++i) {
    // On two threads each coroutine needs a strand.
    auto of_its_own = [&] {
      return std::is_same_v<Channel, shared_items>
             ? asio::any_io_executor(asio::make_strand(executor))
             : executor;
    };
    asio::co_spawn(of_its_own(), produce(queue, n / pairs), count);
    asio::co_spawn(of_its_own(), consume(queue, n / pairs), count);
  }
  co_await all.wait();
  co_return watch.elapsed();
}

// -- events -------------------------------------------------------------------

awaitable<void> wait(asio::steady_timer& event) {
  asio::error_code ignored;
  co_await event.async_wait(asio::redirect_error(use_awaitable, ignored));
}

awaitable<spent> event(std::uint64_t n) {
  auto executor = co_await asio::this_coro::executor;
  spent sum;
  for (std::uint64_t done = 0; done < n; done += bench::waiters) {
    asio::steady_timer event(executor, asio::steady_timer::time_point::max());
    latch all(executor, bench::waiters);
    for (std::uint64_t i = 0; i < bench::waiters; ++i)
      asio::co_spawn(executor, wait(event),
                     [&](const std::exception_ptr&) { all.count_down(); });
    co_await asio::post(use_awaitable);
    stopwatch watch;
    event.cancel();
    co_await all.wait();
    sum += watch.elapsed();
  }
  co_return sum;
}

// -- gather -------------------------------------------------------------------

awaitable<int> one() {
  co_return 1;
}

// What has no gather counts.
awaitable<spent> gather(std::uint64_t n) {
  auto executor = co_await asio::this_coro::executor;
  stopwatch watch;
  latch all(executor, n);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i)
    asio::co_spawn(executor, one(), [&](const std::exception_ptr&, int value) {
      sum += static_cast<unsigned>(value);
      all.count_down();
    });
  co_await all.wait();
  if (sum != n)
    std::terminate();
  co_return watch.elapsed();
}

// -----------------------------------------------------------------------------

spent run(awaitable<spent> body, int threads) {
  asio::io_context loop(threads);
  spent result;
  asio::co_spawn(loop, std::move(body),
                 [&](const std::exception_ptr& error, spent value) {
                   if (error)
                     std::rethrow_exception(error);
                   result = value;
                 });
  std::thread second;
  if (threads > 1)
    second = std::thread([&] { loop.run(); });
  loop.run();
  if (second.joinable())
    second.join();
  return result;
}

template <awaitable<spent> (*Body)(std::uint64_t)>
spent timed(std::uint64_t n) {
  return run(Body(n), 1);
}

template <class Channel, unsigned Pairs, int Threads>
spent passed(std::uint64_t n) {
  return run(pass<Channel>(Pairs, n), Threads);
}

constexpr bench::workload table[] = {
  {.name = "lock", .time = timed<lock>},
  {.name = "contended", .time = timed<contended>},
  {.name = "queue", .time = passed<items, 1, 1>},
  {.name = "queue_4x4", .time = passed<items, 4, 1>},
  {.name = "queue_2", .time = passed<shared_items, 1, 2>},
  {.name = "queue_4x4_2", .time = passed<shared_items, 4, 2>},
  {.name = "event",
   .how = bench::workload::fixed,
   .n = 50 * bench::waiters,
   .time = timed<event>},
  {.name = "gather",
   .how = bench::workload::fixed,
   .n = 1'000'000,
   .time = timed<gather>},
  {.name = "gather_eager", // as all of Asio's
   .how = bench::workload::fixed,
   .n = 1'000'000,
   .time = timed<gather>},
};

} // namespace

const std::span<const bench::workload> bench::coordination = table;
