#pragma once

#include <cstddef>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define TROUPE_POOL_OFF 1
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#    define TROUPE_POOL_OFF 1
#  endif
#endif

namespace troupe::detail {

// Memory for what lives as long as an await, a callback or a task: frames,
// callbacks, task cells. Each thread keeps free blocks of up to 1,024 bytes, at
// most `pool_bin_limit` of a size; what is more, and where they come from, is
// in pool.cpp. Under a sanitizer every block comes from `operator new`, so that
// a use after free is seen; which way is gone is the library's choice, however
// the program that uses it was built.
//
// Bin n holds blocks of 16 n bytes.
inline constexpr std::size_t pool_grain = 16;
inline constexpr std::size_t pool_bins = 65;
inline constexpr unsigned pool_bin_limit = 512;

struct pool_block {
  pool_block* next;
};

struct pool_bin {
  pool_block* head;
  unsigned room; // how many more it takes; none before the thread allocates
};

struct thread_pools {
  pool_bin bins[pool_bins];
};

extern thread_local constinit thread_pools local_pools
#if defined(__GNUC__)
  __attribute__((tls_model("initial-exec")))
#endif
  ;

void* pool_allocate_slow(std::size_t size);
void pool_free_slow(void* memory, std::size_t size) noexcept;

inline void* pool_allocate(std::size_t size) {
#ifndef TROUPE_POOL_OFF
  std::size_t bin = (size + pool_grain - 1) / pool_grain;
  if (bin < pool_bins) {
    pool_bin& mine = local_pools.bins[bin];
    if (pool_block* block = mine.head) {
      mine.head = block->next;
      ++mine.room;
      return block;
    }
  }
#endif
  return pool_allocate_slow(size);
}

inline void pool_free(void* memory, std::size_t size) noexcept {
#ifndef TROUPE_POOL_OFF
  std::size_t bin = (size + pool_grain - 1) / pool_grain;
  if (bin < pool_bins) {
    pool_bin& mine = local_pools.bins[bin];
    if (mine.room > 0) {
      auto* block = static_cast<pool_block*>(memory);
      block->next = mine.head;
      mine.head = block;
      --mine.room;
      return;
    }
  }
#endif
  pool_free_slow(memory, size);
}

} // namespace troupe::detail
