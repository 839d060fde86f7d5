#pragma once

#include <troupe/detail/await.hpp>
#include <troupe/outcome.hpp>

#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace troupe {

namespace detail {

template <class T>
using awaiter_of
  = std::remove_cvref_t<decltype(find_awaiter(std::declval<T>()))>;

} // namespace detail

/// True for what may stand in a `select`: what locks, events, semaphores,
/// queues, channels and the like return to be awaited, `sleep()`, futures and
/// tasks. Not a `coro`, which cannot be taken back once it has begun: make it a
/// task.
template <class T>
concept selectable = detail::awaitable<T> && requires {
  requires detail::awaiter_of<T>::is_selectable;
};

namespace detail {

// Several ops of one task, of which one happens.
//
// Each has its place in the line of its owner. Answers come through the task's
// mailbox, so whoever handles that decides, alone: the first answer wins, and
// the others are retracted. One that was answered as well is waited for, since
// its answer is on its way, and gives back what it was granted.
class select_op_base : public op {
public:
  bool start() override;
  bool arm_came(op& which) override;
  bool request_cancel(const std::string& message) override;
  void give_back() override;
  void withdraw() noexcept override;
  bool is_final() const noexcept override;
  std::string describe() const override;
  bool may_end(wait_search& search) const override;

protected:
  enum class arm_state : std::uint8_t { idle, open, answered, over };

  struct arm {
    op* what = nullptr;
    arm_state state = arm_state::idle;
  };

  select_op_base(arm* arms, std::size_t size) noexcept
    : arms_(arms), size_(size) {}

  ~select_op_base() = default;

  // Takes part in the await of `frame`.
  void begin(arm& which, op& what, frame_base& frame) noexcept {
    which.what = &what;
    make_arm(what, frame);
    task_ = frame.task_;
  }

  void wins(std::size_t which) noexcept {
    winner_ = which;
  }

  // The task goes on. Returns who has won; the others are given back.
  std::size_t decide();

private:
  static constexpr auto nobody = static_cast<std::size_t>(-1);

  bool retract_all() noexcept;

  arm* arms_;
  std::size_t size_;
  std::size_t winner_ = nobody;
  std::exception_ptr problem_; // of an op that could not begin
};

template <class T>
struct selected {
  using type = T;
};

template <>
struct selected<void> {
  using type = none;
};

template <class T>
struct selected<T&> {
  using type = T*;
};

template <class... Ops>
class select_op final : public select_op_base {
  template <class Op>
  using result_of =
    typename selected<decltype(std::declval<Op&>().resume())>::type;

public:
  using value_type = std::variant<result_of<Ops>...>;

  template <class... Awaitables>
  explicit select_op(std::in_place_t, Awaitables&&... all)
    : select_op_base(arms_, sizeof...(Ops)),
      ops_(find_awaiter(std::forward<Awaitables>(all))...) {}

  select_op(select_op&& other) noexcept
    : select_op_base(arms_, sizeof...(Ops)), ops_(std::move(other.ops_)) {}

  // The first that need not wait.
  bool ready(frame_base& frame) {
    return each([&](auto index) {
      auto& what = std::get<index>(ops_);
      begin(arms_[index], what, frame);
      if (!what.ready(frame))
        return false;
      wins(index);
      return true;
    });
  }

  value_type resume() {
    check_cancelled();
    std::size_t winner = decide();
    value_type* made = nullptr;
    place_of_value place;
    each([&](auto index) {
      if (winner != index)
        return false;
      made = place.template fill<index>(std::get<index>(ops_));
      return true;
    });
    return std::move(*made);
  }

private:
  // A variant that is made late: its types may have no default.
  struct place_of_value {
    place_of_value() noexcept {}

    ~place_of_value() {
      if (full)
        value.~value_type();
    }

    place_of_value(const place_of_value&) = delete;
    place_of_value& operator=(const place_of_value&) = delete;

    template <std::size_t Index, class Op>
    value_type* fill(Op& what) {
      if constexpr (std::is_void_v<decltype(what.resume())>) {
        what.resume();
        ::new (&value) value_type(std::in_place_index<Index>);
      } else if constexpr (std::is_reference_v<decltype(what.resume())>) {
        ::new (&value) value_type(std::in_place_index<Index>, &what.resume());
      } else {
        ::new (&value) value_type(std::in_place_index<Index>, what.resume());
      }
      full = true;
      return &value;
    }

    union {
      value_type value;
    };
    bool full = false;
  };

  // Calls `function` with each index until it returns true.
  template <class F>
  static bool each(F&& function) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (function(std::integral_constant<std::size_t, I>{}) || ...);
    }(std::index_sequence_for<Ops...>{});
  }

  arm arms_[sizeof...(Ops)];
  std::tuple<Ops...> ops_;
};

} // namespace detail

/// Waits for several things of which exactly one happens; the others are taken
/// back, and nothing of them is lost: an item stays in its queue, a lock goes
/// to the next in line, a future or a task goes on undisturbed.
///
///     auto got = co_await select(jobs.get(), quit.wait(), sleep(1s));
///     if (got.index() == 0)
///       work(std::get<0>(got));
///
/// If several are possible at once, the first in the order of the arguments
/// happens, and the task does not suspend. Otherwise it is the one that comes
/// first.
/// @param all  ops, futures or tasks, one or more: see `selectable`.
/// @returns a `std::variant`, whose index tells which one happened, and whose
///          value is what awaiting that alone returns (`none` for `void`, a
///          pointer for a reference).
/// @throws ...  what awaiting the one that happened throws, as
///              `queue_shut_down`, or the error of a future.
/// @throws cancelled_error  if the waiting task is cancelled.
/// @par Cancellation
/// All are taken back. Futures and tasks are not cancelled, other than by
/// awaiting them alone.
/// @par Source
/// The `select` of Go, which chooses by chance among several that are possible,
/// and has a `default`: see the `try_…` forms.
template <class... Awaitables>
[[nodiscard]] auto select(Awaitables&&... all) {
  static_assert(sizeof...(all) > 0, "select() needs something to wait for");
  static_assert(
    (selectable<Awaitables> && ...),
    "select() takes what can be taken back: what locks, events, "
    "queues, channels and the like return, sleep(), futures and "
    "tasks; make a coroutine a task: select(create_task(f()), ...)");
  return detail::select_op<detail::awaiter_of<Awaitables>...>{
    std::in_place, std::forward<Awaitables>(all)...};
}

} // namespace troupe
