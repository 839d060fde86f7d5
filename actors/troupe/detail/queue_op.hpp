#pragma once

#include <troupe/detail/coordinator.hpp>

#include <new>
#include <utility>

namespace troupe::detail {

enum class item_order : std::uint8_t { fifo, lifo, smallest };

// How items are handled by code that does not know their type.
struct item_type {
  std::size_t size;
  std::size_t align;
  void (*move)(void* from, void* to) noexcept;
  void (*relocate)(void* from, void* to) noexcept; // `from` is destroyed
  void (*destroy)(void* item) noexcept;
  bool (*less)(const void* x, const void* y); // null unless it is needed
};

template <class T>
void move_item(void* from, void* to) noexcept {
  ::new (to) T(std::move(*static_cast<T*>(from)));
}

template <class T>
void relocate_item(void* from, void* to) noexcept {
  move_item<T>(from, to);
  static_cast<T*>(from)->~T();
}

template <class T>
void destroy_item(void* item) noexcept {
  static_cast<T*>(item)->~T();
}

template <class T, class Less>
bool less_item(const void* x, const void* y) {
  return Less{}(*static_cast<const T*>(x), *static_cast<const T*>(y));
}

template <class T>
inline constexpr item_type item_type_of{sizeof(T),       alignof(T),
                                        move_item<T>,    relocate_item<T>,
                                        destroy_item<T>, nullptr};

template <class T, class Less>
inline constexpr item_type ordered_item_type_of{
  sizeof(T),        alignof(T),      move_item<T>,
  relocate_item<T>, destroy_item<T>, less_item<T, Less>};

// What a wait is for, in the op's mark.
enum queue_mark : std::uint8_t {
  getting,
  putting,
  joining,
  turned_away = 8, // the queue was shut down
};

class put_op_base : public wait_op {
public:
  explicit put_op_base(coordinator& core) noexcept : wait_op(core) {
    mark_ = putting;
  }

  put_op_base(put_op_base&&) noexcept = default;

  bool start() override;

protected:
  ~put_op_base() = default;

  // `item` is moved from if true.
  bool put_now(frame_base& frame, void* item);
  void put_waited(void* item);
};

class get_op_base : public wait_op {
public:
  explicit get_op_base(coordinator& core) noexcept : wait_op(core) {
    mark_ = getting;
  }

  get_op_base(get_op_base&&) noexcept = default;

  bool start() override;

protected:
  ~get_op_base() = default;

  bool get_now(frame_base& frame, void* item);
  void get_waited(void* item);
};

class join_op final : public wait_op {
public:
  explicit join_op(coordinator& core) noexcept : wait_op(core) {
    mark_ = joining;
  }

  bool ready(frame_base& frame);
  bool start() override;

  void resume() {
    if (waited())
      state_ = wait_state::over;
  }
};

// A place for an item that is there or not.
template <class T>
class item_place {
public:
  item_place() noexcept {}

  ~item_place() {
    if (full)
      item.~T();
  }

  item_place(const item_place&) = delete;
  item_place& operator=(const item_place&) = delete;

  union {
    T item;
  };
  bool full = false;
};

template <class T>
class put_op final : public put_op_base {
public:
  put_op(coordinator& core, T&& item) noexcept
    : put_op_base(core), item_(std::move(item)) {}

  put_op(put_op&& other) noexcept = default;

  bool ready(frame_base& frame) {
    return put_now(frame, std::addressof(item_));
  }

  void resume() {
    if (waited())
      put_waited(std::addressof(item_));
  }

private:
  T item_;
};

template <class T>
class get_op final : public get_op_base {
public:
  using get_op_base::get_op_base;

  // The place is empty until it is awaited.
  get_op(get_op&& other) noexcept : get_op_base(std::move(other)) {}

  bool ready(frame_base& frame) {
    place_.full = get_now(frame, std::addressof(place_.item));
    return place_.full;
  }

  T resume() {
    if (waited()) {
      get_waited(std::addressof(place_.item));
      place_.full = true;
    }
    return std::move(place_.item);
  }

private:
  item_place<T> place_;
};

struct smaller {
  template <class T>
  bool operator()(const T& x, const T& y) const {
    return x < y;
  }
};

} // namespace troupe::detail
