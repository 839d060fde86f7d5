#pragma once

#include <troupe/fault_point.hpp>
#include <troupe/run.hpp>

#include <optional>
#include <string>
#include <vector>

/// @file
/// The deterministic scheduler: programs run in virtual time on one thread, and
/// every choice that chance makes in production is made from a seed.

namespace troupe::test {

/// How the order of steps is chosen. `docs/testing.md` tells what each is good
/// at and where it comes from.
enum class strategy : std::uint8_t {
  /// All of them in turn.
  portfolio,
  /// The order of asyncio, undisturbed.
  fifo,
  /// Each time one of those that are ready.
  random,
  /// Random priorities with few changes (Burckhardt et al., 2010).
  pct,
  /// asyncio's order with few delays (Emmi et al., 2011).
  delay_bounding,
  /// A random priority for every step (Yuan et al., 2018).
  partial_order,
  /// Every order, depth first, until none is left; of orders that differ only
  /// in steps that touch nothing in common, one (Godefroid, 1996).
  exhaustive,
};

/// Settings of one simulation.
struct simulation_options {
  /// Decides every choice.
  std::uint64_t seed = 1;
  /// How the order is chosen; `portfolio` takes one by the seed.
  strategy how = strategy::random;
  /// PCT: how many steps must come in an order for the bug, 1 to 8. Delay
  /// bounding: how many delays.
  unsigned depth = 3;
  /// A run with more steps has failed; 0: no limit.
  std::uint64_t max_steps = 0;
  /// In 1000: how often a short cut is not taken, or a fault point fails.
  unsigned odds = 100;
  /// True if tasks may be left when the program ends; they are cancelled.
  bool may_leave_tasks = false;
  /// True if a circle of waiting tasks may be opened later by a cancellation;
  /// then it is a failure only if nothing else can run.
  bool may_break_cycles = false;
  /// The fault points that may fail (`<troupe/fault_point.hpp>`), "*" for all;
  /// how often is said by `odds`. "cancel-3-7" cancels the third task at its
  /// seventh await.
  std::vector<std::string> faults = {};
  /// A schedule of an earlier failure, which is run again; empty: none.
  std::string schedule = {};
};

/// What a failed simulation throws: its text says what happened, the seed, the
/// schedule, the last steps and who waits for whom.
class failure : public std::runtime_error {
public:
  /// @cond PRIVATE
  failure(const std::string& text, std::string what_kind, std::string what_id,
          std::string how)
    : runtime_error(text), kind(std::move(what_kind)), id(std::move(what_id)),
      schedule(std::move(how)) {}
  /// @endcond

  /// "exception", "unhandled", "deadlock", "left over", "endless",
  /// "forbidden call", "broken rule", "diverged" or "not deterministic".
  std::string kind;
  /// The same for failures of the same cause.
  std::string id;
  /// Runs the same steps again; at most 2 KiB.
  std::string schedule;
};

} // namespace troupe::test

namespace troupe::detail {

class simulated_world;

// Makes the program's coroutine, anew for each run.
struct program_ref {
  coro<void> (*make)(void* object);
  void* object;
};

template <class F>
coro<void> run_program(F& program) {
  static_cast<void>(co_await program());
}

template <class F>
program_ref program_of(F& program) {
  return {[](void* object) -> coro<void> {
            auto& body = *reinterpret_cast<F*>(object);
            if constexpr (std::is_same_v<decltype(body()), coro<void>>)
              return body();
            else
              return run_program(body);
          },
          (void*)(&program)};
}

// Waits until nothing else is ready.
class quiet_op final : public op {
public:
  bool ready(frame_base&) const noexcept {
    return false;
  }

  void resume() const {
    check_cancelled();
  }

  bool start() override;
  bool request_cancel(const std::string& message) override;
  void withdraw() noexcept override;
  std::string describe() const override;
};

} // namespace troupe::detail

namespace troupe::test {

/// Runs programs in virtual time, in an order drawn from a seed.
///
/// What runs is the code that ships: tasks, futures, timers, thread pools and
/// ordinary actors of CAF on a third scheduler. After each run is checked: no
/// task waits for ever, none is left over, no exception was lost.
class simulation {
public:
  /// Makes a simulation whose choices follow from `seed`.
  explicit simulation(std::uint64_t seed = 1);

  /// As above, with all settings.
  /// @throws std::invalid_argument  if a setting is out of range or the
  /// schedule
  ///                                is none.
  explicit simulation(simulation_options options);

  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  /// Ends what is left.
  ~simulation();

  /// Runs a program to its end.
  /// @param program  a function without arguments that returns a `coro`. It
  ///                 lives as long as the call.
  /// @throws failure  if the program throws, waits for ever or leaves something
  ///                  behind.
  template <class F>
  void run(F&& program) {
    run_program(detail::program_of(program));
  }

  /// Returns how many steps the last run had.
  std::uint64_t steps() const noexcept;

  /// Returns the virtual time of the last run.
  std::chrono::nanoseconds elapsed() const noexcept;

  /// Returns a number that is the same only for runs with the same steps.
  std::uint64_t trace_hash() const noexcept;

  /// Returns how often each task waited in the last run, in the order in which
  /// tasks were made; the program itself is the first.
  const std::vector<std::uint64_t>& awaits() const noexcept;

  /// Returns how many cancellations of `faults` came in the last run.
  std::uint64_t injected() const noexcept;

private:
  void run_program(detail::program_ref program);

  simulation_options options_;
  detail::simulated_world* world_;
};

// -- inside a program ---------------------------------------------------------

/// True while a simulated program runs on this thread.
bool simulated() noexcept;

/// Returns the virtual time since the program began.
/// @throws error  (`errc::no_running_loop`) outside a simulation.
std::chrono::nanoseconds time();

/// Waits until no other task, callback or actor is ready; time stands still.
/// @par Source
/// `trio.testing.wait_all_tasks_blocked`.
[[nodiscard]] detail::quiet_op wait_all_tasks_blocked();

/// Lets virtual time pass: all timers of the next `delay` ring in their order,
/// and what they wake runs until it waits again.
coro<void> advance(std::chrono::nanoseconds delay);

/// Waits until `predicate()` is true, looking whenever time passes.
/// @throws failed_check  if it is not within `limit` of virtual time.
template <class Predicate>
coro<void> eventually(Predicate predicate, std::chrono::nanoseconds limit
                                           = std::chrono::seconds{60});

/// Returns a random number that is the same in every run of the seed.
std::uint64_t random();

/// Says that the running step reads or writes variables that tasks share.
/// Only what the exhaustive strategy and partial-order sampling do depends on
/// it; in other runs and outside simulations it does nothing.
/// @param name  stands for the variables; steps that name the same one are
/// tried
///              in both orders.
void touch(std::string_view name);

/// Lets the strategy choose.
/// @param n  1 or more.
/// @returns 0 ... n - 1; 0 in an undisturbed run.
std::size_t choose(std::size_t n);

/// What `require` throws.
class failed_check : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Fails the run if `condition` is false.
/// @param what  said in the report.
/// @throws failed_check
void require(bool condition, std::string_view what = "requirement",
             detail::site where = detail::site::here());

template <class Predicate>
coro<void> eventually(Predicate predicate, std::chrono::nanoseconds limit) {
  std::chrono::nanoseconds end = time() + limit;
  std::chrono::nanoseconds pause{1'000};
  while (!predicate()) {
    co_await wait_all_tasks_blocked();
    if (predicate())
      break;
    require(time() < end, "eventually: it did not come true in time");
    co_await sleep(pause);
    pause = pause < std::chrono::seconds{1} ? pause * 2 : pause;
  }
}

// -- exploring ----------------------------------------------------------------

/// What `explore` may spend, and how.
struct explore_options {
  /// How many runs at most.
  std::uint64_t schedules = 10'000;
  /// The first run's seed; the others count up. `TROUPE_SEED` overrides it.
  std::uint64_t seed = 1;
  /// How the order is chosen. `TROUPE_STRATEGY` overrides it.
  strategy how = strategy::portfolio;
  /// PCT and delay bounding: the depth; 0: 2 to 6 in turn.
  unsigned depth = 0;
  /// A run with more steps has failed.
  std::uint64_t max_steps = 100'000;
  /// After so many choices a strategy goes on at random, so that programs that
  /// spin with `sleep(0s)` end.
  std::uint64_t fair_after = 10'000;
  /// Ends early after so many runs in a row that showed no new order.
  std::uint64_t nothing_new = 5'000;
  /// Every so many-th run is repeated and must be the same; 0: none.
  std::uint64_t recheck = 64;
  /// As in `simulation_options`.
  unsigned odds = 100;
  /// As in `simulation_options`.
  bool may_leave_tasks = false;
  /// As in `simulation_options`.
  bool may_break_cycles = false;
  /// As in `simulation_options`.
  std::vector<std::string> faults = {};
  /// True if tasks share no variables but those that they tell of by `touch`,
  /// so that fewer orders differ. See `strategy::exhaustive`.
  bool shares_told = false;
  /// False: a failure is told as it was found.
  bool shrink = true;
};

/// What `explore` found.
struct exploration {
  /// How many runs there were.
  std::uint64_t schedules = 0;
  /// Exhaustive: runs besides that turned out to repeat an order.
  std::uint64_t redundant = 0;
  /// How many different orders.
  std::uint64_t distinct = 0;
  /// Steps of all runs.
  std::uint64_t steps = 0;
  /// The longest run, in choices.
  std::uint64_t longest = 0;
  /// The most tasks in one run.
  std::uint64_t most_tasks = 0;
  /// Why it ended: "budget", "nothing new", "all orders", "failure", "replay".
  std::string ended;
  /// The failure, shrunk.
  std::optional<failure> found;
  /// Runs until it was found.
  std::uint64_t found_after = 0;
  /// Choices that were not the undisturbed ones: as found, and as shrunk.
  std::uint64_t switches_before = 0;
  /// See `switches_before`.
  std::uint64_t switches_after = 0;
  /// Steps of the failing run: as found, and as shrunk.
  std::uint64_t steps_before = 0;
  /// See `steps_before`.
  std::uint64_t steps_after = 0;
  /// Steps that came before others which asyncio would have made first: as
  /// found, and as shrunk.
  std::uint64_t early_before = 0;
  /// See `early_before`.
  std::uint64_t early_after = 0;

  /// True if nothing was found.
  bool ok() const noexcept {
    return !found;
  }

  /// Returns the report: the failure, or what was run and what it promises.
  std::string text() const;

  /// @cond PRIVATE
  struct bound {
    unsigned depth;
    double missed; // the chance that a bug of this depth was missed
  };

  std::vector<bound> bounds;
  /// @endcond
};

/// Runs a program again and again, each time in another order, until it fails
/// or the budget is spent. A failure is made as simple as possible.
///
/// With `TROUPE_SCHEDULE` in the environment only that schedule is run.
/// @param program  as for `simulation::run`; called anew for every run.
template <class F>
exploration explore(F&& program, explore_options options = {});

/// As `explore`, but throws what was found.
/// @throws failure
template <class F>
void check(F&& program, explore_options options = {});

/// Returns how often each short cut of production code was taken and refused by
/// the simulations of this process so far, as a table.
std::string short_cut_table();

/// @cond PRIVATE
} // namespace troupe::test

namespace troupe::detail {
test::exploration explore_program(program_ref program,
                                  const test::explore_options& options);
}

namespace troupe::test {
/// @endcond

template <class F>
exploration explore(F&& program, explore_options options) {
  return detail::explore_program(detail::program_of(program), options);
}

template <class F>
void check(F&& program, explore_options options) {
  auto found = detail::explore_program(detail::program_of(program), options);
  if (found.found)
    throw *found.found;
}

} // namespace troupe::test
