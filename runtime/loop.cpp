#include <troupe/loop.hpp>

#include "runtime/actor_home.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/trace.hpp"

#include <cstdio>

namespace troupe {

namespace detail {

coro<void> close_generators(loop_core& loop);

void loop_core::check_open(const char* what) const {
  if (closed())
    throw error(errc::loop_closed,
                std::string{what}
                  + ": the event loop is closed; make another one");
}

void loop_core::check_thread(const char* what) const {
  if (debug.load(std::memory_order_relaxed) && !here())
    throw error(errc::wrong_thread, std::string{what}
                                      + ": called from a foreign thread; use "
                                        "call_soon_threadsafe()");
}

ref<error_handler> loop_core::handler() {
  std::lock_guard lock{handler_mutex_};
  return handler_;
}

void loop_core::set_handler(ref<error_handler> handler) {
  std::lock_guard lock{handler_mutex_};
  handler_ = std::move(handler);
}

void loop_core::report(const error_context& what) noexcept {
  try {
    event_loop{*this}.call_exception_handler(what);
  } catch (...) {
    exit_with(std::current_exception());
  }
}

namespace {

thread_local event_loop named_loop;

void print_error(const error_context& what) noexcept {
  try {
    std::string text = what.message + '\n';
    if (!what.future.empty())
      text += "future: " + what.future + '\n';
    if (!what.handle.empty())
      text += "handle: " + what.handle + '\n';
    if (!what.transport.empty())
      text += "transport: " + what.transport + '\n';
    if (what.exception)
      text += describe(what.exception) + '\n';
    if (!what.await_chain.empty())
      text += "  awaited at: " + what.await_chain + '\n';
    std::fputs(text.c_str(), stderr);
  } catch (...) {
    std::fputs("an error could not be printed: no memory\n", stderr);
  }
}

} // namespace

} // namespace detail

// -- the handle ---------------------------------------------------------------

event_loop::event_loop(detail::loop_core& core, bool adopt) noexcept
  : core_(&core) {
  if (!adopt)
    core.retain();
}

event_loop::event_loop(const event_loop& other) noexcept : core_(other.core_) {
  if (core_)
    core_->retain();
}

event_loop::event_loop(event_loop&& other) noexcept
  : core_(std::exchange(other.core_, nullptr)) {}

event_loop& event_loop::operator=(event_loop other) noexcept {
  std::swap(core_, other.core_);
  return *this;
}

event_loop::~event_loop() {
  if (core_)
    core_->release();
}

// -- running ------------------------------------------------------------------

void event_loop::run_forever() {
  core_->run_forever();
}

void event_loop::run_until_done(const any_future& main) {
  core_->check_can_run();
  if (&main.core()->home() != core_)
    throw error(errc::wrong_loop,
                "run_until_complete(): " + to_string(main)
                  + " belongs to another event loop; run that one");
  auto stop_number
    = main.add_done_callback([core = core_](const any_future& done) {
        // An exit leaves by itself.
        if (done.core()->result().failed != detail::failure::exit)
          core->stop();
      });
  try {
    core_->run_forever();
  } catch (...) {
    main.remove_done_callback(stop_number);
    if (main.done() && !main.cancelled())
      main.core()->mark_retrieved();
    throw;
  }
  main.remove_done_callback(stop_number);
  if (!main.done())
    throw error(errc::loop_stopped, "the event loop was stopped before "
                                      + to_string(main) + " was done");
}

void event_loop::stop() {
  core_->stop();
}

void event_loop::close() {
  core_->close();
}

bool event_loop::is_running() const noexcept {
  return core_->running();
}

bool event_loop::is_closed() const noexcept {
  return core_->closed();
}

void event_loop::set_task_factory(task_factory how) noexcept {
  core_->factory = how;
}

task_factory event_loop::get_task_factory() const noexcept {
  return core_->factory;
}

coro<void> event_loop::shutdown_asyncgens() {
  return detail::close_generators(*core_);
}

// -- errors -------------------------------------------------------------------

void event_loop::install(detail::ref<detail::error_handler> handler) {
  core_->set_handler(std::move(handler));
}

bool event_loop::has_exception_handler() const noexcept {
  return static_cast<bool>(core_->handler());
}

void event_loop::default_exception_handler(const error_context& what) {
  detail::print_error(what);
}

void event_loop::call_exception_handler(const error_context& what) {
  auto handler = core_->handler();
  if (!handler) {
    detail::print_error(what);
    return;
  }
  try {
    event_loop self = *this;
    handler->call(self, what);
  } catch (const keyboard_interrupt&) {
    throw;
  } catch (const system_exit&) {
    throw;
  } catch (...) {
    detail::print_error({.message = "Unhandled error in exception handler",
                         .exception = std::current_exception()});
    detail::print_error(what);
  }
}

// -- debugging ----------------------------------------------------------------

void event_loop::set_debug(bool on) noexcept {
  core_->debug = on;
}

bool event_loop::get_debug() const noexcept {
  return core_->debug;
}

void event_loop::set_slow_callback_duration(
  std::chrono::nanoseconds limit) noexcept {
  core_->slow_limit = limit.count();
}

std::chrono::nanoseconds
event_loop::get_slow_callback_duration() const noexcept {
  return std::chrono::nanoseconds{core_->slow_limit.load()};
}

unsigned event_loop::threads() const noexcept {
  return core_->threads;
}

// -- free functions -----------------------------------------------------------

event_loop new_event_loop(loop_options options) {
  return event_loop{*new detail::loop_core(options), true};
}

event_loop get_running_loop() {
  return event_loop{detail::need_running_loop("get_running_loop()")};
}

event_loop get_event_loop() {
  if (auto* running = detail::running_loop())
    return event_loop{*running};
  if (!detail::named_loop)
    throw error(errc::no_running_loop,
                "get_event_loop(): there is no current event loop in this "
                "thread; call set_event_loop() or run()");
  return detail::named_loop;
}

void set_event_loop(event_loop loop) {
  detail::named_loop = std::move(loop);
}

event_loop any_future::get_loop() const {
  return event_loop{core_->home()};
}

std::string any_future::await_chain() const {
  return detail::text_of(core_->trace());
}

std::string to_string(const any_future& x) {
  return x.core() ? x.core()->describe() : "<no future>";
}

} // namespace troupe
