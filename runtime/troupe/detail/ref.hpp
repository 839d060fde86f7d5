#pragma once

#include <utility>

namespace troupe::detail {

// A counted pointer to an object that counts itself with `retain` and
// `release`. `<memory>` would cost half of a public header's parse time.
template <class T>
class ref {
public:
  ref() noexcept = default;

  ref(std::nullptr_t) noexcept {}

  // Shares `object`, or adopts a count that the caller holds already.
  explicit ref(T* object, bool adopt = false) noexcept : object_(object) {
    if (object_ && !adopt)
      object_->retain();
  }

  ref(const ref& other) noexcept : ref(other.object_) {}

  ref(ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}

  ref& operator=(ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }

  ~ref() {
    if (object_)
      object_->release();
  }

  T* get() const noexcept {
    return object_;
  }

  T* operator->() const noexcept {
    return object_;
  }

  T& operator*() const noexcept {
    return *object_;
  }

  explicit operator bool() const noexcept {
    return object_ != nullptr;
  }

  T* detach() noexcept {
    return std::exchange(object_, nullptr);
  }

  friend bool operator==(const ref& x, const ref& y) noexcept {
    return x.object_ == y.object_;
  }

private:
  T* object_ = nullptr;
};

} // namespace troupe::detail
