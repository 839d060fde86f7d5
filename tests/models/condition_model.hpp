#pragma once

#include "models/model.hpp"

namespace models {

// A task acquires the lock, waits for a notification without it, acquires it
// again, holds it for a turn and releases it. What happens to a task between
// does not matter: it has the lock whenever it leaves the wait.
class condition_model : public model {
public:
  explicit condition_model(int) {}

  int call(step what) override {
    switch (what.what) {
      case word::try_acquire:
        if (held_ || handed_)
          return no;
        mine_ = held_ = true;
        return yes;
      case word::release:
        if (!mine_)
          return no;
        mine_ = false;
        pass_lock();
        return nothing;
      default: // notify as the one who holds the lock
        if (!mine_)
          return no;
        notify(what.what == word::notify_all ? 1'000 : what.number % 4);
        return nothing;
    }
  }

  view look() const override {
    return {held_, static_cast<long>(locking_.size()),
            static_cast<long>(listening_.size())};
  }

private:
  enum class stage { entering, listening, returning, staying };

  struct visit {
    stage at = stage::entering;
    bool told = false;
    bool gone = false; // cancelled; it needs the lock to say so
  };

  visit& of(int who) {
    if (visits_.size() <= static_cast<std::size_t>(who))
      visits_.resize(who + 1);
    return visits_[who];
  }

  void ask(int who) override {
    take_lock(who);
  }

  void go_on(int who) override {
    switch (of(who).at) {
      case stage::listening:
        of(who).at = stage::returning;
        take_lock(who);
        break;
      case stage::staying:
        pass_lock();
        end_silently(who, false);
        break;
      default:
        handed_ = false;
        held_ = true;
        has_lock(who);
    }
  }

  void leave(int who) override {
    remove(of(who).at == stage::listening ? listening_ : locking_, who);
  }

  void give_back(int who) override {
    if (of(who).at == stage::entering || of(who).at == stage::returning) {
      handed_ = false;
      pass_lock();
    }
  }

  void cancelled(int who) override {
    if (of(who).at == stage::staying)
      pass_lock();
    if (of(who).at == stage::staying || of(who).at == stage::entering)
      return end_silently(who, true);
    of(who).gone = true;
    of(who).at = stage::returning;
    take_lock(who);
  }

  void take_lock(int who) {
    if (held_ || handed_) {
      locking_.push_back(who);
      wait(who);
    } else {
      held_ = true;
      has_lock(who);
    }
  }

  void has_lock(int who) {
    if (of(who).at == stage::entering) {
      of(who).at = stage::listening;
      listening_.push_back(who);
      wait(who);
      pass_lock();
    } else if (of(who).gone) {
      if (of(who).told)
        notify(1); // it was not used
      pass_lock();
      end_silently(who, true);
    } else {
      tell(who, nothing);
      of(who).at = stage::staying;
      wake(who);
    }
  }

  void pass_lock() {
    held_ = false;
    if (locking_.empty())
      return;
    handed_ = true;
    wake(take_first(locking_));
  }

  void notify(int count) {
    for (; count > 0 && !listening_.empty(); --count) {
      of(listening_.front()).told = true;
      wake(take_first(listening_));
    }
  }

  std::vector<visit> visits_;
  line locking_;
  line listening_;
  bool held_ = false;
  bool handed_ = false;
  bool mine_ = false; // the program holds it
};

} // namespace models
