#include <troupe/fault_point.hpp>
#include <troupe/thread_pool.hpp>

#include "actors/pool_threads.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/simulator.hpp"
#include "runtime/thread_name.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace troupe {

namespace detail {

// -- results that threads wait for --------------------------------------------

namespace {

// True while work for a thread runs as a step of a simulation.
thread_local constinit bool in_simulated_thread = false;

// One place to wait for all results: such waits are rare. It is never
// destroyed, since a thread that was given up may come back while the program
// ends.
std::mutex& result_mutex = *new std::mutex;
std::condition_variable& result_changed = *new std::condition_variable;

} // namespace

shared_result_core::~shared_result_core() {
  if (callback* told = told_.load())
    told->release();
}

bool shared_result_core::wait(std::int64_t limit) {
  if (done())
    return true;
  if (in_simulated_thread)
    throw error(errc::not_supported,
                "in a simulation a thread's work is one step: it cannot wait "
                "for what the loop has not done yet");
  std::unique_lock lock{result_mutex};
  if (limit < 0) {
    result_changed.wait(lock, [this] { return done(); });
    return true;
  }
  return result_changed.wait_for(lock, std::chrono::nanoseconds{limit},
                                 [this] { return done(); });
}

bool shared_result_core::begin() noexcept {
  state expected = pending;
  return state_.compare_exchange_strong(expected, running,
                                        std::memory_order_acq_rel);
}

bool shared_result_core::cancel() {
  state expected = pending;
  if (state_.compare_exchange_strong(expected, cancelled_state,
                                     std::memory_order_acq_rel)) {
    end(cancelled_state);
    return true;
  }
  if (expected == cancelled_state)
    return true;
  if (expected != running || !has_task_)
    return false;
  ref<future_core> mine;
  {
    std::lock_guard lock{result_mutex};
    if (!task_) {
      cancel_asked_ = true;
      return true;
    }
    mine = task_;
  }
  return mine->cancel({});
}

void shared_result_core::attach_task(ref<future_core> task) {
  bool asked;
  {
    std::lock_guard lock{result_mutex};
    task_ = task;
    asked = cancel_asked_;
  }
  if (asked)
    task->cancel({});
}

void shared_result_core::end(state how) noexcept {
  ref<future_core> gone;
  {
    std::lock_guard lock{result_mutex};
    state_.store(how, std::memory_order_release);
    gone = std::move(task_);
  }
  result_changed.notify_all();
  if (callback* told = told_.exchange(nullptr, std::memory_order_acq_rel))
    try {
      submit_threadsafe(told->home(), *told);
    } catch (...) {
      // The loop is closed: nobody is left to be told.
    }
}

void shared_result_core::finish() noexcept {
  end(finished);
}

void shared_result_core::finish_cancelled() noexcept {
  end(cancelled_state);
}

void shared_result_core::check() const {
  if (cancelled())
    throw cancelled_error{};
  if (result->failed != failure::none)
    rethrow(*result);
}

void shared_result_core::when_done(callback& told) {
  told_.store(&told, std::memory_order_release);
  if (!done())
    return;
  if (callback* mine = told_.exchange(nullptr, std::memory_order_acq_rel))
    submit_threadsafe(mine->home(), *mine);
}

// -- the pool -----------------------------------------------------------------

namespace {

// Work for a thread in a simulation: a step of its own, outside the loop.
class simulated_work final : public job {
public:
  explicit simulated_work(pool_job& work) noexcept : work_(work) {}

  void run() override {
    if (this_step)
      execute();
    else
      work_.discard(); // the loop closes: what it refers to may be gone
    delete this;
  }

  job_label label() const noexcept override {
    return {.kind = job_kind::thread};
  }

private:
  void execute() noexcept {
    worker* outer = std::exchange(this_worker, nullptr);
    task_base* outer_task = std::exchange(this_task, nullptr);
    in_simulated_thread = true;
    work_.execute();
    in_simulated_thread = false;
    this_task = outer_task;
    this_worker = outer;
  }

  pool_job& work_;
};

loop_core* simulated_loop() noexcept {
  return this_worker && this_worker->home.simulation() ? &this_worker->home
                                                       : nullptr;
}

} // namespace

// Threads, and the jobs that wait for one, in their order. The threads share
// the state, so that a pool may be given up while a job still runs. Inside a
// simulation a pool has no threads: its jobs are steps.
class pool_core {
public:
  pool_core(unsigned threads, const std::string& name)
    : shared_(std::make_shared<pool_threads>(threads)), size_(threads),
      simulated_(simulated_loop()) {
    fault_point("thread", [] {
      return std::system_error(EAGAIN, std::system_category(),
                               "thread_pool: no thread can be started");
    });
    if (!simulated_)
      start_threads(name);
  }

  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      shut_down();
      join(std::chrono::nanoseconds{-1});
      delete this;
    }
  }

  unsigned size() const noexcept {
    return size_;
  }

  void submit(pool_job& job) {
    if (simulated_loop() != simulated_)
      throw error(errc::not_supported,
                  simulated_ ? "thread_pool: it belongs to a simulation, which "
                               "is over or another one"
                             : "thread_pool: it has real threads, which a "
                               "simulation cannot order; make the pool inside "
                               "the program");
    if (simulated_ ? shared_->closed() : !shared_->add(job))
      throw error(errc::executor_shut_down,
                  "cannot schedule new work: the thread pool was shut down; "
                  "make another one");
    if (simulated_)
      static_cast<void>(simulated_->try_inject(*new simulated_work(job)));
  }

  void shut_down() noexcept {
    shared_->close();
  }

  // Waits for the threads; negative: as long as it takes. Returns how many jobs
  // are left; their threads are given up then and end by themselves.
  std::size_t join(std::chrono::nanoseconds limit) {
    std::lock_guard once{join_mutex_};
    if (limit.count() >= 0)
      if (std::size_t left = shared_->wait_for_end(limit)) {
        for (auto& thread : threads_)
          if (thread.joinable())
            thread.detach();
        return left;
      }
    for (auto& thread : threads_)
      if (thread.joinable()) {
        // A pool whose last handle goes on one of its own threads.
        if (thread.get_id() == std::this_thread::get_id())
          thread.detach();
        else
          thread.join();
      }
    return 0;
  }

private:
  ~pool_core() = default;

  // All or none: those that began end if the system has no more.
  void start_threads(const std::string& name) {
    try {
      for (unsigned i = 0; i < size_; ++i)
        threads_.emplace_back(
          [shared = shared_, i, title = name + '-' + std::to_string(i)] {
            name_this_thread(title);
            shared->work(i);
          });
    } catch (...) {
      shut_down();
      join(std::chrono::nanoseconds{-1});
      throw;
    }
  }

  std::shared_ptr<pool_threads> shared_;
  const unsigned size_;
  loop_core* const simulated_; // null in production
  std::vector<std::thread> threads_;
  std::mutex join_mutex_;
  std::atomic<unsigned> refs_{1};
};

void submit_job(pool_core& pool, pool_job& job) {
  pool.submit(job);
}

bool submit_finished(loop_core& loop, job& item) noexcept {
  return loop.try_inject(item);
}

thread_pool default_pool(loop_core& loop) {
  loop.check_open("run_in_executor()");
  std::lock_guard lock{loop.pool_mutex};
  if (loop.pool_shut_down)
    throw error(errc::executor_shut_down,
                "run_in_executor(): the default executor was shut down; make "
                "a thread_pool");
  if (!loop.default_pool) {
    thread_pool made{0, "asyncio"};
    made.core()->retain();
    loop.default_pool = made.core();
    loop.release_pool = [](pool_core* pool) noexcept {
      pool->shut_down();
      pool->join(std::chrono::nanoseconds{0});
      pool->release();
    };
  }
  loop.default_pool->retain();
  return thread_pool{loop.default_pool};
}

// -- tasks for other threads --------------------------------------------------

void start_threadsafe(loop_core& loop, frame_base* root,
                      const result_layout& layout, site made,
                      ref<shared_result_core> shared,
                      void (*move_result)(result_base& from, result_base& to)) {
  if (!root)
    throw_awaited_twice();
  if (loop.closed()) {
    root->destroy();
    loop.check_open("run_coroutine_threadsafe()");
  }
  shared->expect_task();
  // Closes the coroutine if the loop never gets to it.
  struct owned_frame {
    explicit owned_frame(frame_base* x) : frame(x) {}

    owned_frame(owned_frame&& other) noexcept
      : frame(std::exchange(other.frame, nullptr)) {}

    ~owned_frame() {
      if (frame)
        frame->destroy();
    }

    frame_base* frame;
  };
  auto start = [&loop, body = owned_frame{root}, &layout, made, shared,
                move_result]() mutable {
    if (!shared->begin())
      return; // cancelled before it began
    ref<future_core> task{
      spawn_task(loop, std::exchange(body.frame, nullptr), layout, made, {}),
      true};
    shared->attach_task(task);
    any_future{task}.add_done_callback(
      [shared, move_result](const any_future& done) {
        future_core& core = *done.core();
        core.mark_retrieved();
        switch (core.state()) {
          case future_state::cancelled:
            shared->finish_cancelled();
            break;
          case future_state::failed:
            shared->result->error = core.result().error;
            shared->result->failed = failure::error;
            shared->finish();
            break;
          default:
            move_result(core.result(), *shared->result);
            shared->finish();
        }
      });
  };
  auto* call = new callback_of<decltype(start)>(loop, made, std::move(start));
  submit_threadsafe(loop, *call);
}

} // namespace detail

// -- thread_pool --------------------------------------------------------------

thread_pool::thread_pool(unsigned threads, std::string name) {
  if (threads > 1024)
    throw std::invalid_argument("thread_pool: at most 1024 threads, not "
                                + std::to_string(threads));
  if (threads == 0)
    threads = std::min(32u, std::thread::hardware_concurrency() + 4);
  core_ = new detail::pool_core(threads, name);
}

thread_pool::thread_pool(detail::pool_core* core) noexcept : core_(core) {}

thread_pool::thread_pool(const thread_pool& other) noexcept
  : core_(other.core_) {
  core_->retain();
}

thread_pool& thread_pool::operator=(thread_pool other) noexcept {
  std::swap(core_, other.core_);
  return *this;
}

thread_pool::~thread_pool() {
  core_->release();
}

void thread_pool::shutdown(bool wait) {
  core_->shut_down();
  if (wait)
    core_->join(std::chrono::nanoseconds{-1});
}

unsigned thread_pool::threads() const noexcept {
  return core_->size();
}

// -- event_loop ---------------------------------------------------------------

void event_loop::set_default_executor(thread_pool pool) {
  pool.core()->retain();
  std::lock_guard lock{core_->pool_mutex};
  auto* before = std::exchange(core_->default_pool, pool.core());
  core_->release_pool = [](detail::pool_core* gone) noexcept {
    gone->release();
  };
  if (before)
    before->release();
}

coro<void>
event_loop::shutdown_default_executor(std::chrono::nanoseconds limit) {
  event_loop self = *this;
  detail::pool_core* pool;
  {
    std::lock_guard lock{self.core_->pool_mutex};
    self.core_->pool_shut_down = true;
    pool = std::exchange(self.core_->default_pool, nullptr);
  }
  if (!pool)
    co_return;
  pool->shut_down();
  if (self.core_->simulation()) {
    pool->release();
    co_return;
  }
  // The wait itself is blocking work: it gets a thread of its own.
  future<std::size_t> left = self.create_future<std::size_t>();
  std::thread waiter{[pool, limit, self, left]() mutable {
    std::size_t count = pool->join(limit);
    pool->release();
    self.call_soon_threadsafe(
      [left, count] { detail::set_unless_done(left, count); });
  }};
  std::exception_ptr problem;
  std::size_t count = 0;
  try {
    count = co_await left;
  } catch (...) {
    problem = std::current_exception();
  }
  if (problem)
    waiter.detach();
  else
    waiter.join();
  if (problem)
    std::rethrow_exception(problem);
  if (count > 0)
    self.call_exception_handler(
      {.message = "the default executor did not finish its "
                + std::to_string(count)
                + " jobs within the limit; their threads are left alone"});
}

} // namespace troupe
