#include "runtime/strategy.hpp"

#include <algorithm>

namespace troupe::detail {

void strategy::begin(const strategy_plan& plan, std::uint64_t seed) {
  plan_ = plan;
  random_ = random_stream{seed};
  salt_ = random_.next();
  choices_ = 0;
  lowered_count_ = 0;
  path_place_ = 0;
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
    return step_in_tree(ready.size());
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
    return step_in_tree(n);
  if (plan_.kind == strategy_kind::fifo || random_.below(1000) >= odds)
    return 0;
  return 1 + random_.below(n - 1);
}

std::size_t strategy::step_in_tree(std::size_t ways) {
  if (path_place_ == path_.size())
    path_.push_back({0, static_cast<std::uint32_t>(ways)});
  fork& here = path_[path_place_++];
  // A program that is not deterministic is found out by its trace; here it is
  // only kept from leaving the tree.
  here.ways = static_cast<std::uint32_t>(ways);
  return std::min<std::size_t>(here.taken, ways - 1);
}

bool strategy::advance() {
  path_.resize(path_place_);
  while (!path_.empty() && path_.back().taken + 1 >= path_.back().ways)
    path_.pop_back();
  if (path_.empty())
    return false;
  ++path_.back().taken;
  return true;
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
  if (plan_.kind == strategy_kind::partial_order)
    return random_stream::mix(salt_ ^ (x.serial * 0x9e3779b97f4a7c15));
  for (unsigned i = lowered_count_; i-- > 0;)
    if (lowered_[i] == x.actor)
      return lowered_count_ - i;
  return random_stream::mix(salt_ ^ (x.actor * 0x9e3779b97f4a7c15))
       | (std::uint64_t{1} << 63);
}

} // namespace troupe::detail
