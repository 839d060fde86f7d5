#pragma once

/// @file
/// The opt-in bridge to CAF: the only public header that includes CAF's.

#include <troupe/loop.hpp>
#include <troupe/task.hpp>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

namespace troupe {

/// Returns the actor system whose scheduler the loop is. Ordinary CAF actors
/// that are spawned in it run on the loop, their timers on its clock.
/// @param loop  a loop that is not closed.
caf::actor_system& system_of(const event_loop& loop);

template <class T>
caf::actor task<T>::actor() const {
  return any_task{*this}.actor();
}

} // namespace troupe
