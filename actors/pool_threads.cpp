#include "actors/pool_threads.hpp"

#include <troupe/thread_pool.hpp>

#include "runtime/posix_semaphore.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace troupe::detail {

namespace {

// Each thread waits at a place of its own: a shared condition variable makes
// who wakes take a lock that it then needs the kernel to give back.
struct pool_thread {
  posix_semaphore woken;
  pool_job* job = nullptr; // when it wakes: null if there are no more
  pool_thread* next = nullptr;
};

template <class T, T* T::* Next>
struct fifo {
  void push(T& item) noexcept {
    item.*Next = nullptr;
    *end = &item;
    end = &(item.*Next);
  }

  // Only if there is one.
  T& pop() noexcept {
    T& item = *first;
    first = item.*Next;
    if (!first)
      end = &first;
    return item;
  }

  bool empty() const noexcept {
    return !first;
  }

  T* first = nullptr;
  T** end = &first;
};

} // namespace

struct pool_threads::state {
  explicit state(unsigned threads) : crew(new pool_thread[threads]) {}

  // Waits for a job, which counts as running then, and unlocks; null if there
  // are no more.
  pool_job* next_job(pool_thread& me, std::unique_lock<std::mutex>& lock) {
    if (!jobs.empty()) {
      pool_job& job = jobs.pop();
      --waiting;
      ++running;
      lock.unlock();
      return &job;
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
  fifo<pool_thread, &pool_thread::next> idle;
  fifo<pool_job, &pool_job::next_in_pool> jobs; // none while a thread is idle
  std::size_t waiting = 0;
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
    if (all.running == 0 && all.waiting == 0)
      all.ended.notify_all();
  }
}

bool pool_threads::add(pool_job& job) {
  state& all = *state_;
  std::unique_lock lock{all.mutex};
  if (all.closed)
    return false;
  if (all.idle.empty()) {
    all.jobs.push(job);
    ++all.waiting;
    return true;
  }
  pool_thread& thread = all.idle.pop();
  thread.job = &job;
  ++all.running;
  lock.unlock();
  thread.woken.post();
  return true;
}

void pool_threads::close() noexcept {
  std::lock_guard lock{state_->mutex};
  state_->closed = true;
  while (!state_->idle.empty())
    state_->idle.pop().woken.post();
}

bool pool_threads::closed() const noexcept {
  std::lock_guard lock{state_->mutex};
  return state_->closed;
}

std::size_t pool_threads::wait_for_end(std::chrono::nanoseconds limit) {
  state& all = *state_;
  std::unique_lock lock{all.mutex};
  all.ended.wait_for(lock, limit,
                     [&] { return all.waiting == 0 && all.running == 0; });
  return all.waiting + all.running;
}

} // namespace troupe::detail
