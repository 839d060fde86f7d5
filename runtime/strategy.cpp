#include "runtime/strategy.hpp"

#include <algorithm>

namespace troupe::detail {

void strategy::begin(const strategy_plan& plan, std::uint64_t seed) {
  plan_ = plan;
  random_ = random_stream{seed};
  salt_ = random_.next();
  choices_ = 0;
  lowered_count_ = 0;
  tree_.restart();
  habit_count_ = 0;
  redrawn_.clear();
  changes_ = 0;
  if (plan.kind == strategy_kind::pct && plan.depth > 1)
    changes_ = plan.depth - 1;
  else if (plan.kind == strategy_kind::delay_bounding)
    changes_ = plan.depth;
  changes_ = std::min(changes_, most_changes);
  std::uint64_t length = std::max<std::uint64_t>(plan.length, 1);
  for (unsigned i = 0; i < changes_; ++i)
    change_at_[i] = random_.below(length) + 1;
  std::sort(change_at_.begin(), change_at_.begin() + changes_);
}

std::size_t strategy::next(std::span<const candidate> ready,
                           std::size_t otherwise) {
  ++choices_;
  if (plan_.kind == strategy_kind::exhaustive)
    return tree_.next(ready);
  if (plan_.kind == strategy_kind::fifo)
    return otherwise;
  if (plan_.kind == strategy_kind::random || choices_ > plan_.fair_after)
    return random_.below(ready.size());
  if (plan_.kind == strategy_kind::delay_bounding) {
    // Whose turn it is is passed over, once for each delay due here.
    std::size_t passed = otherwise;
    for (unsigned i = 0; i < changes_; ++i)
      passed += change_at_[i] == choices_;
    return passed % ready.size();
  }
  std::size_t chosen = highest(ready);
  if (plan_.kind == strategy_kind::pct)
    while (lowered_count_ < changes_
           && change_at_[lowered_count_] <= choices_) {
      lowered_[lowered_count_++] = ready[chosen].actor;
      chosen = highest(ready);
    }
  return chosen;
}

std::size_t strategy::pick(std::size_t n, unsigned odds) {
  if (plan_.kind == strategy_kind::exhaustive)
    return tree_.pick(n);
  if (plan_.kind == strategy_kind::fifo || random_.below(1000) >= odds)
    return 0;
  return 1 + random_.below(n - 1);
}

void strategy::alone(const candidate& ready) {
  if (plan_.kind == strategy_kind::exhaustive)
    tree_.next({&ready, 1});
}

// Partial-order sampling: whoever waits with a step that races with the one
// made draws anew. What that step will touch is not known before it is made; it
// is taken to be what the actor's last one touched.
void strategy::ran(const candidate& who, const footprint& step,
                   std::span<const candidate> waiting) {
  if (plan_.kind == strategy_kind::exhaustive) {
    tree_.ran(step);
    return;
  }
  for (std::size_t i = 0; i < habit_count_; ++i) {
    const habit& other = habits_[i];
    if (other.actor == who.actor || !other.touched.races(step))
      continue;
    for (const candidate& each : waiting)
      if (each.actor == other.actor)
        redraw(each);
  }
  std::erase_if(redrawn_, [&](const redrawn_rank& each) {
    return each.serial == who.serial;
  });
  keep_habit(who.actor, step);
}

void strategy::redraw(const candidate& x) {
  for (redrawn_rank& each : redrawn_)
    if (each.serial == x.serial) {
      each.rank = random_.next();
      return;
    }
  redrawn_.push_back({x.serial, random_.next()});
}

void strategy::keep_habit(std::uint64_t actor, const footprint& step) {
  std::size_t place = 0;
  while (place < habit_count_ && habits_[place].actor != actor)
    ++place;
  if (place == habit_count_) {
    constexpr std::size_t most_habits = 64; // of programs that sampling suits
    if (!is_lasting(actor) || habit_count_ == most_habits)
      return;
    if (habit_count_++ == habits_.size())
      habits_.emplace_back();
    habits_[place].actor = actor;
  }
  habits_[place].touched = step;
}

std::size_t strategy::highest(std::span<const candidate> ready) const {
  std::size_t best = 0;
  std::uint64_t best_rank = rank(ready[0]);
  for (std::size_t i = 1; i < ready.size(); ++i)
    if (std::uint64_t mine = rank(ready[i]); mine > best_rank) {
      best = i;
      best_rank = mine;
    }
  return best;
}

// PCT: an actor keeps its random rank until a change point puts it below all
// others. Partial-order sampling: each step has a rank of its own.
std::uint64_t strategy::rank(const candidate& x) const noexcept {
  if (plan_.kind == strategy_kind::partial_order) {
    for (const redrawn_rank& each : redrawn_)
      if (each.serial == x.serial)
        return each.rank;
    return random_stream::mix(salt_ ^ (x.serial * 0x9e3779b97f4a7c15));
  }
  for (unsigned i = lowered_count_; i-- > 0;)
    if (lowered_[i] == x.actor)
      return lowered_count_ - i;
  return random_stream::mix(salt_ ^ (x.actor * 0x9e3779b97f4a7c15))
       | (std::uint64_t{1} << 63);
}

} // namespace troupe::detail
