#pragma once

#include <troupe/coro.hpp>

#include <optional>

namespace troupe {

template <class T>
class async_generator;

namespace detail {

// Thrown at a `co_yield` by `aclose()`.
struct generator_exit {};

// The untyped half of a generator: its frame sits on the stack of whoever asks
// for the next value, and leaves it at each `co_yield`.
class generator_frame : public promise_base {
public:
  explicit generator_frame(site made) noexcept : promise_base(made) {}

  void unhandled_exception() noexcept;

  // Lets the consumer go on; the generator stays suspended.
  void pause() noexcept {
    task_->enter(caller_);
  }

  void watch(loop_core& loop);
  void unwatch() noexcept;

  bool running = false;
  bool begun = false;
  bool ended = false;
  bool closing = false;
  result_base outcome; // an exception on its way to the consumer
  loop_core* home = nullptr;
  generator_frame* prev = nullptr;
  generator_frame* next = nullptr;
};

[[noreturn]] void throw_generator_busy();

template <class T>
class generator_promise final : public generator_frame {
public:
  explicit generator_promise(site made = site::here()) noexcept
    : generator_frame(made) {}

  async_generator<T> get_return_object() noexcept {
    return async_generator<T>{*this};
  }

  initial_awaiter<generator_promise> initial_suspend() noexcept {
    return {};
  }

  struct pause_awaiter {
    generator_promise* frame;

    bool await_ready() const noexcept {
      return false;
    }

    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise>) const noexcept {
      frame->pause();
    }

    void await_resume() const {
      if (frame->closing)
        throw generator_exit{};
    }
  };

  std::suspend_always final_suspend() noexcept {
    ended = true;
    pause();
    return {};
  }

  template <class U>
    requires std::constructible_from<T, U&&>
  pause_awaiter yield_value(U&& next) {
    value.emplace(std::forward<U>(next));
    return {this};
  }

  void return_void() noexcept {}

  std::optional<T> value;
};

// Asks a generator for its next value, or to end.
template <class T>
class generator_awaiter {
public:
  generator_awaiter(generator_promise<T>* frame, bool close) noexcept
    : frame_(frame), close_(close) {}

  bool ready(frame_base& consumer) {
    if (!frame_ || frame_->ended || (close_ && !frame_->begun)) {
      if (close_ && frame_)
        frame_->ended = true;
      return true;
    }
    if (frame_->running)
      throw_generator_busy();
    if (!frame_->begun)
      frame_->watch(consumer.task_->home());
    return false;
  }

  bool suspend(frame_base& consumer) noexcept {
    frame_->begun = true;
    frame_->running = true;
    frame_->closing = close_;
    frame_->caller_ = &consumer;
    frame_->task_ = consumer.task_;
    frame_->result_ = &frame_->outcome;
    consumer.task_->enter(frame_);
    return true;
  }

  std::optional<T> resume() {
    std::optional<T> got;
    if (!frame_)
      return got;
    frame_->running = false;
    if (frame_->ended)
      frame_->unwatch();
    if (frame_->outcome.failed != failure::none) {
      result_base out = std::exchange(frame_->outcome, {});
      rethrow(out);
    }
    got.swap(frame_->value);
    return got;
  }

private:
  generator_promise<T>* frame_;
  bool close_;
};

} // namespace detail

/// A coroutine that gives values with `co_yield` and may await between them.
///
/// `while (auto x = co_await gen.next())` stands for `async for x in gen`.
/// @tparam T  a movable value.
/// @par Cancellation
/// A cancellation is thrown at the innermost await, inside the generator.
/// @par Source
/// An asynchronous generator (PEP 525).
template <class T>
class [[nodiscard]] async_generator {
public:
  /// Makes a function that returns `async_generator<T>` a generator.
  using promise_type = detail::generator_promise<T>;

  /// Takes over the generator; `other` is empty after.
  async_generator(async_generator&& other) noexcept
    : frame_(std::exchange(other.frame_, nullptr)) {}

  /// Takes over the generator; what this was is destroyed.
  async_generator& operator=(async_generator&& other) noexcept {
    async_generator gone{std::move(*this)};
    frame_ = std::exchange(other.frame_, nullptr);
    return *this;
  }

  /// Destroys the body where it stands: its locals are destroyed, nothing more
  /// of it runs.
  ~async_generator() {
    if (frame_) {
      frame_->unwatch();
      frame_->destroy();
    }
  }

  /// Runs the body up to its next `co_yield`.
  /// @returns the value; nothing when the body has ended.
  /// @throws error  (`errc::invalid_state`) if another task is inside.
  /// @throws ...  what the body throws; it has ended then.
  [[nodiscard]] detail::generator_awaiter<T> next() noexcept {
    return {frame_, false};
  }

  /// Ends the body: an exception that only this library knows is thrown at its
  /// `co_yield`, so that clean-up may await. A value that it yields then is
  /// dropped.
  /// @par Source
  /// `agen.aclose()`.
  [[nodiscard]] detail::generator_awaiter<T> aclose() noexcept {
    return {frame_, true};
  }

private:
  friend promise_type;

  explicit async_generator(promise_type& promise) noexcept : frame_(&promise) {}

  promise_type* frame_;
};

} // namespace troupe
