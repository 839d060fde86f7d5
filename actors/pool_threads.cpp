#include "actors/pool_threads.hpp"

#include <troupe/thread_pool.hpp>

#include "runtime/posix_semaphore.hpp"
#include "runtime/ready_queue.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace troupe::detail {

namespace {

// Each thread waits at a place of its own: a shared condition variable makes
// who wakes take a lock that it then needs the kernel to give back.
struct pool_thread {
  posix_semaphore woken;
  pool_job* job = nullptr;         // when it wakes: null if there are no more
  pool_thread* next_job = nullptr; // in a basic_ready_queue
};

} // namespace

struct pool_threads::state {
  explicit state(unsigned threads) : crew(new pool_thread[threads]) {}

  // Waits for a job, which counts as running then, and unlocks; null if there
  // are no more.
  pool_job* next_job(pool_thread& me, std::unique_lock<std::mutex>& lock) {
    if (pool_job* job = jobs.pop()) {
      ++running;
      lock.unlock();
      return job;
    }
    if (closed)
      return nullptr;
    idle.push(me);
    lock.unlock();
    me.woken.wait();
    return std::exchange(me.job, nullptr);
  }

  std::mutex mutex;
  std::condition_variable ended;
  const std::unique_ptr<pool_thread[]> crew;
  basic_ready_queue<pool_thread> idle;
  basic_ready_queue<pool_job> jobs; // none while a thread is idle
  std::size_t running = 0;
  bool closed = false;
};

pool_threads::pool_threads(unsigned threads) : state_(new state(threads)) {}

pool_threads::~pool_threads() = default;

void pool_threads::work(unsigned number) {
  state& all = *state_;
  pool_thread& me = all.crew[number];
  std::unique_lock lock{all.mutex};
  while (pool_job* job = all.next_job(me, lock)) {
    job->execute();
    lock.lock();
    --all.running;
    if (all.running == 0 && all.jobs.empty())
      all.ended.notify_all();
  }
}

bool pool_threads::add(pool_job& job) {
  state& all = *state_;
  std::unique_lock lock{all.mutex};
  if (all.closed)
    return false;
  pool_thread* thread = all.idle.pop();
  if (!thread) {
    all.jobs.push(job);
    return true;
  }
  thread->job = &job;
  ++all.running;
  lock.unlock();
  thread->woken.post();
  return true;
}

void pool_threads::close() noexcept {
  std::lock_guard lock{state_->mutex};
  state_->closed = true;
  while (pool_thread* thread = state_->idle.pop())
    thread->woken.post();
}

bool pool_threads::closed() const noexcept {
  std::lock_guard lock{state_->mutex};
  return state_->closed;
}

std::size_t pool_threads::wait_for_end(std::chrono::nanoseconds limit) {
  state& all = *state_;
  std::unique_lock lock{all.mutex};
  all.ended.wait_for(lock, limit,
                     [&] { return all.running == 0 && all.jobs.empty(); });
  return all.jobs.size() + all.running;
}

} // namespace troupe::detail
