#include <troupe/detail/task_base.hpp>
#include <troupe/select.hpp>

namespace troupe::detail {

// Takes back all that stand in a line. True if nothing is on its way.
bool select_op_base::retract_all() noexcept {
  bool all = true;
  for (arm* x = arms_; x != arms_ + size_; ++x) {
    if (x->state != arm_state::open)
      continue;
    if (x->what->retract())
      x->state = arm_state::over;
    else
      all = false;
  }
  return all;
}

bool select_op_base::start() {
  for (std::size_t i = 0; i < size_ && winner_ == nobody; ++i) {
    try {
      if (arms_[i].what->start())
        arms_[i].state = arm_state::open;
      else
        winner_ = i; // another worker made it possible a moment ago
    } catch (...) {
      problem_ = std::current_exception();
      winner_ = i;
    }
  }
  return winner_ == nobody || !retract_all();
}

bool select_op_base::arm_came(op& which) {
  std::size_t i = 0;
  while (arms_[i].what != &which)
    ++i;
  arms_[i].state = arm_state::answered;
  if (winner_ == nobody)
    winner_ = i;
  return retract_all();
}

bool select_op_base::request_cancel(const std::string&) {
  if (cancelled_ || winner_ != nobody || !retract_all())
    return false; // cancelled before, or an answer is on its way
  answer_cancelled();
  return true;
}

void select_op_base::give_back() {
  for (arm* x = arms_; x != arms_ + size_; ++x)
    if (std::exchange(x->state, arm_state::over) == arm_state::answered)
      x->what->give_back();
}

void select_op_base::withdraw() noexcept {
  retract_all();
}

// What was granted at once, while another arm's answer was on its way, has no
// answer that could be given back.
bool select_op_base::is_final() const noexcept {
  if (winner_ == nobody)
    return false;
  const arm& winner = arms_[winner_];
  return winner.state == arm_state::idle || winner.what->is_final();
}

std::string select_op_base::describe() const {
  std::string text = "<select of ";
  for (std::size_t i = 0; i < size_; ++i) {
    if (i > 0)
      text += ", ";
    text += arms_[i].what->describe();
  }
  return text + '>';
}

// By any of its arms.
bool select_op_base::may_end(wait_search& search) const {
  bool may = false;
  for (const arm* x = arms_; x != arms_ + size_; ++x)
    may |= x->state != arm_state::open || x->what->may_end(search);
  return may;
}

std::size_t select_op_base::decide() {
  std::size_t winner = winner_;
  arms_[winner].state = arm_state::over;
  give_back();
  if (problem_)
    std::rethrow_exception(std::exchange(problem_, nullptr));
  return winner;
}

} // namespace troupe::detail
