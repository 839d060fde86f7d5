#pragma once

#include <troupe/detail/remote_handle.hpp>
#include <troupe/node.hpp>
#include <troupe/remote_actor.hpp>
#include <troupe/remote_queue.hpp>

#include <optional>
#include <utility>
#include <vector>

/// @file
/// Handles of what another node has published. They are awaited like the things
/// themselves; what needs no waiting there needs an answer here, so it is
/// awaited, too.
///
/// All of them throw `node_lost_error` when the node is lost, also while they
/// wait; `error` (`errc::not_published`) if the name is withdrawn; and what the
/// thing itself throws. Another exception comes as `remote_error`.

namespace troupe {

/// Holds a lock of another node and releases it at the end of its scope. Can be
/// moved.
class [[nodiscard]] remote_lock_guard {
public:
  /// Releases the lock before the end of the scope.
  /// @throws error  (`errc::not_acquired`) if it holds none.
  void release();

  /// True until `release()`, or until it was moved from. False as well when
  /// the node is known to be lost: then the lock may be somebody else's.
  bool owns_lock() const noexcept {
    return grant_.held();
  }

  /// Returns the fencing token: a number that grows with each grant. What the
  /// lock guards should refuse a smaller one than it has seen.
  std::uint64_t token() const noexcept {
    return grant_.token();
  }

  /// @cond PRIVATE
  explicit remote_lock_guard(detail::remote_grant grant) noexcept
    : grant_(std::move(grant)) {}
  /// @endcond

private:
  detail::remote_grant grant_;
};

/// A lock of another node. It stands in the same line as the tasks there. If
/// this node is lost to the other one, the next in line gets the lock.
///
/// It is no consensus lock: after a partition, its holder may believe for a
/// while that it still has it. The fencing token says who is right.
class remote_lock : public detail::remote_handle {
public:
  using detail::remote_handle::remote_handle;

  /// Waits until the lock is ours; the guard releases at the end of its scope.
  /// @par Cancellation
  /// The task leaves the line; a lock that was on its way goes back.
  coro<remote_lock_guard> scoped() const;

  /// As `scoped()`; empty if that is not possible without waiting in line.
  coro<std::optional<remote_lock_guard>> try_scoped() const;

  /// Waits until the lock is ours, until `release()`.
  /// @returns the fencing token.
  coro<std::uint64_t> acquire();

  /// Releases what this handle, or a copy, acquired; the oldest grant first.
  /// @throws error  (`errc::not_acquired`) if there is none.
  void release();

  /// True if somebody holds it.
  coro<bool> locked() const;

private:
  std::shared_ptr<std::vector<remote_lock_guard>> held_
    = std::make_shared<std::vector<remote_lock_guard>>();
};

/// Holds a permit of another node and returns it at the end of its scope. Can
/// be moved.
class [[nodiscard]] remote_semaphore_guard {
public:
  /// Returns the permit before the end of the scope.
  /// @throws error  (`errc::not_acquired`) if it holds none.
  void release();

  /// As `remote_lock_guard::owns_lock`.
  bool owns_permit() const noexcept {
    return grant_.held();
  }

  /// @cond PRIVATE
  explicit remote_semaphore_guard(detail::remote_grant grant) noexcept
    : grant_(std::move(grant)) {}
  /// @endcond

private:
  detail::remote_grant grant_;
};

/// A semaphore of another node. Permits that a lost node held go to the next in
/// line.
class remote_semaphore : public detail::remote_handle {
public:
  using detail::remote_handle::remote_handle;

  /// Waits for a permit; the guard returns it at the end of its scope.
  /// @par Cancellation
  /// As `remote_lock::scoped`.
  coro<remote_semaphore_guard> scoped() const;

  /// Waits for a permit, until `release()`.
  /// @returns true.
  coro<bool> acquire();

  /// Returns a permit that this handle, or a copy, acquired; if it has none,
  /// gives the semaphore one more. Does not wait.
  void release();

  /// True if `acquire()` would wait.
  coro<bool> locked() const;

private:
  std::shared_ptr<std::vector<remote_semaphore_guard>> held_
    = std::make_shared<std::vector<remote_semaphore_guard>>();
};

/// An event of another node.
class remote_event : public detail::remote_handle {
public:
  using detail::remote_handle::remote_handle;

  /// Waits until the event is set.
  /// @returns true.
  coro<bool> wait() const;

  /// Sets the event; does not wait.
  void set() const;

  /// Takes the setting back; does not wait.
  void clear() const;

  /// True if it is set.
  coro<bool> is_set() const;
};

/// A task of another node.
/// @tparam T  its result; as for `remote_queue`, or `void`.
template <class T = void>
class remote_task : public detail::remote_handle {
public:
  /// @cond PRIVATE
  remote_task(peer there, std::string name)
    : remote_handle(std::move(there), std::move(name)),
      ref_(detail::stand_in_for(peer_, name_)) {}
  /// @endcond

  /// Waits for its end.
  /// @throws cancelled_error  if it was cancelled.
  /// @throws remote_error  what it threw, unless troupe knows the type.
  /// @par Cancellation
  /// Cancels the task, as that of a task here does. The loss of a node that
  /// waits does not.
  coro<T> result() const {
    return look<T>(*this, detail::task_verb::await);
  }

  /// As `result()`, for `co_await`.
  auto operator co_await() const {
    return result().operator co_await();
  }

  /// Asks the task to cancel.
  /// @returns false if it was done before.
  coro<bool> cancel(std::string message = {}) const {
    return look<bool>(*this, detail::task_verb::cancel,
                      detail::to_wire(message));
  }

  /// True if it has ended.
  coro<bool> done() const {
    return look<bool>(*this, detail::task_verb::done);
  }

  /// Names it for `unlink`, `send_exit` and the like. `monitor` and `link` take
  /// the handle itself.
  const actor_ref& ref() const noexcept {
    return ref_;
  }

private:
  actor_ref ref_;
};

template <class Signature>
class remote_function;

/// A function of another node.
/// @tparam R  what it gives, or `void`; as for `remote_queue`.
/// @tparam Args  what it takes, by value; as for `remote_queue`.
template <class R, class... Args>
class remote_function<R(Args...)> : public detail::remote_handle {
public:
  using detail::remote_handle::remote_handle;

  /// Calls it and waits for its result. If the node is lost meanwhile, it is
  /// not known how far the call came.
  /// @throws remote_error  what it threw, unless troupe knows the type.
  /// @par Cancellation
  /// Cancels the task that serves the call, and waits for its end.
  coro<R> operator()(Args... args) const {
    return look<R>(*this, detail::function_verb::call,
                   detail::to_wire(std::tuple<Args...>{std::move(args)...}));
  }
};

namespace detail {

template <class T>
struct remote_of;
template <class R, class... Args>
struct remote_of<R(Args...)> {
  using type = remote_function<R(Args...)>;
};
template <class T>
struct remote_of<queue<T>> {
  using type = remote_queue<T>;
};
template <>
struct remote_of<lock> {
  using type = remote_lock;
};
template <>
struct remote_of<semaphore> {
  using type = remote_semaphore;
};
template <>
struct remote_of<event> {
  using type = remote_event;
};
template <class T>
struct remote_of<task<T>> {
  using type = remote_task<T>;
};

template <class T, class Remote = typename remote_of<T>::type>
coro<Remote> find_remote(peer there, std::string name) {
  co_await check_kind(there, name, kind_of<T>::text());
  co_return Remote{std::move(there), std::move(name)};
}

} // namespace detail

/// Finds what another node has published.
/// @tparam T  what it is there: `queue<int>`, `lock`, `semaphore`, `event`,
///            `task<int>`, `actor_ref`, or the signature of a function without
///            its `coro`, `int(std::string)`. A priority or LIFO queue is a
///            `queue` from here.
/// @returns a `remote_queue<int>`, `remote_lock` and so on.
/// @throws error  (`errc::not_published`) if there is nothing of this name, or
///                it is of another kind or holds another type.
template <class T>
auto remote(const peer& there, std::string name) {
  if constexpr (std::is_same_v<T, actor_ref>)
    return detail::find_actor(there, std::move(name));
  else
    return detail::find_remote<T>(there, std::move(name));
}

} // namespace troupe
