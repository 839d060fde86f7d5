#pragma once

#include <troupe/link.hpp>

#include "runtime/loop_core.hpp"

#include <memory>
#include <vector>

namespace troupe::detail {

class mailbox_room;
class supervision;

// What an actor tells another about itself.
class signal final : public message {
public:
  enum class sort : std::uint8_t {
    monitor,
    demonitor,
    link,
    unlink,
    exit,
    down
  };

  signal(sort which, address who) noexcept
    : message(message_kind::signal, nullptr), which(which),
      from(std::move(who)) {}

  const sort which;
  address from;
  monitor_id id = 0;
  exit_reason reason;
  bool kill = false;
};

// The time of an await is over.
class ring final : public message {
public:
  explicit ring(std::uint64_t number) noexcept
    : message(message_kind::ring, nullptr), serial(number) {}

  const std::uint64_t serial;
};

// Rings in the mailbox of a task. It belongs to the op and to the timers.
class inbox_alarm final : public timer {
public:
  inbox_alarm(task_base& whom, std::uint64_t serial) noexcept
    : task_(&whom), serial_(serial) {}

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  void run() override;
  void discard() noexcept override;
  job_label label() const noexcept override;

  void disarm() noexcept;

private:
  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  ref<future_core> task_;
  const std::uint64_t serial_;
  std::atomic<bool> taken_{false}; // by who comes first
  std::atomic<int> refs_{2};
};

// Messages in the order of their coming.
class message_list {
public:
  bool empty() const noexcept {
    return !first_;
  }

  void add(message& x) noexcept {
    x.next = nullptr;
    (last_ ? last_->next : first_) = &x;
    last_ = &x;
  }

  void add_front(message& x) noexcept {
    x.next = first_;
    first_ = &x;
    if (!last_)
      last_ = &x;
  }

  // Takes out the first one that `fits`.
  template <class F>
  message* take_first(F fits) {
    letter* before = nullptr;
    for (letter* x = first_; x; before = x, x = x->next) {
      if (!fits(*static_cast<message*>(x)))
        continue;
      (before ? before->next : first_) = x->next;
      if (last_ == x)
        last_ = before;
      return static_cast<message*>(x);
    }
    return nullptr;
  }

private:
  letter* first_ = nullptr;
  letter* last_ = nullptr;
};

// What a task has as an actor: the messages that it has not received yet, who
// watches it, and whom it watches. It belongs to whoever runs the task; only
// `room` is looked at by senders.
class inbox {
public:
  explicit inbox(task_cell& owner) noexcept;
  ~inbox();

  // A message out of the task's mailbox. True if it ends the present await.
  bool accept(message& what);

  // The task has ended: tells those who watch it.
  void end(const exit_reason& why) noexcept;

  // The loop is closed: nobody is told.
  void drop() noexcept;

  // -- for ops ----------------------------------------------------------------

  bool find(receive_op_base& op);
  void wait(receive_op_base& op) noexcept;
  void wait(ask_op_base& op) noexcept;
  void stop_waiting() noexcept;

  // It was received, but the task was cancelled at that moment.
  void put_back(message& what) noexcept {
    (what.urgent ? urgent_ : normal_).add_front(what);
    ++size_;
  }

  std::uint64_t next_serial() noexcept {
    return ++serial_;
  }

  // -- watching ---------------------------------------------------------------

  monitor_id monitor(const address& target);
  void demonitor(monitor_id which);
  void link(const address& target);
  void unlink(const address& target) noexcept;

  bool trap(bool on) noexcept {
    return std::exchange(traps_, on);
  }

  // An actor of CAF has ended.
  bool foreign_down(const void* identity, const exit_reason& why);

  // An exit message came. True if it ends the present await.
  bool exit(const address& who, const exit_reason& why, bool kill);

  // -- limits -----------------------------------------------------------------

  void limit(const mailbox_options& how);
  mailbox_statistics statistics() const noexcept;

  mailbox_room* room() const noexcept {
    return room_.load(std::memory_order_acquire);
  }

  // -- looking ----------------------------------------------------------------

  std::size_t size() const noexcept {
    return size_;
  }

  // The number of the task that sent the last message.
  std::uint64_t last_sender() const noexcept {
    return last_sender_;
  }

  // The reason of an exit that cancelled the task.
  const exit_reason& exit_of_task() const noexcept {
    return exit_;
  }

  // The answer of an actor of CAF that the present `ask` waits for.
  std::uint64_t foreign_request = 0;

  // Takes the answer of a foreign actor. True if it ends the present await.
  bool foreign_answer(std::uint64_t id, const message& content,
                      std::exception_ptr problem);

  // The supervisor that the task is; guarded by its file.
  supervision* tree = nullptr;

private:
  struct watcher {
    address who;
    monitor_id id;
  };

  struct watched {
    address who;
    monitor_id id;
  };

  bool add(message& what);
  bool take_answer(local_request& what) noexcept;
  bool take_signal(signal& what);
  bool end_wait(inbox_op& op) noexcept;
  void taken(message& what) noexcept;
  void report_many(const message& last);
  address own_address() const noexcept;

  task_cell& owner_;
  message_list urgent_;
  message_list normal_;
  std::size_t size_ = 0;
  std::size_t most_ = 0;
  receive_op_base* receiver_ = nullptr;
  ask_op_base* asker_ = nullptr;
  std::uint64_t serial_ = 0;
  std::uint64_t last_sender_ = 0;
  std::uint64_t dropped_ = 0;
  std::vector<watcher> watchers_;
  std::vector<watched> watched_;
  std::vector<address> links_;
  bool traps_ = false;
  bool reported_ = false;
  mailbox_options how_;
  exit_reason exit_;
  std::vector<ref<mailbox_room>> old_rooms_;
  std::atomic<mailbox_room*> room_{nullptr};
};

// Puts a message into the mailbox of its receiver.
void post(const address& to, message& what);

// The running task, or throws.
task_cell& running_cell(const char* what);

// Throws if nobody is named.
void check_target(const address& target, const char* what);

// A message for an actor that has ended.
void count_dead_letter(loop_core& home, const message& what,
                       const std::string& receiver) noexcept;

// `Task-3`, or `somebody else`.
std::string sender_name(loop_core& home, const message& what);

} // namespace troupe::detail
