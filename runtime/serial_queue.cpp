#include "runtime/loop_core.hpp"

namespace troupe::detail {

void serial_queue::push(job& member) noexcept {
  lock_.lock();
  ready_.push(member);
  bool first = !std::exchange(scheduled_, true);
  lock_.unlock();
  if (first) {
    retain();
    home_.push(*this);
  }
}

void serial_queue::run() {
  lock_.lock();
  job* member = ready_.pop();
  lock_.unlock();
  if (member)
    member->run();
  lock_.lock();
  bool more = !ready_.empty();
  if (!more)
    scheduled_ = false;
  lock_.unlock();
  if (more)
    home_.push(*this);
  else
    release();
}

} // namespace troupe::detail
