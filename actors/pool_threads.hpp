#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

namespace troupe::detail {

class pool_job;

// What the threads of a pool share: the jobs that wait for one of them, in
// their order, and the threads that wait for a job.
class pool_threads {
public:
  explicit pool_threads(unsigned threads);
  ~pool_threads();

  // Executes jobs until the pool is closed and none is left, on a thread of the
  // pool; `number` is below the number of threads.
  void work(unsigned number);

  // Gives the job to the thread that has waited longest. False if the pool is
  // closed: the job is still the caller's.
  [[nodiscard]] bool add(pool_job& job);

  // No more jobs come.
  void close() noexcept;

  bool closed() const noexcept;

  // How many jobs are left after `limit`.
  std::size_t wait_for_end(std::chrono::nanoseconds limit);

private:
  struct state;
  const std::unique_ptr<state> state_;
};

} // namespace troupe::detail
