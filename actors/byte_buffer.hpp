#pragma once

#include <troupe/detail/pool.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::detail {

// Bytes that come in at the end and go out at the front. New room is not
// cleared, and an empty buffer owns no memory beyond what was asked for last.
class byte_buffer {
public:
  byte_buffer() noexcept = default;
  byte_buffer(const byte_buffer&) = delete;
  byte_buffer& operator=(const byte_buffer&) = delete;

  ~byte_buffer() {
    reset();
  }

  std::string_view view() const noexcept {
    return {data_ + begin_, end_ - begin_};
  }

  std::size_t size() const noexcept {
    return end_ - begin_;
  }

  bool empty() const noexcept {
    return begin_ == end_;
  }

  // Makes room for at least `n` bytes behind the end.
  char* room(std::size_t n) {
    if (capacity_ - end_ < n)
      grow(n);
    return data_ + end_;
  }

  std::size_t room_size() const noexcept {
    return capacity_ - end_;
  }

  // `n` bytes of the room were filled.
  void filled(std::size_t n) noexcept {
    end_ += n;
  }

  void append(std::string_view bytes) {
    if (bytes.empty())
      return;
    std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
    end_ += bytes.size();
  }

  // Puts bytes back in front.
  void prepend(std::string_view bytes) {
    if (bytes.empty())
      return;
    if (begin_ < bytes.size()) {
      byte_buffer larger;
      larger.room(bytes.size() + size());
      larger.append(bytes);
      larger.append(view());
      swap(larger);
      return;
    }
    begin_ -= bytes.size();
    std::memcpy(data_ + begin_, bytes.data(), bytes.size());
  }

  void drop(std::size_t n) noexcept {
    begin_ += n;
    if (begin_ == end_)
      begin_ = end_ = 0;
  }

  std::string take(std::size_t n) {
    std::string bytes{data_ + begin_, n};
    drop(n);
    return bytes;
  }

  void clear() noexcept {
    begin_ = end_ = 0;
  }

  // Gives the memory back.
  void reset() noexcept {
    if (data_)
      pool_free(data_, capacity_);
    data_ = nullptr;
    begin_ = end_ = capacity_ = 0;
  }

  void swap(byte_buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

private:
  void grow(std::size_t n) {
    std::size_t used = size();
    if (begin_ > 0 && capacity_ - used >= n && used <= capacity_ / 2) {
      std::memmove(data_, data_ + begin_, used);
    } else {
      std::size_t wanted = std::max(used + n, used * 2);
      char* larger = static_cast<char*>(pool_allocate(wanted));
      if (used > 0)
        std::memcpy(larger, data_ + begin_, used);
      if (data_)
        pool_free(data_, capacity_);
      data_ = larger;
      capacity_ = wanted;
    }
    begin_ = 0;
    end_ = used;
  }

  char* data_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace troupe::detail
