#pragma once

#include <troupe/detail/callback.hpp>

namespace troupe::detail {

class alarm;

// Something with a counted life.
class counted {
public:
  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  // Takes a count unless the last one has gone.
  bool try_retain() noexcept;

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      last_gone();
  }

protected:
  ~counted() = default;

  virtual void last_gone() noexcept = 0;

private:
  std::atomic<std::uint32_t> refs_{1};
};

// Something for which an alarm can be set.
class alarmed : public counted {
public:
  // The time is over. On any worker; an alarm that was taken back a moment ago
  // may still ring.
  virtual void rings(alarm& which) noexcept = 0;

protected:
  ~alarmed() = default;
};

// A timer that wakes an `alarmed` and keeps it alive until then. It belongs to
// whoever set it, and to the loop.
class alarm final : public timer {
public:
  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  // Sets an alarm for `deadline`; one that is over rings in the next turn, as
  // with `call_soon`, if `at_once`.
  static alarm* set(loop_core& home, alarmed& whom, std::int64_t deadline,
                    bool at_once);

  // Takes it back, and gives it up.
  void disarm() noexcept;

  void run() override;
  void discard() noexcept override;
  job_label label() const noexcept override;

private:
  alarm(loop_core& home, alarmed& whom) noexcept : home_(home), whom_(&whom) {
    whom.retain();
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  loop_core& home_;
  std::atomic<alarmed*> whom_; // whoever takes it out has its count
  std::atomic<int> refs_{2};
};

} // namespace troupe::detail
