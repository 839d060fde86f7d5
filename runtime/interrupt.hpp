#pragma once

#include "runtime/loop_core.hpp"

#include <memory>

namespace troupe::detail {

// Ctrl-C while a program runs: the first cancels its main task, the second
// leaves the loop at once, the third is the system's again. Outside the main
// thread, or where SIGINT has a handler already, it does nothing.
class interrupt_watch {
public:
  interrupt_watch(loop_core& home, ref<future_core> main);
  ~interrupt_watch();
  interrupt_watch(const interrupt_watch&) = delete;
  interrupt_watch& operator=(const interrupt_watch&) = delete;

  bool interrupted() const noexcept;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace troupe::detail
