#pragma once

#include <cerrno>
#include <cstdint>
#include <ctime>

#include <semaphore.h>

namespace troupe::detail {

// A POSIX semaphore: unlike std::counting_semaphore it does not spin before it
// sleeps, and a signal handler may post to it.
class posix_semaphore {
public:
  posix_semaphore() noexcept {
    ::sem_init(&semaphore_, 0, 0);
  }

  posix_semaphore(const posix_semaphore&) = delete;
  posix_semaphore& operator=(const posix_semaphore&) = delete;

  ~posix_semaphore() {
    ::sem_destroy(&semaphore_);
  }

  void post() noexcept {
    ::sem_post(&semaphore_);
  }

  void wait() noexcept {
    while (::sem_wait(&semaphore_) != 0) {
    }
  }

  // Waits until `deadline`, in nanoseconds of the monotonic clock; negative: as
  // long as it takes. False if a signal came in between.
  bool wait_until(std::int64_t deadline) noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    if (deadline < 0)
      return ::sem_wait(&semaphore_) == 0 || errno != EINTR;
    timespec until{.tv_sec = deadline / second, .tv_nsec = deadline % second};
    return ::sem_clockwait(&semaphore_, CLOCK_MONOTONIC, &until) == 0
        || errno != EINTR;
  }

private:
  sem_t semaphore_;
};

} // namespace troupe::detail
