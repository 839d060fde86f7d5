#pragma once

#include <troupe/loop.hpp>

#include "runtime/crew.hpp"
#include "runtime/posix_semaphore.hpp"
#include "runtime/task_list.hpp"
#include "runtime/timer_heap.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace caf {
class actor_system;
class execution_unit;
} // namespace caf

namespace troupe::detail {

class actor_home;
class generator_frame;
class pool_core;
class simulator;

// One thread that runs jobs of a loop.
struct worker {
  explicit worker(loop_core& loop) noexcept : home(loop) {}

  loop_core& home;
  ready_queue ready;
  spinlock lock; // guards these three where there are several workers
  std::uint64_t begun = 0;
  std::uint64_t seen = 0;
  unsigned ticks = 0;
  std::shared_ptr<caf::execution_unit> unit;
};

// What is closed together with the loop: sockets, servers, pools.
class loop_resource {
public:
  // The loop ends: give up what belongs to it.
  virtual void on_loop_close() noexcept = 0;

  loop_resource* prev_resource = nullptr;
  loop_resource* next_resource = nullptr;
  bool linked = false;
  std::uint32_t host = 0; // simulations: the host it belongs to

protected:
  ~loop_resource() = default;
};

// What wants to ask the system for something no sooner than it must: just
// before the loop looks at its sockets.
class poll_guest {
public:
  // Asks the reactor for it. No longer a guest.
  virtual void before_poll() noexcept = 0;

  // Whether it is there already; if so, it is taken, and this is no longer a
  // guest.
  virtual bool look() noexcept = 0;

  poll_guest* next_guest = nullptr;
  bool looked = false;

protected:
  ~poll_guest() = default;
};

// The scheduler: ready queues, timers, I/O, and the list of tasks.
//
// With one worker (`exclusive`) everything belongs to the thread that runs the
// loop; foreign threads come in through `inject` alone. With several, each
// worker has a queue that others steal from.
class loop_core {
public:
  // With a simulator the loop is simulated: it makes every choice, and time is
  // virtual.
  explicit loop_core(const loop_options& options,
                     simulator* simulation = nullptr);
  loop_core(const loop_core&) = delete;
  loop_core& operator=(const loop_core&) = delete;

  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept;

  // A count for a task, mostly without touching the shared counter.
  void retain_for_task() noexcept;
  void release_for_task() noexcept;

  // -- running ----------------------------------------------------------------

  void run_forever();
  void stop() noexcept;
  void close();

  // Ends the present run at once with `problem`.
  void exit_with(std::exception_ptr problem) noexcept;

  bool run_for_close(std::chrono::nanoseconds wait);

  bool exclusive() const noexcept {
    return exclusive_;
  }

  // Null in production.
  simulator* simulation() const noexcept {
    return simulation_;
  }

  // For simulations: begins anew with the numbers; runs what is ready; the
  // worker, to stand for a running loop.
  void begin_simulation() noexcept;
  void drain_simulation();

  // Forgets the callbacks that nobody will call; false if other timers are
  // left.
  bool drop_timers();

  worker* first_worker() noexcept {
    return &first_;
  }

  bool has_resources() const noexcept {
    return first_resource_ != nullptr;
  }

  bool running() const noexcept {
    return running_.load(std::memory_order_acquire);
  }

  bool closed() const noexcept {
    return closed_.load(std::memory_order_acquire);
  }

  // True if this thread may touch what belongs to the loop.
  bool here() const noexcept;

  void check_open(const char* what) const;
  void check_can_run() const;
  void check_thread(const char* what) const;

  // -- jobs -------------------------------------------------------------------

  // Makes a job ready, from a thread for which `here()` holds, or from any
  // thread if there are several workers.
  void push(job& item) noexcept {
    if (exclusive_)
      first_.ready.push(item);
    else
      push_shared(item);
  }

  // As `push`, behind what foreign threads gave in before the loop ran.
  void push_in_order(job& item) noexcept;

  // Makes a job ready, from any thread; false if the loop is closed, then the
  // job is still the caller's.
  [[nodiscard]] bool try_inject(job& item) noexcept;

  std::int64_t now() const noexcept;

  // For deadlines: may be a microsecond old, but not older than what `now` last
  // said to this thread.
  std::int64_t recent_now() const noexcept;

  void add_timer(timer& item);

  // The timer is not to run any more; its owner, the timers or the ready queue,
  // discards it in its time.
  void cancel_timer(timer& item) noexcept;

  // The reactor, for sockets; by the loop's thread, or while it does not run.
  asio::io_context& io() noexcept {
    static_cast<void>(doorbell_.move_to_reactor()); // it does not sleep
    return io_;
  }

  // The reactor, for signals: who has one here calls `wake_for_signal` in its
  // handler. A loop without sockets looks at the reactor once now, since a
  // signal may come before that handler, and then not until it is called.
  asio::io_context& io_for_signals() noexcept {
    looks_once_ = true;
    return io_;
  }

  void wake_for_signal() noexcept;

  // Calls `guest` once, before the sockets are looked at. Only on a loop with
  // one worker, by its thread.
  void invite(poll_guest& guest) noexcept {
    guest.looked = false;
    *last_guest_ = &guest;
    last_guest_ = &guest.next_guest;
    ++guests_;
  }

  // -- tasks ------------------------------------------------------------------

  // While a loop has tasks, it counts as one running actor of its system: so
  // `await_all_actors_done` waits for tasks, and a task costs no atomic there.
  void enter(task_base& task) noexcept {
    if (tasks_.add(task))
      begin_tasks();
  }

  void leave(task_base& task) noexcept {
    if (tasks_.remove(task))
      end_tasks();
  }

  std::vector<ref<future_core>> tasks();

  // The task of this number, null if it has ended.
  ref<future_core> find_task(std::uint64_t number) noexcept;

  // -- CAF --------------------------------------------------------------------

  caf::actor_system& system();

  actor_home& actors() noexcept {
    return *actors_;
  }

  // Messages to actors that have ended; the report is limited in rate.
  struct dead_letter_count {
    std::atomic<std::uint64_t> all{0};
    std::atomic<std::uint64_t> reported{0};
    std::atomic<std::int64_t> next_report{0};
  } dead_letters;

  // Tasks are dropped where they stand: nobody is told of their end.
  bool dropping() const noexcept {
    return dropping_;
  }

  // -- resources --------------------------------------------------------------

  void add_resource(loop_resource& item) noexcept;
  void remove_resource(loop_resource& item) noexcept;
  void close_resources_of(std::uint32_t host) noexcept;
  void add_generator(generator_frame& frame) noexcept;
  void remove_generator(generator_frame& frame) noexcept;
  generator_frame* take_generator() noexcept;

  // -- errors -----------------------------------------------------------------

  void report(const error_context& what) noexcept;

  ref<error_handler> handler();
  void set_handler(ref<error_handler> handler);

  std::atomic<bool> debug{false};
  std::atomic<std::int64_t> slow_limit{100'000'000};
  task_factory factory = task_factory::lazy;

  // Set by actors/thread_pool.cpp: the default pool, made on first use.
  pool_core* default_pool = nullptr;
  void (*release_pool)(pool_core*) noexcept = nullptr;
  bool pool_shut_down = false;
  std::mutex pool_mutex;

  const unsigned threads;

private:
  ~loop_core();

  friend class simulator; // runs the jobs in its own order

  struct turn_guard;
  friend struct turn_guard;

  void push_shared(job& item) noexcept;
  void begin_tasks() noexcept;
  void end_tasks() noexcept;

  // -- what a crew asks of its home -------------------------------------------

  friend struct crew;
  friend class basic_parking<>;

  basic_parking<>& parking() noexcept {
    return parking_;
  }

  injection_queue& injected() noexcept {
    return injected_;
  }

  template <class F>
  bool any_worker(F f) {
    if (f(first_))
      return true;
    for (auto& other : others_)
      if (f(*other))
        return true;
    return false;
  }

  int worker_count() const noexcept {
    return static_cast<int>(threads);
  }

  void look_at_progress() noexcept;
  std::int64_t watch_end() const noexcept;
  bool should_poll(worker& me) noexcept;
  void run(job& item);
  bool any_ready() noexcept;
  bool stopping() const noexcept;
  std::int64_t next_deadline() noexcept;
  void wait_for_events(std::int64_t deadline);
  void interrupt_wait() noexcept;
  void take_events();
  void take_timers();

  // -- the rest ---------------------------------------------------------------

  void run_exclusive();
  void turn();
  void poll(bool may_block);
  void wait_in_reactor(std::int64_t longest);
  void wait_asleep(std::int64_t longest);
  poll_guest& take_guest() noexcept;
  void ask_for_guests(std::size_t count) noexcept;
  bool let_guests_look(std::size_t count) noexcept;
  void collect_timers();
  void run_slow_watched(job& item);
  void run_parallel();
  void wake_poller() noexcept;
  void wake_worker() noexcept;
  void drain_for_close();
  std::vector<ref<future_core>> drop_pending_tasks() noexcept;

  // How long a worker may be busy with one job while another one waits, and
  // somebody is idle.
  static constexpr std::int64_t patience = 1'000'000;

  // Jobs between two looks at the sockets while there is work.
  static constexpr unsigned poll_interval = 128;

  // From as many on, they look themselves before they ask.
  static constexpr std::size_t many_guests = 8;

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> keep_io_;
  const bool exclusive_;
  simulator* const simulation_;
  std::size_t since_poll_ = 0;
  poll_guest* first_guest_ = nullptr;
  poll_guest** last_guest_ = &first_guest_;
  std::size_t guests_ = 0;
  std::int64_t spare_counts_ = 0;
  worker first_;
  injection_queue injected_;
  basic_doorbell<> doorbell_;
  posix_semaphore sleep_;
  bool looks_once_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> exiting_{false};
  bool dropping_ = false;
  std::atomic<bool> running_{false};
  std::atomic<bool> closed_{false};
  std::atomic<std::thread::id> runner_{};
  std::exception_ptr exit_problem_;

  timer_heap timers_;
  spinlock timer_lock_;

  std::vector<std::unique_ptr<worker>> others_;
  basic_parking<> parking_;

  task_list tasks_{!exclusive_};

  spinlock resource_lock_;
  loop_resource* first_resource_ = nullptr;
  generator_frame* generators_ = nullptr;

  std::unique_ptr<actor_home> actors_;
  std::mutex handler_mutex_;
  ref<error_handler> handler_;
  std::atomic<std::int64_t> refs_{1};

public:
  // Numbers for the names of tasks and for taking back done callbacks.
  std::uint64_t next_task_number() noexcept {
    return next(task_number_);
  }

  std::uint64_t next_callback_number() noexcept {
    return next(callback_number_);
  }

private:
  std::uint64_t next(std::atomic<std::uint64_t>& counter) noexcept {
    if (!exclusive_)
      return counter.fetch_add(1, std::memory_order_relaxed) + 1;
    auto number = counter.load(std::memory_order_relaxed) + 1;
    counter.store(number, std::memory_order_relaxed);
    return number;
  }

  std::atomic<std::uint64_t> task_number_{0};
  std::atomic<std::uint64_t> callback_number_{0};
};

// Members of a serial group that are ready; runs one step at a time.
class serial_queue final : public job {
public:
  explicit serial_queue(loop_core& home) noexcept : home_(home) {
    home.retain();
  }

  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      loop_core& home = home_;
      delete this;
      home.release();
    }
  }

  void push(job& member) noexcept;
  void run() override;

private:
  ~serial_queue() = default;

  loop_core& home_;
  spinlock lock_;
  ready_queue ready_;
  bool scheduled_ = false;
  std::atomic<unsigned> refs_{1};
};

// What runs on this thread.
extern thread_local constinit worker* this_worker;
extern thread_local constinit task_base* this_task;

inline bool loop_core::here() const noexcept {
  return (this_worker && &this_worker->home == this) || !running();
}

} // namespace troupe::detail
