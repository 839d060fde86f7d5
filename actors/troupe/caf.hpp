#pragma once

/// @file
/// The opt-in bridge to CAF: the only public header that includes CAF's.

#include <troupe/channel.hpp>
#include <troupe/detail/spinlock.hpp>
#include <troupe/link.hpp>
#include <troupe/loop.hpp>
#include <troupe/queue.hpp>
#include <troupe/task.hpp>

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/message.hpp>
#include <caf/meta/type_name.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

namespace troupe {

namespace detail {
actor_ref ref_of(caf::strong_actor_ptr who);
}

/// Returns the actor system whose scheduler the loop is. Ordinary CAF actors
/// that are spawned in it run on the loop, their timers on its clock.
/// @param loop  a loop that is not closed.
caf::actor_system& system_of(const event_loop& loop);

template <class T>
caf::actor task<T>::actor() const {
  return any_task{*this}.actor();
}

/// What the actors of locks, queues and the like are asked by message, as in
/// `self->request(door.actor(), caf::infinite, messages::acquire{})`. Each
/// request is answered once, when it is granted.
namespace messages {

/// For a lock, a condition, a semaphore or a limiter, which also takes a number
/// of tokens, an `std::uint64_t`.
struct acquire {
  static constexpr const char* name = "troupe::messages::acquire"; ///< for CAF
};

/// Gives back what the asking actor acquired first.
struct release {
  static constexpr const char* name = "troupe::messages::release"; ///< for CAF
};

/// For an `rw_lock`: to read.
struct read {
  static constexpr const char* name = "troupe::messages::read"; ///< for CAF
};

/// For an `rw_lock`: to write.
struct write {
  static constexpr const char* name = "troupe::messages::write"; ///< for CAF
};

/// For an event, a condition or a barrier, which answers with a number, an
/// `std::uint64_t`.
struct wait {
  static constexpr const char* name = "troupe::messages::wait"; ///< for CAF
};

/// For an event.
struct set {
  static constexpr const char* name = "troupe::messages::set"; ///< for CAF
};

/// For an event.
struct clear {
  static constexpr const char* name = "troupe::messages::clear"; ///< for CAF
};

/// For an event, which answers with a `bool`.
struct is_set {
  static constexpr const char* name = "troupe::messages::is_set"; ///< for CAF
};

/// For a condition: wakes one, or as many as the `std::uint64_t` after it says.
struct notify {
  static constexpr const char* name = "troupe::messages::notify"; ///< for CAF
};

/// For a condition.
struct notify_all {
  static constexpr const char* name
    = "troupe::messages::notify_all"; ///< for CAF
};

/// For a barrier.
struct reset {
  static constexpr const char* name = "troupe::messages::reset"; ///< for CAF
};

/// For a barrier.
struct abort {
  static constexpr const char* name = "troupe::messages::abort"; ///< for CAF
};

/// For a queue; the item comes after it.
struct put {
  static constexpr const char* name = "troupe::messages::put"; ///< for CAF
};

/// For a queue, which answers with the item.
struct get {
  static constexpr const char* name = "troupe::messages::get"; ///< for CAF
};

/// For a queue.
struct task_done {
  static constexpr const char* name
    = "troupe::messages::task_done"; ///< for CAF
};

/// For a queue.
struct join {
  static constexpr const char* name = "troupe::messages::join"; ///< for CAF
};

/// For a queue; a `bool` after it says whether at once.
struct shutdown {
  static constexpr const char* name = "troupe::messages::shutdown"; ///< for CAF
};

/// For a channel; the item comes after it.
struct send {
  static constexpr const char* name = "troupe::messages::send"; ///< for CAF
};

/// For a channel, which answers with the item.
struct receive {
  static constexpr const char* name = "troupe::messages::receive"; ///< for CAF
};

/// For a channel.
struct close {
  static constexpr const char* name = "troupe::messages::close"; ///< for CAF
};

/// @cond PRIVATE
template <class T>
concept request = std::is_empty_v<T> && requires {
  { T::name } -> std::convertible_to<const char*>;
};

template <class Inspector, request T>
typename Inspector::result_type inspect(Inspector& f, T&) {
  return f(caf::meta::type_name(T::name));
}
/// @endcond

} // namespace messages

/// @cond PRIVATE
namespace detail {

// What an actor of CAF holds of a coordinator. Given up as a whole when the
// actor ends.
class holdings {
public:
  // False if the actor has ended: then it is given back at once.
  bool add(std::shared_ptr<void> held);

  // What was added first; null if there is nothing.
  std::shared_ptr<void> take() noexcept;

  bool empty() const noexcept;

  void close() noexcept;

private:
  mutable spinlock busy_;
  std::vector<std::shared_ptr<void>> held_;
  bool closed_ = false;
};

using holdings_ptr = std::shared_ptr<holdings>;
using answering = coro<caf::message>; // does what is asked; an empty answer is
                                      // one without a value

// What a coordinator understands as messages.
class door {
public:
  virtual ~door() = default;

  // Empty if the message is not understood.
  virtual std::optional<answering> open(caf::message& request,
                                        holdings_ptr mine)
    = 0;
};

caf::actor actor_of(coordinator& core, std::unique_ptr<door> entrance);

// What a queue understands besides its items.
std::optional<answering> open_queue(const any_queue& items,
                                    caf::message& request);
std::optional<answering> open_channel(const any_channel& items,
                                      caf::message& request);

template <class T>
concept message_item = std::copy_constructible<T>;

template <class T>
answering put_by_message(basic_queue<T> items, T item) {
  co_await items.put(std::move(item));
  co_return caf::message{};
}

template <class T>
answering get_by_message(basic_queue<T> items) {
  T item = co_await items.get();
  co_return caf::make_message(std::move(item));
}

template <class T>
class queue_door final : public door {
public:
  explicit queue_door(const basic_queue<T>& items) : items_(items) {}

  std::optional<answering> open(caf::message& request, holdings_ptr) override {
    if (request.match_elements<messages::put, T>())
      return put_by_message(items_, request.get_as<T>(1));
    if (request.match_elements<messages::get>())
      return get_by_message(items_);
    return open_queue(items_, request);
  }

private:
  basic_queue<T> items_;
};

template <class T>
answering send_by_message(channel<T> items, T item) {
  co_await items.send(std::move(item));
  co_return caf::message{};
}

template <class T>
answering receive_by_message(channel<T> items) {
  T item = co_await items.receive();
  co_return caf::make_message(std::move(item));
}

template <class T>
class channel_door final : public door {
public:
  explicit channel_door(const channel<T>& items) : items_(items) {}

  std::optional<answering> open(caf::message& request, holdings_ptr) override {
    if (request.match_elements<messages::send, T>())
      return send_by_message(items_, request.get_as<T>(1));
    if (request.match_elements<messages::receive>())
      return receive_by_message(items_);
    return open_channel(items_, request);
  }

private:
  channel<T> items_;
};

} // namespace detail
/// @endcond

template <class T>
caf::actor basic_queue<T>::actor() const {
  static_assert(detail::message_item<T>,
                "an item that goes by message must be copyable");
  return detail::actor_of(core(),
                          std::make_unique<detail::queue_door<T>>(*this));
}

template <class T>
caf::actor channel<T>::actor() const {
  static_assert(detail::message_item<T>,
                "an item that goes by message must be copyable");
  return detail::actor_of(core(),
                          std::make_unique<detail::channel_door<T>>(*this));
}

/// Names an actor of CAF, so that tasks can `tell` and `ask` it, monitor it and
/// link to it. Of a message for it every value is copied; one for an actor of
/// another node must be known to CAF (`add_message_type`).
/// @param who  any handle of CAF: of a class, dynamically typed or typed.
template <class Handle>
actor_ref ref_of(const Handle& who) {
  return detail::ref_of(caf::actor_cast<caf::strong_actor_ptr>(who));
}

/// Returns the handle by which actors of CAF know a task or another actor.
caf::actor handle_of(const actor_ref& who);

/// Spawns an actor of CAF, of a class, on the running loop.
/// @tparam Actor  an `event_based_actor`, `stateful_actor` or a typed actor.
/// @returns  the handle of its kind.
/// @throws error  (`errc::no_running_loop`) outside a loop.
template <class Actor, class... Args>
auto spawn(Args&&... args) {
  return system_of(get_running_loop())
    .template spawn<Actor>(std::forward<Args>(args)...);
}

} // namespace troupe
