#pragma once

#include <exception>
#include <string>
#include <system_error>
#include <vector>

namespace troupe {

/// What can go wrong in troupe itself, as a portable `std::error_code` value.
/// The operating system's own errors keep their own codes.
enum class errc {
  invalid_state = 1,   ///< A future is not in the state that the call needs.
  timeout,             ///< A deadline passed.
  no_running_loop,     ///< Called outside `run()`.
  no_running_task,     ///< Called outside a task.
  loop_running,        ///< The loop runs already, here or in another thread.
  loop_closed,         ///< The loop was closed.
  loop_stopped,        ///< The loop was stopped before the future was done.
  wrong_loop,          ///< The object belongs to another loop.
  wrong_thread,        ///< Debug mode: called from a foreign thread.
  awaited_twice,       ///< A coroutine runs once.
  awaits_itself,       ///< A task that waits for its own end never ends.
  concurrent_read,     ///< Two tasks read one stream at the same time.
  incomplete_read,     ///< The stream ended before all bytes came.
  limit_overrun,       ///< A line or separator lies beyond the limit.
  connection_closed,   ///< The transport is closed.
  server_closed,       ///< The server is closed or already serving.
  executor_shut_down,  ///< The pool takes no more work.
  not_supported,       ///< The object cannot do this by its nature.
  several_errors,      ///< An `exception_group` holds the details.
  not_acquired,        ///< Nobody holds the lock that the call is about.
  too_often,           ///< More was given back than had been taken.
  queue_empty,         ///< There is no item.
  queue_full,          ///< There is no room for another item.
  queue_shut_down,     ///< The queue was shut down.
  broken_barrier,      ///< The barrier was aborted or reset.
  channel_closed,      ///< The channel was closed.
  node_lost,           ///< A node crashed, paused or cannot be reached.
  node_refused,        ///< A node does not want to talk to this one.
  bad_identity,        ///< A certificate or key of a node is wrong or missing.
  not_published,       ///< The node has nothing of that name and kind.
  failed_remotely,     ///< An exception on another node.
  bad_message,         ///< What another node sent makes no sense.
  actor_ended,         ///< The actor that was asked has ended.
  no_answer,           ///< The request was dropped, or answered otherwise.
  mailbox_full,        ///< The receiver's mailbox has no room.
  exit_signalled,      ///< Another actor has ended this one.
  restarted_too_often, ///< A supervisor gives up.
};

/// Returns the category of `errc`, named "troupe".
const std::error_category& troupe_category() noexcept;

/// Makes an `std::error_code` of an `errc`.
std::error_code make_error_code(errc code) noexcept;

/// Base of all errors that troupe itself raises: it can be compared by code,
/// and `what()` says which object it was and what to do.
class error : public std::system_error {
public:
  /// @param code  what kind of error this is.
  /// @param text  the whole text that `what()` returns.
  error(errc code, std::string text);

  /// Returns the text as it was given, without the category's message.
  const char* what() const noexcept override;

private:
  std::string text_;
};

/// A future was read before it was done, or completed twice.
/// @par Source
/// `asyncio.InvalidStateError`.
class invalid_state_error : public error {
public:
  /// @param text  what was tried on which future.
  explicit invalid_state_error(std::string text);
};

/// A deadline passed.
/// @par Source
/// `TimeoutError`.
class timeout_error : public error {
public:
  /// @param text  what took too long.
  explicit timeout_error(std::string text);
};

/// The stream ended before the bytes that were asked for had come.
/// @par Source
/// `asyncio.IncompleteReadError`.
class incomplete_read_error : public error {
public:
  /// @param got   the bytes read before the end.
  /// @param want  how many bytes were asked for; 0 where that is unknown.
  incomplete_read_error(std::string got, std::size_t want);

  /// The bytes read before the end; no longer in the stream.
  std::string partial;

  /// How many bytes were asked for; 0 where a separator was asked for.
  std::size_t expected;
};

/// No separator came within the reader's limit. The data stays in the stream.
/// @par Source
/// `asyncio.LimitOverrunError`.
class limit_overrun_error : public error {
public:
  /// @param text  the limit and what was looked for.
  /// @param scanned  bytes looked at, at least the limit.
  limit_overrun_error(std::string text, std::size_t scanned);

  /// How many bytes can be taken with `readexactly` to get past them.
  std::size_t consumed;
};

/// `get_nowait()` found no item.
/// @par Source
/// `asyncio.QueueEmpty`.
class queue_empty : public error {
public:
  /// @param text  which queue.
  explicit queue_empty(std::string text);
};

/// `put_nowait()` found no room.
/// @par Source
/// `asyncio.QueueFull`.
class queue_full : public error {
public:
  /// @param text  which queue.
  explicit queue_full(std::string text);
};

/// The queue was shut down: it takes no items, and has none left to give.
/// @par Source
/// `asyncio.QueueShutDown`.
class queue_shut_down : public error {
public:
  /// @param text  which queue.
  explicit queue_shut_down(std::string text);
};

/// The barrier was aborted, or reset while the task waited.
/// @par Source
/// `asyncio.BrokenBarrierError`.
class broken_barrier_error : public error {
public:
  /// @param text  which barrier.
  explicit broken_barrier_error(std::string text);
};

/// The channel was closed: nothing can be sent, and nothing is left to receive.
class channel_closed : public error {
public:
  /// @param text  which channel.
  explicit channel_closed(std::string text);
};

/// Another node crashed, was stopped, paused for too long or cannot be reached.
/// Whether it has done what was asked of it last is unknown.
class node_lost_error : public error {
public:
  /// @param node  its name.
  /// @param text  what happened.
  node_lost_error(std::string node, std::string text);

  /// The name of the node that was lost.
  const std::string& node() const noexcept {
    return node_;
  }

private:
  std::string node_;
};

/// An exception that left something on another node and that is of no kind
/// that troupe knows; the text says of which type it was.
class remote_error : public error {
public:
  /// @param text  the type and the text of the exception, and the node.
  explicit remote_error(std::string text);
};

/// The actor that was asked has ended, or ended before it answered.
class actor_ended_error : public error {
public:
  /// @param text  which actor, and why it ended.
  explicit actor_ended_error(std::string text);
};

/// A request was dropped without an answer, or its answer has another type.
class no_answer_error : public error {
public:
  /// @param text  which request.
  explicit no_answer_error(std::string text);
};

/// The mailbox of the receiver is bounded and full.
class mailbox_full_error : public error {
public:
  /// @param text  whose mailbox.
  explicit mailbox_full_error(std::string text);
};

/// Why an actor has ended that another one ended.
class exit_error : public error {
public:
  /// @param reason  what the other one gave as the reason.
  explicit exit_error(std::string reason);
};

/// Several errors at once. `<troupe/exception_group.hpp>` has helpers to find
/// and divide them.
/// @par Source
/// `ExceptionGroup`.
class exception_group : public error {
public:
  /// @param text  what the errors have in common.
  /// @param errors  at least one error.
  exception_group(std::string text, std::vector<std::exception_ptr> errors);

  /// The text that was given, without the number of errors.
  const std::string& message() const noexcept {
    return message_;
  }

  /// The errors, in the order in which they happened.
  const std::vector<std::exception_ptr>& exceptions() const noexcept {
    return errors_;
  }

private:
  std::string message_;
  std::vector<std::exception_ptr> errors_;
};

/// Thrown at an `await` of a task that is being cancelled.
///
/// It stands outside `std::exception`, so `catch (const std::exception&)` lets
/// it pass. Whoever catches it for clean-up throws it again.
/// @par Source
/// `asyncio.CancelledError`.
class cancelled_error final {
public:
  /// @param message  the text given to `cancel()`.
  explicit cancelled_error(std::string message = {});

  /// The text given to `cancel()`; empty if there was none.
  const std::string& message() const noexcept {
    return message_;
  }

private:
  std::string message_;
};

/// Ctrl-C ended the program. Leaves the loop at once; outside
/// `std::exception`.
/// @par Source
/// `KeyboardInterrupt`.
class keyboard_interrupt {};

/// Asks to end the program. Leaves the loop at once; outside `std::exception`.
/// @par Source
/// `SystemExit`.
class system_exit {
public:
  /// @param status  the exit status, 0 to 255.
  explicit system_exit(int status = 0) noexcept : status_(status) {}

  /// The exit status.
  int status() const noexcept {
    return status_;
  }

private:
  int status_;
};

/// Describes an exception in one line: its type and its text.
/// @param problem  the exception, or null ("no exception").
std::string describe(const std::exception_ptr& problem);

} // namespace troupe

template <>
struct std::is_error_code_enum<troupe::errc> : std::true_type {};
