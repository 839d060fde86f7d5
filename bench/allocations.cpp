// Counts what an await allocates once the program is warm. Replaces operator
// new, so all of the heap is seen but malloc called by C. Prints
//
//     sleep   0 in 10000 awaits
//     ...
//
// and ends with 1 if any figure is not 0.

#include <troupe/troupe.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <span>
#include <string_view>

using namespace std::chrono_literals;

using troupe::coro;

namespace {

std::atomic<std::uint64_t> allocations = 0;

void* allocate(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  // aligned_alloc wants a multiple of the alignment, and not 0.
  std::size_t rounded = (size + alignment) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded))
    return memory;
  throw std::bad_alloc();
}

} // namespace

// The nothrow and array forms of the standard library come here too.
// Not inlined: g++ would see `free` meet what `operator new` gave.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return allocate(size, alignof(std::max_align_t));
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory,
                                       std::align_val_t) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t,
                                       std::align_val_t) noexcept {
  std::free(memory);
}

namespace {

constexpr int warm_up = 1'000;
constexpr int rounds = 10'000;

bool clean = true;

// Awaits `step()` until it is warm, then counts.
template <class Step>
coro<void> count(const char* name, Step& step) {
  for (int i = 0; i < warm_up; ++i)
    co_await step();
  std::uint64_t before = allocations;
  for (int i = 0; i < rounds; ++i)
    co_await step();
  std::uint64_t made = allocations - before;
  std::printf("%-7s %llu in %d awaits\n", name,
              static_cast<unsigned long long>(made), rounds);
  if (made > 0)
    clean = false;
}

coro<void> wait_a_turn() {
  co_await troupe::sleep(0s);
}

coro<void> wait_a_while() {
  co_await troupe::sleep(1us);
}

coro<int> one() {
  co_return 1;
}

coro<void> wait_for_a_child() {
  co_await one();
}

coro<void> wait_for_a_task() {
  co_await troupe::create_task(one());
}

coro<void> wait_for_a_future() {
  auto reply = troupe::future<int>::make();
  troupe::get_running_loop().call_soon([reply] { reply.set_result(1); });
  co_await reply;
}

coro<void> echo(troupe::stream_reader reader, troupe::stream_writer writer) {
  std::array<char, 1024> buffer;
  while (std::size_t size
         = co_await reader.read_into(std::span<char>(buffer))) {
    writer.write(std::string_view(buffer.data(), size));
    co_await writer.drain();
  }
  writer.close();
}

// Both ends of the connection are ours, so the server's awaits count too.
coro<void> count_streams() {
  auto server = co_await troupe::start_server(echo, "127.0.0.1", 0);
  auto both = co_await troupe::open_connection(
    "127.0.0.1", server.sockets()[0].getsockname().port);
  auto& reader = both.reader;
  auto& writer = both.writer;
  std::array<char, 64> message{};

  auto write_and_read = [&]() -> coro<void> {
    writer.write(std::string_view(message.data(), message.size()));
    co_await writer.drain();
    for (std::size_t got = 0; got < message.size();)
      got += co_await reader.read_into(std::span<char>(message).subspan(got));
  };
  co_await count("stream", write_and_read);

  writer.close();
  co_await writer.wait_closed();
  server.close();
  co_await server.wait_closed();
}

coro<void> count_all() {
  co_await count("turn", wait_a_turn);
  co_await count("sleep", wait_a_while);
  co_await count("child", wait_for_a_child);
  co_await count("task", wait_for_a_task);
  co_await count("future", wait_for_a_future);
  co_await count_streams();
}

} // namespace

int main() {
  troupe::run(count_all());
  return clean ? 0 : 1;
}
