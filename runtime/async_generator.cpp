#include <troupe/async_generator.hpp>
#include <troupe/error.hpp>

#include "runtime/loop_core.hpp"

#include <typeinfo>

#include <cxxabi.h>

namespace troupe::detail {

void generator_frame::unhandled_exception() noexcept {
  ended = true;
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type && *type == typeid(generator_exit))
    return;
  keep_exception(*this, outcome);
}

void generator_frame::watch(loop_core& loop) {
  home = &loop;
  loop.retain();
  loop.add_generator(*this);
}

void generator_frame::unwatch() noexcept {
  if (loop_core* loop = std::exchange(home, nullptr)) {
    loop->remove_generator(*this);
    loop->release();
  }
}

void throw_generator_busy() {
  throw error(errc::invalid_state,
              "the asynchronous generator is already running: one task at a "
              "time asks for its next value");
}

namespace {

// Ends a generator from the loop's side.
class generator_closer {
public:
  explicit generator_closer(generator_frame& frame) noexcept : frame_(frame) {}

  bool ready(frame_base&) const noexcept {
    return frame_.ended || frame_.running;
  }

  bool suspend(frame_base& consumer) noexcept {
    frame_.running = true;
    frame_.closing = true;
    frame_.caller_ = &consumer;
    frame_.task_ = consumer.task_;
    consumer.task_->enter(&frame_);
    return true;
  }

  void resume() {
    frame_.running = false;
    if (frame_.outcome.failed != failure::none) {
      result_base out = std::exchange(frame_.outcome, {});
      rethrow(out);
    }
  }

private:
  generator_frame& frame_;
};

coro<void> close_generator(generator_frame& frame) {
  co_await generator_closer{frame};
}

} // namespace

coro<void> close_generators(loop_core& loop) {
  while (generator_frame* frame = loop.take_generator()) {
    frame->unwatch();
    std::exception_ptr problem;
    try {
      co_await close_generator(*frame);
    } catch (...) {
      problem = std::current_exception();
    }
    if (problem)
      loop.report({.message = "an error occurred during closing of an "
                              "asynchronous generator",
                   .exception = problem});
  }
}

} // namespace troupe::detail
