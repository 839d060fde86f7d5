#include <troupe/error.hpp>
#include <troupe/rate_limiter.hpp>

#include "actors/coordinator.hpp"
#include "runtime/alarmed.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace troupe {

namespace detail {

/// When the bucket will be full, and who waits for tokens.
///
/// A token that is taken puts off the moment at which the bucket is full by
/// `interval_`. There are enough tokens for somebody if that moment would not
/// be more than a whole bucket away.
class limiter_core final : public coordinator {
public:
  limiter_core(double rate, std::size_t burst, std::string_view name)
    : coordinator(name), rate_(rate), burst_(burst), interval_(1e9L / rate) {}

  std::size_t burst() const noexcept {
    return burst_;
  }

  bool try_acquire(std::size_t count, loop_core& loop) {
    return try_acquire(count, enter(loop));
  }

  bool try_acquire(std::size_t count) {
    return try_acquire(count, enter());
  }

  bool request(limiter_op& waiter) {
    turn mine{*this, !exclusive(waiter)};
    if (line_.empty() && take(waiter.count()))
      return false;
    join(line_, waiter);
    admit(mine);
    return true;
  }

  rate_limiter_statistics statistics() {
    turn mine{*this, enter()};
    return {.rate = rate_,
            .burst = burst_,
            .available = available(),
            .taken = taken_,
            .waiting = line_.size()};
  }

  void ring(alarm& which) {
    turn mine{*this, !home()->exclusive()};
    if (&which == alarm_)
      admit(mine);
  }

  void check(std::size_t count) const {
    if (count > burst_)
      throw std::invalid_argument(
        "acquire of " + std::to_string(count) + " tokens of " + describe()
        + ", which never has more than " + std::to_string(burst_)
        + " at once; ask for fewer, or give it a larger burst");
  }

private:
  // Keeps the coordinator alive for an alarm that may be about to ring.
  class bell final : public alarmed {
  public:
    bell(limiter_core& owner, bool exclusive) noexcept
      : owner_(owner), exclusive_(exclusive) {
      owner.hold(exclusive);
    }

    void rings(alarm& which) noexcept override {
      owner_.ring(which);
    }

  private:
    void last_gone() noexcept override {
      owner_.drop(exclusive_);
      delete this;
    }

    limiter_core& owner_;
    const bool exclusive_;
  };

  bool try_acquire(std::size_t count, bool shared) {
    turn mine{*this, shared};
    return line_.empty() && take(count);
  }

  // Nanoseconds. A bucket that comes to another loop, with another clock, is
  // full; before the first one time stands still.
  long double now() noexcept {
    loop_core* loop = home();
    if (std::exchange(clock_, loop) != loop)
      full_at_ = 0;
    return loop ? static_cast<long double>(loop->now()) : 0;
  }

  // The moment at which there are `count` tokens. A fraction of a nanosecond is
  // an error of rounding.
  long double due(std::size_t count) const noexcept {
    return full_at_ - span(burst_ - count) - 0.5L;
  }

  long double span(std::size_t count) const noexcept {
    return interval_ * static_cast<long double>(count);
  }

  bool take(std::size_t count) noexcept {
    long double moment = now();
    if (due(count) > moment)
      return false;
    full_at_ = std::max(full_at_, moment) + span(count);
    taken_ += count;
    return true;
  }

  std::size_t available() noexcept {
    long double missing = std::max(full_at_ - now() - 0.5L, 0.0L) / interval_;
    auto whole = static_cast<std::size_t>(std::ceil(missing));
    return burst_ - std::min(burst_, whole);
  }

  // The one rule of a limiter: the first in line goes on as soon as there are
  // enough tokens for it, and an alarm is set for that moment.
  void admit(turn& mine) noexcept {
    while (!line_.empty() && take(first().count()))
      mine.wake(line_.pop());
    if (alarm_)
      std::exchange(alarm_, nullptr)->disarm();
    if (line_.empty())
      return;
    constexpr long double latest = 0x1p62L;
    long double moment = std::min(std::ceil(due(first().count())), latest);
    auto* whom = new bell(*this, exclusive(line_.front()));
    alarm_
      = alarm::set(*home(), *whom, static_cast<std::int64_t>(moment), false);
    whom->release();
  }

  limiter_op& first() const noexcept {
    return static_cast<limiter_op&>(line_.front());
  }

  std::string text() const override {
    std::string rate = std::to_string(rate_);
    rate.erase(rate.find_last_not_of('0') + 1);
    if (rate.back() == '.')
      rate.pop_back();
    return text_of("rate_limiter", rate + " a second, burst "
                                     + std::to_string(burst_)
                                     + count_of(line_.size(), "waiting"));
  }

  wait_line& line_of(wait_op&) noexcept override {
    return line_;
  }

  void on_leave(wait_op&, turn& mine) noexcept override {
    admit(mine);
  }

  void on_return(wait_op& waiter, turn& mine) noexcept override {
    std::size_t count = static_cast<limiter_op&>(waiter).count();
    full_at_ -= span(count);
    taken_ -= count;
    admit(mine);
  }

  wait_line line_;
  alarm* alarm_ = nullptr; // set while somebody waits
  long double full_at_ = 0;
  const void* clock_ = nullptr;
  std::size_t taken_ = 0;
  const double rate_;
  const std::size_t burst_;
  const long double interval_; // nanoseconds for one token
};

namespace {

limiter_core& core_of(const rate_limiter& x) noexcept {
  return static_cast<limiter_core&>(x.core());
}

limiter_core* make_core(double rate, std::size_t burst, std::string_view name) {
  if (!(rate > 0) || std::isinf(rate))
    throw std::invalid_argument(coordinator::title_of("rate_limiter", name)
                                + ": the rate is " + std::to_string(rate)
                                + "; give a number of tokens a second above 0");
  if (burst < 1)
    throw std::invalid_argument(coordinator::title_of("rate_limiter", name)
                                + ": the burst is 0; give how many tokens can "
                                  "be taken at once, 1 or more");
  return new limiter_core(rate, burst, name);
}

} // namespace

bool limiter_op::ready(frame_base& frame) {
  task_ = frame.task_;
  return static_cast<limiter_core&>(*owner_).try_acquire(count_, task_->home());
}

bool limiter_op::start() {
  return static_cast<limiter_core&>(*owner_).request(*this);
}

} // namespace detail

rate_limiter::rate_limiter(double rate, std::size_t burst,
                           std::string_view name)
  : coordinator_handle(detail::make_core(rate, burst, name)) {}

detail::limiter_op rate_limiter::acquire(std::size_t count) {
  detail::core_of(*this).check(count);
  return detail::limiter_op{core(), count};
}

bool rate_limiter::try_acquire(std::size_t count) {
  auto& mine = detail::core_of(*this);
  mine.check(count);
  return mine.try_acquire(count);
}

rate_limiter_statistics rate_limiter::statistics() const {
  return detail::core_of(*this).statistics();
}

} // namespace troupe
