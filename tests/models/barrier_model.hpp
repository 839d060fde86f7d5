#pragma once

#include "models/model.hpp"

namespace models {

// Tasks come in until all are there; then all leave; then those that came
// meanwhile are let in.
class barrier_model : public model {
public:
  explicit barrier_model(int size) : parties_(size + 1) {}

  int call(step what) override {
    if (what.what == word::abort) {
      state_ = state::broken;
      let_go();
      while (!outside_.empty())
        wake(take_first(outside_));
    } else if (inside_.empty() && leaving_ == 0) {
      state_ = state::filling;
      let_in();
    } else {
      state_ = state::resetting;
      let_go();
    }
    return nothing;
  }

  view look() const override {
    bool fills = state_ == state::filling;
    return {fills ? static_cast<long>(inside_.size()) : 0, fills ? 0 : leaving_,
            static_cast<long>(outside_.size()), state_ == state::broken};
  }

private:
  enum class state { filling, draining, resetting, broken };
  enum : int { early = -1 };

  int& place_of(int who) {
    if (places_.size() <= static_cast<std::size_t>(who))
      places_.resize(who + 1, early);
    return places_[who];
  }

  void ask(int who) override {
    if (state_ == state::broken) {
      end(who, broken);
    } else if (state_ != state::filling) {
      outside_.push_back(who);
      place_of(who) = early;
      wait(who);
    } else if (inside_.size() + 1 < parties_) {
      inside_.push_back(who);
      place_of(who) = 0;
      wait(who);
    } else {
      end(who, static_cast<int>(inside_.size()));
      all_are_there();
    }
  }

  void go_on(int who) override {
    if (place_of(who) == early)
      return end(who, broken);
    end(who, state_ == state::draining ? place_of(who) : broken);
    has_left();
  }

  void leave(int who) override {
    remove(place_of(who) == early ? outside_ : inside_, who);
  }

  void give_back(int who) override {
    if (place_of(who) != early)
      has_left();
  }

  void all_are_there() {
    state_ = inside_.empty() ? state::filling : state::draining;
    let_go();
  }

  void let_go() {
    for (int place = 0; !inside_.empty(); ++place, ++leaving_) {
      place_of(inside_.front()) = place;
      wake(take_first(inside_));
    }
  }

  void has_left() {
    if (--leaving_ > 0 || state_ == state::broken)
      return;
    state_ = state::filling;
    let_in();
  }

  void let_in() {
    while (state_ == state::filling && !outside_.empty()) {
      inside_.push_back(take_first(outside_));
      place_of(inside_.back()) = 0;
      if (inside_.size() == parties_)
        all_are_there();
    }
  }

  std::size_t parties_;
  state state_ = state::filling;
  line inside_;
  line outside_;
  long leaving_ = 0;
  std::vector<int> places_;
};

} // namespace models
