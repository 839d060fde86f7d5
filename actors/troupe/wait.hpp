#pragma once

#include <troupe/gather.hpp>
#include <troupe/time_limit.hpp>

namespace troupe {

/// When `wait` returns.
enum class return_when : std::uint8_t {
  all_completed,   ///< When all are done.
  first_completed, ///< When one is done.
  first_exception, ///< When one has failed, or all are done. A cancelled one
                   ///< has not failed.
};

/// As `return_when::all_completed`.
/// @par Source
/// `asyncio.ALL_COMPLETED`.
inline constexpr return_when all_completed = return_when::all_completed;

/// As `return_when::first_completed`.
/// @par Source
/// `asyncio.FIRST_COMPLETED`.
inline constexpr return_when first_completed = return_when::first_completed;

/// As `return_when::first_exception`.
/// @par Source
/// `asyncio.FIRST_EXCEPTION`.
inline constexpr return_when first_exception = return_when::first_exception;

/// Settings of `wait`.
struct wait_options {
  /// Longest wait; it is no error when it is over.
  time_limit timeout = {};
  /// When to return.
  troupe::return_when return_when = troupe::return_when::all_completed;
};

/// What `wait` returns: each of its futures once, in the order in which they
/// were given.
template <class Future>
struct waited {
  /// Those that are done.
  std::vector<Future> done;
  /// The others. They go on.
  std::vector<Future> pending;
};

namespace detail {

class wait_core;

class wait_op_base : public op {
public:
  wait_op_base(wait_op_base&& other) noexcept
    : op(std::move(other)), core_(std::exchange(other.core_, nullptr)) {}

  ~wait_op_base();

  bool ready(frame_base& frame) const;

  bool start() override;
  bool request_cancel(const std::string& message) override;
  void withdraw() noexcept override;
  std::string describe() const override;
  bool may_end(wait_search& search) const override;

protected:
  explicit wait_op_base(const wait_options& options,
                        std::vector<future_core*> all);

  // Leaves all lines.
  void end();

private:
  wait_core* core_;
};

template <class Future>
class wait_futures_op final : public wait_op_base {
public:
  wait_futures_op(const wait_options& options, std::vector<Future> all)
    : wait_op_base(options, cores_of(all)), all_(std::move(all)) {}

  waited<Future> resume() {
    end();
    check_cancelled();
    waited<Future> result;
    for (Future& x : all_)
      (x.done() ? result.done : result.pending).push_back(std::move(x));
    return result;
  }

private:
  static std::vector<future_core*> cores_of(const std::vector<Future>& all) {
    std::vector<future_core*> cores;
    cores.reserve(all.size());
    for (const Future& x : all)
      cores.push_back(x.core());
    return cores;
  }

  std::vector<Future> all_;
};

bool has_twins(std::vector<any_future> all);

// Copies handles, each future once.
template <class Future, class Range>
std::vector<Future> each_once(const Range& range) {
  std::vector<Future> all(range.begin(), range.end());
  if (!has_twins({all.begin(), all.end()}))
    return all;
  std::vector<Future> once;
  for (Future& x : all) {
    bool known = false;
    for (const Future& y : once)
      known = known || y == x;
    if (!known)
      once.push_back(std::move(x));
  }
  return once;
}

template <class T>
concept range_of_futures = requires(T& x) {
  x.begin();
  x.end();
  requires is_future<std::remove_cvref_t<decltype(*x.begin())>>;
};

} // namespace detail

/// Waits for several tasks or futures. Neither a timeout nor a failure of one
/// of them is thrown, and nothing is cancelled.
///
/// What counts is who is done when the waiting task goes on, not who ended the
/// wait.
/// @param futures  a container of tasks or futures, not empty. Coroutines are
///                 made tasks first.
/// @param options  longest wait, and what to wait for.
/// @returns who is done and who is not (`waited`).
/// @throws std::invalid_argument  if `futures` is empty or `return_when` is
///                                none of the three.
/// @throws error  (`errc::wrong_loop`) if they are not of one loop.
/// @par Cancellation
/// Ends the wait alone; the futures go on.
/// @par Source
/// `asyncio.wait`.
template <class R>
  requires detail::range_of_futures<std::remove_cvref_t<R>>
[[nodiscard]] auto wait(const R& futures, wait_options options = {}) {
  using Future = std::remove_cvref_t<decltype(*futures.begin())>;
  return detail::wait_futures_op<Future>(options,
                                         detail::each_once<Future>(futures));
}

} // namespace troupe
