#pragma once

#include "models/program.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>
#include <vector>

namespace models {

// What can be seen of a primitive from outside.
using view = std::array<long, 6>;

// Tasks that wait at one primitive, and a loop that gives each its turn:
// asyncio with everything left out. A rule says who waits and who is woken.
class model {
public:
  using ending = std::pair<int, int>; // a task, and what it came to

  virtual ~model() = default;

  void begin(step what) {
    int who = static_cast<int>(tasks_.size());
    tasks_.push_back({.asks = what});
    ready_.push_back(who);
  }

  // False if the task has ended.
  bool cancel(int who) {
    task& x = tasks_[who];
    if (x.at == stage::ended)
      return false;
    if (x.at == stage::waiting) {
      leave(who);
      x.at = stage::left;
      ready_.push_back(who);
    } else {
      if (x.at == stage::woken)
        cancel_woken(who);
      x.must_cancel = true;
    }
    return true;
  }

  void turn() {
    for (std::size_t n = ready_.size(); n > 0; --n) {
      int who = ready_.front();
      ready_.pop_front();
      run(who);
    }
  }

  // Time passes: all that are ready have their turns first.
  virtual void advance(std::chrono::nanoseconds) {
    settle();
  }

  virtual int call(step what) = 0;

  virtual view look() const = 0;

  // Of tasks that were not cancelled, in the order of their ends.
  const std::vector<ending>& endings() const {
    return endings_;
  }

  // Whether it has ended, and by its cancellation.
  std::pair<bool, bool> state_of(int who) const {
    return {tasks_[who].at == stage::ended, tasks_[who].cancelled};
  }

protected:
  using line = std::deque<int>;

  // A task asks: it waits, or has what it wants.
  virtual void ask(int who) = 0;
  // A task that was woken has its turn.
  virtual void go_on(int who) = 0;
  // A task that waits is cancelled.
  virtual void leave(int who) = 0;
  // A task that was woken is cancelled.
  virtual void cancel_woken(int) {}
  // It has its turn.
  virtual void give_back(int who) = 0;
  // A cancelled task has its turn.
  virtual void cancelled(int who) {
    end_silently(who, true);
  }

  void settle() {
    while (!ready_.empty())
      turn();
  }

  step asks(int who) const {
    return tasks_[who].asks;
  }

  void wait(int who) {
    tasks_[who].at = stage::waiting;
  }

  void wake(int who) {
    tasks_[who].at = stage::woken;
    ready_.push_back(who);
  }

  void tell(int who, int value) {
    endings_.push_back({who, value});
  }

  void end_silently(int who, bool cancelled) {
    tasks_[who].cancelled = cancelled;
    tasks_[who].at = stage::ended;
  }

  void end(int who, int value) {
    tell(who, value);
    end_silently(who, false);
  }

  static int take_first(line& from) {
    int who = from.front();
    from.pop_front();
    return who;
  }

  static void remove(line& from, int who) {
    from.erase(std::find(from.begin(), from.end(), who));
  }

private:
  enum class stage { begun, waiting, left, woken, ended };

  struct task {
    step asks;
    stage at = stage::begun;
    bool must_cancel = false;
    bool cancelled = false;
  };

  void run(int who) {
    task x = tasks_[who];
    tasks_[who].must_cancel = false;
    if (x.at == stage::begun)
      x.must_cancel ? end_silently(who, true) : ask(who);
    else if (x.at == stage::left)
      cancelled(who);
    else if (!x.must_cancel)
      go_on(who);
    else
      give_back(who), cancelled(who);
  }

  std::vector<task> tasks_;
  line ready_;
  std::vector<ending> endings_;
};

} // namespace models
