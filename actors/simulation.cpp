#include <troupe/simulation.hpp>

#include "actors/simulated_world.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/trace.hpp"

namespace troupe {

namespace detail {

strategy_kind kind_of(test::strategy how, std::uint64_t run) noexcept {
  switch (how) {
    case test::strategy::portfolio:
      break;
    case test::strategy::fifo:
      return strategy_kind::fifo;
    case test::strategy::random:
      return strategy_kind::random;
    case test::strategy::pct:
      return strategy_kind::pct;
    case test::strategy::delay_bounding:
      return strategy_kind::delay_bounding;
    case test::strategy::partial_order:
      return strategy_kind::partial_order;
    case test::strategy::exhaustive:
      return strategy_kind::exhaustive;
  }
  if (run == 0)
    return strategy_kind::fifo;
  constexpr strategy_kind turns[]
    = {strategy_kind::random,         strategy_kind::pct,
       strategy_kind::partial_order,  strategy_kind::pct,
       strategy_kind::delay_bounding, strategy_kind::pct};
  return turns[run % std::size(turns)];
}

bool quiet_op::start() {
  simulator* sim = task_->home().simulation();
  if (!sim)
    throw error(errc::no_running_loop,
                "wait_all_tasks_blocked() is for simulations: run the program "
                "with troupe::test::simulation or explore()");
  sim->when_quiet(*this);
  return true;
}

bool quiet_op::request_cancel(const std::string&) {
  if (!task_->home().simulation()->forget_quiet(*this))
    return false;
  answer_cancelled();
  return true;
}

void quiet_op::withdraw() noexcept {
  task_->home().simulation()->forget_quiet(*this);
}

std::string quiet_op::describe() const {
  return "<all tasks blocked>";
}

} // namespace detail

namespace test {

namespace {

detail::simulator& need_simulator(const char* what) {
  if (auto* sim = detail::this_simulator())
    return *sim;
  throw error(errc::no_running_loop,
              std::string{what}
                + " is for simulations: run the program with "
                  "troupe::test::simulation or explore()");
}

} // namespace

simulation::simulation(std::uint64_t seed)
  : simulation(simulation_options{.seed = seed}) {}

simulation::simulation(simulation_options options)
  : options_(std::move(options)) {
  if (options_.depth < 1 || options_.depth > 8)
    throw std::invalid_argument("simulation: depth must be 1 to 8, not "
                                + std::to_string(options_.depth));
  if (options_.odds > 1000)
    throw std::invalid_argument("simulation: odds must be 0 to 1000, not "
                                + std::to_string(options_.odds));
  for (const std::string& name : options_.faults)
    detail::check_fault_name(name);
  if (!options_.schedule.empty())
    detail::decode(options_.schedule);
  world_ = new detail::simulated_world;
}

simulation::~simulation() {
  delete world_;
}

void simulation::run_program(detail::program_ref program) {
  detail::run_plan plan;
  if (options_.schedule.empty()) {
    plan.how = {.kind = detail::kind_of(options_.how, options_.seed),
                .depth = options_.depth};
    plan.seed = options_.seed;
    plan.odds = options_.odds;
    plan.faults = options_.faults;
    plan.most_steps = options_.max_steps;
  } else {
    plan = detail::decode(options_.schedule);
  }
  plan.may_break_cycles = options_.may_break_cycles;
  plan.records = true;
  world_->run(program, plan, options_.may_leave_tasks);
  detail::simulator& sim = world_->sim();
  if (!sim.failed())
    return;
  plan.replays = sim.choices_kept();
  plan.deviations = sim.deviations();
  plan.checks = sim.checks();
  throw detail::failure_of(sim, plan);
}

std::uint64_t simulation::steps() const noexcept {
  return world_->sim().steps();
}

std::chrono::nanoseconds simulation::elapsed() const noexcept {
  return std::chrono::nanoseconds{world_->sim().elapsed()};
}

std::uint64_t simulation::trace_hash() const noexcept {
  return world_->sim().trace_hash();
}

const std::vector<std::uint64_t>& simulation::awaits() const noexcept {
  return world_->sim().awaits();
}

std::uint64_t simulation::injected() const noexcept {
  return world_->sim().injected();
}

// -- inside a program ---------------------------------------------------------

bool simulated() noexcept {
  return detail::this_simulator() != nullptr;
}

std::chrono::nanoseconds time() {
  return std::chrono::nanoseconds{need_simulator("time()").elapsed()};
}

detail::quiet_op wait_all_tasks_blocked() {
  return {};
}

coro<void> advance(std::chrono::nanoseconds delay) {
  co_await sleep(delay);
  co_await wait_all_tasks_blocked();
}

std::uint64_t random() {
  return need_simulator("random()").random();
}

void touch(std::string_view name) {
  if (auto* sim = detail::this_simulator())
    sim->touch(detail::footprint::told(std::hash<std::string_view>{}(name)));
}

std::size_t choose(std::size_t n) {
  if (n == 0)
    throw std::invalid_argument("choose: there is nothing to choose from (0)");
  return need_simulator("choose()")
    .choose(n, static_cast<unsigned>(1000 - 1000 / n));
}

void require(bool condition, std::string_view what, detail::site where) {
  if (!condition)
    throw failed_check("not met: " + std::string{what} + ", required in "
                       + detail::text_of(where));
}

} // namespace test

} // namespace troupe
