#include "runtime/interrupt.hpp"

#include <troupe/error.hpp>

#include <asio/signal_set.hpp>

#include <atomic>
#include <csignal>
#include <thread>

#include <pthread.h>
#include <unistd.h>

namespace troupe::detail {

namespace {

std::atomic<int> watches{0};

// Asio's handler writes to a pipe, which a loop without sockets does not wait
// for. Ours calls it and wakes the loop.
std::atomic<loop_core*> interrupted{nullptr};
std::atomic<int> in_handler{0};
void (*reactors_handler)(int) = nullptr;

extern "C" void wake_interrupted(int signal) {
  ++in_handler;
  loop_core* loop = interrupted.load();
  if (loop) {
    reactors_handler(signal);
    loop->wake_for_signal();
  }
  --in_handler;
}

void take_handler(loop_core& loop) noexcept {
  struct sigaction present{};
  ::sigaction(SIGINT, nullptr, &present);
  reactors_handler = present.sa_handler;
  interrupted = &loop;
  present.sa_handler = wake_interrupted;
  ::sigaction(SIGINT, &present, nullptr);
}

// The signal may be in another thread's hands. In ours it is over.
void give_handler_back() noexcept {
  interrupted = nullptr;
  while (in_handler > 0)
    std::this_thread::yield();
}

bool may_watch() noexcept {
  struct sigaction present{};
  return ::getpid() == static_cast<pid_t>(::gettid())
      && ::sigaction(SIGINT, nullptr, &present) == 0
      && present.sa_handler == SIG_DFL;
}

// A forked child shares the pipe of our handler: its Ctrl-C must not be taken
// for ours.
void default_in_children() {
  static const int once = ::pthread_atfork(nullptr, nullptr, [] {
    if (watches > 0)
      ::signal(SIGINT, SIG_DFL);
  });
  (void)once;
}

} // namespace

struct interrupt_watch::state : std::enable_shared_from_this<state> {
  state(loop_core& loop, ref<future_core> task)
    : home(loop), main(std::move(task)), signals(loop.io_for_signals()) {}

  void wait() {
    signals.async_wait(
      [self = shared_from_this()](const asio::error_code& failed, int) {
        if (!failed)
          self->on_signal();
      });
  }

  void on_signal() {
    if (count.fetch_add(1) == 0) {
      main->cancel({});
      wait();
      return;
    }
    asio::error_code ignored;
    signals.clear(ignored);
    home.exit_with(std::make_exception_ptr(keyboard_interrupt{}));
  }

  loop_core& home;
  ref<future_core> main;
  asio::signal_set signals;
  std::atomic<int> count{0};
};

interrupt_watch::interrupt_watch(loop_core& home, ref<future_core> main) {
  if (!may_watch())
    return;
  auto watch = std::make_shared<state>(home, std::move(main));
  asio::error_code failed;
  watch->signals.add(SIGINT, failed);
  if (failed)
    return;
  take_handler(home);
  state_ = std::move(watch);
  default_in_children();
  ++watches;
  state_->wait();
}

interrupt_watch::~interrupt_watch() {
  if (!state_)
    return;
  --watches;
  asio::error_code ignored;
  state_->signals.clear(ignored);
  give_handler_back();
  state_->signals.cancel(ignored); // its handler holds the state
  state_->main = nullptr;
}

bool interrupt_watch::interrupted() const noexcept {
  return state_ && state_->count > 0;
}

} // namespace troupe::detail
