#pragma once

#include <troupe/gather.hpp>
#include <troupe/time_limit.hpp>
#include <troupe/wait.hpp>

namespace troupe {

/// Settings of `as_completed`.
struct as_completed_options {
  /// Longest wait for all together.
  time_limit timeout = {};
};

namespace detail {

class completion_line;

// Waits for the next future that is done.
class next_op_base : public op {
public:
  next_op_base(next_op_base&& other) noexcept;
  ~next_op_base();
  bool ready(frame_base& frame);
  bool start() override;
  bool request_cancel(const std::string& message) override;
  void give_back() override;
  void withdraw() noexcept override;
  std::string describe() const override;

protected:
  // `counts`: takes one of those that are left, if there is one.
  next_op_base(completion_line* line, bool counts) noexcept;

  // The future; null if none is left.
  // @throws timeout_error  if the time was over.
  ref<future_core> take();

private:
  friend class completion_line;

  completion_line* line_;
  ref<future_core> got_; // null if the time was over
  bool counts_;
  bool none_left_ = false;
  next_op_base* next_in_line_ = nullptr;
};

template <class Future>
class next_op final : public next_op_base {
public:
  explicit next_op(completion_line* line) noexcept : next_op_base(line, true) {}

  std::optional<Future> resume() {
    if (auto core = take())
      return Future{std::move(core)};
    return std::nullopt;
  }
};

class next_core_op final : public next_op_base {
public:
  explicit next_core_op(completion_line* line) noexcept
    : next_op_base(line, false) {}

  ref<future_core> resume() {
    return take();
  }
};

class line_handle {
public:
  line_handle(std::vector<ref<future_core>> all,
              const as_completed_options& options);
  line_handle(const line_handle& other) noexcept;
  line_handle& operator=(line_handle other) noexcept;
  ~line_handle();

  completion_line* get() const noexcept {
    return line_;
  }

  // Takes one of those that are left; false if there is none.
  bool count() const noexcept;

private:
  completion_line* line_;
};

template <class Future, class T>
coro<T> result_of_next(line_handle line) {
  auto core = co_await next_core_op(line.get());
  Future next{std::move(core)};
  if constexpr (std::is_void_v<T>)
    co_await std::move(next);
  else
    co_return co_await std::move(next);
}

} // namespace detail

/// What `as_completed` returns. Copies share one line: what one gives, the
/// others do not give again. Several tasks may wait at the same time; they are
/// served in the order in which they came.
/// @tparam Future  the type of the handles.
template <class Future>
class [[nodiscard]] completions {
public:
  /// What an awaitable of the plain iteration gives.
  using value_type = typename detail::child_result<Future>::type;

  /// Waits until one more is done.
  /// @returns its handle; empty when all were given.
  /// @throws timeout_error  if the time was over, once for each that is left.
  /// @par Cancellation
  /// Nothing is lost: what was on its way goes to the next who waits.
  /// @par Source
  /// `async for task in as_completed(...)`
  detail::next_op<Future> next() const noexcept {
    return detail::next_op<Future>{line_.get()};
  }

  /// Goes through the awaitables for "the next one".
  class iterator {
  public:
    /// Returns a coroutine that waits for the next one and gives its result.
    coro<value_type> operator*() const {
      return detail::result_of_next<Future, value_type>(*line_);
    }

    /// Goes on.
    iterator& operator++() noexcept {
      if (!line_->count())
        line_ = nullptr;
      return *this;
    }

    /// Equal if both are at the end.
    friend bool operator==(const iterator& x, const iterator& y) noexcept {
      return x.line_ == y.line_;
    }

    /// @cond PRIVATE
    explicit iterator(const detail::line_handle* line) noexcept : line_(line) {}
    /// @endcond

  private:
    const detail::line_handle* line_;
  };

  /// Begins, or goes on, with the plain iteration: as many awaitables as
  /// futures are left.
  /// @par Source
  /// `for next in as_completed(...)`
  iterator begin() const noexcept {
    return iterator{line_.count() ? &line_ : nullptr};
  }

  /// The end of the plain iteration.
  iterator end() const noexcept {
    return iterator{nullptr};
  }

  /// @cond PRIVATE
  completions(std::vector<detail::ref<detail::future_core>> all,
              const as_completed_options& options)
    : line_(std::move(all), options) {}
  /// @endcond

private:
  detail::line_handle line_;
};

/// Gives awaitables in the order in which they are done. `next()` gives the
/// handles that were put in (coroutines come back as tasks):
///
/// @snippet as_completed.cpp next
///
/// and a plain `for` gives coroutines, each of which waits for the next one and
/// has its result.
/// @param awaitables  a container of coroutines, tasks or futures of one type;
///                    coroutines become tasks in this call. Each is given once.
/// @param options  `timeout`: when it is over, what is not done is given up and
///                 each further step throws `timeout_error`; nothing is
///                 cancelled.
/// @throws error  (`errc::wrong_loop`) if they are not of one loop.
/// @par Source
/// `asyncio.as_completed`.
template <class R>
  requires detail::range_of_awaitables<std::remove_cvref_t<R>>
        && (!detail::awaitable<R>)
auto as_completed(R&& awaitables, as_completed_options options = {}) {
  constexpr bool given = !std::is_lvalue_reference_v<R>;
  using element = std::remove_reference_t<decltype(*awaitables.begin())>;
  using passed = std::conditional_t<given, element&&, element&>;
  using Future = std::remove_cvref_t<detail::child_type<passed>>;
  std::vector<detail::ref<detail::future_core>> all;
  all.reserve(awaitables.size());
  for (auto& each : awaitables)
    all.emplace_back(detail::child_of(static_cast<passed>(each)).core());
  return completions<Future>{std::move(all), options};
}

} // namespace troupe
