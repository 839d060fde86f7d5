#pragma once

#include <concepts>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace troupe::detail {

enum class failure : unsigned char {
  none,
  error,     // an ordinary exception
  cancelled, // cancelled_error
  exit,      // keyboard_interrupt or system_exit
};

// What a coroutine or a future came to, without its type.
struct result_base {
  std::exception_ptr error;
  failure failed = failure::none;
  bool has_value = false;
};

// What it came to, with a place for the value.
template <class T>
class result_slot : public result_base {
public:
  result_slot() noexcept {}

  result_slot(const result_slot&) = delete;
  result_slot& operator=(const result_slot&) = delete;

  ~result_slot() {
    if (has_value)
      value_.~T();
  }

  template <class... Args>
  void emplace(Args&&... args) {
    ::new (static_cast<void*>(std::addressof(value_)))
      T(std::forward<Args>(args)...);
    has_value = true;
  }

  T& get() noexcept {
    return value_;
  }

private:
  union {
    T value_;
  };
};

template <class T>
class result_slot<T&> : public result_base {
public:
  void emplace(T& value) noexcept {
    value_ = std::addressof(value);
    has_value = true;
  }

  T& get() noexcept {
    return *value_;
  }

private:
  T* value_ = nullptr;
};

template <>
class result_slot<void> : public result_base {
public:
  void emplace() noexcept {
    has_value = true;
  }

  void get() noexcept {}
};

} // namespace troupe::detail
