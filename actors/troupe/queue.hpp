#pragma once

#include <troupe/detail/queue_op.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace troupe {

/// What a queue looks like at one moment.
struct queue_statistics {
  /// How many items it holds.
  std::size_t size = 0;
  /// How many it can hold; 0: any number.
  std::size_t maxsize = 0;
  /// How many items were put and are not yet told to be done.
  std::size_t unfinished = 0;
  /// How many tasks wait for an item.
  std::size_t getting = 0;
  /// How many tasks wait for room.
  std::size_t putting = 0;
  /// How many tasks wait in `join()`.
  std::size_t joining = 0;
  /// True after `shutdown()`.
  bool is_shut_down = false;
};

/// What all queues can do, whatever their items are. Copies name the same
/// queue.
class any_queue : public detail::coordinator_handle {
public:
  /// Returns how many items it holds, with those that a waiting task was given
  /// but did not fetch yet.
  std::size_t qsize() const;

  /// Returns how many items it can hold; 0: any number.
  std::size_t maxsize() const noexcept;

  /// True if `get_nowait()` would find no item.
  bool empty() const;

  /// True if `put_nowait()` would find no room.
  bool full() const;

  /// Says that an item that was got is done with.
  /// @throws error  (`errc::too_often`) if it is said more often than items
  ///                were put.
  void task_done();

  /// Waits until all items that were put are done with. If they are, the task
  /// does not suspend.
  /// @throws cancelled_error  if the waiting task is cancelled.
  [[nodiscard]] detail::join_op join() {
    return detail::join_op{core()};
  }

  /// Ends the queue: nothing can be put any more, and nothing be got once it is
  /// empty. Tasks that wait for room or for an item get `queue_shut_down`.
  /// @param immediate  true: the items are destroyed and count as done.
  void shutdown(bool immediate = false);

  /// Returns what it looks like now.
  queue_statistics statistics() const;

protected:
  /// @cond PRIVATE
  any_queue(const detail::item_type& type, detail::item_order order,
            std::ptrdiff_t maxsize, std::string_view name);

  bool put_item(void* item, bool throws);
  bool get_item(void* item, bool throws);
  /// @endcond
};

/// What all queues of one kind of items can do.
/// @tparam T  what they hold.
template <class T>
class basic_queue : public any_queue {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "an item must be movable without an exception; put it into a "
                "std::unique_ptr");

public:
  /// What the queue holds.
  using value_type = T;

  /// Waits for room and puts an item. If there is room, the task does not
  /// suspend.
  /// @throws queue_shut_down  if the queue was shut down.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the queue.
  /// @par Cancellation
  /// The item is not put, and is destroyed. Room that was kept for it goes to
  /// the next in line.
  [[nodiscard]] detail::put_op<T> put(T item) {
    return detail::put_op<T>{core(), std::move(item)};
  }

  /// Waits for an item and takes it. If there is one, the task does not
  /// suspend. An item that is put while tasks wait is kept for the first in
  /// line: nobody overtakes.
  /// @throws queue_shut_down  if the queue was shut down and is empty.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the queue.
  /// @par Cancellation
  /// The item stays in its place, for the next in line.
  [[nodiscard]] detail::get_op<T> get() {
    return detail::get_op<T>{core()};
  }

  /// Puts an item without waiting. Also from plain callbacks.
  /// @throws queue_full  if there is no room, or it is kept for others.
  /// @throws queue_shut_down  if the queue was shut down.
  void put_nowait(T item) {
    put_item(std::addressof(item), true);
  }

  /// As above; false if there is no room, then `item` keeps its value.
  bool try_put(T&& item) {
    return put_item(std::addressof(item), false);
  }

  /// As above, of a copy.
  bool try_put(const T& item) {
    return try_put(T(item));
  }

  /// Takes an item without waiting. Also from plain callbacks.
  /// @throws queue_empty  if there is none, or all are kept for others.
  /// @throws queue_shut_down  if there is none and the queue was shut down.
  T get_nowait() {
    detail::item_place<T> place;
    place.full = get_item(std::addressof(place.item), true);
    return std::move(place.item);
  }

  /// As above; empty if there is none.
  /// @throws queue_shut_down  if there is none and the queue was shut down.
  std::optional<T> try_get() {
    detail::item_place<T> place;
    place.full = get_item(std::addressof(place.item), false);
    return place.full ? std::optional<T>{std::move(place.item)}
                      : std::optional<T>{};
  }

  /// Returns the CAF handle, which understands `put`, `get`, `task_done`,
  /// `join` and `shutdown`: see
  /// `ask`. Include `<troupe/caf.hpp>` to call it. `T`
  /// must be copyable, and CAF must be able to inspect it.
  /// @throws error  `errc::no_running_loop` if it belongs to no loop yet and
  ///                none runs here; `errc::loop_closed`.
  caf::actor actor() const;

protected:
  using any_queue::any_queue;
};

/// A line of items between tasks: first in, first out.
///
/// Tasks that wait are served in the order of their coming, and nobody
/// overtakes them. Copies name the same queue.
///
/// It can be made anywhere and belongs to the loop that first uses it.
/// @tparam T  can be moved without an exception; move-only types are fine.
/// @par Source
/// `asyncio.Queue`. There, somebody who comes later can take the item that a
/// waiting task was woken for, which then waits at the end of the line.
template <class T>
class queue : public basic_queue<T> {
public:
  /// Makes an empty queue.
  /// @param maxsize  how many items it can hold; 0 or less: any number.
  /// @param name  for messages.
  explicit queue(std::ptrdiff_t maxsize = 0, std::string_view name = {})
    : basic_queue<T>(detail::item_type_of<T>, detail::item_order::fifo, maxsize,
                     name) {}
};

/// As `queue`; the smallest item goes first, of equal ones the one that was put
/// first.
/// @tparam T  as for `queue`.
/// @tparam Less  a comparison without state; `<` if it is not given. It must
///               not use the queue.
/// @par Source
/// `asyncio.PriorityQueue`, which does not say which of equal items is first.
template <class T, class Less = detail::smaller>
class priority_queue : public basic_queue<T> {
public:
  /// As `queue`.
  explicit priority_queue(std::ptrdiff_t maxsize = 0,
                          std::string_view name = {})
    : basic_queue<T>(detail::ordered_item_type_of<T, Less>,
                     detail::item_order::smallest, maxsize, name) {}
};

/// As `queue`; the item that was put last goes first.
/// @tparam T  as for `queue`.
/// @par Source
/// `asyncio.LifoQueue`.
template <class T>
class lifo_queue : public basic_queue<T> {
public:
  /// As `queue`.
  explicit lifo_queue(std::ptrdiff_t maxsize = 0, std::string_view name = {})
    : basic_queue<T>(detail::item_type_of<T>, detail::item_order::lifo, maxsize,
                     name) {}
};

} // namespace troupe
