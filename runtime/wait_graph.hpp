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

// The tasks that wait for each other, `task` among them, a line each; empty if
// it may go on. That is a circle, or, where some wait for several, a knot: who
// waits for all is stuck with one of them, who waits for any with all of them.
std::string wait_circle(const task_base& task);

// A circle, where all that is held is taken to be given back by whoever holds
// it; empty if there is none.
std::string likely_circle(loop_core& loop);

} // namespace troupe::detail
