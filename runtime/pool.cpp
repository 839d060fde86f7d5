#include <troupe/detail/pool.hpp>

namespace troupe::detail {

thread_local constinit thread_pools local_pools{};

namespace {

// Gives a thread's blocks back when the thread ends.
struct pool_watch {
  pool_watch() noexcept {
    local_pools.watched = true;
  }

  ~pool_watch() {
    local_pools.watched = false;
    for (auto& bin : local_pools.bins) {
      while (pool_block* block = bin.head) {
        bin.head = block->next;
        ::operator delete(block);
      }
      bin.count = 0;
    }
  }
};

void watch_thread() noexcept {
  static thread_local pool_watch watch;
  (void) watch;
}

} // namespace

void* pool_allocate_slow(std::size_t bin) {
  if (!local_pools.watched)
    watch_thread();
  return ::operator new(bin * pool_grain + 8);
}

void pool_free_slow(void* block) noexcept {
  ::operator delete(block);
}

} // namespace troupe::detail
