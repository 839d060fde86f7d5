#pragma once

#include "models/model.hpp"

namespace models {

// Setting an event wakes all that wait at that moment.
class event_model : public model {
public:
  explicit event_model(int) {}

  int call(step what) override {
    set_ = what.what == word::set;
    while (set_ && !line_.empty())
      wake(take_first(line_));
    return nothing;
  }

  view look() const override {
    return {set_, static_cast<long>(line_.size())};
  }

private:
  void ask(int who) override {
    if (set_) {
      end(who, nothing);
    } else {
      line_.push_back(who);
      wait(who);
    }
  }

  void go_on(int who) override {
    end(who, nothing);
  }

  void leave(int who) override {
    remove(line_, who);
  }

  void give_back(int) override {}

  line line_;
  bool set_ = false;
};

} // namespace models
