#pragma once

#include <troupe/simulation.hpp>

#include "runtime/schedule.hpp"
#include "runtime/simulator.hpp"

namespace troupe::detail {

// A loop under a simulator, for one run after the other. After a failure the
// loop is thrown away, and the next run gets a new one.
class simulated_world {
public:
  simulated_world() = default;
  simulated_world(const simulated_world&) = delete;
  simulated_world& operator=(const simulated_world&) = delete;
  ~simulated_world();

  // Runs the program; afterwards `sim()` knows what came of it.
  void run(program_ref program, run_plan plan, bool may_leave_tasks);

  simulator& sim() noexcept {
    return simulator_;
  }

private:
  void make_loop();
  void drop_loop() noexcept;
  void run_main(program_ref program);
  void look_for_left_overs(bool may_leave_tasks);
  void finish_left_overs();
  void count_short_cuts();

  simulator simulator_;
  event_loop loop_;
  short_cut_coverage counted_; // those that the table has
};

// The text of a failed run, all in all at most 40 lines.
test::failure failure_of(const simulator& sim, const run_plan& plan);

// The simulator that runs this thread's program, or null.
simulator* this_simulator() noexcept;

strategy_kind kind_of(test::strategy how, std::uint64_t run) noexcept;

} // namespace troupe::detail
