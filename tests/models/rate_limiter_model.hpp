#pragma once

#include "models/model.hpp"

#include <cstdint>

namespace models {

// Tokens drip into a bucket, one in ten milliseconds, until it is full. Its
// level is counted in the nanoseconds that it took to fill it so far.
class rate_limiter_model : public model {
public:
  static constexpr std::int64_t interval = 10'000'000;

  explicit rate_limiter_model(int burst)
    : full_(burst * interval), level_(full_) {}

  // How many tokens a step asks for.
  static int count_of(step what, int burst) {
    return what.number % (burst + 1);
  }

  void advance(std::chrono::nanoseconds time) override {
    settle();
    std::int64_t rest = time.count();
    while (!line_.empty() && missing() <= rest) {
      rest -= missing();
      drip(missing());
      admit();
      settle();
    }
    drip(rest);
  }

  int call(step what) override {
    return line_.empty() && take(price_of(what)) ? yes : no;
  }

  view look() const override {
    return {level_ / interval, taken_ / interval,
            static_cast<long>(line_.size())};
  }

private:
  std::int64_t price_of(step what) const {
    return count_of(what, static_cast<int>(full_ / interval)) * interval;
  }

  std::int64_t missing() const {
    return price_of(asks(line_.front())) - level_;
  }

  void drip(std::int64_t time) {
    level_ = std::min(full_, level_ + time);
  }

  bool take(std::int64_t price) {
    if (level_ < price)
      return false;
    level_ -= price;
    taken_ += price;
    return true;
  }

  void admit() {
    while (!line_.empty() && take(price_of(asks(line_.front()))))
      wake(take_first(line_));
  }

  void ask(int who) override {
    if (line_.empty() && take(price_of(asks(who)))) {
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
    admit();
  }

  void give_back(int who) override {
    drip(price_of(asks(who)));
    taken_ -= price_of(asks(who));
    admit();
  }

  line line_;
  std::int64_t full_;
  std::int64_t level_;
  std::int64_t taken_ = 0;
};

} // namespace models
