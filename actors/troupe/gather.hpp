#pragma once

#include <troupe/detail/watch.hpp>
#include <troupe/outcome.hpp>
#include <troupe/task.hpp>

#include <tuple>
#include <type_traits>
#include <vector>

namespace troupe {

/// The type of `return_exceptions`.
struct return_exceptions_t {
  /// Use the constant `return_exceptions`.
  explicit return_exceptions_t() = default;
};

/// First argument of `gather`: failures are results, too.
inline constexpr return_exceptions_t return_exceptions{};

namespace detail {

// Waits for several futures; is the future of their results itself.
//
// Counts what ends inside the completions, and becomes ready, as a job, when
// that decides the matter. So its end comes where asyncio's done callback of
// the deciding child has its turn.
class gather_core : public future_core, protected observer, public job {
public:
  bool cancel(const std::string& message) override;
  std::string describe() const override;
  bool may_be_done(wait_search& search) const override;
  void run() override;
  job_label label() const noexcept override;

  // Watches one more child, in the order of the arguments. One that is done
  // counts at once and can decide.
  void watch_child(ref<future_core> child);

  // Called once, after the last child.
  void begin() {
    if (decided_early_)
      decide();
  }

protected:
  gather_core(loop_core& home, result_base& result, std::size_t size,
              bool outcomes);
  ~gather_core() override = default;

  // Makes the result of the children's results.
  virtual void collect() = 0;

  // Keeps the value of a task that has just ended, so that its memory can go
  // while it is still in the cache. False if that is left to `collect`.
  virtual bool keep(watcher&) noexcept {
    return false;
  }

  // Lets go of a child whose result was taken.
  void taken(watcher& child) noexcept {
    if (!exclusive())
      return; // somebody may just be cancelling it
    child.target = nullptr;
    ++gone_;
  }

  // No child is left to look at: the places of a million fill no cache.
  bool all_gone() const noexcept {
    return gone_ == children.size();
  }

  watch_line children;

private:
  void dispose() noexcept override;
  void told(watcher& which) noexcept override;
  void destroy() noexcept override;
  bool decides(watcher& which) noexcept;
  void send() noexcept;
  bool waits_for_cancel() noexcept;
  void decide();

  static constexpr unsigned decision_waits = 1u << 31;

  const bool outcomes_;
  std::atomic<bool> cancelled_{false};  // asked for, and passed on
  std::atomic<unsigned> cancelling_{0}; // how many just ask; `decision_waits`
  std::atomic<bool> decided_{false};
  bool decided_early_;
  std::atomic<std::size_t> left_;
  std::size_t gone_ = 0;           // children that we let go of
  future_core* culprit_ = nullptr; // failed first
};

// Checks that the children are of one loop, and returns it; the running one if
// there are none.
loop_core& common_loop(const ref<future_core>* children, std::size_t size);

template <class T>
using gathered = std::conditional_t<std::is_void_v<T>, none, T>;

// The result of a child that is done: moved if nobody else can read it.
template <class T>
gathered<T> take_result(future_core& child) {
  auto& slot = static_cast<result_slot<T>&>(child.result());
  if constexpr (std::is_void_v<T>) {
    return {};
  } else if constexpr (std::is_reference_v<T>) {
    return slot.get();
  } else if constexpr (std::is_copy_constructible_v<T>) {
    if (!child.unique())
      return slot.get();
    return std::move(slot.get());
  } else {
    return std::move(slot.get());
  }
}

// Returns the exception of a child that did not succeed.
std::exception_ptr problem_of(const future_core& child);

template <class T>
outcome<T> take_outcome(future_core& child) {
  if (child.state() != future_state::finished)
    return outcome<T>{problem_of(child)};
  if constexpr (std::is_reference_v<T>)
    return outcome<T>{&take_result<T>(child)};
  else
    return outcome<T>{take_result<T>(child)};
}

template <bool Outcomes, class T>
using place_of = std::conditional_t<Outcomes, outcome<T>, gathered<T>>;

template <bool Outcomes, class... T>
class gather_tuple final : public gather_core {
public:
  using value_type = std::tuple<place_of<Outcomes, T>...>;

  explicit gather_tuple(loop_core& home)
    : gather_core(home, slot_, sizeof...(T), Outcomes) {}

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

private:
  // A tuple says little in one line.
  std::string value_text() const override {
    return {};
  }

  ~gather_tuple() override = default;

  void collect() override {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      slot_.emplace(value_type{take<T>(*children[I].target)...});
    }(std::index_sequence_for<T...>{});
    for (watcher& child : children)
      taken(child);
  }

  template <class X>
  static place_of<Outcomes, X> take(future_core& child) {
    if constexpr (Outcomes)
      return take_outcome<X>(child);
    else
      return take_result<X>(child);
  }

  result_slot<value_type> slot_;
};

// Values that can be copied before it is known whether the gather succeeds.
template <class T>
concept plain_value = std::is_trivially_copyable_v<T>
                   && std::is_default_constructible_v<T> && sizeof(T) <= 64;

template <bool Outcomes, class T>
class gather_list final : public gather_core {
public:
  static_assert(!std::is_reference_v<T>,
                "a range of references cannot be gathered; return pointers");
  static constexpr bool is_void = std::is_void_v<T> && !Outcomes;
  using element = place_of<Outcomes, T>;
  using value_type = std::conditional_t<is_void, void, std::vector<element>>;

  gather_list(loop_core& home, std::size_t size)
    : gather_core(home, slot_, size, Outcomes) {
    if constexpr (plain)
      kept_.resize(size);
  }

private:
  std::string value_text() const override {
    return {};
  }

  ~gather_list() override = default;

  void collect() override {
    if constexpr (plain || is_void) {
      if (!all_gone())
        for (watcher& child : children)
          if (child.target) {
            keep(child);
            taken(child);
          }
      if constexpr (plain)
        slot_.emplace(std::move(kept_));
      else
        slot_.emplace();
    } else {
      std::vector<element> all;
      all.reserve(children.size());
      for (watcher& child : children) {
        if constexpr (Outcomes)
          all.push_back(take_outcome<T>(*child.target));
        else
          all.push_back(take_result<T>(*child.target));
        taken(child);
      }
      slot_.emplace(std::move(all));
    }
  }

  bool keep([[maybe_unused]] watcher& child) noexcept override {
    if constexpr (plain)
      kept_[static_cast<std::size_t>(&child - children.begin())]
        = static_cast<result_slot<T>&>(child.target->result()).get();
    return plain || is_void;
  }

  static constexpr bool plain = !Outcomes && plain_value<T>;
  std::conditional_t<plain, std::vector<element>, none> kept_;
  result_slot<value_type> slot_;
};

// What stands for an awaitable in a gather: itself, or the task that awaits it.
template <class A>
auto child_of(A&& x) {
  if constexpr (is_future<std::remove_cvref_t<A>>)
    return x;
  else
    return ensure_future(std::forward<A>(x));
}

template <class A>
using child_type = decltype(child_of(std::declval<A>()));

template <class Future>
struct child_result {
  using type = void; // any_future, any_task
};

template <class Future>
  requires requires { typename Future::value_type; }
struct child_result<Future> {
  using type = typename Future::value_type;
};

template <class A>
using child_value = typename child_result<child_type<A>>::type;

template <bool Outcomes, class... A>
auto gather_all(A&&... awaitables) {
  using core = gather_tuple<Outcomes, child_value<A>...>;
  // In braces, so that tasks are made in the order of the arguments.
  ref<future_core> all[]
    = {child_of(std::forward<A>(awaitables)).take_core()..., nullptr};
  auto* made = new core(common_loop(all, sizeof...(A)));
  future<typename core::value_type> result{ref<future_core>{made, true}};
  for (std::size_t i = 0; i < sizeof...(A); ++i)
    made->watch_child(std::move(all[i]));
  made->begin();
  return result;
}

template <bool Outcomes, class Range>
auto gather_range(Range&& range) {
  constexpr bool given = !std::is_lvalue_reference_v<Range>;
  using element = std::remove_reference_t<decltype(*range.begin())>;
  using passed = std::conditional_t<given, element&&, element&>;
  using core = gather_list<Outcomes, child_value<passed>>;
  // One pass: a million children are in no cache.
  core* made = nullptr;
  ref<future_core> result;
  for (auto& each : range) {
    ref<future_core> child = child_of(static_cast<passed>(each)).take_core();
    if (!made) {
      made = new core(child->home(), range.size());
      result = ref<future_core>{made, true};
    }
    made->watch_child(std::move(child));
  }
  if (!made) {
    made = new core(common_loop(nullptr, 0), 0);
    result = ref<future_core>{made, true};
  }
  made->begin();
  return future<typename core::value_type>{std::move(result)};
}

template <class T>
concept range_of_awaitables = requires(T& x) {
  x.begin();
  x.end();
  x.size();
  requires awaitable<decltype(*x.begin())>;
};

} // namespace detail

/// Runs several awaitables at the same time and collects their results in the
/// order of the arguments. It is no coroutine: coroutines become tasks in this
/// call, and begin when the caller next suspends.
///
/// The first exception, or the first child that is cancelled, ends the gather;
/// the others run on, and their exceptions are dropped. Without arguments the
/// future is done. If all children are done already, so is the future.
///
/// @snippet gather.cpp gather
/// @param children  coroutines, tasks, futures, anything that can be awaited;
///                  of one loop.
/// @returns a future with a tuple; a `void` result is `none` in it. Its
///          `cancel()` cancels all children; it ends when they do.
/// @throws error  (`errc::wrong_loop`) if children belong to different loops;
///                (`errc::no_running_loop`) where a loop is needed.
/// @par Cancellation
/// Cancels all children that are not done. The exception comes when the first
/// one has ended by it.
/// @par Source
/// `asyncio.gather`.
template <detail::awaitable... A>
auto gather(A&&... children) {
  return detail::gather_all<false>(std::forward<A>(children)...);
}

/// As above, but failures are results: waits for all children and gives an
/// `outcome` for each. Only a cancellation of the gather itself is thrown.
template <detail::awaitable... A>
auto gather(return_exceptions_t, A&&... children) {
  return detail::gather_all<true>(std::forward<A>(children)...);
}

/// As `gather` for a container of awaitables of one type.
/// @param children  a vector, for instance; coroutines are moved out of it.
/// @returns a future with a vector; without a value if the results are `void`.
template <class R>
  requires detail::range_of_awaitables<std::remove_cvref_t<R>>
        && (!detail::awaitable<R>)
auto gather(R&& children) {
  return detail::gather_range<false>(std::forward<R>(children));
}

/// As above with an `outcome` for each child.
template <class R>
  requires detail::range_of_awaitables<std::remove_cvref_t<R>>
        && (!detail::awaitable<R>)
auto gather(return_exceptions_t, R&& children) {
  return detail::gather_range<true>(std::forward<R>(children));
}

} // namespace troupe
