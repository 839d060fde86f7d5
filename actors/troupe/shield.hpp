#pragma once

#include <troupe/gather.hpp>

namespace troupe {

namespace detail {

// Stands between a future and those who may be cancelled while they wait for
// it.
class shield_core : public future_core, protected observer, public job {
public:
  bool cancel(const std::string& message) override;
  std::string describe() const override;
  void run() override;
  job_label label() const noexcept override;
  void begin(ref<future_core> inner);

protected:
  shield_core(loop_core& home, result_base& result) noexcept;
  ~shield_core() override = default;

  // Copies the value of the inner future.
  virtual void collect(future_core& inner) = 0;

private:
  void dispose() noexcept override;
  void told(watcher& which) noexcept override;
  void destroy() noexcept override;

  lone_watcher inner_;
};

template <class T>
class shield_cell final : public shield_core {
public:
  explicit shield_cell(loop_core& home) noexcept : shield_core(home, slot_) {}

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

private:
  std::string value_text() const override {
    return text_of_result<T>(result());
  }

  ~shield_cell() override = default;

  void collect(future_core& inner) override {
    if constexpr (std::is_void_v<T>)
      slot_.emplace();
    else
      slot_.emplace(take_result<T>(inner));
  }

  result_slot<T> slot_;
};

} // namespace detail

/// Waits for something without passing a cancellation on to it: the awaiting
/// task is cancelled, the inner one goes on. Keep a handle to the inner task if
/// you want its result then; an exception that nobody can see any more goes to
/// the loop's exception handler.
///
/// It is no coroutine: a coroutine becomes a task in this call.
/// @param x  a coroutine, task, future or anything that can be awaited.
/// @returns a future with the result of `x`; `x` itself if it is done. It is
///          cancelled if `x` is.
/// @par Cancellation
/// Cancels the returned future, not `x`.
/// @par Source
/// `asyncio.shield`.
template <detail::awaitable A>
auto shield(A&& x) {
  auto inner = detail::child_of(std::forward<A>(x));
  using T = typename detail::child_result<decltype(inner)>::type;
  if (!inner.core())
    __builtin_unreachable(); // no handle is empty; g++ 12 warns of one that is
  detail::ref<detail::future_core> core{inner.core()};
  if constexpr (requires { typename decltype(inner)::value_type; })
    if (core->done())
      return future<T>{std::move(core)};
  auto* made = new detail::shield_cell<T>(core->home());
  future<T> outer{detail::ref<detail::future_core>{made, true}};
  made->begin(std::move(core));
  return outer;
}

} // namespace troupe
