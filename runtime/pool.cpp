// Where the blocks of the pool come from: the system gives regions of 2 MiB, a
// region has 64 spans, a span has blocks of one size. A thread takes and gives
// blocks in batches under one lock. A span whose blocks are all back can serve
// another size; a region whose spans are all back goes back to the system.
//
// Source: the same layers are in tcmalloc (S. Ghemawat, P. Menage) and mimalloc
// (D. Leijen, B. Zorn, L. de Moura).

#include <troupe/detail/pool.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <mutex>
#include <type_traits>

#include <sys/mman.h>

namespace troupe::detail {

thread_local constinit thread_pools local_pools{};

#ifdef TROUPE_POOL_OFF

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

// With more regions than this a span gets its pages when it is opened.
constexpr std::size_t small_program = 4;

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
  region* prev; // among the regions with spans that have no size
  region* next;
  std::uint64_t vacant; // the spans without a size, a bit for each
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
  std::size_t regions = 0;
  std::size_t empty = 0; // regions that nobody uses
};

constinit store shared;
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

// Gives a span the size of `bin`; null if there is none.
span* open_span(std::size_t bin) noexcept {
  region* home = shared.vacant;
  if (!home)
    return nullptr;
  if (home->vacant == all_vacant)
    --shared.empty;
  auto index = static_cast<unsigned>(std::countr_zero(home->vacant));
  home->vacant &= home->vacant - 1;
  if (home->vacant == 0)
    unlink(shared.vacant, *home);
  span& x = home->spans[index];
  x.free = nullptr;
  x.used = 0;
  x.begun = static_cast<std::uint32_t>(index * span_size);
  x.end = static_cast<std::uint32_t>(x.begun + span_size);
  if (index == 0) // the region itself is in front
    x.begun = (sizeof(region) + 63) / 64 * 64;
  else if (shared.regions > small_program)
    ::madvise(reinterpret_cast<char*>(home) + x.begun, span_size,
              MADV_POPULATE_WRITE); // one fault instead of eight
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
  // Some are kept, so that a load that comes and goes costs the system little.
  if (shared.empty <= shared.regions / 8) {
    ++shared.empty;
    return nullptr;
  }
  unlink(shared.vacant, home);
  --shared.regions;
  return &home;
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
    if (gone)
      ::munmap(gone, region_size);
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
    link(shared.vacant, *fresh);
    ++shared.regions;
    ++shared.empty;
  }
}

} // namespace

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
  if (gone)
    ::munmap(gone, region_size);
}

#endif

} // namespace troupe::detail
