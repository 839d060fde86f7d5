#pragma once

#include <troupe/detail/queue_op.hpp>

namespace troupe::detail {

// The items of a queue, in the order in which they go: a ring, or a heap.
class item_store {
public:
  item_store(const item_type& type, item_order order) noexcept;
  item_store(const item_store&) = delete;
  item_store& operator=(const item_store&) = delete;
  ~item_store();

  std::size_t size() const noexcept {
    return size_;
  }

  // `item` is moved from. Throws if there is no memory, or what comparing
  // throws; then nothing has changed.
  void push(void* item);

  // As above; it goes next. In a heap only if no other is smaller.
  void push_front(void* item);

  // Moves the item whose turn it is to `to`, an empty place.
  void pop(void* to);

  void swap(item_store& other) noexcept;

private:
  // Of equal items in a heap the older one goes first.
  using number = std::uint64_t;

  bool is_heap() const noexcept {
    return order_ == item_order::smallest;
  }

  char* at(std::size_t index) const noexcept {
    return data_ + ((first_ + index) & (capacity_ - 1)) * stride_;
  }

  number& number_at(std::size_t index) const noexcept {
    return *reinterpret_cast<number*>(at(index) + number_offset_);
  }

  void grow();
  void shrink() noexcept;
  bool before(const void* x, number nx, const void* y, number ny) const;
  void push_heap(void* item);
  void pop_heap(void* to);
  void free() noexcept;

  const item_type* type_;
  std::size_t stride_;
  std::size_t number_offset_ = 0;
  char* data_ = nullptr;
  std::size_t capacity_ = 0; // a power of two
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  number next_number_ = 0;
  item_order order_;
};

} // namespace troupe::detail
