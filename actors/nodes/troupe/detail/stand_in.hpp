#pragma once

#include <troupe/actor.hpp>
#include <troupe/detail/exhibit.hpp>

namespace troupe {
class peer;
}

namespace troupe::detail {

// What all published actors and tasks do besides their own verbs.
enum class watch_verb : std::uint8_t {
  watch = 100, // answers when it ends
  link,        // the same; the loss of the peer ends it
  exit,        // told: why
};

inline bool is_watch(std::uint8_t verb) noexcept {
  return verb == static_cast<std::uint8_t>(watch_verb::watch)
      || verb == static_cast<std::uint8_t>(watch_verb::link);
}

// Serves `watch` and `link`.
coro<void> watch_for_peer(actor_ref who, std::uint8_t verb, visit& from);

// Serves `exit`.
void exit_by_peer(const actor_ref& who, std::string_view payload);

// Names an actor of another node for `monitor`, `link` and `send_exit`.
actor_ref stand_in_for(const peer& there, std::string name);

// As `ask_peer`, but whoever is cancelled, or out of time, does not wait for
// the peer: what it answers is dropped.
coro<std::string> ask_or_leave(std::shared_ptr<session> peer, std::string name,
                               std::uint8_t verb, std::string payload,
                               time_limit limit);

} // namespace troupe::detail
