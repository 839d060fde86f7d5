#pragma once

#include <string>

namespace troupe::detail {

class loop_core;
class task_base;

// Who waits for whom: a line for each task that waits, with the places of its
// awaits. Empty if nobody waits.
std::string wait_graph(loop_core& loop);

// The places alone: the same for deadlocks of the same cause.
std::string wait_places(loop_core& loop);

// The circle of tasks that `task` is part of, a line each; empty if it is in
// none.
std::string wait_circle(const task_base& task);

// A circle, where all that is held is taken to be given back by whoever holds
// it; empty if there is none.
std::string likely_circle(loop_core& loop);

} // namespace troupe::detail
