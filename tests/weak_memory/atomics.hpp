#pragma once

// The atomics policy of the checker: each operation is a step of the explorer.

#include "weak_memory/explorer.hpp"

#include <cstring>
#include <mutex>
#include <new>
#include <type_traits>

namespace weak {

// Ends the execution as a failure unless `holds`.
inline void require(bool holds, const char* what) {
  if (!holds)
    explorer::here->fail(what);
}

// Blocks the thread until `ready`. It orders no memory.
inline void wait_until(const std::function<bool()>& ready) {
  explorer::here->wait_until(ready);
}

// As above, but it also goes on when nobody else can: much time has passed.
inline void wait_long(const std::function<bool()>& ready) {
  explorer::here->wait_until(ready, true);
}

// As std::atomic, as far as we need it.
template <class T>
class atomic {
public:
  atomic() : atomic(T{}) {}

  atomic(T value) : id_(explorer::here->new_atomic(to_word(value))) {}

  ~atomic() {
    explorer::here->end_atomic(id_);
  }

  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(order how, place at = place::here()) const {
    return to_value(explorer::here->load(id_, how, at));
  }

  void store(T value, order how, place at = place::here()) {
    explorer::here->store(id_, to_word(value), how, at);
  }

  T exchange(T value, order how, place at = place::here()) {
    return replace({.operand = to_word(value), .success = how}, at);
  }

  T fetch_add(T value, order how, place at = place::here()) {
    auto sum = [](word x, word y) {
      return to_word(static_cast<T>(to_value(x) + to_value(y)));
    };
    return replace({.operand = to_word(value), .apply = sum, .success = how},
                   at);
  }

  T fetch_sub(T value, order how, place at = place::here()) {
    return fetch_add(static_cast<T>(-value), how, at);
  }

  bool compare_exchange_strong(T& expected, T value, order success,
                               order failure, place at = place::here()) {
    word old = to_word(expected);
    auto [found, done] = explorer::here->exchange(
      id_, {to_word(value), nullptr, &old, success, failure}, at);
    if (!done)
      expected = to_value(found);
    return done;
  }

  // It never fails for no reason: a loop would only go round once more.
  bool compare_exchange_weak(T& expected, T value, order success, order failure,
                             place at = place::here()) {
    return compare_exchange_strong(expected, value, success, failure, at);
  }

private:
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(word));

  static word to_word(T value) {
    word out = 0;
    std::memcpy(&out, &value, sizeof value);
    return out;
  }

  static T to_value(word x) {
    T out;
    std::memcpy(&out, &x, sizeof out);
    return out;
  }

  T replace(const change& how, place at) {
    return to_value(explorer::here->exchange(id_, how, at).first);
  }

  int id_;
};

// Data that is no atomic: threads that come to it must be ordered.
template <class T>
class plain {
public:
  plain() : plain(T{}) {}

  plain(T value) : id_(explorer::here->new_plain()), value_(value) {}

  ~plain() {
    explorer::here->end_plain(id_);
  }

  plain(const plain& other) : plain(other.get()) {}

  plain& operator=(const plain& other) {
    return *this = other.get();
  }

  plain& operator=(T value) {
    explorer::here->touch_plain(id_, action::write);
    value_ = value;
    return *this;
  }

  T get() const {
    explorer::here->touch_plain(id_, action::read);
    return value_;
  }

  operator T() const {
    return get();
  }

  T operator->() const {
    return get();
  }

  plain& operator++() {
    return *this = static_cast<T>(get() + 1);
  }

  plain& operator--() {
    return *this = static_cast<T>(get() - 1);
  }

private:
  int id_;
  T value_;
};

class mutex {
public:
  mutex() : id_(explorer::here->new_atomic(0)) {}

  ~mutex() {
    explorer::here->end_atomic(id_);
  }

  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() {
    wait_until([this] { return !held_; });
    held_ = true;
    explorer::here->join_newest(id_);
  }

  void unlock() {
    explorer::here->publish(id_);
    held_ = false;
  }

private:
  bool held_ = false;
  int id_;
};

// Nobody wakes up for no reason: who waits has a condition.
class condition {
public:
  template <class Ready>
  void wait(std::unique_lock<mutex>& lock, Ready ready) {
    while (!ready()) {
      bool woken = false;
      sleepers_.push_back(&woken);
      lock.unlock();
      wait_until([&] { return woken; });
      lock.lock();
    }
  }

  void notify_one() {
    if (sleepers_.empty())
      return;
    int count = static_cast<int>(sleepers_.size());
    auto chosen = sleepers_.begin() + explorer::here->choose(count);
    **chosen = true;
    sleepers_.erase(chosen);
  }

  void notify_all() {
    for (bool* one : sleepers_)
      *one = true;
    sleepers_.clear();
  }

private:
  std::vector<bool*> sleepers_;
};

// The policy.
struct atomics {
  template <class T>
  using atomic = weak::atomic<T>;
  template <class T>
  using plain = weak::plain<T>;
  using mutex = weak::mutex;
  using condition = weak::condition;

  static void fence(order how, place at = place::here()) {
    explorer::here->fence(how, at);
  }

  static void pause(unsigned = 0) {
    explorer::here->pause();
  }
};

// An object that ends before its memory does, so that later uses are found.
template <class T>
class mortal {
public:
  template <class... Args>
  explicit mortal(Args&&... args) {
    new (memory_) T(std::forward<Args>(args)...);
  }

  ~mortal() {
    if (alive_)
      die();
  }

  mortal(const mortal&) = delete;
  mortal& operator=(const mortal&) = delete;

  void die() {
    alive_ = false;
    get().~T();
  }

  T& get() {
    return *std::launder(reinterpret_cast<T*>(memory_));
  }

private:
  alignas(T) unsigned char memory_[sizeof(T)];
  bool alive_ = true;
};

} // namespace weak
