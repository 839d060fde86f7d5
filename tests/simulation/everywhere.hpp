#pragma once

// A cancellation at every await of every task of every scenario.
//
// With TROUPE_TEST_INJECT in the environment the scenarios are not explored:
// each is run without a cancellation first, to count how often each of its
// tasks waits; then once for each of these awaits and some seeds, with the task
// cancelled there. See everywhere.cpp.

#include <troupe/simulation.hpp>
#include <troupe/task.hpp>

#include <vector>

namespace everywhere {

// True if cancellations are injected in place of exploring.
bool wanted();

// True while they are: a scenario does not cancel by itself.
bool injecting();

// What a scenario says of a task whose cancellation it is made for: then
// everything it checks must hold. Of other tasks only what holds for any
// program.
void is_victim(const troupe::any_task& task);

void inject_at_each_await(troupe::detail::program_ref program,
                          bool may_break_cycles);

template <class F>
void cancel_at_each_await(F&& program, bool may_break_cycles = false) {
  inject_at_each_await(troupe::detail::program_of(program), may_break_cycles);
}

// Explores a scenario, or cancels at its awaits.
template <class F>
troupe::test::exploration explore(F&& program,
                                  troupe::test::explore_options options) {
  if (!wanted())
    return troupe::test::explore(program, std::move(options));
  cancel_at_each_await(program, options.may_break_cycles);
  return {};
}

} // namespace everywhere
