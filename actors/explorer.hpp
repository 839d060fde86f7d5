#pragma once

#include "actors/simulated_world.hpp"

#include <map>

namespace troupe::detail {

// One exploration: runs, repeats, and makes a failure simple.
class explorer {
public:
  explorer(program_ref program, const test::explore_options& options);

  test::exploration explore();

private:
  void replay(run_plan plan);
  void search();
  run_plan plan_for(std::uint64_t number);
  void run(const run_plan& plan);
  bool fails_with(const run_plan& plan, const std::string& id);
  void recheck(const run_plan& plan, std::uint64_t number);
  void tell_other_steps(const run_plan& plan, std::uint64_t number);
  void found(run_plan plan, std::uint64_t number);
  void shrink(run_plan& plan, const std::string& id);
  void leave_out(run_plan& plan, const std::string& id);
  void try_one_choice(run_plan& plan, const std::string& id);
  void try_other_runs(run_plan& plan, const std::string& id);
  void overtake_less(run_plan& plan, const std::string& id);
  void tell(run_plan plan);
  void count_bounds();

  program_ref program_;
  test::explore_options options_;
  test::exploration result_;
  simulated_world world_;
  std::uint64_t last_step_ = 0;                // of shrinking
  std::map<unsigned, std::uint64_t> pct_runs_; // by depth
};

} // namespace troupe::detail
