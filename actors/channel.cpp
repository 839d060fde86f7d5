#include <troupe/channel.hpp>
#include <troupe/error.hpp>

#include "actors/coordinator.hpp"
#include "actors/item_store.hpp"

#include <stdexcept>

namespace troupe {

namespace detail {

/// Items, who waits to send one, and who waits to receive one.
///
/// As in a queue, a task that waits is given a right, and uses it when it goes
/// on: to an item (`promised_items_`), or to put one (`promised_places_`).
/// Without a capacity there is a place for each task that waits to receive.
/// Also then an item can lie in the channel: if the task that it was for is
/// cancelled, it waits for the next.
class channel_core final : public coordinator {
public:
  channel_core(const item_type& type, std::size_t capacity,
               std::string_view name)
    : coordinator(name), items_(type, item_order::fifo), type_(type),
      capacity_(capacity) {}

  std::size_t capacity() const noexcept {
    return capacity_;
  }

  // -- sending ----------------------------------------------------------------

  bool send_now(loop_core& loop, void* item) {
    return send_now(item, enter(loop));
  }

  bool try_send(void* item) {
    return send_now(item, enter());
  }

  void wait_to_send(wait_op& waiter) {
    turn mine{*this, !exclusive(waiter)};
    check_open();
    join(senders_, waiter);
    admit(mine);
  }

  // A task whose turn it is to send goes on.
  void send_waited(send_op_base& waiter) {
    turn mine{*this, !exclusive(waiter)};
    if (mark_of(waiter) == sending)
      --promised_places_;
    check_open();
    insert(waiter.item(), mine);
  }

  // -- receiving --------------------------------------------------------------

  enum class found : std::uint8_t { item, nothing, end };

  found receive_now(loop_core& loop, void* item) {
    turn mine{*this, enter(loop)};
    wait_op* first = senders_.empty() ? nullptr : &senders_.front();
    return receive(item, first && !first->is_arm() ? first : nullptr, mine);
  }

  bool try_receive(void* item) {
    turn mine{*this, enter()};
    wait_op* first = senders_.find([](wait_op& x) { return !x.is_arm(); });
    found what = receive(item, first, mine);
    if (what == found::end)
      throw_closed("receive from ");
    return what == found::item;
  }

  void wait_to_receive(wait_op& waiter) {
    turn mine{*this, !exclusive(waiter)};
    join(receivers_, waiter);
    admit(mine);
  }

  // A task whose turn it is to receive goes on. False at the end.
  bool receive_waited(wait_op& waiter, void* item) {
    turn mine{*this, !exclusive(waiter)};
    if (mark_of(waiter) & ended)
      return false;
    --promised_items_;
    remove(item, mine);
    return true;
  }

  [[noreturn]] void report_closed() const {
    turn mine{*this, enter()};
    throw_closed("receive from ");
  }

  // -- the end ----------------------------------------------------------------

  void close() {
    turn mine{*this, enter()};
    closed_ = true;
    turn_away(senders_, mine);
    admit(mine);
  }

  channel_statistics statistics() const {
    turn mine{*this, enter()};
    return {.size = items_.size(),
            .capacity = capacity_,
            .sending = senders_.size(),
            .receiving = receivers_.size(),
            .closed = closed_};
  }

private:
  bool send_now(void* item, bool shared) {
    turn mine{*this, shared};
    check_open();
    if (!has_room(0))
      return false;
    insert(item, mine);
    return true;
  }

  // From an item that lies here, or straight out of the op of `sender`, which
  // goes on then.
  found receive(void* item, wait_op* sender, turn& mine) {
    if (has_item()) {
      remove(item, mine);
      return found::item;
    }
    if (capacity_ == 0 && sender) {
      type_.move(static_cast<send_op_base*>(sender)->item(), item);
      senders_.leave(*sender);
      mark_of(*sender) |= taken;
      mine.wake(*sender);
      return found::item;
    }
    return closed_ && items_.size() == 0 ? found::end : found::nothing;
  }

  bool has_item() const noexcept {
    return items_.size() > promised_items_;
  }

  // `own` is how many receivers do not count.
  bool has_room(std::size_t own) const noexcept {
    std::size_t places
      = capacity_ > 0 ? capacity_ : receivers_.size() + promised_items_ - own;
    return items_.size() + promised_places_ < places;
  }

  // A select that would receive what it sends itself is no receiver.
  bool has_room_for(const wait_op& sender) const noexcept {
    std::size_t own = 0;
    if (capacity_ == 0 && sender.is_arm())
      receivers_.find([&](const wait_op& x) {
        own += number_of(x) == number_of(sender);
        return false;
      });
    return has_room(own);
  }

  // Others may go on, also if there is no memory for an item.
  struct admission {
    channel_core& core;
    turn& mine;

    ~admission() {
      core.admit(mine);
    }
  };

  void insert(void* item, turn& mine) {
    admission after{*this, mine};
    items_.push(item);
  }

  void remove(void* item, turn& mine) {
    admission after{*this, mine};
    items_.pop(item);
  }

  // The one rule of a channel: what is there is promised to the first in line.
  void admit(turn& mine) noexcept {
    while (!receivers_.empty() && has_item()) {
      ++promised_items_;
      mine.wake(receivers_.pop());
    }
    while (!senders_.empty() && has_room_for(senders_.front())) {
      ++promised_places_;
      mine.wake(senders_.pop());
    }
    // Until then what is promised to others may come back.
    if (closed_ && items_.size() == 0)
      turn_away(receivers_, mine);
  }

  static void turn_away(wait_line& line, turn& mine) noexcept {
    while (!line.empty()) {
      wait_op& next = line.pop();
      mark_of(next) |= ended;
      mine.wake(next);
    }
  }

  void check_open() const {
    if (closed_)
      throw_closed("send to ");
  }

  [[noreturn]] void throw_closed(const char* what) const {
    throw channel_closed(what + text() + "; stop when it is closed");
  }

  std::string text() const override {
    return text_of("channel", std::to_string(items_.size()) + " of "
                                + std::to_string(capacity_) + " items"
                                + count_of(receivers_.size(), "receiving")
                                + count_of(senders_.size(), "sending")
                                + (closed_ ? ", closed" : ""));
  }

  wait_line& line_of(wait_op& waiter) noexcept override {
    return mark_of(waiter) & sending ? senders_ : receivers_;
  }

  void on_return(wait_op& waiter, turn& mine) noexcept override {
    if (mark_of(waiter) == sending)
      --promised_places_;
    else if (mark_of(waiter) == receiving)
      --promised_items_;
    admit(mine);
  }

  item_store items_;
  wait_line receivers_;
  wait_line senders_;
  std::size_t promised_items_ = 0;
  std::size_t promised_places_ = 0;
  const item_type& type_;
  const std::size_t capacity_;
  bool closed_ = false;
};

namespace {

channel_core& core_of(const any_channel& x) noexcept {
  return static_cast<channel_core&>(x.core());
}

std::size_t checked(std::ptrdiff_t capacity, std::string_view name) {
  if (capacity < 0)
    throw std::invalid_argument(coordinator::title_of("channel", name)
                                + ": the capacity is "
                                + std::to_string(capacity)
                                + "; give 0 (a sender waits for a receiver) or "
                                  "how many items can be sent ahead");
  return static_cast<std::size_t>(capacity);
}

} // namespace

// -- ops ----------------------------------------------------------------------

bool send_op_base::send_now(frame_base& frame) {
  task_ = frame.task_;
  return static_cast<channel_core&>(*owner_).send_now(task_->home(), item_at_);
}

bool send_op_base::start() {
  static_cast<channel_core&>(*owner_).wait_to_send(*this);
  return true;
}

void send_op_base::send_waited() {
  state_ = wait_state::over;
  if (!is_final())
    static_cast<channel_core&>(*owner_).send_waited(*this);
}

channel_receive_op_base::found
channel_receive_op_base::receive_now(frame_base& frame, void* item) {
  task_ = frame.task_;
  auto what
    = static_cast<channel_core&>(*owner_).receive_now(task_->home(), item);
  return static_cast<found>(what);
}

bool channel_receive_op_base::start() {
  static_cast<channel_core&>(*owner_).wait_to_receive(*this);
  return true;
}

bool channel_receive_op_base::receive_waited(void* item) {
  state_ = wait_state::over;
  return static_cast<channel_core&>(*owner_).receive_waited(*this, item);
}

void channel_receive_op_base::throw_closed() const {
  static_cast<channel_core&>(*owner_).report_closed();
}

} // namespace detail

// -- handle -------------------------------------------------------------------

any_channel::any_channel(const detail::item_type& type, std::ptrdiff_t capacity,
                         std::string_view name)
  : coordinator_handle(
      new detail::channel_core(type, detail::checked(capacity, name), name)) {}

void any_channel::close() {
  detail::core_of(*this).close();
}

bool any_channel::closed() const {
  return statistics().closed;
}

std::size_t any_channel::capacity() const noexcept {
  return detail::core_of(*this).capacity();
}

channel_statistics any_channel::statistics() const {
  return detail::core_of(*this).statistics();
}

bool any_channel::send_item(void* item) {
  return detail::core_of(*this).try_send(item);
}

bool any_channel::receive_item(void* item) {
  return detail::core_of(*this).try_receive(item);
}

} // namespace troupe
