#include <troupe/detail/pool.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>

#include "runtime/pool_care.hpp"
#include "support/process.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

using troupe::detail::pool_allocate;
using troupe::detail::pool_care;
using troupe::detail::pool_free;
using troupe::detail::pool_tend;

namespace {

struct block {
  unsigned char* place;
  std::size_t size;
};

block take(std::size_t size, unsigned char mark) {
  auto* place = static_cast<unsigned char*>(pool_allocate(size));
  std::memset(place, mark, size);
  return {place, size};
}

// False if somebody else wrote into the block.
bool give(block x, unsigned char mark) {
  bool whole = std::all_of(x.place, x.place + x.size,
                           [mark](unsigned char c) { return c == mark; });
  pool_free(x.place, x.size);
  return whole;
}

} // namespace

TEST_CASE("pool: blocks of all sizes are aligned and do not overlap",
          "[pool]") {
  std::mt19937 random{7};
  std::vector<std::pair<block, unsigned char>> held;
  bool aligned = true;
  bool whole = true;
  for (int i = 0; i < 200'000; ++i) {
    if (held.size() > 3'000 || (!held.empty() && random() % 3 == 0)) {
      std::swap(held[random() % held.size()], held.back());
      whole = give(held.back().first, held.back().second) && whole;
      held.pop_back();
    }
    auto mark = static_cast<unsigned char>(random());
    auto taken = take(random() % 1'200, mark);
    aligned
      = aligned && reinterpret_cast<std::uintptr_t>(taken.place) % 16 == 0;
    held.emplace_back(taken, mark);
  }
  for (auto& [taken, mark] : held)
    whole = give(taken, mark) && whole;
  CHECK(aligned);
  CHECK(whole);
}

TEST_CASE("pool: a block that came back is used again", "[pool]") {
  void* first = pool_allocate(100);
  pool_free(first, 100);
  void* second = pool_allocate(100);
#ifndef TROUPE_POOL_OFF
  CHECK(first == second);
#endif
  pool_free(second, 100);
}

TEST_CASE("pool: blocks may be freed by another thread, which may end",
          "[pool]") {
  bool whole = true;
  for (int round = 0; round < 50; ++round) {
    std::vector<block> made;
    std::thread{[&] {
      for (int i = 0; i < 2'000; ++i)
        made.push_back(take(16 + 8 * static_cast<std::size_t>(i % 100), 1));
    }}.join();
    std::thread{[&] {
      for (auto& x : made)
        whole = give(x, 1) && whole;
    }}.join();
  }
  CHECK(whole);
}

TEST_CASE("pool: threads that take and free at once get whole blocks",
          "[pool]") {
  std::vector<std::thread> threads;
  std::vector<char> whole(4, 1);
  for (std::size_t id = 0; id < whole.size(); ++id)
    threads.emplace_back([&whole, id] {
      auto mark = static_cast<unsigned char>(id + 1);
      std::vector<block> held;
      for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 3'000; ++i)
          held.push_back(take(64 + 16 * static_cast<std::size_t>(i % 9), mark));
        for (auto& x : held)
          whole[id] = give(x, mark) && whole[id];
        held.clear();
      }
    });
  for (auto& each : threads)
    each.join();
  CHECK(whole == std::vector<char>(4, 1));
}

#ifndef TROUPE_POOL_OFF
namespace {

constexpr std::size_t mebibyte = 1 << 20;

// Takes 128 MiB, writes to them and gives them back; returns what the process
// had then.
std::size_t burst() {
  constexpr std::size_t size = 512;
  std::vector<void*> blocks(128 * mebibyte / size);
  for (auto& each : blocks) {
    each = pool_allocate(size);
    std::memset(each, 1, size);
  }
  auto during = resident_bytes();
  for (void* each : blocks)
    pool_free(each, size);
  return during;
}

} // namespace

TEST_CASE("pool: the memory of a burst goes back to the system", "[pool]") {
  auto before = resident_bytes();
  auto during = burst();
  auto after = resident_bytes();
  CHECK(during > before + 100 * mebibyte);
  CHECK(after < before + 24 * mebibyte);
}

TEST_CASE("pool: a running loop keeps the memory of a burst for the next one",
          "[pool]") {
  auto before = resident_bytes();
  std::size_t during, kept, again;
  {
    pool_care care;
    during = burst();
    kept = resident_bytes();
    again = burst();
  }
  auto after = resident_bytes();
  CHECK(during > before + 100 * mebibyte);
  CHECK(kept > before + 100 * mebibyte);
  CHECK(again < during + 16 * mebibyte);
  CHECK(after < before + 24 * mebibyte);
}

TEST_CASE("pool: what nobody used for a second goes back while the loop runs",
          "[pool]") {
  auto before = resident_bytes();
  pool_care care;
  burst();
  std::int64_t wait = pool_tend();
  CHECK(wait > 0); // not yet
  CHECK(resident_bytes() > before + 100 * mebibyte);
  int windows = 1; // the first began amid the burst
  while (wait != pool_care::never) {
    std::int64_t next = pool_tend();
    if (next > wait && next != pool_care::never)
      ++windows;
    wait = next;
  }
  CHECK(windows <= 2);
  CHECK(resident_bytes() < before + 24 * mebibyte);
}

TEST_CASE("pool: a loop that waits gives back what a burst has left",
          "[pool]") {
  auto workers = GENERATE(1u, 2u);
  auto before = resident_bytes();
  troupe::run(
    []() -> troupe::coro<void> {
      burst();
      auto kept = resident_bytes();
      while (resident_bytes() + 100 * mebibyte > kept)
        co_await troupe::sleep(std::chrono::milliseconds{50});
    }(),
    {.threads = workers});
  CHECK(resident_bytes() < before + 24 * mebibyte);
}
#endif
