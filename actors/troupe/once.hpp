#pragma once

#include <troupe/coro.hpp>
#include <troupe/detail/coordinator.hpp>

#include <concepts>
#include <utility>

namespace troupe {

namespace detail {

// The right to do it: given on to the next in line unless it was done.
class once_attempt {
public:
  explicit once_attempt(coordinator& core, bool exclusive) noexcept;

  once_attempt(once_attempt&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), exclusive_(other.exclusive_) {
  }

  once_attempt& operator=(once_attempt&&) = delete;

  ~once_attempt() {
    if (core_)
      end(false);
  }

  void done() noexcept {
    end(true);
  }

private:
  void end(bool done) noexcept;

  coordinator* core_;
  bool exclusive_;
};

// Waits for the right to do it, or for its end: true for the right.
class once_op final : public wait_op {
public:
  using wait_op::wait_op;

  bool ready(frame_base& frame);
  bool start() override;

  bool resume() {
    if (waited())
      state_ = wait_state::over;
    return mark_ == chosen;
  }

  // What `resume` returned true for.
  once_attempt attempt() noexcept {
    return once_attempt{*owner_, exclusive()};
  }

  enum mark : std::uint8_t { nothing, chosen };
};

} // namespace detail

/// What a `once` looks like at one moment.
struct once_statistics {
  /// True if it was done.
  bool done = false;
  /// The name of the task that does it; empty if nobody does.
  std::string runner = {};
  /// How many tasks wait for its end.
  std::size_t waiting = 0;
};

/// Does something once, however many tasks ask for it: the first one does it,
/// the others wait for its end. If it fails or is cancelled, that one task gets
/// the error, and the next in line does it.
///
/// Copies name the same object. It can be made anywhere, also as a global, and
/// belongs to the loop that first uses it.
/// @par Source
/// `std::once_flag` with `std::call_once`; `sync.Once` of Go, which takes a
/// failure for done.
class once : public detail::coordinator_handle {
public:
  /// Makes one that was not done.
  /// @param name  for messages.
  explicit once(std::string_view name = {});

  /// Runs `function` unless that was done; otherwise waits until somebody else
  /// has done it. If it was done, the task does not suspend.
  ///
  ///     co_await tables.call(load_tables);
  ///
  /// @param function  a callable without arguments. What it returns is awaited,
  ///                  if it is a coroutine, and thrown away.
  /// @throws ...  what `function` throws; then it is not done.
  /// @throws error  (`errc::awaits_itself`) if `function` calls it again.
  /// @throws cancelled_error  if the task is cancelled.
  /// @par Cancellation
  /// A task that waits leaves the line. One that runs `function` cancels that,
  /// and the next in line runs it.
  template <std::invocable F>
  coro<void> call(F function) {
    return run(*this, std::move(function));
  }

  /// True if it was done.
  bool done() const;

  /// Returns what it looks like now.
  once_statistics statistics() const;

private:
  template <class F>
  static coro<void> run(once self, F function) {
    detail::once_op turn{self.core()};
    bool ours = co_await turn;
    if (!ours)
      co_return;
    detail::once_attempt attempt = turn.attempt();
    if constexpr (detail::awaitable<std::invoke_result_t<F&>>) {
      auto work = function();
      static_cast<void>(co_await std::move(work));
    } else {
      static_cast<void>(function());
    }
    attempt.done();
  }
};

/// As `flag.call(function)`, with arguments.
/// @param flag  what is to be done once.
/// @param function  called with `args`, at most once with success.
template <class F, class... Args>
  requires std::invocable<F&, Args&...>
coro<void> call_once(once flag, F function, Args... args) {
  auto body
    = [function = std::move(function), ... args = std::move(args)]() mutable {
        return function(args...);
      };
  return flag.call(std::move(body));
}

} // namespace troupe
