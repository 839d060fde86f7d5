#pragma once

#include "models/model.hpp"

namespace models {

// A permit goes to the first in line. Nobody takes one past those who wait or
// have not gone on.
class semaphore_model : public model {
public:
  semaphore_model(int permits, bool bounded)
    : permits_(permits), bound_(bounded ? permits : -1) {}

  int call(step what) override {
    if (what.what == word::try_acquire) {
      if (!is_open())
        return no;
      --permits_;
      return yes;
    }
    if (permits_ == bound_)
      return refused;
    ++permits_;
    if (!line_.empty())
      grant();
    return nothing;
  }

  view look() const override {
    return {permits_, static_cast<long>(line_.size()), !is_open()};
  }

private:
  bool is_open() const {
    return permits_ > 0 && granted_ == 0 && line_.empty();
  }

  void ask(int who) override {
    if (is_open()) {
      --permits_;
      end(who, nothing);
    } else {
      line_.push_back(who);
      wait(who);
    }
  }

  void go_on(int who) override {
    --granted_;
    grant_all();
    end(who, nothing);
  }

  void leave(int who) override {
    remove(line_, who);
  }

  void give_back(int) override {
    --granted_;
    if (permits_ != bound_) // somebody else may have released it meanwhile
      ++permits_;
    grant_all();
  }

  void grant() {
    --permits_;
    ++granted_;
    wake(take_first(line_));
  }

  void grant_all() {
    while (permits_ > 0 && !line_.empty())
      grant();
  }

  line line_;
  int permits_;
  int bound_;
  int granted_ = 0; // to some that have not gone on
};

} // namespace models
