// Executions: fibers, choices, and the ways through them.

#include "weak_memory/explorer.hpp"

#include <cstdio>
#include <cstdlib>

namespace weak {

// -- all executions -----------------------------------------------------------

// First with no preemption, then with more and more: what needs few is found
// first, and is easy to read.
result explorer::run() {
  here = this;
  bool failed = false;
  for (int bound = 0; bound <= options_.preemptions && !failed; ++bound) {
    failed = explore_all(bound);
    result_.complete = !failed && result_.executions < options_.limit;
    if (!result_.complete)
      break;
  }
  random_ = !failed && !result_.complete;
  if (random_)
    for (long i = 0; i < options_.random && !failed; ++i)
      failed = execute();
  here = nullptr;
  return std::move(result_);
}

// Depth first through all choices; true if an execution failed.
bool explorer::explore_all(int preemptions) {
  choices_.clear();
  do {
    preemptions_ = preemptions;
    if (execute())
      return true;
    while (!choices_.empty()
           && choices_.back().chosen + 1 == choices_.back().count)
      choices_.pop_back();
    if (!choices_.empty())
      ++choices_.back().chosen;
  } while (!choices_.empty() && result_.executions < options_.limit);
  return false;
}

bool explorer::execute() {
  depth_ = 0;
  steps_ = 0;
  current_ = 0;
  count_ = 0;
  end_ = 0;
  atomics_.clear();
  plains_.clear();
  events_.clear();
  sequential_ = {};
  if (random_) {
    std::uniform_int_distribution any{1, longest_};
    switches_.clear();
    for (int i = 0; i < options_.preemptions; ++i)
      switches_.push_back(any(dice_));
  }
  add_thread("set-up", nullptr);
  execution set_up;
  program_(set_up);
  for (std::size_t i = 1; i < count_; ++i)
    fibers_[i].now.join(me().now);
  ++me().now.clock[0];
  me().done = true;
  pick_next(); // comes back when all have ended, or one has failed
  see_all();
  longest_ = std::max(longest_, steps_);
  ++result_.executions;
  return !result_.failure.empty();
}

int explorer::choose(int count) {
  if (count == 1)
    return 0;
  if (random_)
    return dice_() % 2 ? 0 : static_cast<int>(dice_() % count);
  if (depth_ == choices_.size())
    choices_.push_back({0, count});
  return choices_[depth_++].chosen;
}

// -- fibers -------------------------------------------------------------------

void explorer::enter() {
  here->me().body();
  here->me().done = true;
  here->pick_next();
}

void explorer::add_thread(std::string name, std::function<void()> body) {
  auto& one = fibers_.at(count_);
  one.name = std::move(name);
  one.body = std::move(body);
  one.done = one.paused = one.fresh = one.patient = false;
  one.ready = nullptr;
  one.loaded = -1;
  one.now = one.pending = one.published = {};
  one.now.clock[count_] = 1;
  getcontext(&one.context);
  one.context.uc_stack.ss_sp = one.stack.data();
  one.context.uc_stack.ss_size = one.stack.size();
  one.context.uc_link = nullptr;
  makecontext(&one.context, &explorer::enter, 0);
  ++count_;
}

void explorer::add_end(std::function<void()> body) {
  add_thread("end", [this, body = std::move(body)] {
    me().ready = nullptr;
    see_all();
    body();
  });
  end_ = count_ - 1;
  fibers_[end_].ready = &others_done_;
}

bool explorer::others_done() const {
  for (std::size_t i = 1; i < count_; ++i)
    if (i != end_ && !fibers_[i].done)
      return false;
  return true;
}

void explorer::see_all() {
  for (std::size_t i = 1; i < count_; ++i)
    me().now.join(fibers_[i].now);
  for (std::size_t i = 0; i < atomics_.size(); ++i)
    me().now.seen[i] = stores_[i].back().stamp;
}

bool explorer::can_go_on(const fiber& one) const {
  if (one.done)
    return false;
  if (one.ready)
    return (*one.ready)();
  return !one.paused
      || (one.loaded >= 0
          && stores_[one.loaded].back().stamp > one.loaded_stamp);
}

// Before each operation another thread may come first.
void explorer::step() {
  if (current_ == 0)
    return;
  if (++steps_ > most_steps)
    fail("it does not come to an end");
  pick_next();
}

void explorer::pick_next() {
  bool stays = can_go_on(me());
  bool free = !stays || me().paused; // to switch is no preemption
  std::array<std::size_t, most_threads> open;
  int count = 0;
  if (!free)
    open[count++] = current_;
  if (free || random_ || preemptions_ > 0)
    for (std::size_t i = 1; i < count_; ++i)
      if (i != current_ && can_go_on(fibers_[i]))
        open[count++] = i;
  if (free && stays)
    open[count++] = current_;
  for (std::size_t i = 1; i < count_ && free && count == 0; ++i)
    if (fibers_[i].patient)
      open[count++] = i;
  if (count == 0) {
    std::string stuck;
    for (std::size_t i = 1; i < count_; ++i)
      if (!fibers_[i].done && i != end_)
        stuck += (stuck.empty() ? "" : ", ") + fibers_[i].name;
    if (!stuck.empty())
      fail("deadlock: " + stuck);
    return switch_to(0);
  }
  int chosen = 0;
  if (free) {
    chosen = random_ ? static_cast<int>(dice_() % count) : choose(count);
  } else if (!random_) {
    chosen = choose(count);
    preemptions_ -= chosen > 0;
  } else if (count > 1
             && std::find(switches_.begin(), switches_.end(), steps_)
                  != switches_.end()) {
    chosen = 1 + static_cast<int>(dice_() % (count - 1));
  }
  switch_to(open[chosen]);
}

void explorer::switch_to(std::size_t next) {
  if (next == current_)
    return;
  auto& from = me();
  current_ = next;
  swapcontext(&from.context, &me().context);
}

void explorer::pause() {
  me().paused = true;
  me().fresh = true;
  step();
  me().paused = false;
}

void explorer::wait_until(const std::function<bool()>& ready, bool patient) {
  me().ready = &ready;
  me().patient = patient;
  step();
  me().patient = false;
  me().ready = nullptr;
}

// The frames of all fibers are left as they are.
void explorer::fail(const std::string& what) {
  result_.failure = what + "\n" + trace();
  if (current_ == 0) // the set-up itself is wrong
    std::fputs(result_.failure.c_str(), stderr);
  else
    switch_to(0);
  std::abort();
}

// -- for scenarios ------------------------------------------------------------

result explore(const scenario& program, const options& how) {
  return explorer{program, how}.run();
}

void execution::thread(std::string name, std::function<void()> body) {
  explorer::here->add_thread(std::move(name), std::move(body));
}

void execution::at_end(std::function<void()> body) {
  explorer::here->add_end(std::move(body));
}

} // namespace weak
