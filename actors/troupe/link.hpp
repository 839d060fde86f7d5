#pragma once

/// @file
/// How actors watch each other's end: monitors, links, exits.

#include <troupe/actor.hpp>

#include <exception>
#include <string>
#include <utility>

namespace troupe {

/// Why an actor has ended, as an exception.
class exit_reason {
public:
  /// A normal end.
  exit_reason() noexcept = default;

  /// @param problem  the exception that ended it: its own, `cancelled_error`,
  /// or
  ///                 an `exit_error` that another actor sent. Null: a normal
  ///                 end.
  exit_reason(std::exception_ptr problem) noexcept
    : problem_(std::move(problem)) {}

  /// True if the actor came to its end by itself, without an exception.
  bool normal() const noexcept {
    return !problem_;
  }

  /// True if it was cancelled.
  bool cancelled() const noexcept;

  /// Returns the exception; null for a normal end.
  const std::exception_ptr& exception() const noexcept {
    return problem_;
  }

  /// Throws the exception, unless the end was normal.
  void rethrow() const;

  /// Returns one line of text.
  friend std::string to_string(const exit_reason& x);

private:
  std::exception_ptr problem_;
};

/// What names a monitor, for `demonitor`.
using monitor_id = std::uint64_t;

/// The message that an actor has ended, to each that monitored it.
struct down {
  /// Who has ended.
  actor_ref who;
  /// Why.
  exit_reason reason;
  /// What `monitor` returned.
  monitor_id id = 0;
};

/// The message that a linked actor has ended, to a task that traps exits.
struct exit_signal {
  /// Who has ended, or has sent it.
  actor_ref who;
  /// Why.
  exit_reason reason;
};

/// The running task gets a `down` message when `target` ends; at once if it has
/// ended.
/// @returns  a number that no other monitor of this task has.
monitor_id monitor(const actor_ref& target);

/// Takes a monitor back; a `down` of it that is in the mailbox already is
/// removed.
void demonitor(monitor_id which);

/// Joins the ends of the running task and `target`: if one ends by an exception
/// or a cancellation, the other is cancelled, or gets an `exit_signal` if it
/// traps exits. A normal end cancels nobody.
void link(const actor_ref& target);

/// Takes a link back.
void unlink(const actor_ref& target);

/// Chooses what an exit of a linked actor is for the running task.
/// @param on  true: an `exit_signal` message; false: a cancellation.
/// @returns  what it was before.
bool trap_exit(bool on);

/// Sends an exit to an actor, as if a linked one had ended for that reason.
/// @param reason  what the actor's monitors and links are told.
void send_exit(const actor_ref& target, std::string reason);

} // namespace troupe
