#include "runtime/simulator.hpp"

#include <troupe/detail/task_base.hpp>

#include "runtime/loop_core.hpp"
#include "runtime/simulated_network.hpp"
#include "runtime/trace.hpp"
#include "runtime/wait_graph.hpp"

namespace troupe::detail {

thread_local constinit simulator* this_step = nullptr;

namespace {

constexpr std::size_t most_choices = 4'000'000;

// Without the place: compilers do not agree about the lines of calls, and a
// failure that one has found is to be replayed with the other.
std::uint64_t mix_label(std::uint64_t hash, const job_label& label) noexcept {
  std::uint64_t what
    = static_cast<std::uint64_t>(label.kind) ^ (label.number << 8);
  return random_stream::mix(hash ^ what) + 0x9e3779b97f4a7c15;
}

} // namespace

const char* name_of(failure_kind kind) noexcept {
  switch (kind) {
    case failure_kind::none:
      return "no failure";
    case failure_kind::exception:
      return "exception";
    case failure_kind::unhandled:
      return "unhandled";
    case failure_kind::deadlock:
      return "deadlock";
    case failure_kind::left_over:
      return "left over";
    case failure_kind::endless:
      return "endless";
    case failure_kind::forbidden:
      return "forbidden call";
    case failure_kind::rule:
      return "broken rule";
    case failure_kind::diverged:
      return "diverged";
  }
  return "?";
}

const char* name_of(short_cut which) noexcept {
  switch (which) {
    case short_cut::write_at_once:
      return "write at once";
    case short_cut::read_at_once:
      return "read at once";
    case short_cut::cancel_in_place:
      return "cancel in place";
    case short_cut::count:
      break;
  }
  return "?";
}

simulator::simulator() = default;

simulator::~simulator() {
  watch_faults(false);
  watch_steps(false);
  end_network();
}

void simulator::begin(run_plan plan, std::uint64_t first_actor) {
  end_network();
  plan_ = std::move(plan);
  watch_faults(!plan_.faults.empty());
  plan_injections();
  strategy_.begin(plan_.how, plan_.seed);
  watch_steps(!plan_.replays && strategy_.wants_footprints());
  touched_objects_ = 0;
  user_random_ = random_stream{~plan_.seed};
  now_ = epoch;
  hash_ = steps_ = early_steps_ = choices_ = serial_ = actors_ = 0;
  first_actor_ = first_actor;
  batch_ = front_ = 0;
  ready_.clear();
  quiet_.clear();
  deviations_.clear();
  next_forced_ = 0;
  preferred_ = nobody;
  main_ = nullptr;
  choices_kept_ = true;
  checks_.clear();
  texts_.clear();
  remarks_.clear();
  failure_ = failure_kind::none;
  failure_text_.clear();
  failure_id_.clear();
}

void simulator::drop_frame() noexcept {
  if (kept_frame_)
    std::exchange(kept_frame_, nullptr)->destroy();
}

// -- running ------------------------------------------------------------------

void simulator::drive(loop_core& loop) {
  batch_ = 0;
  while (!loop.exiting_.load(std::memory_order_relaxed)) {
    gather(loop);
    if (batch_ == 0) {
      if (loop.stopping_.load(std::memory_order_relaxed))
        break;
      if (front_ == ready_.size() && !jump(loop)) {
        report_deadlock(loop);
        break;
      }
      loop.collect_timers();
      gather(loop);
      batch_ = ready_.size() - front_;
      continue;
    }
    --batch_;
    run_one(loop);
  }
  give_back(loop);
}

void simulator::drain(loop_core& loop) {
  gather(loop);
  while (front_ < ready_.size()
         && !loop.exiting_.load(std::memory_order_relaxed)) {
    run_one(loop);
    gather(loop);
  }
  give_back(loop);
}

// What did not run waits in the loop for its next run, or its end.
void simulator::give_back(loop_core& loop) noexcept {
  for (; front_ < ready_.size(); ++front_)
    loop.first_.ready.push(*ready_[front_].item);
  ready_.clear();
  front_ = 0;
}

// What became ready joins the candidates, in its order.
void simulator::gather(loop_core& loop) {
  loop.injected_.take(loop.first_.ready);
  while (job* item = loop.first_.ready.pop()) {
    if (network_ && !stays(*item))
      continue;
    job_label label = item->label();
    ++serial_;
    std::uint64_t actor = serial_ << 2 | 1;
    if (label.kind == job_kind::task) {
      actor = label.number << 2;
      actors_ = std::max(actors_, label.number);
    } else if (label.kind == job_kind::actor) {
      actor = (label.number - first_actor_) << 2 | 2;
    } else if (label.kind == job_kind::network) {
      actor = label.number << 2 | 3;
    }
    ready_.push_back({item, actor, serial_});
  }
}

// Nothing is ready: those who wait for that, or the next timer. False if there
// is neither.
bool simulator::jump(loop_core& loop) {
  if (!quiet_.empty()) {
    std::vector<op*> waiters;
    waiters.swap(quiet_);
    for (op* waiter : waiters)
      waiter->answer();
    gather(loop);
    return true;
  }
  if (loop.timers_.empty())
    return false;
  now_ = std::max(now_, loop.timers_.earliest());
  return true;
}

void simulator::run_one(loop_core& loop) {
  std::size_t ways = ready_.size() - front_;
  std::size_t taken = 0;
  if (ways > 1) {
    std::size_t otherwise = undisturbed(ways);
    taken = plan_.replays
            ? forced(otherwise)
            : strategy_.next({ready_.data() + front_, ways}, otherwise);
    taken = chosen(ways, taken, otherwise);
    if (taken != otherwise)
      preferred_ = ready_[front_ + taken].actor;
  } else if (watches_steps_) {
    strategy_.alone(ready_[front_]);
  }
  candidate who = ready_[front_ + taken];
  job& item = *who.item;
  if (taken == 0) {
    if (++front_ == ready_.size()) {
      ready_.clear();
      front_ = 0;
    } else if (front_ == 1024) {
      ready_.erase(ready_.begin(), ready_.begin() + 1024);
      front_ = 0;
    }
  } else {
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(front_ + taken));
  }
  job_label label = item.label();
  if (label.kind == job_kind::actor)
    label.number -= first_actor_;
  hash_ = mix_label(hash_, label);
  ++steps_;
  early_steps_ += taken > 0;
  if (plan_.records)
    note(label, taken, ways, item);
  if (steps_ <= plan_.checks.size())
    check_step(loop, static_cast<std::uint8_t>(hash_), label);
  if (plan_.most_steps != 0 && steps_ > plan_.most_steps)
    fail(loop, failure_kind::endless,
         "the program did not end within " + std::to_string(plan_.most_steps)
           + " steps (max_steps)");
  if (!loop.exiting_.load(std::memory_order_relaxed)) {
    loop_ = &loop;
    this_step = this;
    if (watches_steps_)
      begin_footprint(label);
    item.run();
    if (counts_awaits_ && label.kind == job_kind::task)
      count_await(loop, label.number);
    this_step = nullptr;
    if (watches_steps_)
      end_footprint(who);
    if (main_ && main_->done() && main_->state() != future_state::finished)
      loop.exit_with(std::make_exception_ptr(simulation_stopped{}));
  } else {
    // It is not lost: whoever drops the loop finds it.
    loop.first_.ready.push(item);
  }
}

// -- choosing -----------------------------------------------------------------

std::size_t simulator::undisturbed(std::size_t ways) const noexcept {
  if (preferred_ != nobody)
    for (std::size_t i = 0; i < ways; ++i)
      if (ready_[front_ + i].actor == preferred_)
        return i;
  return 0;
}

std::size_t simulator::forced(std::size_t otherwise) {
  const auto& list = plan_.deviations;
  if (next_forced_ < list.size() && list[next_forced_].place == choices_)
    return list[next_forced_++].taken;
  return otherwise;
}

std::size_t simulator::chosen(std::size_t ways, std::size_t taken,
                              std::size_t otherwise) {
  taken = taken < ways ? taken : ways - 1;
  if (taken != otherwise) {
    if (deviations_.size() < most_choices)
      deviations_.push_back({choices_, static_cast<std::uint32_t>(taken)});
    else
      choices_kept_ = false;
  }
  ++choices_;
  hash_ = random_stream::mix(hash_ + taken + (std::uint64_t{ways} << 32));
  return taken;
}

std::size_t simulator::choose(std::size_t n, unsigned odds) {
  if (n < 2)
    return 0;
  return chosen(n, plan_.replays ? forced(0) : strategy_.pick(n, odds), 0);
}

bool simulator::take(short_cut which) {
  auto index = static_cast<std::size_t>(which);
  bool refused = choose(2, plan_.odds) == 1;
  ++(refused ? coverage_.refused : coverage_.taken)[index];
  return !refused;
}

// -- failing ------------------------------------------------------------------

void simulator::fail(loop_core& loop, failure_kind kind, std::string what,
                     std::string id) {
  if (failed())
    return;
  failure_ = kind;
  failure_id_ = std::string{name_of(kind)} + ": " + (id.empty() ? what : id);
  failure_text_ = std::move(what);
  if (std::string graph = wait_graph(loop); !graph.empty())
    failure_text_ += "\n" + graph;
  loop.exit_with(std::make_exception_ptr(simulation_stopped{}));
}

void simulator::report_deadlock(loop_core& loop) {
  std::size_t count = loop.tasks().size();
  std::string text = "nothing is ready, no timer runs, and "
                   + std::to_string(count)
                   + (count == 1 ? " task waits" : " tasks wait");
  if (std::string circle = likely_circle(loop); !circle.empty())
    text += "\ntasks wait for each other in a circle\n" + circle;
  fail(loop, failure_kind::deadlock, text, wait_places(loop));
}

void simulator::blocked(const task_base& task) {
  if (plan_.may_break_cycles)
    return;
  if (std::string circle = wait_circle(task); !circle.empty())
    fail(task.home(), failure_kind::deadlock,
         "tasks wait for each other in a circle\n" + circle,
         "circle " + wait_places(task.home()));
}

// The run is one that the schedule was made of.
void simulator::check_step(loop_core& loop, std::uint8_t mark,
                           const job_label& label) {
  if (plan_.checks[steps_ - 1] == mark)
    return;
  std::string where = label.place.file ? " at " + text_of(label.place) : "";
  fail(loop, failure_kind::diverged,
       "the program is not the one that the schedule was made of: step "
         + std::to_string(steps_) + where + " is another one");
}

} // namespace troupe::detail
