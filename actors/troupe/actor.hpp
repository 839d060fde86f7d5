#pragma once

/// @file
/// Tasks as actors: messages, requests, mailboxes.

#include <troupe/detail/receive_op.hpp>
#include <troupe/error.hpp>
#include <troupe/task.hpp>

#include <string>
#include <utility>

namespace troupe {

/// Names something that takes messages: a task, or an actor of CAF
/// (`<troupe/caf.hpp>`). Copies name the same actor; holding one does not keep
/// the actor from ending.
class actor_ref {
public:
  /// Names nobody.
  actor_ref() noexcept = default;

  /// Names a task.
  actor_ref(const any_task& task) : at_{detail::ref{task.core()}, nullptr} {}

  /// Names a task.
  template <class T>
  actor_ref(const task<T>& task) : actor_ref(any_task{task}) {}

  /// True if it names somebody.
  explicit operator bool() const noexcept {
    return static_cast<bool>(at_);
  }

  /// True if both name the same actor.
  friend bool operator==(const actor_ref& x, const actor_ref& y) noexcept {
    return x.at_ == y.at_;
  }

  /// Returns the name: `Task-2`, or CAF's name and number.
  friend std::string to_string(const actor_ref& x) {
    return detail::describe(x.at_);
  }

  /// @cond PRIVATE
  explicit actor_ref(detail::address at) noexcept : at_(std::move(at)) {}

  const detail::address& at() const noexcept {
    return at_;
  }

  /// @endcond

private:
  detail::address at_;
};

/// Returns the running task.
/// @throws error  (`errc::no_running_task`) outside a task.
actor_ref self();

// -- sending ------------------------------------------------------------------

/// The type of `urgent`.
struct urgent_t {};

/// As the second argument of `tell` or the third of `ask`: the message is taken
/// before all that are not urgent.
inline constexpr urgent_t urgent{};

namespace detail {

void send(const address& to, message& what);

template <class... Args>
message* make_message(Args&&... args) {
  return new typed<message, stored_t<Args>...>(std::forward<Args>(args)...);
}

template <class R, class... Args>
local_request* make_request(Args&&... args) {
  return new typed<request_for<R>, stored_t<Args>...>(
    std::forward<Args>(args)...);
}

} // namespace detail

/// Sends a message and does not wait. Messages of one sender to one receiver
/// keep their order. A message to an actor that has ended is counted and
/// reported, see `dead_letters()`.
/// @param to    who receives it, on this or another loop of the process.
/// @param args  the message: copied or moved, text as `std::string`.
/// @throws mailbox_full_error  if the receiver's mailbox is bounded and full,
///                             unless its policy is to drop.
/// @par Source
/// Erlang's `!`; asyncio has no word for it.
template <class... Args>
void tell(const actor_ref& to, Args&&... args) {
  detail::send(to.at(), *detail::make_message(std::forward<Args>(args)...));
}

/// As above, before all messages that are not urgent.
template <class... Args>
void tell(const actor_ref& to, urgent_t, Args&&... args) {
  auto* what = detail::make_message(std::forward<Args>(args)...);
  what->urgent = true;
  detail::send(to.at(), *what);
}

/// Sends a request and waits for its answer: what the receiver's handler
/// returned, or what was given to its `reply`.
/// @tparam R  the type of the answer, exactly.
/// @param to     who is asked.
/// @param limit  how long to wait; nothing for no limit.
/// @param args   the request, as in `tell`.
/// @returns  what the answer is.
/// @throws timeout_error  if there is no answer in time.
/// @throws actor_ended_error  if the receiver has ended, or ends before it
///         answers; in the same turn if it had ended before.
/// @throws no_answer_error  if the request was dropped without an answer, or
///         answered with another type.
/// @throws error  (`errc::wrong_loop`) if the receiver is an actor of CAF that
///         runs on another loop.
/// @throws  whatever the receiver's handler threw.
/// @par Cancellation
/// The request stays with the receiver; its answer is dropped.
/// @par Source
/// CAF's `request(...).then`; `gen_server:call` of Erlang.
template <class R = void, class... Args>
[[nodiscard]] detail::ask_op<R> ask(const actor_ref& to, time_limit limit,
                                    Args&&... args) {
  return detail::ask_op<R>{
    to.at(), detail::make_request<R>(std::forward<Args>(args)...), limit};
}

/// As above, before all messages that are not urgent.
template <class R = void, class... Args>
[[nodiscard]] detail::ask_op<R> ask(const actor_ref& to, time_limit limit,
                                    urgent_t, Args&&... args) {
  auto* what = detail::make_request<R>(std::forward<Args>(args)...);
  what->urgent = true;
  return detail::ask_op<R>{to.at(), what, limit};
}

// -- receiving ----------------------------------------------------------------

/// Waits for a message that one of the handlers takes, and calls that handler.
/// A handler takes the messages whose values have the types of its parameters,
/// exactly; others stay in the mailbox, in their order. Of urgent messages the
/// first that fits is taken, then of the others.
///
/// What a handler returns answers a request, and is dropped if the message was
/// none. A handler whose first parameter is a `reply<R>` answers later. What a
/// handler throws is the answer of a request, or else goes out of the await.
/// @param handlers  functions with fixed parameter types that do not await.
/// @throws cancelled_error  if the task is cancelled while it waits.
/// @par Cancellation
/// No message is lost.
/// @par Source
/// Erlang's `receive`; asyncio has no word for it.
template <class... Handlers>
  requires(sizeof...(Handlers) > 0)
[[nodiscard]] detail::receive_op<std::decay_t<Handlers>...>
receive(Handlers&&... handlers) {
  return detail::receive_op<std::decay_t<Handlers>...>{
    time_limit{}, std::forward<Handlers>(handlers)...};
}

/// As above for a limited time.
/// @returns  from the await: false if no message came in time. A limit of zero
///           looks at what is there, without waiting.
template <class... Handlers>
  requires(sizeof...(Handlers) > 0)
[[nodiscard]] detail::receive_op<std::decay_t<Handlers>...>
receive_for(time_limit limit, Handlers&&... handlers) {
  return detail::receive_op<std::decay_t<Handlers>...>{
    limit, std::forward<Handlers>(handlers)...};
}

/// Waits for a message that is one `T`, and returns it.
template <class T>
[[nodiscard]] detail::receive_value_op<T, false> receive() {
  return detail::receive_value_op<T, false>{time_limit{}};
}

/// As above for a limited time.
/// @returns  from the await: an empty optional if none came in time.
template <class T>
[[nodiscard]] detail::receive_value_op<T, true> receive_for(time_limit limit) {
  return detail::receive_value_op<T, true>{limit};
}

/// The right to answer a request, once. It may be kept, moved and used in any
/// task or thread. Dropped without an answer, it answers with
/// `no_answer_error`.
/// @tparam R  the type of the answer.
template <class R = void>
class reply {
public:
  /// Answers nothing.
  reply() noexcept = default;

  /// Takes the right from `other`.
  reply(reply&& other) noexcept
    : request_(std::exchange(other.request_, nullptr)) {}

  /// Drops its own right and takes that of `other`.
  reply& operator=(reply&& other) noexcept {
    if (this != &other) {
      drop();
      request_ = std::exchange(other.request_, nullptr);
    }
    return *this;
  }

  ~reply() {
    drop();
  }

  /// True until it was answered. False from the start if the message came by
  /// `tell`: then an answer goes nowhere.
  explicit operator bool() const noexcept {
    return request_ != nullptr;
  }

  /// Answers with a value, or with none if `R` is void.
  template <class... Args>
  void set_result(Args&&... args) {
    if constexpr (std::is_void_v<R>) {
      static_assert(sizeof...(Args) == 0);
      if (detail::request* asked = std::exchange(request_, nullptr))
        asked->answer(nullptr, nullptr);
    } else {
      using kept = detail::stored_t<R>;
      kept value(std::forward<Args>(args)...);
      if (detail::request* asked = std::exchange(request_, nullptr))
        asked->answer(&detail::value_type_of<kept>, &value);
    }
  }

  /// Answers with an exception, which is thrown at the asker's await.
  void set_exception(std::exception_ptr problem) {
    if (detail::request* asked = std::exchange(request_, nullptr))
      asked->fail(std::move(problem));
  }

  /// @cond PRIVATE
  explicit reply(detail::request* asked) noexcept : request_(asked) {
    if (asked)
      asked->defer();
  }

  /// @endcond

private:
  void drop() noexcept {
    if (request_)
      std::exchange(request_, nullptr)->discard();
  }

  detail::request* request_ = nullptr;
};

// -- mailboxes ----------------------------------------------------------------

/// What happens to a message for a mailbox that is full.
enum class full_policy : std::uint8_t {
  wait, ///< `send` waits for room; `tell` throws.
  drop, ///< The message is dropped; drops are counted.
  fail, ///< `tell` and `send` throw.
};

/// How a mailbox treats many messages.
struct mailbox_options {
  /// At this many messages it is reported, once, with sender and receiver; 0:
  /// never.
  std::size_t high_water = 10'000;
  /// The most messages that it holds; 0: any number. Requests, and messages of
  /// CAF's actors, do not wait: with `full_policy::wait` they are let in.
  std::size_t bound = 0;
  /// What happens to one more.
  full_policy when_full = full_policy::wait;
};

/// What a mailbox looks like.
struct mailbox_statistics {
  /// Messages that nobody has received yet.
  std::size_t size = 0;
  /// The most that there ever were.
  std::size_t most = 0;
  /// How many were dropped since it was full.
  std::uint64_t dropped = 0;
};

/// Sets how the running task's mailbox treats many messages.
void set_mailbox(const mailbox_options& how);

/// Returns what the running task's mailbox looks like.
mailbox_statistics get_mailbox();

/// Returns how many messages were sent to tasks of the running loop that had
/// ended. They are reported to its exception handler, at most once a second.
/// What a task had not received when it ended does not count.
std::uint64_t dead_letters();

namespace detail {

coro<void> send_waiting(address to, message_holder what);

} // namespace detail

/// As `tell`, but waits for room if the receiver's mailbox is bounded and full
/// and its policy is to wait.
/// @par Cancellation
/// The message is not sent.
template <class... Args>
[[nodiscard]] coro<void> send(actor_ref to, Args... args) {
  return detail::send_waiting(
    to.at(), detail::message_holder{detail::make_message(std::move(args)...)});
}

} // namespace troupe
