#include <troupe/staggered_race.hpp>
#include <troupe/timeout.hpp>

#include "runtime/loop_core.hpp"

#include <algorithm>
#include <mutex>

namespace troupe::detail {

// Shared by the tasks of a race. The race waits for all of them, so it outlives
// them.
class race_state {
public:
  // The number of the candidate to begin with; as many as there are at the end.
  std::size_t next(std::size_t size) {
    std::lock_guard guard{lock};
    if (exceptions.size() == size || winner)
      return size;
    exceptions.emplace_back();
    return exceptions.size() - 1;
  }

  void fail(std::size_t index, std::exception_ptr problem) {
    std::lock_guard guard{lock};
    exceptions[index] = std::move(problem);
  }

  void add(const any_task& task) {
    std::lock_guard guard{lock};
    running.push_back(task);
    if (winner || cancelled) // it came too late to be cancelled with the others
      task.cancel();
  }

  // The done callback of each task.
  void ended(const any_future& task) {
    std::exception_ptr problem;
    if (!task.cancelled())
      problem = task.exception();
    future<void> last; // told without the lock: the race may be gone then
    {
      std::lock_guard guard{lock};
      running.erase(std::find(running.begin(), running.end(), task));
      if (problem)
        unhandled.push_back(std::move(problem));
      if (running.empty())
        last = all_ended;
    }
    if (last)
      set_unless_done(last);
  }

  bool win(std::size_t index) {
    std::lock_guard guard{lock};
    if (winner) {
      exceptions[index] = std::make_exception_ptr(cancelled_error{});
      return false;
    }
    winner = index;
    for (const any_task& task : running)
      if (task.core() != this_task)
        task.cancel();
    return true;
  }

  void cancel_all(const std::string& message) {
    std::lock_guard guard{lock};
    cancelled = true;
    for (const any_task& task : running)
      task.cancel(message);
  }

  future<void> end_of_all() {
    std::lock_guard guard{lock};
    all_ended = running.empty() ? future<void>{} : future<void>::make();
    return all_ended;
  }

  spinlock lock;
  std::vector<std::exception_ptr> exceptions; // of those that have begun
  std::optional<std::size_t> winner;
  std::vector<any_task> running;
  std::vector<std::exception_ptr> unhandled;
  future<void> all_ended;
  bool cancelled = false;
};

namespace {

using gate = future<void>;

coro<void> run_one(race_base& race, gate started, gate before_failed);

void start_one(race_base& race, const gate& before_failed) {
  // An eager task must not go on before it is in the list.
  auto started = gate::make();
  auto task = create_task(run_one(race, started, before_failed));
  race.state->add(task);
  task.add_done_callback(
    [&race](const future<void>& x) { race.state->ended(x); });
  set_unless_done(started);
}

coro<void> run_one(race_base& race, gate started, gate before_failed) {
  co_await started;
  if (before_failed) {
    try {
      co_await wait_for(before_failed, race.delay);
    } catch (const timeout_error&) {
      // The one before is slow: go.
    }
  }
  std::size_t index = race.state->next(race.size);
  if (index == race.size)
    co_return;
  auto failed = gate::make();
  start_one(race, failed);
  try {
    co_await race.attempt(index);
  } catch (const keyboard_interrupt&) {
    throw;
  } catch (const system_exit&) {
    throw;
  } catch (...) {
    race.state->fail(index, std::current_exception());
    set_unless_done(failed);
  }
}

} // namespace

race_base::race_base(std::size_t count, time_limit pause)
  : size(count), delay(pause), state(new race_state) {}

race_base::~race_base() {
  delete state;
}

bool race_base::win(std::size_t index) {
  return state->win(index);
}

std::vector<std::exception_ptr> race_base::take_exceptions() {
  return std::move(state->exceptions);
}

std::optional<std::size_t> race_base::winner() const {
  return state->winner;
}

coro<void> run_race(race_base& race) {
  start_one(race, {});
  std::exception_ptr cancellation;
  for (;;) {
    auto ended = race.state->end_of_all();
    if (!ended)
      break;
    try {
      co_await ended;
    } catch (const cancelled_error& stop) {
      cancellation = std::current_exception();
      race.state->cancel_all(stop.message());
    }
  }
  if (!race.state->unhandled.empty())
    throw exception_group("staggered race failed",
                          std::move(race.state->unhandled));
  if (cancellation)
    std::rethrow_exception(cancellation);
}

} // namespace troupe::detail
