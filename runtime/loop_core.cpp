#include "runtime/loop_core.hpp"

#include <troupe/async_generator.hpp>

#include "runtime/actor_home.hpp"
#include "runtime/clock.hpp"
#include "runtime/pool_care.hpp"
#include "runtime/simulated_network.hpp"
#include "runtime/simulator.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <cstdlib>
#include <future>

namespace troupe::detail {

thread_local constinit worker* this_worker = nullptr;
thread_local constinit task_base* this_task = nullptr;

namespace {

// Counts that one worker holds in advance, so that a task costs no atomic.
constexpr std::int64_t count_batch = 4096;

bool debug_from_environment() {
  const char* value = std::getenv("TROUPE_DEBUG");
  return value && *value && *value != '0';
}

} // namespace

loop_core::loop_core(const loop_options& options, simulator* simulation)
  : debug(options.debug < 0 ? debug_from_environment() : options.debug > 0),
    threads(options.threads), io_(options.threads == 1 ? 1 : -1),
    keep_io_(io_.get_executor()), exclusive_(options.threads == 1),
    simulation_(simulation), first_(*this) {
  if (options.threads == 0 || options.threads > 1024)
    throw std::invalid_argument(
      "event loop: threads must be between 1 and 1024, not "
      + std::to_string(options.threads));
  actors_ = std::make_unique<actor_home>(*this);
  first_.unit = actors_->make_unit(first_);
}

loop_core::~loop_core() = default;

void loop_core::release() noexcept {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete this;
}

void loop_core::retain_for_task() noexcept {
  if (exclusive_ && this_worker == &first_) {
    if (spare_counts_ == 0) {
      refs_.fetch_add(count_batch, std::memory_order_relaxed);
      spare_counts_ = count_batch;
    }
    --spare_counts_;
  } else {
    retain();
  }
}

void loop_core::release_for_task() noexcept {
  if (exclusive_ && this_worker == &first_)
    ++spare_counts_;
  else
    release();
}

// -- jobs ---------------------------------------------------------------------

void loop_core::push_shared(job& item) noexcept {
  if (this_worker && &this_worker->home == this) {
    crew::push(*this, *this_worker, item);
    return;
  }
  // Once it is closed there is nobody to run it.
  static_cast<void>(try_inject(item));
}

void loop_core::push_in_order(job& item) noexcept {
  if (exclusive_ && !running())
    injected_.take(first_.ready);
  push(item);
}

bool loop_core::try_inject(job& item) noexcept {
  // The job may hold the last count of the loop, and may have run a moment
  // after the push.
  retain();
  bool taken;
  if (!exclusive_) {
    taken = crew::inject(*this, item);
  } else {
    taken = injected_.push(item);
    if (taken)
      wake_worker();
  }
  release();
  return taken;
}

void loop_core::wake_poller() noexcept {
  asio::post(io_, [] {});
}

// The only one, from any thread.
void loop_core::wake_worker() noexcept {
  switch (doorbell_.ring()) {
    case waiting::no:
      break;
    case waiting::in_reactor:
      wake_poller();
      break;
    case waiting::asleep:
      sleep_.post();
  }
}

// From now on the loop waits in the reactor: of several that see the signal one
// tells the others.
void loop_core::wake_for_signal() noexcept {
  if (doorbell_.move_to_reactor())
    sleep_.post();
}

// -- time ---------------------------------------------------------------------

std::int64_t loop_core::now() const noexcept {
  if (simulation_) [[unlikely]]
    return simulation_->now();
  return steady_now();
}

std::int64_t loop_core::recent_now() const noexcept {
  if (simulation_) [[unlikely]]
    return simulation_->now();
  return detail::recent_now();
}

void loop_core::add_timer(timer& item) {
  if (exclusive_) {
    timers_.add(item);
    return;
  }
  timer_lock_.lock();
  std::int64_t deadline = item.deadline; // unlocked, it may run and be gone
  timers_.add(item);
  bool first = timers_.earliest() == deadline;
  timer_lock_.unlock();
  if (first)
    parking_.timer_came(*this, deadline);
}

void loop_core::cancel_timer(timer& item) noexcept {
  if (exclusive_) {
    item.dead.store(true, std::memory_order_relaxed);
    if (item.waits.load(std::memory_order_relaxed))
      timers_.cancelled();
    return;
  }
  timer_lock_.lock();
  item.dead.store(true, std::memory_order_relaxed);
  if (item.waits.load(std::memory_order_relaxed))
    timers_.cancelled();
  timer_lock_.unlock();
}

void loop_core::collect_timers() {
  if (exclusive_) {
    if (timers_.empty())
      return;
    std::int64_t moment = now();
    while (timer* due = timers_.take_due(moment))
      first_.ready.push(*due);
    return;
  }
  ready_queue due_now;
  timer_lock_.lock();
  if (!timers_.empty()) {
    std::int64_t moment = now();
    while (timer* due = timers_.take_due(moment))
      due_now.push(*due);
  }
  timer_lock_.unlock();
  while (job* due = due_now.pop())
    push(*due);
}

void loop_core::run_slow_watched(job& item) {
  auto* task = dynamic_cast<task_base*>(&item);
  auto* call = dynamic_cast<callback*>(&item);
  ref<future_core> keep_task{task};
  ref<callback> keep_call{call};
  std::int64_t begin = now();
  item.run();
  std::int64_t took = now() - begin;
  if (took < slow_limit.load(std::memory_order_relaxed) || (!task && !call))
    return;
  std::string seconds = std::to_string(static_cast<double>(took) / 1e9);
  seconds.resize(seconds.find('.') + 4);
  std::string who = task ? task->describe() : call->describe();
  error_context what{.message
                     = "Executing " + who + " took " + seconds + " seconds"};
  report(what);
}

// -- life ---------------------------------------------------------------------

void loop_core::check_can_run() const {
  if (closed())
    throw error(errc::loop_closed,
                "the event loop is closed; make another one");
  if (this_worker)
    throw error(errc::loop_running,
                "cannot run an event loop while another one runs in this "
                "thread: await instead of running");
  if (running())
    throw error(errc::loop_running, "this event loop is already running in "
                                    "another thread: use "
                                    "run_coroutine_threadsafe()");
}

struct loop_core::turn_guard {
  explicit turn_guard(loop_core& home) : home_(home), outer_(this_worker) {
    home.check_can_run();
    if (home.running_.exchange(true, std::memory_order_acq_rel))
      throw error(errc::loop_running,
                  "this event loop is already running in another thread: use "
                  "run_coroutine_threadsafe()");
    this_worker = &home.first_;
  }

  ~turn_guard() {
    this_worker = outer_;
    home_.stopping_.store(false, std::memory_order_relaxed);
    home_.exiting_.store(false, std::memory_order_relaxed);
    home_.running_.store(false, std::memory_order_release);
  }

  loop_core& home_;
  worker* outer_;
};

void loop_core::run_forever() {
  std::exception_ptr problem;
  {
    turn_guard guard{*this};
    if (simulation_)
      simulation_->drive(*this);
    else if (exclusive_)
      run_exclusive();
    else
      run_parallel();
    problem = std::exchange(exit_problem_, nullptr);
  }
  if (problem)
    std::rethrow_exception(problem);
}

void loop_core::stop() noexcept {
  stopping_.store(true, std::memory_order_seq_cst);
  if (this_worker == &first_ && exclusive_)
    return;
  if (!exclusive_)
    parking_.wake_all(*this);
  else
    wake_worker();
}

void loop_core::exit_with(std::exception_ptr problem) noexcept {
  // The first one counts; it is read after all workers have ended.
  if (!exiting_.exchange(true, std::memory_order_seq_cst))
    exit_problem_ = std::move(problem);
  stop();
}

void loop_core::close() {
  if (running())
    throw error(errc::loop_running,
                "cannot close a running event loop: call stop() first");
  if (closed())
    return;
  retain();
  drain_for_close();
  closed_.store(true, std::memory_order_seq_cst);
  std::int64_t spare = std::exchange(spare_counts_, 0);
  if (spare > 0)
    refs_.fetch_sub(spare, std::memory_order_acq_rel);
  release();
}

void loop_core::drain_for_close() {
  this_worker = &first_;
  // A task that is ready, or made ready by the end of another, is in a queue.
  auto keep = drop_pending_tasks();
  for (;;) {
    resource_lock_.lock();
    loop_resource* item = first_resource_;
    resource_lock_.unlock();
    if (!item)
      break;
    remove_resource(*item);
    item->on_loop_close();
  }
  // Callbacks may own actors, which must go before their system.
  drop_timers();
  while (run_for_close(std::chrono::nanoseconds{0})) {
  }
  actors_->shut_down();
  while (run_for_close(std::chrono::nanoseconds{0})) {
  }
  timer_lock_.lock();
  while (timer* item = timers_.take_due(std::int64_t{1} << 62))
    first_.ready.push(*item);
  timer_lock_.unlock();
  run_for_close(std::chrono::nanoseconds{0});
  if (default_pool)
    release_pool(std::exchange(default_pool, nullptr));
  // Threads that come back from now on are told; who came before is heard.
  injected_.close(first_.ready);
  run_for_close(std::chrono::nanoseconds{0});
  this_worker = nullptr;
}

// Runs what must not get lost while the loop closes: actors of CAF, calls that
// come back from threads, completions of sockets. Callbacks are dropped; tasks
// were dropped before. False if there was nothing.
bool loop_core::run_for_close(std::chrono::nanoseconds wait) {
  ready_queue& ready = first_.ready;
  ask_for_guests(guests_);
  injected_.take(ready);
  bool some = !ready.empty();
  if (!some && wait.count() > 0) {
    std::int64_t due
      = timers_.empty() ? wait.count() : timers_.earliest() - now();
    if (due > 0)
      io_.run_one_for(std::min(wait, std::chrono::nanoseconds{due}));
  }
  some = io_.poll() > 0 || some;
  injected_.take(ready);
  if (wait.count() > 0)
    collect_timers();
  while (job* item = ready.pop()) {
    some = true;
    if (auto* call = dynamic_cast<callback*>(item)) {
      call->cancel();
      call->release();
    } else if (!dynamic_cast<task_base*>(item)) {
      item->run();
    }
  }
  return some;
}

// -- simulation ---------------------------------------------------------------

void loop_core::begin_simulation() noexcept {
  task_number_ = 0;
  callback_number_ = 0;
  factory = task_factory::lazy;
  pool_shut_down = false;
  debug = false;
  actors_->forget();
}

bool loop_core::drop_timers() {
  std::vector<callback*> calls; // what they own may come back to the timers
  std::vector<timer*> others;
  timer_lock_.lock();
  while (timer* item = timers_.take_due(std::int64_t{1} << 62))
    if (auto* call = dynamic_cast<callback*>(item))
      calls.push_back(call);
    else
      others.push_back(item);
  for (timer* item : others)
    timers_.add(*item);
  timer_lock_.unlock();
  for (callback* call : calls) {
    call->cancel();
    call->release();
  }
  return others.empty();
}

void loop_core::drain_simulation() {
  std::exception_ptr problem;
  {
    turn_guard guard{*this};
    simulation_->drain(*this);
    problem = std::exchange(exit_problem_, nullptr);
  }
  if (problem)
    std::rethrow_exception(problem);
}

caf::actor_system& loop_core::system() {
  return actors_->system();
}

} // namespace troupe::detail
