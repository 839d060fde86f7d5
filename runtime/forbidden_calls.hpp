#pragma once

namespace troupe::detail {

// From now on a step of a simulated program that calls what reaches out of the
// simulation (clocks, sleeps, threads, sockets, randomness) fails its run, with
// a text that names the call and what to use instead. Calls elsewhere go
// through, at the cost of a look at a thread-local.
//
// The calls are caught by rewriting the tables through which programs and
// libraries call others (the GOT), when the first simulation is made: so it
// works with static and shared builds, and a program without simulations has
// nothing of it. An interposing function of the same name in our library would
// be linked into every program that uses that function.
//
// Returns false where it does not work: elsewhere than on Linux with glibc on
// x86-64 and AArch64, and under sanitizers, which catch the same calls.
bool watch_forbidden_calls() noexcept;

} // namespace troupe::detail
