// Where the blocks of the pool come from: the system gives regions of 2 MiB, a
// region has 64 spans, a span has blocks of one size. A thread takes and gives
// blocks in batches under one lock. A span whose blocks are all back can serve
// another size. A region whose spans are all back is kept for a while: loops
// look after those (pool_care.hpp), and without a running loop it goes back to
// the system at once. An eighth is kept for good, so that a load that comes and
// goes costs the system little.
//
// Source: the same layers are in tcmalloc (S. Ghemawat, P. Menage) and mimalloc
// (D. Leijen, B. Zorn, L. de Moura).

#include <troupe/detail/pool.hpp>

#include "runtime/pool_care.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <type_traits>

#include <sys/mman.h>

namespace troupe::detail {

thread_local constinit thread_pools local_pools{};

#ifdef TROUPE_POOL_OFF

std::int64_t pool_tend() noexcept {
  return pool_care::never;
}

pool_care::pool_care() noexcept = default;
pool_care::~pool_care() = default;

void* pool_allocate_slow(std::size_t size) {
  return ::operator new(size);
}

void pool_free_slow(void* memory, std::size_t) noexcept {
  ::operator delete(memory);
}

#else

namespace {

constexpr std::size_t region_size = std::size_t{2} << 20;
constexpr std::size_t span_count = 64;
constexpr std::size_t span_size = region_size / span_count;

// A batch fills at most this much memory that was not used before.
constexpr std::size_t batch_bytes = 8 * 1024;
constexpr unsigned largest_batch = 64;

// With more regions than this a span gets its pages when it is first opened,
// and so do its neighbours: one call for 32 pages.
constexpr std::size_t small_program = 4;
constexpr unsigned neighbours = 4;

struct span {
  pool_block* free;    // blocks that came back
  std::uint32_t used;  // blocks that are with threads
  std::uint32_t begun; // where the blocks begin that were never used
  std::uint32_t end;
  std::uint32_t stride; // 0: the span has no size
  span* prev;           // among the spans of a size that have room
  span* next;

  bool has_room() const noexcept {
    return free || begun + stride <= end;
  }
};

struct region {
  region* prev; // among the regions with spans that have no size, or among
  region* next; // those that nobody uses
  std::uint64_t vacant; // the spans without a size, a bit for each
  std::uint64_t used;   // the spans that ever had one, and so have pages
  span spans[span_count];
};

constexpr std::uint64_t all_vacant = ~std::uint64_t{0};

template <class T>
void link(T*& head, T& item) noexcept {
  item.prev = nullptr;
  item.next = head;
  if (head)
    head->prev = &item;
  head = &item;
}

template <class T>
void unlink(T*& head, T& item) noexcept {
  (item.prev ? item.prev->next : head) = item.next;
  if (item.next)
    item.next->prev = item.prev;
}

region& region_of(const void* place) noexcept {
  auto bits = reinterpret_cast<std::uintptr_t>(place);
  return *reinterpret_cast<region*>(bits & ~(region_size - 1));
}

// What all threads share. It is never destroyed: blocks come back until the
// process has ended.
struct store {
  std::mutex lock;
  span* open[pool_bins] = {}; // the spans of a size that have room
  region* vacant = nullptr;   // the regions with spans that have no size
  region* empty = nullptr;    // the regions that nobody uses
  std::size_t regions = 0;
  std::size_t empties = 0;
  std::size_t fewest = 0; // empty ones since this window began
  std::chrono::steady_clock::time_point window_end{};
  std::size_t carers = 0; // threads that run a loop
};

constinit store shared;
constinit std::atomic<bool> has_spare{false};
thread_local constinit bool cares = false; // this thread calls `pool_tend`
static_assert(std::is_trivially_destructible_v<store>);

// -- the system ---------------------------------------------------------------

void* map(std::size_t size) noexcept {
  void* place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return place == MAP_FAILED ? nullptr : place;
}

// Memory that begins at a multiple of its size: mostly it does by itself, since
// the one before did.
char* map_region() {
  auto misplaced = [](void* x) {
    return reinterpret_cast<std::uintptr_t>(x) & (region_size - 1);
  };
  void* place = map(region_size);
  if (place && !misplaced(place))
    return static_cast<char*>(place);
  if (place)
    ::munmap(place, region_size);
  auto* wide = static_cast<char*>(map(2 * region_size));
  if (!wide)
    throw std::bad_alloc{};
  std::size_t before = (region_size - misplaced(wide)) & (region_size - 1);
  if (before > 0)
    ::munmap(wide, before);
  ::munmap(wide + before + region_size, region_size - before);
  return wide + before;
}

// -- under the lock -----------------------------------------------------------

// The empty regions that are not kept for good.
std::size_t spare() noexcept {
  return shared.empties - std::min(shared.empties, shared.regions / 8 + 1);
}

void add_empty(region& x) noexcept {
  link(shared.empty, x);
  ++shared.empties;
}

region* take_empty() noexcept {
  region* x = shared.empty;
  if (!x)
    return nullptr;
  unlink(shared.empty, *x);
  shared.fewest = std::min(shared.fewest, --shared.empties);
  return x;
}

// Takes up to `most` regions for good, as a list.
region* take_spare(std::size_t most) noexcept {
  region* list = nullptr;
  for (; most > 0 && spare() > 0; --most) {
    shared.fewest -= shared.fewest > 0; // it was not used, and is no more
    region* x = take_empty();
    --shared.regions;
    x->next = list;
    list = x;
  }
  return list;
}

void begin_window(std::chrono::steady_clock::time_point now) noexcept {
  shared.fewest = shared.empties;
  shared.window_end = now + pool_care::window;
}

// Gives a span the size of `bin`; null if there is none.
span* open_span(std::size_t bin) noexcept {
  region* home = shared.vacant;
  if (!home) {
    home = take_empty();
    if (!home)
      return nullptr;
    link(shared.vacant, *home);
  }
  auto index = static_cast<unsigned>(std::countr_zero(home->vacant));
  std::uint64_t bit = home->vacant & -home->vacant;
  home->vacant ^= bit;
  bool fresh = !(home->used & bit);
  home->used |= bit;
  if (home->vacant == 0)
    unlink(shared.vacant, *home);
  span& x = home->spans[index];
  x.free = nullptr;
  x.used = 0;
  x.begun = static_cast<std::uint32_t>(index * span_size);
  x.end = static_cast<std::uint32_t>(x.begun + span_size);
  if (index == 0) // the region itself is in front
    x.begun = (sizeof(region) + 63) / 64 * 64;
  if (fresh && index % neighbours == 0 && shared.regions > small_program)
    ::madvise(reinterpret_cast<char*>(home) + index * span_size,
              neighbours * span_size, MADV_POPULATE_WRITE);
  x.stride = static_cast<std::uint32_t>(bin * pool_grain);
  link(shared.open[bin], x);
  return &x;
}

// Takes up to `most` blocks of a span, in the order of their addresses if they
// were never used.
pool_block* take_blocks(span& from, std::size_t bin, unsigned most,
                        unsigned& count) noexcept {
  pool_block* first = nullptr;
  pool_block** last = &first;
  char* base = reinterpret_cast<char*>(&region_of(&from));
  for (count = 0; count < most; ++count) {
    pool_block* block = from.free;
    if (block) {
      from.free = block->next;
    } else if (from.begun + from.stride <= from.end) {
      block = reinterpret_cast<pool_block*>(base + from.begun);
      from.begun += from.stride;
    } else {
      break;
    }
    *last = block;
    last = &block->next;
  }
  *last = nullptr;
  from.used += count;
  if (!from.has_room())
    unlink(shared.open[bin], from);
  return first;
}

// Returns a region to be unmapped, or null.
region* give_block(pool_block* block) noexcept {
  region& home = region_of(block);
  auto offset = static_cast<std::size_t>(reinterpret_cast<char*>(block)
                                         - reinterpret_cast<char*>(&home));
  std::size_t index = offset / span_size;
  span& x = home.spans[index];
  span*& open = shared.open[x.stride / pool_grain];
  if (!x.has_room())
    link(open, x);
  block->next = x.free;
  x.free = block;
  if (--x.used > 0)
    return nullptr;
  unlink(open, x);
  x.stride = 0;
  if (home.vacant == 0)
    link(shared.vacant, home);
  home.vacant |= std::uint64_t{1} << index;
  if (home.vacant != all_vacant)
    return nullptr;
  unlink(shared.vacant, home);
  add_empty(home);
  if (!cares)
    return take_spare(1);
  if (spare() > 0 && !has_spare.exchange(true, std::memory_order_relaxed))
    begin_window(std::chrono::steady_clock::now());
  return nullptr;
}

// -- not under the lock -------------------------------------------------------

void unmap(region* list) noexcept {
  while (list) {
    region* next = list->next;
    ::munmap(list, region_size);
    list = next;
  }
}

// -- a thread's blocks --------------------------------------------------------

// Gives up to `most` blocks of a thread's bin back.
void give_back(std::size_t bin, unsigned most) noexcept {
  pool_bin& mine = local_pools.bins[bin];
  while (most > 0 && mine.head) {
    region* gone = nullptr;
    shared.lock.lock();
    for (; most > 0 && mine.head && !gone; --most) {
      pool_block* block = mine.head;
      mine.head = block->next;
      ++mine.room;
      gone = give_block(block);
    }
    shared.lock.unlock();
    unmap(gone);
  }
}

// Gives a thread's blocks back when the thread ends.
struct pool_watch {
  pool_watch() noexcept {
    for (std::size_t bin = 1; bin < pool_bins; ++bin)
      local_pools.bins[bin].room = pool_bin_limit;
  }

  ~pool_watch() {
    for (std::size_t bin = 1; bin < pool_bins; ++bin) {
      give_back(bin, pool_bin_limit);
      local_pools.bins[bin].room = 0;
    }
  }
};

void watch_thread() noexcept {
  static thread_local pool_watch watch;
  (void)watch;
}

pool_block* fetch(std::size_t bin, unsigned most, unsigned& count) {
  for (;;) {
    {
      std::lock_guard guard{shared.lock};
      span* from = shared.open[bin];
      if (!from)
        from = open_span(bin);
      if (from)
        return take_blocks(*from, bin, most, count);
    }
    char* place = map_region();
    std::lock_guard guard{shared.lock};
    auto* fresh = ::new (place) region{};
    fresh->vacant = all_vacant;
    ++shared.regions;
    add_empty(*fresh);
  }
}

} // namespace

std::int64_t pool_tend() noexcept {
  if (!has_spare.load(std::memory_order_relaxed))
    return pool_care::never;
  region* gone;
  std::int64_t wait;
  {
    std::lock_guard guard{shared.lock};
    auto now = std::chrono::steady_clock::now();
    if (now < shared.window_end)
      return std::chrono::nanoseconds{shared.window_end - now}.count();
    // What nobody has used in the whole window; a few in a turn.
    gone = take_spare(std::min(shared.fewest, pool_care::batch));
    wait = 0;
    if (!gone) {
      begin_window(now);
      has_spare.store(spare() > 0, std::memory_order_relaxed);
      wait = spare() > 0 ? std::chrono::nanoseconds{pool_care::window}.count()
                         : pool_care::never;
    }
  }
  unmap(gone);
  return wait;
}

pool_care::pool_care() noexcept {
  cares = true;
  std::lock_guard guard{shared.lock};
  ++shared.carers;
}

pool_care::~pool_care() {
  cares = false;
  region* gone;
  {
    std::lock_guard guard{shared.lock};
    if (--shared.carers > 0)
      return;
    gone = take_spare(shared.empties);
    has_spare.store(false, std::memory_order_relaxed);
  }
  unmap(gone);
}

void* pool_allocate_slow(std::size_t size) {
  std::size_t bin = (size + pool_grain - 1) / pool_grain;
  if (bin >= pool_bins)
    return ::operator new(size);
  bin = std::max<std::size_t>(bin, 1);
  watch_thread();
  pool_bin& mine = local_pools.bins[bin];
  unsigned most = 1;
  if (mine.room > 0)
    most = std::clamp(static_cast<unsigned>(batch_bytes / (bin * pool_grain)),
                      1u, largest_batch);
  unsigned count = 0;
  pool_block* first = fetch(bin, most, count);
  mine.head = first->next;
  mine.room -= count - 1;
  return first;
}

void pool_free_slow(void* memory, std::size_t size) noexcept {
  std::size_t bin = (size + pool_grain - 1) / pool_grain;
  if (bin >= pool_bins) {
    ::operator delete(memory);
    return;
  }
  bin = std::max<std::size_t>(bin, 1);
  if (local_pools.bins[bin].head) { // the bin is full
    give_back(bin, pool_bin_limit / 2);
    pool_free(memory, size);
    return;
  }
  shared.lock.lock();
  region* gone = give_block(static_cast<pool_block*>(memory));
  shared.lock.unlock();
  unmap(gone);
}

#endif

} // namespace troupe::detail
