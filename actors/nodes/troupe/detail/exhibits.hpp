#pragma once

#include <troupe/detail/exhibit.hpp>
#include <troupe/detail/stand_in.hpp>
#include <troupe/event.hpp>
#include <troupe/lock.hpp>
#include <troupe/queue.hpp>
#include <troupe/semaphore.hpp>
#include <troupe/task.hpp>

namespace troupe::detail {

// What can be published, each with its verbs. 0 asks for the kind.

template <class T>
class exhibit_of;

// What a kind is called, with the types that travel.
template <class T>
struct kind_of;

// -- queues -------------------------------------------------------------------

enum class queue_verb : std::uint8_t {
  put = 1,
  try_put,
  get,
  try_get,
  join,
  qsize,
  task_done, // told
  shutdown,  // told
};

template <class T>
std::string queue_kind() {
  return "queue of " + wire_name_of<T>();
}

template <class T>
struct kind_of<queue<T>> {
  static std::string text() {
    return queue_kind<T>();
  }
};

// Puts an item back that was got, before all others.
void put_back(any_queue& x, void* item);

template <class T>
class queue_exhibit final : public exhibit {
public:
  explicit queue_exhibit(basic_queue<T> x) : queue_(std::move(x)) {}

  std::string kind() const override {
    return queue_kind<T>();
  }

  coro<std::string> ask(std::uint8_t verb, std::string payload,
                        visit&) override {
    switch (static_cast<queue_verb>(verb)) {
      case queue_verb::put: {
        T item = from_wire<T>(payload);
        payload = {};
        co_await queue_.put(std::move(item));
        co_return std::string{};
      }
      case queue_verb::try_put:
        co_return to_wire(queue_.try_put(from_wire<T>(payload)));
      case queue_verb::get: {
        T item = co_await queue_.get();
        co_return to_wire(item);
      }
      case queue_verb::try_get:
        co_return to_wire(queue_.try_get());
      case queue_verb::join:
        co_await queue_.join();
        co_return std::string{};
      case queue_verb::qsize:
        co_return to_wire(std::uint64_t{queue_.qsize()});
      default:
        throw_bad_message("a queue does not do that");
    }
  }

  void tell(std::uint8_t verb, std::string_view payload) override {
    switch (static_cast<queue_verb>(verb)) {
      case queue_verb::task_done:
        return queue_.task_done();
      case queue_verb::shutdown:
        return queue_.shutdown(from_wire<bool>(payload));
      default:
        throw_bad_message("a queue does not do that");
    }
  }

  void undo(std::uint8_t verb, std::string_view payload) override {
    if (static_cast<queue_verb>(verb) == queue_verb::get) {
      T item = from_wire<T>(payload);
      put_back(queue_, &item);
    } else if (static_cast<queue_verb>(verb) == queue_verb::try_get) {
      auto item = from_wire<std::optional<T>>(payload);
      if (item)
        put_back(queue_, &*item);
    }
  }

private:
  basic_queue<T> queue_;
};

// The exhibit class for what `publish` was given.
template <class T>
struct exhibit_class {
  using type = exhibit_of<T>;
};
template <class T>
struct exhibit_class<queue<T>> {
  using type = queue_exhibit<T>;
};
template <class T>
struct exhibit_class<lifo_queue<T>> {
  using type = queue_exhibit<T>;
};
template <class T, class Less>
struct exhibit_class<priority_queue<T, Less>> {
  using type = queue_exhibit<T>;
};

// -- lock, semaphore, event ---------------------------------------------------

enum class lock_verb : std::uint8_t { acquire = 1, try_acquire, locked };
enum class semaphore_verb : std::uint8_t {
  acquire = 1,
  try_acquire,
  locked,
  release, // told
};
enum class event_verb : std::uint8_t {
  wait = 1,
  is_set,
  set,   // told
  clear, // told
};

template <>
struct kind_of<lock> {
  static std::string text() {
    return "lock";
  }
};

template <>
struct kind_of<semaphore> {
  static std::string text() {
    return "semaphore";
  }
};

template <>
struct kind_of<event> {
  static std::string text() {
    return "event";
  }
};

template <>
class exhibit_of<lock> final : public exhibit {
public:
  explicit exhibit_of(lock x);
  std::string kind() const override;
  coro<std::string> ask(std::uint8_t verb, std::string payload,
                        visit& from) override;

private:
  std::string granted(visit& from);

  lock lock_;
};

template <>
class exhibit_of<semaphore> final : public exhibit {
public:
  explicit exhibit_of(semaphore x) : semaphore_(std::move(x)) {}
  std::string kind() const override;
  coro<std::string> ask(std::uint8_t verb, std::string payload,
                        visit& from) override;
  void tell(std::uint8_t verb, std::string_view payload) override;

private:
  std::string granted(visit& from);

  semaphore semaphore_;
};

template <>
struct exhibit_class<bounded_semaphore> {
  using type = exhibit_of<semaphore>;
};

template <>
class exhibit_of<event> final : public exhibit {
public:
  explicit exhibit_of(event x) : event_(std::move(x)) {}
  std::string kind() const override;
  coro<std::string> ask(std::uint8_t verb, std::string payload,
                        visit& from) override;
  void tell(std::uint8_t verb, std::string_view payload) override;

private:
  event event_;
};

// -- tasks --------------------------------------------------------------------

enum class task_verb : std::uint8_t { await = 1, cancel, done };

template <class T>
struct kind_of<task<T>> {
  static std::string text() {
    return "task of " + wire_name_of<T>();
  }
};

// Waits for the end of a task; cancels it only if the peer asked for that.
coro<void> wait_for_end(any_task x, visit& from);

template <class T>
class exhibit_of<task<T>> final : public exhibit {
public:
  explicit exhibit_of(task<T> x) : task_(std::move(x)) {}

  std::string kind() const override {
    return kind_of<task<T>>::text();
  }

  coro<std::string> ask(std::uint8_t verb, std::string payload,
                        visit& from) override {
    if (is_watch(verb)) {
      co_await watch_for_peer(task_, verb, from);
      co_return std::string{};
    }
    switch (static_cast<task_verb>(verb)) {
      case task_verb::await:
        co_await wait_for_end(task_, from);
        if constexpr (std::is_void_v<T>) {
          task_.result();
          co_return std::string{};
        } else {
          co_return to_wire(task_.result());
        }
      case task_verb::cancel:
        co_return to_wire(task_.cancel(from_wire<std::string>(payload)));
      case task_verb::done:
        co_return to_wire(task_.done());
      default:
        throw_bad_message("a task does not do that");
    }
  }

  void tell(std::uint8_t verb, std::string_view payload) override {
    if (verb != static_cast<std::uint8_t>(watch_verb::exit))
      throw_bad_message("a task does not do that");
    exit_by_peer(task_, payload);
  }

private:
  task<T> task_;
};

} // namespace troupe::detail
