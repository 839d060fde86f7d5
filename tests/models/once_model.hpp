#pragma once

#include "models/model.hpp"

namespace models {

// How the function of a task ends: at once or a turn later, well or not.
enum class work { succeeds, succeeds_later, fails, fails_later, calls_itself };

inline work work_of(step what) {
  return static_cast<work>(what.number % 5);
}

// One task at a time does it, until it was done. When one has failed, the first
// in line is next.
class once_model : public model {
public:
  explicit once_model(int) {}

  int call(step) override {
    return done_ ? yes : no;
  }

  view look() const override {
    return {done_, runner_ != nobody, static_cast<long>(line_.size())};
  }

private:
  enum : int { nobody = -1 };

  void ask(int who) override {
    if (done_) {
      end(who, no);
    } else if (runner_ == nobody) {
      runner_ = who;
      run(who);
    } else {
      line_.push_back(who);
      wait(who);
    }
  }

  void run(int who) {
    work how = work_of(asks(who));
    if (how == work::succeeds_later || how == work::fails_later) {
      later_ = true;
      wake(who);
    } else {
      finish(who, how == work::succeeds);
    }
  }

  void go_on(int who) override {
    if (who != runner_)
      end(who, no);
    else if (later_)
      finish(who, work_of(asks(who)) == work::succeeds_later);
    else
      run(who);
  }

  void finish(int who, bool well) {
    if (!well)
      return pass_on(), end(who, refused);
    done_ = true;
    later_ = false;
    runner_ = nobody;
    while (!line_.empty())
      wake(take_first(line_));
    end(who, yes);
  }

  void leave(int who) override {
    remove(line_, who);
  }

  void give_back(int who) override {
    if (who == runner_)
      pass_on();
  }

  void pass_on() {
    later_ = false;
    runner_ = nobody;
    if (line_.empty())
      return;
    runner_ = take_first(line_);
    wake(runner_);
  }

  line line_;
  int runner_ = nobody; // also of one that has not gone on
  bool later_ = false;  // its function has begun, and ends in a turn
  bool done_ = false;
};

} // namespace models
