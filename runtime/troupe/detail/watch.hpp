#pragma once

#include <troupe/detail/future_core.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace troupe::detail {

class observer;

// A place in a future's line for somebody who watches futures. A gather has one
// for each child: so its owner is not in it, but with the others' in front of
// their line.
class watcher : public future_waiter {
  const std::uint32_t number_; // in its line; fills the last word of the base

public:
  observer& owner() const noexcept;

  ref<future_core> target;

protected:
  friend class watch_line;

  explicit watcher(waiter_kind what, std::uint32_t number = 0) noexcept
    : future_waiter(what), number_(number) {}
};

// One that has no line.
class lone_watcher : public watcher {
public:
  lone_watcher() noexcept : watcher(waiter_kind::watcher) {}

  observer* whose = nullptr;
};

// Watches futures, and is told inside their completion, on whatever worker that
// runs. So `told` only notes what it sees and makes jobs ready: nobody else's
// code may run inside a completion.
//
// It is not owned by the lines that it stands in: who forgets a pending gather
// forgets it. Its memory stays while a future is about to tell it, though.
class observer {
public:
  void tell(watcher& which) noexcept {
    told(which);
    owe_less();
  }

  // The future will never be done: its loop was closed.
  void lose(watcher& which) noexcept {
    lost(which);
    owe_less();
  }

protected:
  explicit observer(loop_core& home) noexcept;
  ~observer() = default;

  // Takes a place in the line of `which.target`; false if that is done.
  bool watch(watcher& which) noexcept;

  bool watch(lone_watcher& which) noexcept {
    which.whose = this;
    return watch(static_cast<watcher&>(which));
  }

  // Leaves the line, if it still stands there.
  void unwatch(watcher& which) noexcept;

  // Nobody holds the observer any more, and it has left all lines.
  void let_go() noexcept {
    owe_less();
  }

  // One worker completes all that is watched.
  bool exclusive() const noexcept {
    return exclusive_;
  }

  // With one worker a plain addition is enough.
  template <class T>
  T add(std::atomic<T>& to, T x) noexcept {
    if (!exclusive_)
      return to.fetch_add(x, std::memory_order_acq_rel) + x;
    T sum = to.load(std::memory_order_relaxed) + x;
    to.store(sum, std::memory_order_relaxed);
    return sum;
  }

  virtual void told(watcher& which) noexcept = 0;

  virtual void lost(watcher&) noexcept {}

  virtual void destroy() noexcept = 0;

private:
  void owe_less() noexcept {
    if (add(owed_, std::ptrdiff_t{-1}) == 0)
      destroy();
  }

  std::atomic<std::ptrdiff_t> owed_{1}; // places in lines, and one for holders
  const bool exclusive_;
};

// The places of one observer, in one block of memory.
class watch_line {
public:
  watch_line(observer& owner, std::size_t capacity);
  ~watch_line();
  watch_line(const watch_line&) = delete;
  watch_line& operator=(const watch_line&) = delete;

  watcher& add(ref<future_core> target) noexcept {
    auto* made = ::new (static_cast<void*>(first_ + size_))
      watcher(waiter_kind::placed, static_cast<std::uint32_t>(size_));
    ++size_;
    made->target = std::move(target);
    return *made;
  }

  // All of them have let go of their targets.
  void forget() noexcept {
    size_ = 0;
  }

  watcher* begin() const noexcept {
    return first_;
  }

  watcher* end() const noexcept {
    return first_ + size_;
  }

  std::size_t size() const noexcept {
    return size_;
  }

  watcher& operator[](std::size_t i) const noexcept {
    return first_[i];
  }

private:
  friend class watcher;

  // In front of the first one.
  struct alignas(watcher) head {
    observer* owner;
  };

  std::size_t bytes() const noexcept {
    return sizeof(head) + capacity_ * sizeof(watcher);
  }

  const std::size_t capacity_;
  watcher* first_;
  std::size_t size_ = 0;
};

inline observer& watcher::owner() const noexcept {
  if (kind == waiter_kind::watcher)
    return *static_cast<const lone_watcher*>(this)->whose;
  const void* line = this - number_;
  return *(static_cast<const watch_line::head*>(line) - 1)->owner;
}

} // namespace troupe::detail
