#pragma once

#include "models/model.hpp"

namespace models {

// A lock goes to the first in line. It is not locked until that one goes on.
class lock_model : public model {
public:
  explicit lock_model(int) {}

  int call(step what) override {
    if (what.what == word::try_acquire) {
      if (held_ || handed_)
        return no;
      held_ = true;
      return yes;
    }
    if (!held_)
      return refused;
    held_ = false;
    pass_on();
    return nothing;
  }

  view look() const override {
    return {held_, static_cast<long>(line_.size())};
  }

private:
  void ask(int who) override {
    if (held_ || handed_) {
      line_.push_back(who);
      wait(who);
    } else {
      held_ = true;
      end(who, nothing);
    }
  }

  void go_on(int who) override {
    handed_ = false;
    held_ = true;
    end(who, nothing);
  }

  void leave(int who) override {
    remove(line_, who);
  }

  void give_back(int) override {
    handed_ = false;
    pass_on();
  }

  void pass_on() {
    if (line_.empty())
      return;
    handed_ = true;
    wake(take_first(line_));
  }

  line line_;
  bool held_ = false;
  bool handed_ = false; // to one that has not gone on
};

} // namespace models
