#include "runtime/order_tree.hpp"

#include "runtime/strategy.hpp"

namespace troupe::detail {

void order_tree::restart() noexcept {
  place_ = 0;
  sleeping_.clear();
  last_ = none;
  redundant_ = false;
}

bool order_tree::sleeps(std::uint64_t actor) const noexcept {
  return std::any_of(sleeping_.begin(), sleeping_.end(),
                     [actor](const way& each) { return each.actor == actor; });
}

std::size_t order_tree::next(std::span<const candidate> ready) {
  last_ = none;
  if (redundant_)
    return 0;
  std::size_t awake = 0;
  std::size_t first = ready.size();
  for (std::size_t i = 0; i < ready.size(); ++i)
    if (sleeping_.empty() || !sleeps(ready[i].actor)) {
      ++awake;
      first = std::min(first, i);
    }
  if (awake == 0) {
    redundant_ = true; // it goes on in any order, to its end
    return 0;
  }
  if (awake == 1)
    return first;
  if (place_ == path_.size()) {
    fork& made = path_.emplace_back(fork{0, awake, {}});
    for (std::size_t i = 0; i < ready.size(); ++i)
      if (sleeping_.empty() || !sleeps(ready[i].actor))
        made.steps.push_back({ready[i].actor, i, {}});
  }
  fork& here = path_[place_++];
  // A program that is not deterministic is found out by its trace; here it is
  // only kept from leaving the tree.
  if (here.taken >= here.steps.size())
    return first;
  last_ = place_ - 1;
  for (std::size_t i = 0; i < here.taken; ++i)
    sleeping_.push_back(here.steps[i]);
  return std::min(here.steps[here.taken].index, ready.size() - 1);
}

std::size_t order_tree::pick(std::size_t n) {
  if (redundant_)
    return 0;
  if (place_ == path_.size())
    path_.push_back({0, n, {}});
  return std::min(path_[place_++].taken, n - 1);
}

void order_tree::ran(const footprint& step) {
  if (last_ != none) {
    fork& chosen = path_[last_]; // of all runs that came through here
    chosen.steps[chosen.taken].touched.add(step);
  }
  last_ = none;
  std::erase_if(sleeping_,
                [&](const way& each) { return each.touched.meets(step); });
}

bool order_tree::advance() {
  path_.resize(place_);
  while (!path_.empty() && path_.back().taken + 1 >= path_.back().ways)
    path_.pop_back();
  if (path_.empty())
    return false;
  ++path_.back().taken;
  return true;
}

} // namespace troupe::detail
