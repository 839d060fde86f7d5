#pragma once

#include <troupe/detail/job.hpp>

#include "runtime/strategy.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::detail {

class frame_base;
class future_core;
class op;
class simulated_network;
class task_base;

// A choice that was not the undisturbed one: the `place`-th of its run.
//
// Undisturbed, the job that became ready first goes next, as in asyncio. After
// a disturbance the actor that it preferred stays preferred while it is ready.
// So "this task runs ahead by ten steps" is one deviation, not ten.
struct deviation {
  std::uint64_t place;
  std::uint32_t taken;

  bool operator==(const deviation&) const = default;
};

// One step, for people to read.
struct step_text {
  std::uint64_t number;
  std::int64_t time; // nanoseconds since the run began
  std::string who;
  std::string where;
  std::uint32_t taken;
  std::uint32_t ways; // how many could have run
};

enum class failure_kind : std::uint8_t {
  none,
  exception, // the program threw
  unhandled, // an exception or a warning that nobody took
  deadlock,
  left_over, // tasks, actors or connections after the end
  endless,   // more steps than allowed
  forbidden, // a call out of the simulation
  rule,      // an op was answered twice
  diverged,  // a replayed schedule does not fit
};

const char* name_of(failure_kind kind) noexcept;

// The short cuts of production code, each of which a simulation takes or not.
enum class short_cut : std::uint8_t {
  write_at_once,   // a write goes to the system inside the call
  read_at_once,    // a read takes what the system has inside the call
  cancel_in_place, // whoever cancels asks the op, instead of the task's next
                   // step
  count,
};

const char* name_of(short_cut which) noexcept;

// How often each short cut was taken and refused.
struct short_cut_coverage {
  std::uint64_t taken[static_cast<std::size_t>(short_cut::count)] = {};
  std::uint64_t refused[static_cast<std::size_t>(short_cut::count)] = {};
};

// What one run is to be.
struct run_plan {
  strategy_plan how;
  std::uint64_t seed = 0;
  bool replays = false; // then `deviations` are the choices
  std::vector<deviation> deviations;
  std::vector<std::uint8_t> checks; // what the steps must be, if not empty
  std::uint64_t most_steps = 0;     // 0: no limit
  bool records = false;             // keeps texts of the last steps, and checks
  bool may_break_cycles = false;    // a circle of waiters is no failure yet
  bool shares_told = false; // tasks tell by `touch` what variables they share
  unsigned odds = 100;      // in 1000: a short cut refused, a fault
  std::vector<std::string> faults = {}; // the fault points that may fail
};

// The third scheduler: one thread, virtual time, every choice made by a
// strategy. It runs the loop's jobs in place of `loop_core::turn`.
class simulator {
public:
  simulator();
  simulator(const simulator&) = delete;
  simulator& operator=(const simulator&) = delete;
  ~simulator();

  // The strategy goes on with its tree if `continues`.
  void begin(run_plan plan, std::uint64_t first_actor);

  std::int64_t now() const noexcept {
    return now_;
  }

  std::int64_t elapsed() const noexcept {
    return now_ - epoch;
  }

  // The program's task: when it has thrown or was cancelled, no other step
  // follows, since what
  // the others refer to went with its frame.
  void follow(const future_core* main) noexcept {
    main_ = main;
  }

  // The frame of a program that ended badly stays until `drop_frame`: tasks
  // that are dropped after it may refer to what was in it. False for other
  // tasks.
  bool keep_frame(const future_core& task, frame_base& root) noexcept {
    if (main_ != &task)
      return false;
    kept_frame_ = &root;
    return true;
  }

  void drop_frame() noexcept;

  // Runs jobs until the loop is stopped, as `loop_core::run_forever` does.
  void drive(loop_core& loop);

  // As above, until nothing is ready; time stands still.
  void drain(loop_core& loop);

  // One of 0 ... n - 1; 0 is the undisturbed choice.
  std::size_t choose(std::size_t n, unsigned odds);

  bool take(short_cut which);

  // The step that runs touches this.
  void touch(footprint::key what) {
    if (watches_steps_)
      touched_.add(what);
  }

  void touch(std::uint32_t& number) {
    if (number == 0) {
      number = ++touched_objects_;
      touch(footprint::everything);
    }
    touch(footprint::coordinator(number));
  }

  // Whether the fault point fails.
  bool fault(const char* name);

  std::uint64_t random() {
    touch(footprint::chance);
    return user_random_.next();
  }

  // Ends the run; the first failure counts.
  void fail(loop_core& loop, failure_kind kind, std::string what,
            std::string id = {});

  // `task` has gone to sleep.
  void blocked(const task_base& task);

  // The op is answered when nothing else can run.
  void when_quiet(op& waiter) {
    quiet_.push_back(&waiter);
  }

  bool forget_quiet(op& waiter) noexcept {
    return std::erase(quiet_, &waiter) > 0;
  }

  // The simulated network, made on first use.
  const std::shared_ptr<simulated_network>& network(loop_core& loop);

  // Nothing more happens in the network.
  void end_network() noexcept;

  // Some of the ready jobs may have to wait, or be gone.
  void look_again(loop_core& loop);

  // A fault was chosen in the step that runs.
  void remark(const char* what);

  // The first faults of a recorded run.
  const std::vector<std::string>& remarks() const noexcept {
    return remarks_;
  }

  // What a program called that reaches out of the simulation; the run fails.
  void forbid(const char* call, const char* instead);

  // -- what came of it
  // ---------------------------------------------------------------------------

  bool failed() const noexcept {
    return failure_ != failure_kind::none;
  }

  failure_kind failure() const noexcept {
    return failure_;
  }

  const std::string& failure_text() const noexcept {
    return failure_text_;
  }

  // The same for failures of the same cause.
  const std::string& failure_id() const noexcept {
    return failure_id_;
  }

  std::uint64_t trace_hash() const noexcept {
    return hash_;
  }

  std::uint64_t steps() const noexcept {
    return steps_;
  }

  // Those that others had been ready before.
  std::uint64_t early_steps() const noexcept {
    return early_steps_;
  }

  std::uint64_t choices() const noexcept {
    return choices_;
  }

  std::uint64_t actors() const noexcept {
    return actors_;
  }

  const std::vector<deviation>& deviations() const noexcept {
    return deviations_;
  }

  // False if the run was too long to keep its choices.
  bool choices_kept() const noexcept {
    return choices_kept_;
  }

  const std::vector<std::uint8_t>& checks() const noexcept {
    return checks_;
  }

  std::vector<step_text> last_steps() const;

  // By the numbers of the tasks; only of a recorded run.
  const std::vector<std::uint64_t>& awaits() const noexcept {
    return awaits_;
  }

  std::uint64_t injected() const noexcept {
    return injected_;
  }

  const short_cut_coverage& coverage() const noexcept {
    return coverage_;
  }

  strategy& chooser() noexcept {
    return strategy_;
  }

  // Virtual time begins here: not at 0, which programs may take for "never".
  static constexpr std::int64_t epoch = 1'000'000'000'000;

  // Steps whose check is kept, so that a schedule stays short.
  static constexpr std::size_t most_checks = 512;

private:
  static constexpr std::size_t kept_texts = 15;
  static constexpr std::size_t most_remarks = 6;
  static constexpr std::uint64_t nobody = ~std::uint64_t{0};

  void plan_injections();
  void count_await(loop_core& loop, std::uint64_t number);
  void watch_faults(bool some) noexcept;
  void watch_steps(bool some) noexcept;
  void begin_footprint(const job_label& label);
  void end_footprint(const candidate& who);
  void gather(loop_core& loop);
  bool stays(job& item);
  void give_back(loop_core& loop) noexcept;
  bool jump(loop_core& loop);
  void run_one(loop_core& loop);
  void note(const job_label& label, std::size_t taken, std::size_t ways,
            const job& item);
  void check_step(loop_core& loop, std::uint8_t mark, const job_label& label);
  void report_deadlock(loop_core& loop);
  std::size_t undisturbed(std::size_t ways) const noexcept;
  std::size_t forced(std::size_t otherwise);
  std::size_t chosen(std::size_t ways, std::size_t taken,
                     std::size_t otherwise);

  run_plan plan_;
  strategy strategy_;
  random_stream user_random_;
  std::int64_t now_ = epoch;
  std::uint64_t hash_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t early_steps_ = 0;
  std::uint64_t choices_ = 0;
  std::uint64_t serial_ = 0;
  std::uint64_t actors_ = 0;
  std::uint64_t first_actor_ = 0;
  std::size_t batch_ = 0;
  std::size_t front_ = 0; // the ready ones begin here
  std::vector<candidate> ready_;
  std::vector<op*> quiet_;
  std::vector<deviation> deviations_;
  std::size_t next_forced_ = 0;
  std::uint64_t preferred_ = nobody;
  const future_core* main_ = nullptr;
  frame_base* kept_frame_ = nullptr;
  bool choices_kept_ = true;
  std::vector<std::uint8_t> checks_;
  std::vector<step_text> texts_; // a ring
  std::vector<std::string> remarks_;
  failure_kind failure_ = failure_kind::none;
  std::string failure_text_;
  std::string failure_id_;
  short_cut_coverage coverage_;
  struct injection {
    std::uint64_t task;
    std::uint64_t await;
  };

  std::vector<injection> injections_;
  std::vector<std::uint64_t> awaits_;
  std::uint64_t injected_ = 0;
  bool counts_awaits_ = false;
  bool watches_faults_ = false;
  bool watches_steps_ = false;
  footprint touched_; // by the step that runs
  std::uint32_t touched_objects_ = 0;
  std::shared_ptr<simulated_network> network_;
  loop_core* loop_ = nullptr; // whose job runs
};

// Whose step runs on this thread, or null.
extern thread_local constinit simulator* this_step;

// Throws std::invalid_argument if `name` is none of a fault point, nor "*".
void check_fault_name(std::string_view name);

// Thrown through a loop whose simulation has failed.
struct simulation_stopped {};

} // namespace troupe::detail
