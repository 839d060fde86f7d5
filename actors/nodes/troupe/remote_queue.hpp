#pragma once

#include <troupe/detail/remote_handle.hpp>
#include <troupe/node.hpp>

#include <optional>
#include <utility>

/// @file
/// Queues of other nodes.

namespace troupe {

/// A queue of another node. A `put` waits until there is room over there.
/// @tparam T  as for `queue`; it needs a default constructor and, unless it is
///            a number, text, container or tuple, an overload of CAF's
///            `inspect`.
template <class T>
class remote_queue : public detail::remote_handle {
public:
  using detail::remote_handle::remote_handle;

  /// What the queue holds.
  using value_type = T;

  /// Waits for room and puts an item. When it returns, the item is in the queue
  /// there. If the node is lost meanwhile, it is not known whether it is.
  /// @par Cancellation
  /// The item is not put; if it was put before the other node heard of it, the
  /// call returns and the next await throws.
  coro<void> put(T item) const {
    return put_at(*this, detail::to_wire(item));
  }

  /// Waits for an item and takes it. An item that was on its way when the node
  /// was lost is lost with it.
  /// @par Cancellation
  /// The item stays in its place, or goes back there.
  coro<T> get() const {
    return get_at(*this);
  }

  /// Puts an item if there is room.
  coro<bool> try_put(T item) const {
    return look<bool>(*this, detail::queue_verb::try_put,
                      detail::to_wire(item));
  }

  /// Takes an item if there is one.
  coro<std::optional<T>> try_get() const {
    return try_get_at(*this);
  }

  /// Waits until all items that were put are done with.
  coro<void> join() const {
    return look<void>(*this, detail::queue_verb::join);
  }

  /// Returns how many items it holds.
  coro<std::uint64_t> qsize() const {
    return look<std::uint64_t>(*this, detail::queue_verb::qsize);
  }

  /// Says that an item that was got is done with; does not wait.
  void task_done() const {
    tell(detail::queue_verb::task_done);
  }

  /// Ends the queue, as `queue::shutdown`; does not wait.
  void shutdown(bool immediate = false) const {
    tell(detail::queue_verb::shutdown, detail::to_wire(immediate));
  }

private:
  static coro<void> put_at(remote_queue self, std::string item) {
    detail::peer_answer answer
      = co_await self.ask(detail::queue_verb::put, std::move(item));
    if (answer.late)
      detail::cancel_later(answer);
  }

  static coro<T> get_at(remote_queue self) {
    detail::peer_answer answer = co_await self.ask(detail::queue_verb::get);
    if (answer.late)
      self.refuse(detail::queue_verb::get, answer);
    co_return detail::from_wire<T>(answer.bytes);
  }

  static coro<std::optional<T>> try_get_at(remote_queue self) {
    detail::peer_answer answer = co_await self.ask(detail::queue_verb::try_get);
    if (answer.late)
      self.refuse(detail::queue_verb::try_get, answer);
    co_return detail::from_wire<std::optional<T>>(answer.bytes);
  }

  [[noreturn]] void refuse(detail::queue_verb verb,
                           const detail::peer_answer& answer) const {
    detail::undo_at_peer(*peer_.session(), name_,
                         static_cast<std::uint8_t>(verb), answer.bytes);
    detail::throw_late(answer);
  }
};

} // namespace troupe
