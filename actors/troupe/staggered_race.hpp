#pragma once

#include <troupe/gather.hpp>
#include <troupe/time_limit.hpp>

namespace troupe {

/// What `staggered_race` returns.
template <class T>
struct race_result {
  /// The winner's result; empty if nobody won.
  std::optional<std::conditional_t<std::is_void_v<T>, none, T>> winner;
  /// The winner's place in the range; empty if nobody won.
  std::optional<std::size_t> index;
  /// One for each candidate that was started: its exception, null for the
  /// winner. Those that lost have a `cancelled_error`.
  std::vector<std::exception_ptr> exceptions;
};

namespace detail {

class race_state;

// The untyped part of a race: who runs, who won.
class race_base {
public:
  race_base(const race_base&) = delete;
  race_base& operator=(const race_base&) = delete;

  const std::size_t size;
  const time_limit delay;
  race_state* const state;

  // Runs a candidate; if it is the first to succeed, keeps its result.
  virtual coro<void> attempt(std::size_t index) = 0;

protected:
  race_base(std::size_t count, time_limit pause);
  ~race_base();

  // True for one caller only; cancels the others.
  bool win(std::size_t index);

  // Of those that were started.
  std::vector<std::exception_ptr> take_exceptions();
  std::optional<std::size_t> winner() const;
};

coro<void> run_race(race_base& race);

template <class F, class T>
class race_of final : public race_base {
public:
  race_of(std::vector<F> candidates, time_limit pause)
    : race_base(candidates.size(), pause), candidates_(std::move(candidates)) {}

  coro<void> attempt(std::size_t index) override {
    if constexpr (std::is_void_v<T>) {
      co_await candidates_[index]();
      if (win(index))
        result_.winner.emplace();
    } else {
      T value = co_await candidates_[index]();
      if (win(index))
        result_.winner.emplace(std::move(value));
    }
  }

  race_result<T> result() {
    result_.index = winner();
    result_.exceptions = take_exceptions();
    return std::move(result_);
  }

private:
  std::vector<F> candidates_;
  race_result<T> result_;
};

template <class F, class T>
coro<race_result<T>> staggered_race_of(std::vector<F> candidates,
                                       time_limit delay) {
  race_of<F, T> race{std::move(candidates), delay};
  co_await run_race(race);
  co_return race.result();
}

} // namespace detail

/// Runs candidates until the first one succeeds. The first begins at once; the
/// next one when the one before has failed, or `delay` has passed since that
/// began. When one succeeds the others are cancelled, and the race ends when
/// they have ended.
/// @param candidates  a container of functions that return a coroutine; each is
///                    called at most once, in their order, in a task of its
///                    own. They live as long as the race.
/// @param delay  none (`nullptr`): each begins only when the one before has
///               failed.
/// @returns the result of the winner, its place, and what became of the others.
///          Nobody wins if all fail, or if there are none: that is no error.
/// @throws cancelled_error  if the task is cancelled.
/// @throws exception_group  with what a candidate throws to end the program.
/// @par Cancellation
/// All candidates are cancelled; it comes out when they have ended.
/// @par Source
/// `asyncio.staggered.staggered_race`.
template <class R>
  requires coroutine_function<decltype(*std::declval<R&>().begin())>
auto staggered_race(R candidates, time_limit delay) {
  using F = std::remove_cvref_t<decltype(*candidates.begin())>;
  using T = typename std::invoke_result_t<F&>::value_type;
  std::vector<F> all;
  for (auto& each : candidates)
    all.push_back(std::move(each));
  return detail::staggered_race_of<F, T>(std::move(all), delay);
}

} // namespace troupe
