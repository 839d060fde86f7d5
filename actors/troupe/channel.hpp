#pragma once

#include <troupe/detail/channel_op.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace troupe {

/// What a channel looks like at one moment.
struct channel_statistics {
  /// How many items it holds.
  std::size_t size = 0;
  /// How many it can hold; 0: a sender waits for a receiver.
  std::size_t capacity = 0;
  /// How many tasks wait in `send()`.
  std::size_t sending = 0;
  /// How many tasks wait in `receive()` or `next()`.
  std::size_t receiving = 0;
  /// True after `close()`.
  bool closed = false;
};

/// What all channels can do, whatever their items are. Copies name the same
/// channel.
class any_channel : public detail::coordinator_handle {
public:
  /// Ends the channel: nothing can be sent any more. Receivers get what was
  /// sent before; then `next()` is empty and `receive()` throws. Tasks that
  /// wait to send get `channel_closed`. Closing it again does nothing. Also
  /// from plain callbacks.
  void close();

  /// True after `close()`.
  bool closed() const;

  /// Returns how many items it can hold; 0: a sender waits for a receiver.
  std::size_t capacity() const noexcept;

  /// Returns what it looks like now.
  channel_statistics statistics() const;

protected:
  /// @cond PRIVATE
  any_channel(const detail::item_type& type, std::ptrdiff_t capacity,
              std::string_view name);

  bool send_item(void* item);
  bool receive_item(void* item);
  /// @endcond
};

/// Carries items between tasks, until it is closed.
///
/// With capacity 0 a sender meets a receiver: `send()` goes on when somebody is
/// there to receive the item. With a capacity of n, n items can be sent ahead.
/// Whoever came first is served first, and nobody overtakes.
///
///     while (auto item = co_await results.next())
///       use(*item);
///
/// Copies name the same channel. It can be made anywhere and belongs to the
/// loop that first uses it.
/// @tparam T  can be moved without an exception; move-only types are fine.
/// @par Source
/// A `chan` of Go. There, sending to a closed channel and closing it twice
/// panic; a receive gives a zero value at the end.
template <class T>
class channel : public any_channel {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "an item must be movable without an exception; put it into a "
                "std::unique_ptr");

public:
  /// What the channel carries.
  using value_type = T;

  /// Makes an open channel without items.
  /// @param capacity  how many items can be sent ahead, 0 or more.
  /// @param name  for messages.
  /// @throws std::invalid_argument  if `capacity` is below 0.
  explicit channel(std::ptrdiff_t capacity = 0, std::string_view name = {})
    : any_channel(detail::item_type_of<T>, capacity, name) {}

  /// Sends an item. If there is room, or somebody waits to receive, the task
  /// does not suspend.
  /// @throws channel_closed  if the channel was closed before it was sent.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the channel.
  /// @par Cancellation
  /// The item is not sent, and is destroyed. If somebody received it already,
  /// the send has happened, and the cancellation comes at the next await.
  [[nodiscard]] detail::send_op<T> send(T item) {
    return detail::send_op<T>{core(), std::move(item)};
  }

  /// Receives an item. If there is one, or somebody waits to send one, the task
  /// does not suspend.
  /// @throws channel_closed  if the channel was closed and is empty.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the channel.
  /// @par Cancellation
  /// An item that was on its way stays in the channel, for the next receiver.
  [[nodiscard]] detail::channel_receive_op<T> receive() {
    return detail::channel_receive_op<T>{core()};
  }

  /// As `receive()`; returns an `std::optional`, which is empty if the channel
  /// was closed and is empty.
  [[nodiscard]] detail::next_item_op<T> next() {
    return detail::next_item_op<T>{core()};
  }

  /// Sends an item if that is possible without waiting: there is room, or a
  /// receiver that nobody sends to. Also from plain callbacks.
  /// @returns false if it is not; then `item` keeps its value.
  /// @throws channel_closed  if the channel was closed.
  bool try_send(T&& item) {
    return send_item(std::addressof(item));
  }

  /// As above, of a copy.
  bool try_send(const T& item) {
    return try_send(T(item));
  }

  /// Receives an item if that is possible without waiting. Also from plain
  /// callbacks. A `send()` that stands in a `select` may be undone yet, and is
  /// not seen.
  /// @returns the item; empty if there is none.
  /// @throws channel_closed  if the channel was closed and is empty.
  std::optional<T> try_receive() {
    detail::item_place<T> place;
    place.full = receive_item(std::addressof(place.item));
    return place.full ? std::optional<T>{std::move(place.item)}
                      : std::optional<T>{};
  }

  /// Returns the CAF handle, which understands `send`, `receive` and `close`:
  /// see `ask`. Include `<troupe/caf.hpp>` to call it. `T` must be copyable,
  /// and CAF must be able to inspect it.
  /// @throws error  `errc::no_running_loop` if it belongs to no loop yet and
  ///                none runs here; `errc::loop_closed`.
  caf::actor actor() const;
};

} // namespace troupe
