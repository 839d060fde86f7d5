#pragma once

#include <troupe/detail/queue_op.hpp>

#include <optional>

namespace troupe::detail {

// What a wait is for, and what came of it, in the op's mark.
enum channel_mark : std::uint8_t {
  receiving = 0,
  sending = 1,
  taken = 4, // the item was taken out of the waiting op
  ended = 8, // the channel was closed
};

class send_op_base : public wait_op {
public:
  send_op_base(coordinator& core, void* item) noexcept
    : wait_op(core), item_at_(item) {
    mark_ = sending;
  }

  send_op_base(send_op_base&& other, void* item) noexcept
    : wait_op(std::move(other)), item_at_(item) {}

  bool start() override;

  // The item has gone: the send has happened.
  bool is_final() const noexcept override {
    return mark_ & taken;
  }

  void* item() const noexcept {
    return item_at_;
  }

protected:
  ~send_op_base() = default;

  bool send_now(frame_base& frame);
  void send_waited();

private:
  void* item_at_;
};

class channel_receive_op_base : public wait_op {
public:
  using wait_op::wait_op;
  channel_receive_op_base(channel_receive_op_base&&) noexcept = default;

  bool start() override;

protected:
  ~channel_receive_op_base() = default;

  enum class found : std::uint8_t { item, nothing, end };

  found receive_now(frame_base& frame, void* item);
  // False at the end of the channel.
  bool receive_waited(void* item);
  [[noreturn]] void throw_closed() const;
};

template <class T>
class send_op final : public send_op_base {
public:
  send_op(coordinator& core, T&& item) noexcept
    : send_op_base(core, std::addressof(item_)), item_(std::move(item)) {}

  send_op(send_op&& other) noexcept
    : send_op_base(std::move(other), std::addressof(item_)),
      item_(std::move(other.item_)) {}

  bool ready(frame_base& frame) {
    return send_now(frame);
  }

  void resume() {
    if (waited())
      send_waited();
  }

private:
  T item_;
};

template <class T>
class channel_receive_op_of : public channel_receive_op_base {
public:
  using channel_receive_op_base::channel_receive_op_base;

  // The place is empty until it is awaited.
  channel_receive_op_of(channel_receive_op_of&& other) noexcept
    : channel_receive_op_base(std::move(other)) {}

  bool ready(frame_base& frame) {
    found what = receive_now(frame, std::addressof(place_.item));
    place_.full = what == found::item;
    return what != found::nothing;
  }

protected:
  ~channel_receive_op_of() = default;

  // False at the end of the channel.
  bool has_item() {
    if (waited())
      place_.full = receive_waited(std::addressof(place_.item));
    return place_.full;
  }

  item_place<T> place_;
};

template <class T>
class channel_receive_op final : public channel_receive_op_of<T> {
public:
  using channel_receive_op_of<T>::channel_receive_op_of;

  T resume() {
    if (!this->has_item())
      this->throw_closed();
    return std::move(this->place_.item);
  }
};

template <class T>
class next_item_op final : public channel_receive_op_of<T> {
public:
  using channel_receive_op_of<T>::channel_receive_op_of;

  std::optional<T> resume() {
    if (!this->has_item())
      return {};
    return std::optional<T>{std::move(this->place_.item)};
  }
};

} // namespace troupe::detail
