#include <troupe/wait.hpp>

#include "runtime/alarmed.hpp"
#include "runtime/loop_core.hpp"

#include <algorithm>
#include <functional>

namespace troupe::detail {

// Watches the futures for one wait. As a job it is the done callback of the
// future that decides, whose turn answers the op.
class wait_core final : public alarmed, public observer, public job {
public:
  wait_core(loop_core& home, const wait_options& options,
            const std::vector<future_core*>& all)
    : observer(home), options_(options), home_(home), line_(*this, all.size()),
      left_(all.size()) {
    for (future_core* each : all)
      line_.add(ref<future_core>{each});
  }

  void begin(op& waiter) {
    waiter_.store(&waiter, std::memory_order_release);
    if (options_.timeout)
      alarm_ = alarm::set(home_, *this,
                          deadline_after(home_.now(), options_.timeout.count()),
                          false);
    for (watcher& each : line_)
      if (!watch(each))
        count(each);
  }

  // Whoever takes the op out answers it.
  op* take() noexcept {
    return waiter_.exchange(nullptr, std::memory_order_acq_rel);
  }

  void end() noexcept {
    if (alarm* set = std::exchange(alarm_, nullptr))
      set->disarm();
    for (watcher& each : line_)
      unwatch(each);
  }

  void run() override {
    wake();
    release();
  }

  void rings(alarm&) noexcept override {
    wake();
  }

  job_label label() const noexcept override {
    return {job_kind::callback, 0, {}};
  }

  // By all of its futures, or by any.
  bool may_end(wait_search& search) const {
    bool all = true;
    bool any = false;
    for (const watcher& each : line_) {
      bool may = each.target->may_be_done(search);
      all &= may;
      any |= may;
    }
    bool waits_for_all = options_.return_when == return_when::all_completed;
    return options_.timeout || decided_ || (waits_for_all ? all : any);
  }

  std::size_t size() const noexcept {
    return line_.size();
  }

  void check_home(const loop_core& home) const {
    if (&home != &home_)
      throw error(errc::wrong_loop,
                  "wait(): " + line_[0].target->describe()
                    + " belongs to another event loop than the waiting task; "
                      "run_coroutine_threadsafe crosses loops");
  }

private:
  ~wait_core() = default;

  void wake() noexcept {
    if (op* waiter = take())
      waiter->answer();
  }

  void told(watcher& which) noexcept override {
    count(which);
  }

  void count(watcher& which) noexcept {
    bool last = add(left_, std::size_t{0} - 1) == 0;
    bool enough = last || options_.return_when == return_when::first_completed
               || (options_.return_when == return_when::first_exception
                   && which.target->state() == future_state::failed);
    if (options_.return_when == return_when::first_exception)
      which.target->mark_retrieved(); // it was looked at
    if (!enough || decided_.exchange(true, std::memory_order_acq_rel)
        || !try_retain())
      return;
    if (home_.closed())
      release();
    else
      home_.push_in_order(*this);
  }

  void last_gone() noexcept override {
    let_go();
  }

  void destroy() noexcept override {
    delete this;
  }

  const wait_options options_;
  loop_core& home_;
  watch_line line_;
  std::atomic<op*> waiter_{nullptr};
  std::atomic<bool> decided_{false};
  std::atomic<std::size_t> left_;
  alarm* alarm_ = nullptr;
};

wait_op_base::wait_op_base(const wait_options& options,
                           std::vector<future_core*> all) {
  if (all.empty())
    throw std::invalid_argument("wait(): there is nothing to wait for; give it "
                                "one future or more");
  if (options.return_when > return_when::first_exception)
    throw std::invalid_argument("wait(): return_when must be all_completed, "
                                "first_completed or first_exception");
  for (future_core* x : all)
    if (&x->home() != &all.front()->home())
      throw error(errc::wrong_loop,
                  "wait(): the futures belong to different event loops: "
                    + all.front()->describe() + " and " + x->describe()
                    + "; wait for those of one loop");
  core_ = new wait_core(all.front()->home(), options, all);
}

wait_op_base::~wait_op_base() {
  if (!core_)
    return;
  core_->end();
  core_->release();
}

bool wait_op_base::ready(frame_base& frame) const {
  core_->check_home(frame.task_->home());
  return false;
}

bool wait_op_base::start() {
  core_->begin(*this);
  return true;
}

void wait_op_base::end() {
  core_->end();
}

bool wait_op_base::request_cancel(const std::string&) {
  if (!core_->take())
    return false;
  answer_cancelled();
  return true;
}

void wait_op_base::withdraw() noexcept {
  core_->take();
}

std::string wait_op_base::describe() const {
  return "<wait for " + std::to_string(core_->size()) + " futures>";
}

bool wait_op_base::may_end(wait_search& search) const {
  return core_->may_end(search);
}

bool has_twins(std::vector<any_future> all) {
  std::sort(all.begin(), all.end(), [](const auto& x, const auto& y) {
    return std::less<>{}(x.core(), y.core());
  });
  return std::adjacent_find(all.begin(), all.end()) != all.end();
}

} // namespace troupe::detail
