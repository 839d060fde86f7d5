// What the steps of a simulation touch, as far as troupe sees it.

#include "runtime/footprint.hpp"

#include <troupe/detail/future_core.hpp>

#include "runtime/simulator.hpp"

namespace troupe::detail {

constinit std::atomic<unsigned> footprint_watchers{0};

void touch_in_step(footprint::key what) {
  if (this_step)
    this_step->touch(what);
}

void touch_in_step(std::uint32_t& number) {
  if (this_step)
    this_step->touch(number);
}

void simulator::watch_steps(bool some) noexcept {
  if (std::exchange(watches_steps_, some) != some)
    footprint_watchers.fetch_add(some ? 1u : ~0u, std::memory_order_relaxed);
}

// A task runs the user's code, which may touch any variable. Of other steps
// only a sleeper's alarm is known well enough.
void simulator::begin_footprint(const job_label& label) {
  touched_.clear();
  if (label.kind == job_kind::task) {
    touched_.add(footprint::task(label.number));
    if (!plan_.shares_told)
      touched_.add(footprint::memory);
  } else if (label.kind != job_kind::timer) {
    touched_.add(footprint::everything);
  }
}

// After the program's end no step follows, or others than before.
void simulator::end_footprint(const candidate& who) {
  if (network_ || !main_ || main_->done())
    touched_.add(footprint::everything);
  strategy_.ran(who, touched_,
                {ready_.data() + front_, ready_.size() - front_});
}

} // namespace troupe::detail
