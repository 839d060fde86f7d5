#include "runtime/alarmed.hpp"

#include "runtime/footprint.hpp"
#include "runtime/loop_core.hpp"

namespace troupe::detail {

bool counted::try_retain() noexcept {
  auto count = refs_.load(std::memory_order_relaxed);
  while (count != 0
         && !refs_.compare_exchange_weak(count, count + 1,
                                         std::memory_order_relaxed)) {
  }
  return count != 0;
}

alarm* alarm::set(loop_core& home, alarmed& whom, std::int64_t deadline,
                  bool at_once) {
  auto* made = new alarm(home, whom);
  made->deadline = deadline;
  if (at_once && deadline <= home.now())
    home.push_in_order(*made);
  else
    home.add_timer(*made);
  return made;
}

void alarm::disarm() noexcept {
  if (alarmed* whom = whom_.exchange(nullptr, std::memory_order_acq_rel)) {
    home_.cancel_timer(*this);
    whom->release();
  }
  release();
}

void alarm::run() {
  if (home_.simulation()) [[unlikely]]
    touch_in_step(footprint::everything);
  if (alarmed* whom = whom_.exchange(nullptr, std::memory_order_acq_rel)) {
    whom->rings(*this);
    whom->release();
  }
  release();
}

void alarm::discard() noexcept {
  if (alarmed* whom = whom_.exchange(nullptr, std::memory_order_acq_rel))
    whom->release();
  release();
}

job_label alarm::label() const noexcept {
  return {job_kind::timer, 0, {}};
}

} // namespace troupe::detail
