#include "actors/item_store.hpp"

#include <algorithm>
#include <new>

namespace troupe::detail {

namespace {

constexpr std::size_t least_capacity = 8;
constexpr std::size_t kept_capacity = 1'024; // by a store that is empty

constexpr std::size_t round_up(std::size_t x, std::size_t grain) noexcept {
  return (x + grain - 1) / grain * grain;
}

} // namespace

item_store::item_store(const item_type& type, item_order order) noexcept
  : type_(&type), stride_(type.size), order_(order) {
  if (is_heap()) {
    number_offset_ = round_up(type.size, alignof(number));
    stride_ = round_up(number_offset_ + sizeof(number),
                       std::max(type.align, alignof(number)));
  }
}

item_store::~item_store() {
  for (std::size_t i = 0; i < size_; ++i)
    type_->destroy(at(i));
  free();
}

void item_store::free() noexcept {
  ::operator delete(data_,
                    std::align_val_t{std::max(type_->align, alignof(number))});
  data_ = nullptr;
  capacity_ = first_ = 0;
}

void item_store::swap(item_store& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(capacity_, other.capacity_);
  std::swap(first_, other.first_);
  std::swap(size_, other.size_);
}

void item_store::grow() {
  std::size_t wanted = std::max(least_capacity, capacity_ * 2);
  auto* bigger = static_cast<char*>(
    ::operator new(wanted * stride_,
                   std::align_val_t{std::max(type_->align, alignof(number))}));
  for (std::size_t i = 0; i < size_; ++i) {
    type_->relocate(at(i), bigger + i * stride_);
    if (is_heap())
      *reinterpret_cast<number*>(bigger + i * stride_ + number_offset_)
        = number_at(i);
  }
  free();
  data_ = bigger;
  capacity_ = wanted;
}

// A crowd that came once does not keep its room for ever.
void item_store::shrink() noexcept {
  if (size_ == 0 && capacity_ > kept_capacity)
    free();
}

void item_store::push(void* item) {
  if (size_ == capacity_)
    grow();
  if (is_heap())
    return push_heap(item);
  type_->move(item, at(size_));
  ++size_;
}

void item_store::push_front(void* item) {
  if (order_ != item_order::fifo)
    return push(item);
  if (size_ == capacity_)
    grow();
  std::size_t before = (first_ + capacity_ - 1) & (capacity_ - 1);
  type_->move(item, data_ + before * stride_);
  first_ = before;
  ++size_;
}

void item_store::pop(void* to) {
  if (is_heap()) {
    pop_heap(to);
  } else if (order_ == item_order::lifo) {
    type_->relocate(at(--size_), to);
  } else {
    type_->relocate(at(0), to);
    first_ = (first_ + 1) & (capacity_ - 1);
    --size_;
  }
  shrink();
}

// -- a heap: no item goes before its parent -----------------------------------

bool item_store::before(const void* x, number nx, const void* y,
                        number ny) const {
  if (type_->less(x, y))
    return true;
  return nx < ny && !type_->less(y, x);
}

// All comparing comes before all moving: it may throw.
void item_store::push_heap(void* item) {
  number mine = next_number_;
  std::size_t place = size_;
  while (place > 0) {
    std::size_t parent = (place - 1) / 2;
    if (!before(item, mine, at(parent), number_at(parent)))
      break;
    place = parent;
  }
  for (std::size_t hole = size_; hole != place; hole = (hole - 1) / 2) {
    std::size_t parent = (hole - 1) / 2;
    type_->relocate(at(parent), at(hole));
    number_at(hole) = number_at(parent);
  }
  type_->move(item, at(place));
  number_at(place) = mine;
  ++next_number_;
  ++size_;
}

void item_store::pop_heap(void* to) {
  // The way that the hole goes down, until the last item fits in.
  std::size_t way[64];
  std::size_t steps = 0;
  std::size_t last = size_ - 1;
  for (std::size_t hole = 0;;) {
    std::size_t child = 2 * hole + 1;
    if (child >= last)
      break;
    if (child + 1 < last
        && before(at(child + 1), number_at(child + 1), at(child),
                  number_at(child)))
      ++child;
    if (!before(at(child), number_at(child), at(last), number_at(last)))
      break;
    way[steps++] = hole = child;
  }
  type_->relocate(at(0), to);
  std::size_t hole = 0;
  for (std::size_t i = 0; i < steps; ++i) {
    type_->relocate(at(way[i]), at(hole));
    number_at(hole) = number_at(way[i]);
    hole = way[i];
  }
  if (hole != last) {
    type_->relocate(at(last), at(hole));
    number_at(hole) = number_at(last);
  }
  size_ = last;
}

} // namespace troupe::detail
