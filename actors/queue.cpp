#include <troupe/queue.hpp>

#include "actors/queue_coordinator.hpp"

namespace troupe {

namespace detail {

namespace {

queue_core& core_of(const any_queue& x) noexcept {
  return static_cast<queue_core&>(x.core());
}

} // namespace

// -- ops ----------------------------------------------------------------------

bool put_op_base::put_now(frame_base& frame, void* item) {
  task_ = frame.task_;
  return static_cast<queue_core&>(*owner_).put_now(task_->home(), item);
}

bool put_op_base::start() {
  static_cast<queue_core&>(*owner_).wait_for_room(*this);
  return true;
}

void put_op_base::put_waited(void* item) {
  state_ = wait_state::over;
  static_cast<queue_core&>(*owner_).put_waited(*this, item);
}

bool get_op_base::get_now(frame_base& frame, void* item) {
  task_ = frame.task_;
  return static_cast<queue_core&>(*owner_).get_now(task_->home(), item);
}

bool get_op_base::start() {
  static_cast<queue_core&>(*owner_).wait_for_item(*this);
  return true;
}

void get_op_base::get_waited(void* item) {
  state_ = wait_state::over;
  static_cast<queue_core&>(*owner_).get_waited(*this, item);
}

bool join_op::ready(frame_base& frame) {
  task_ = frame.task_;
  return static_cast<queue_core&>(*owner_).finished(task_->home());
}

bool join_op::start() {
  return static_cast<queue_core&>(*owner_).wait_for_end(*this);
}

} // namespace detail

// -- handle -------------------------------------------------------------------

any_queue::any_queue(const detail::item_type& type, detail::item_order order,
                     std::ptrdiff_t maxsize, std::string_view name)
  : coordinator_handle(new detail::queue_core(
      type, order, maxsize > 0 ? static_cast<std::size_t>(maxsize) : 0, name)) {
}

std::size_t any_queue::qsize() const {
  return statistics().size;
}

std::size_t any_queue::maxsize() const noexcept {
  return detail::core_of(*this).limit();
}

bool any_queue::empty() const {
  return detail::core_of(*this).empty();
}

bool any_queue::full() const {
  return detail::core_of(*this).full();
}

void any_queue::task_done() {
  detail::core_of(*this).task_done();
}

void any_queue::shutdown(bool immediate) {
  detail::core_of(*this).shut_down(immediate);
}

queue_statistics any_queue::statistics() const {
  return detail::core_of(*this).statistics();
}

bool any_queue::put_item(void* item, bool throws) {
  return detail::core_of(*this).put_nowait(item, throws);
}

bool any_queue::get_item(void* item, bool throws) {
  return detail::core_of(*this).get_nowait(item, throws);
}

} // namespace troupe
