#include <troupe/error.hpp>
#include <troupe/loop.hpp>
#include <troupe/rw_lock.hpp>

#include "actors/coordinator.hpp"

namespace troupe {

namespace detail {

/// Who reads or writes, and who is next. Readers and writers stand in one line.
class rw_lock_core final : public coordinator {
public:
  using coordinator::coordinator;

  bool try_acquire(task_base* task, std::uint8_t mark, loop_core& loop) {
    return try_acquire(task, mark, enter(loop));
  }

  bool try_acquire(task_base* task, std::uint8_t mark) {
    return try_acquire(task, mark, enter());
  }

  bool request(rw_lock_op_base& waiter) {
    turn mine{*this, !exclusive(waiter)};
    if (line_.empty() && is_free_for(mark_of(waiter))) {
      hold_by(number_of(waiter), mark_of(waiter));
      return false;
    }
    waiting_writers_ += writes(mark_of(waiter));
    join(line_, waiter);
    return true;
  }

  // `reader` is known of guards only; 0: unknown.
  void release_read(std::uint64_t reader) {
    turn mine{*this, enter()};
    if (readers_ == 0)
      throw_not_held("release_read", "reads");
    end_read(reader);
    admit(mine);
  }

  void release_write() {
    turn mine{*this, enter()};
    if (!writing_)
      throw_not_held("release_write", "writes");
    writing_ = false;
    admit(mine);
  }

  rw_lock_statistics statistics() const {
    turn mine{*this, enter()};
    return {.readers = readers_,
            .writing = writing_,
            .writer = writing_ ? name_of(writer_) : std::string{},
            .waiting_readers = line_.size() - waiting_writers_,
            .waiting_writers = waiting_writers_};
  }

  // The writer, or the only reader.
  const task_base* blocker(const wait_op&,
                           bool likely) const noexcept override {
    std::uint64_t holder = 0;
    if (writing_)
      holder = guarded_ || likely ? writer_ : 0;
    else if (readers_ == 1 && by_hand_ == 0)
      holder = reader_sum_;
    if (holder == 0)
      return nullptr;
    auto task = home()->find_task(holder); // it is in the list of its loop
    return static_cast<const task_base*>(task.get());
  }

private:
  static bool writes(std::uint8_t mark) noexcept {
    return mark & rw_lock_op_base::for_writing;
  }

  bool is_free_for(std::uint8_t mark) const noexcept {
    return !writing_ && (readers_ == 0 || !writes(mark));
  }

  bool try_acquire(task_base* task, std::uint8_t mark, bool shared) {
    turn mine{*this, shared};
    if (!line_.empty() || !is_free_for(mark))
      return false;
    hold_by(task ? task->number() : 0, mark);
    return true;
  }

  void hold_by(std::uint64_t task, std::uint8_t mark) noexcept {
    bool guarded = mark & rw_lock_op_base::by_guard;
    if (writes(mark)) {
      writing_ = true;
      writer_ = task;
      guarded_ = guarded;
      return;
    }
    ++readers_;
    if (guarded)
      reader_sum_ ^= task;
    else
      ++by_hand_;
  }

  void end_read(std::uint64_t reader) noexcept {
    --readers_;
    if (reader != 0)
      reader_sum_ ^= reader;
    else if (by_hand_ > 0)
      --by_hand_;
    if (readers_ == 0)
      reader_sum_ = by_hand_
        = 0; // also if somebody released what a guard holds
  }

  // The one rule of an rw_lock: the first in line goes on as soon as it may.
  void admit(turn& mine) noexcept {
    while (!line_.empty() && is_free_for(mark_of(line_.front()))) {
      wait_op& next = line_.pop();
      waiting_writers_ -= writes(mark_of(next));
      hold_by(number_of(next), mark_of(next));
      mine.wake(next);
    }
  }

  [[noreturn]] void throw_not_held(const char* verb, const char* what) const {
    throw error(errc::not_acquired,
                std::string{verb} + " of " + text() + ", which nobody " + what
                  + "; release it once for each time it was acquired so");
  }

  std::string name_of(std::uint64_t number) const {
    if (number == 0)
      return {};
    auto task = home()->find_task(number);
    return task ? static_cast<task_base&>(*task).name()
                : "Task-" + std::to_string(number);
  }

  std::string text() const override {
    std::string state = "unlocked";
    if (readers_ > 0)
      state
        = std::to_string(readers_) + (readers_ == 1 ? " reader" : " readers");
    if (writing_) {
      std::string writer = name_of(writer_);
      state = writer.empty() ? "written to" : "written to by " + writer;
    }
    return text_of("rw_lock",
                   state + count_of(line_.size() - waiting_writers_, "to read")
                     + count_of(waiting_writers_, "to write"));
  }

  wait_line& line_of(wait_op&) noexcept override {
    return line_;
  }

  // Those behind a writer that left may go on.
  void on_leave(wait_op& waiter, turn& mine) noexcept override {
    waiting_writers_ -= writes(mark_of(waiter));
    admit(mine);
  }

  void on_return(wait_op& waiter, turn& mine) noexcept override {
    // Somebody else may have released it meanwhile.
    if (writes(mark_of(waiter)))
      writing_ = false;
    else if (readers_ > 0)
      end_read(mark_of(waiter) & rw_lock_op_base::by_guard ? number_of(waiter)
                                                           : 0);
    admit(mine);
  }

  wait_line line_;
  std::size_t waiting_writers_ = 0;
  std::size_t readers_ = 0;
  std::size_t by_hand_ = 0;      // of the readers, those without a guard
  std::uint64_t reader_sum_ = 0; // the numbers of the others, by exclusive or
  std::uint64_t writer_ = 0;     // the number of a task, for people; 0: unknown
  bool writing_ = false;
  bool guarded_ = false;
};

namespace {

rw_lock_core& core_of(const rw_lock& x) noexcept {
  return static_cast<rw_lock_core&>(x.core());
}

} // namespace

bool rw_lock_op_base::ready(frame_base& frame) {
  task_ = frame.task_;
  return static_cast<rw_lock_core&>(*owner_).try_acquire(task_, mark_,
                                                         task_->home());
}

bool rw_lock_op_base::start() {
  return static_cast<rw_lock_core&>(*owner_).request(*this);
}

} // namespace detail

// -- guard --------------------------------------------------------------------

void rw_lock_guard::release() {
  detail::coordinator* core = std::exchange(core_, nullptr);
  if (!core)
    throw error(errc::not_acquired,
                "release of an rw_lock_guard that holds no lock; it was "
                "released or moved from, so leave the release to its scope");
  auto& mine = *static_cast<detail::rw_lock_core*>(core);
  try {
    if (writes_)
      mine.release_write();
    else
      mine.release_read(reader_);
  } catch (...) {
    core->drop(exclusive_);
    throw;
  }
  core->drop(exclusive_);
}

void rw_lock_guard::give_up() noexcept {
  try {
    release();
  } catch (const error& problem) {
    if (auto* worker = detail::this_worker)
      worker->home.report(
        {.message = std::string{"the lock of an rw_lock_guard was released by "
                                "somebody else: "}
                  + problem.what(),
         .exception = std::current_exception()});
  }
}

// -- handle -------------------------------------------------------------------

rw_lock::rw_lock(std::string_view name)
  : coordinator_handle(new detail::rw_lock_core(name)) {}

bool rw_lock::try_read() {
  return detail::core_of(*this).try_acquire(detail::this_task, 0);
}

bool rw_lock::try_write() {
  return detail::core_of(*this).try_acquire(
    detail::this_task, detail::rw_lock_op_base::for_writing);
}

void rw_lock::release_read() {
  detail::core_of(*this).release_read(0);
}

void rw_lock::release_write() {
  detail::core_of(*this).release_write();
}

rw_lock_statistics rw_lock::statistics() const {
  return detail::core_of(*this).statistics();
}

} // namespace troupe
