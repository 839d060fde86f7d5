#include <troupe/as_completed.hpp>

#include "runtime/alarmed.hpp"
#include "runtime/loop_core.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace troupe::detail {

// A line of what is done, and a line of those who wait for it; one of them is
// empty. What is done joins in a turn of its own, as asyncio's done callbacks
// do.
class completion_line final : public alarmed, public observer {
public:
  completion_line(loop_core& home, std::vector<ref<future_core>> all,
                  const as_completed_options& options)
    : observer(home), home_(home), items_(new item[all.size()]),
      size_(all.size()), todo_(all.size()), left_(all.size()) {
    for (std::size_t i = 0; i < size_; ++i) {
      items_[i].line = this;
      items_[i].target = std::move(all[i]);
    }
    std::lock_guard guard{lock_};
    if (size_ > 0 && options.timeout)
      alarm_ = alarm::set(home_, *this,
                          deadline_after(home_.now(), options.timeout.count()),
                          false);
  }

  void begin() {
    for (std::size_t i = 0; i < size_; ++i)
      if (!watch(items_[i]))
        told(items_[i]);
  }

  // Takes one of those that are left to be given.
  bool count() noexcept {
    std::lock_guard guard{lock_};
    return left_ > 0 && left_-- > 0;
  }

  // True if the op need not wait.
  bool ready(next_op_base& who) {
    std::lock_guard guard{lock_};
    return serve(who);
  }

  // False if there is something for it by now.
  bool join(next_op_base& who) {
    std::lock_guard guard{lock_};
    if (serve(who))
      return false;
    if (who.counts_)
      --left_;
    (last_ ? last_->next_in_line_ : first_) = &who;
    last_ = &who;
    return true;
  }

  bool leave(next_op_base& who) noexcept {
    std::lock_guard guard{lock_};
    next_op_base* before = nullptr;
    for (next_op_base* x = first_; x; before = x, x = x->next_in_line_)
      if (x == &who) {
        (before ? before->next_in_line_ : first_) = x->next_in_line_;
        if (last_ == x)
          last_ = before;
        if (who.counts_)
          ++left_;
        return true;
      }
    return false;
  }

  // It was granted, but the task is cancelled.
  void give_back(next_op_base& who) {
    next_op_base* next;
    {
      std::lock_guard guard{lock_};
      if (who.counts_)
        ++left_;
      next = hand_over(std::move(who.got_), true);
    }
    if (next)
      next->answer();
  }

  void rings(alarm&) noexcept override {
    next_op_base* woken = nullptr;
    {
      std::lock_guard guard{lock_};
      timed_out_ = true;
      for (; todo_ > 0; --todo_)
        if (next_op_base* who = hand_over(nullptr, false)) {
          who->next_in_line_ = woken;
          woken = who;
        }
    }
    for (std::size_t i = 0; i < size_; ++i)
      unwatch(items_[i]);
    answer_all(woken);
  }

  std::size_t left() {
    std::lock_guard guard{lock_};
    return todo_;
  }

private:
  struct item final : lone_watcher, job {
    void run() override {
      line->completed(*this);
    }

    job_label label() const noexcept override {
      return {job_kind::callback, 0, {}};
    }

    completion_line* line = nullptr;
  };

  ~completion_line() = default;

  bool serve(next_op_base& who) {
    if (who.counts_ && left_ == 0) {
      who.none_left_ = true;
      return true;
    }
    if (done_.empty())
      return false;
    who.got_ = std::move(done_.front());
    done_.pop_front();
    if (who.counts_)
      --left_;
    return true;
  }

  void completed(item& which) {
    next_op_base* next = nullptr;
    alarm* over = nullptr;
    {
      std::lock_guard guard{lock_};
      if (!timed_out_) {
        next = hand_over(which.target, false);
        if (--todo_ == 0)
          over = std::exchange(alarm_, nullptr);
      }
    }
    if (over)
      over->disarm();
    if (next)
      next->answer();
    release();
  }

  // To whoever waits first, who must be answered; else into the line.
  next_op_base* hand_over(ref<future_core> what, bool in_front) {
    next_op_base* who = first_;
    if (who) {
      first_ = who->next_in_line_;
      if (!first_)
        last_ = nullptr;
      who->next_in_line_ = nullptr;
      who->got_ = std::move(what);
    } else if (in_front) {
      done_.push_front(std::move(what));
    } else {
      done_.push_back(std::move(what));
    }
    return who;
  }

  // They were put in front of each other: the first is the last.
  static void answer_all(next_op_base* woken) {
    next_op_base* in_order = nullptr;
    while (woken) {
      next_op_base* next = woken->next_in_line_;
      woken->next_in_line_ = in_order;
      in_order = woken;
      woken = next;
    }
    while (in_order) {
      next_op_base* next = in_order->next_in_line_; // it is gone when answered
      in_order->answer();
      in_order = next;
    }
  }

  void told(watcher& which) noexcept override {
    if (!try_retain())
      return;
    if (home_.closed())
      release();
    else
      home_.push_in_order(static_cast<item&>(which));
  }

  void last_gone() noexcept override {
    if (alarm_)
      std::exchange(alarm_, nullptr)->disarm();
    for (std::size_t i = 0; i < size_; ++i)
      unwatch(items_[i]);
    let_go();
  }

  void destroy() noexcept override {
    delete this;
  }

  loop_core& home_;
  std::unique_ptr<item[]> items_;
  std::size_t size_;
  spinlock lock_;
  std::size_t todo_; // not done, as far as we were told
  std::size_t left_; // not asked for
  bool timed_out_ = false;
  std::deque<ref<future_core>> done_; // null: the time was over
  next_op_base* first_ = nullptr;
  next_op_base* last_ = nullptr;
  alarm* alarm_ = nullptr;
};

// -- the op -------------------------------------------------------------------

next_op_base::next_op_base(completion_line* line, bool counts) noexcept
  : line_(line), counts_(counts) {
  line_->retain();
}

next_op_base::next_op_base(next_op_base&& other) noexcept
  : op(std::move(other)), line_(std::exchange(other.line_, nullptr)),
    counts_(other.counts_) {}

next_op_base::~next_op_base() {
  if (line_)
    line_->release();
}

bool next_op_base::ready(frame_base&) {
  return line_->ready(*this);
}

bool next_op_base::start() {
  return line_->join(*this);
}

bool next_op_base::request_cancel(const std::string&) {
  if (!line_->leave(*this))
    return false;
  answer_cancelled();
  return true;
}

void next_op_base::give_back() {
  line_->give_back(*this);
}

void next_op_base::withdraw() noexcept {
  line_->leave(*this);
}

std::string next_op_base::describe() const {
  return "<next of " + std::to_string(line_->left()) + " futures>";
}

ref<future_core> next_op_base::take() {
  check_cancelled();
  if (!got_ && !none_left_)
    throw timeout_error("as_completed: the time was over");
  return std::move(got_);
}

// -- the handle ---------------------------------------------------------------

line_handle::line_handle(std::vector<ref<future_core>> all,
                         const as_completed_options& options) {
  std::vector<ref<future_core>> once;
  std::vector<future_core*> seen;
  for (auto& x : all)
    seen.push_back(x.get());
  std::sort(seen.begin(), seen.end(), std::less<>{});
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
    for (auto& x : all)
      if (std::find(once.begin(), once.end(), x) == once.end())
        once.push_back(std::move(x));
    all = std::move(once);
  }
  auto& home = common_loop(all.data(), all.size());
  line_ = new completion_line(home, std::move(all), options);
  line_->begin();
}

line_handle::line_handle(const line_handle& other) noexcept
  : line_(other.line_) {
  line_->retain();
}

line_handle& line_handle::operator=(line_handle other) noexcept {
  std::swap(line_, other.line_);
  return *this;
}

line_handle::~line_handle() {
  line_->release();
}

bool line_handle::count() const noexcept {
  return line_->count();
}

} // namespace troupe::detail
