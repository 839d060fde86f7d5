#pragma once

#include <troupe/detail/op.hpp>
#include <troupe/detail/pool.hpp>
#include <troupe/detail/ref.hpp>
#include <troupe/detail/spinlock.hpp>
#include <troupe/detail/task_base.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace caf {
class actor;
}

namespace troupe::detail {

class coordinator;
class coordinator_actor;

// How a wait at a coordinator stands.
enum class wait_state : std::uint8_t {
  idle,     // did not have to wait
  in_line,  // the coordinator will answer it
  answered, // the answer is on its way, with what was granted
  over,     // taken up, given back or cancelled
};

// One wait at a coordinator. It stands in a line of its owner by its links,
// `prev_` and the letter's `next`.
class wait_op : public op {
public:
  explicit wait_op(coordinator& owner) noexcept : owner_(&owner) {}

  wait_op(wait_op&& other) noexcept
    : op(std::move(other)), owner_(other.owner_), mark_(other.mark_) {}

  bool request_cancel(const std::string& message) final;
  void give_back() final;
  bool retract() noexcept final;
  void withdraw() noexcept final;
  std::string describe() const final;
  const task_base* blocked_by() const noexcept final;
  const task_base* waits_behind() const noexcept final;

  static constexpr bool is_selectable = true;

protected:
  friend class coordinator;
  friend class wait_line;

  ~wait_op() {
    if (state_ != wait_state::idle)
      end_wait();
  }

  // The task goes on: false if it never waited.
  bool waited() const {
    check_cancelled();
    return state_ != wait_state::idle;
  }

  bool exclusive() const noexcept {
    return task_->exclusive();
  }

  wait_op* after() const noexcept {
    return static_cast<wait_op*>(next);
  }

  coordinator* owner_;
  wait_op* prev_ = nullptr;
  wait_state state_ = wait_state::idle;
  std::uint8_t mark_ = 0; // what the owner notes down

private:
  void end_wait() noexcept;
};

// Waiting ops in the order of their coming.
class wait_line {
public:
  bool empty() const noexcept {
    return !first_;
  }

  std::size_t size() const noexcept {
    return size_;
  }

  void join(wait_op& x) noexcept {
    x.state_ = wait_state::in_line;
    x.prev_ = last_;
    x.next = nullptr;
    (last_ ? last_->next : first_) = &x;
    last_ = &x;
    ++size_;
  }

  void leave(wait_op& x) noexcept {
    (x.prev_ ? x.prev_->next : first_) = x.next;
    (x.next ? x.after()->prev_ : last_) = x.prev_;
    --size_;
  }

  wait_op& front() const noexcept {
    return *static_cast<wait_op*>(first_);
  }

  wait_op& pop() noexcept {
    wait_op& x = front();
    leave(x);
    return x;
  }

  // The first of which `condition` is true; null if there is none.
  template <class F>
  wait_op* find(F&& condition) const {
    auto* x = static_cast<wait_op*>(first_);
    while (x && !condition(*x))
      x = x->after();
    return x;
  }

private:
  letter* first_ = nullptr;
  wait_op* last_ = nullptr;
  std::size_t size_ = 0;
};

// What locks, events, queues and the like have in common: plain data that is
// changed in turns, lines of waiting ops, a count of handles, and the loop that
// they belong to.
//
// On a loop with one worker a turn is a plain call. With several, whoever comes
// takes the turn by a spinlock and does the work in place; nobody is woken to
// serve a request. Ops are answered when the turn is over.
class coordinator {
public:
  explicit coordinator(std::string_view name) : name_(name) {}

  coordinator(const coordinator&) = delete;
  coordinator& operator=(const coordinator&) = delete;

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  // -- ownership: handles -----------------------------------------------------

  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      last_handle_gone();
  }

  // -- ownership: waits and guards, which may outlive the handles -------------

  // Without an atomic operation if `exclusive`: on a loop with one worker.
  void hold(bool exclusive) noexcept {
    if (exclusive)
      ++held_;
    else
      retain();
  }

  void drop(bool exclusive) noexcept {
    if (!exclusive)
      release();
    else if (--held_ == 0 && orphan_)
      delete this;
  }

  // -- looking ----------------------------------------------------------------

  // `<lock 'name' locked by Task-3, 2 waiting>`.
  std::string describe() const;

  // `kind 'name'`, also of one that is not made yet.
  static std::string title_of(const char* kind, std::string_view name);

  // -- for ops ----------------------------------------------------------------

  // Takes an op out of its line; false if it is in none any more.
  bool take_out(wait_op& waiter) noexcept;

  // The task was cancelled after the answer: what was granted comes back.
  void take_back(wait_op& waiter) noexcept;

  // The task that `waiter` waits for; null if that is nobody in particular.
  // A likely one may also be helped by others.
  virtual const task_base* blocker(const wait_op& waiter,
                                   bool likely) const noexcept;

protected:
  class turn;

  virtual ~coordinator();

  // As `describe`, inside a turn.
  virtual std::string text() const = 0;

  // The line that `waiter` stands in.
  virtual wait_line& line_of(wait_op& waiter) noexcept = 0;

  // `waiter` was cancelled and left its line.
  virtual void on_leave(wait_op& waiter, turn& mine) noexcept;

  // What was granted to `waiter` comes back.
  virtual void on_return(wait_op& waiter, turn& mine) noexcept;

  // Puts the op into a line. It is of this loop then, for good.
  void join(wait_line& line, wait_op& waiter);

  // -- what rules ask of an op
  // ---------------------------------------------------------------------------

  static bool exclusive(const wait_op& x) noexcept {
    return x.exclusive();
  }

  static std::uint64_t number_of(const wait_op& x) noexcept {
    return x.task_->number();
  }

  static std::uint8_t& mark_of(wait_op& x) noexcept {
    return x.mark_;
  }

  // `<kind 'name' state>`.
  std::string text_of(const char* kind, const std::string& state) const;

  static std::string count_of(std::size_t count, const char* what);

  // Enters from a task or a plain call. Returns whether the turn needs the
  // spinlock, or throws if another loop uses the coordinator.
  bool enter(loop_core& here) const;
  bool enter() const;

  const std::string& name() const noexcept {
    return name_;
  }

  loop_core* home() const noexcept {
    return home_.load(std::memory_order_acquire);
  }

private:
  friend class coordinator_actor;

  bool enter_first(loop_core* here) const;
  void last_handle_gone() noexcept;
  bool shared() const noexcept;

  std::atomic<std::uint32_t> refs_{1};
  mutable spinlock busy_;
  mutable bool bound_ = false; // somebody waited on `home_`
  bool orphan_ = false;        // no handle is left, but something is held
  std::uint32_t held_ = 0;
  mutable std::uint32_t number_in_run_ = 0; // of a simulation that asks for it
  mutable std::atomic<loop_core*> home_{nullptr}; // counted
  void* actor_ = nullptr; // for CAF's messages, if somebody asked; not counted
  std::string name_;
};

// What handles of coordinators share: copies name the same object, and there
// are no empty ones.
class coordinator_handle {
public:
  coordinator_handle(const coordinator_handle& other) noexcept = default;
  coordinator_handle& operator=(const coordinator_handle&) noexcept = default;

  friend bool operator==(const coordinator_handle& x,
                         const coordinator_handle& y) noexcept {
    return x.core_ == y.core_;
  }

  friend std::string to_string(const coordinator_handle& x) {
    return x.core_->describe();
  }

  coordinator& core() const noexcept {
    return *core_;
  }

protected:
  // Takes over the first count.
  explicit coordinator_handle(coordinator* made) noexcept : core_(made, true) {}

  ~coordinator_handle() = default;

private:
  ref<coordinator> core_;
};

} // namespace troupe::detail
