#include "runtime/simulated_network.hpp"

#include <troupe/detail/task_base.hpp>
#include <troupe/simulated_network.hpp>

#include "actors/simulated_world.hpp"

namespace troupe::detail {

// One time from the start of a node to its end or crash.
struct node_life {
  bool over = false;
  std::vector<future<void>> waiters;

  void end() {
    over = true;
    for (auto& each : std::exchange(waiters, {}))
      set_unless_done(each);
  }
};

struct simulated_program {
  std::shared_ptr<node_program> program;
  std::shared_ptr<node_life> life; // the present one
};

} // namespace troupe::detail

namespace troupe::test {

namespace {

using detail::simulated_network;

bool simulates() noexcept {
  return detail::this_simulator() != nullptr;
}

simulated_network& network_here() {
  if (!simulates())
    throw error(errc::no_running_loop,
                "the simulated network is for simulations: run the program "
                "with troupe::test::simulation or explore()");
  return *detail::this_simulator()->network(detail::this_worker->home);
}

detail::link_plan plan_of(const link_options& options) {
  if (options.min_latency.count() < 0
      || options.max_latency < options.min_latency)
    throw std::invalid_argument(
      "link_options: latencies must not be negative, and min_latency not above "
      "max_latency");
  if (options.short_io > 1000)
    throw std::invalid_argument("link_options: short_io must be 0 to 1000, not "
                                + std::to_string(options.short_io));
  if (options.receive_window == 0 || options.send_buffer == 0)
    throw std::invalid_argument(
      "link_options: receive_window and send_buffer must be at least 1");
  return {.least_latency = options.min_latency.count(),
          .most_latency = options.max_latency.count(),
          .bytes_per_second = options.bytes_per_second,
          .short_odds = options.short_io,
          .window = options.receive_window,
          .send_room = options.send_buffer};
}

} // namespace

// -- network ------------------------------------------------------------------

network::network() {
  network_here();
}

void network::set_links(const link_options& options) const {
  network_here().set_all_links(plan_of(options));
}

void network::set_link(const std::string& from, const std::string& to,
                       const link_options& options) const {
  auto& all = network_here();
  all.set_link(all.host_named(from), all.host_named(to), plan_of(options));
}

void network::cut(const std::string& from, const std::string& to) const {
  auto& all = network_here();
  all.set_cut(all.host_named(from), all.host_named(to), true);
}

void network::partition(const std::string& a, const std::string& b) const {
  cut(a, b);
  cut(b, a);
}

void network::heal(const std::string& a, const std::string& b) const {
  auto& all = network_here();
  auto one = all.host_named(a);
  auto other = all.host_named(b);
  all.set_cut(one, other, false);
  all.set_cut(other, one, false);
}

void network::black_hole(const std::string& host) const {
  auto& all = network_here();
  all.set_down(all.host_named(host), true);
}

void network::heal(const std::string& host) const {
  auto& all = network_here();
  all.set_down(all.host_named(host), false);
}

void network::reset(const std::string& a, const std::string& b) const {
  auto& all = network_here();
  all.reset_all(all.host_named(a), all.host_named(b));
}

void network::refuse(const std::string& host, std::uint16_t port,
                     bool refused) const {
  auto& all = network_here();
  auto& ports = all.host(all.host_named(host)).refused_ports;
  if (refused)
    ports.insert(port);
  else
    ports.erase(port);
}

void network::fail_accepts(const std::string& host, std::uint64_t count,
                           int error) const {
  auto& all = network_here();
  auto& mine = all.host(all.host_named(host));
  mine.failing_accepts = count;
  mine.accept_error = error;
}

void network::inject_faults(unsigned odds) const {
  if (odds > 1000)
    throw std::invalid_argument("inject_faults: odds must be 0 to 1000, not "
                                + std::to_string(odds));
  network_here().inject_faults(odds);
}

std::string network::address(const std::string& host) const {
  auto& all = network_here();
  return all.host(all.host_named(host)).v4.to_string();
}

std::size_t network::open_connections() const {
  return network_here().open_connections();
}

// -- node ---------------------------------------------------------------------

namespace {

coro<void> run_node(std::string name,
                    std::shared_ptr<detail::node_program> program,
                    std::shared_ptr<detail::node_life> life) {
  std::exception_ptr problem;
  try {
    co_await program->begin();
  } catch (const cancelled_error&) {
  } catch (...) {
    problem = std::current_exception();
  }
  if (problem)
    detail::this_worker->home.report(
      {.message = "the program of node '" + name + "' failed",
       .exception = problem});
  life->end();
}

} // namespace

node::node(std::string name, detail::node_program* program)
  : name_(std::move(name)) {
  auto state = std::make_unique<detail::simulated_program>();
  state->program.reset(program);
  auto& all = network_here();
  if (name_ == "main")
    throw std::invalid_argument(
      "node: \"main\" is the host of the program itself");
  host_ = all.host_named(name_);
  state_ = state.get();
  start();
  state.release();
}

node::~node() {
  // A loop that closes drops the tasks itself.
  if (simulates() && detail::this_worker->home.running())
    drop(static_cast<int>(simulated_network::farewell::silence));
  delete state_;
}

void node::start() {
  auto& all = network_here();
  all.restart(host_);
  state_->life = std::make_shared<detail::node_life>();
  get_running_loop().create_task(
    run_node(name_, state_->program, state_->life),
    {.name = name_, .context = context{all.context_of(host_)}});
}

void node::drop(int farewell) {
  auto& all = network_here();
  auto& loop = detail::this_worker->home;
  auto& sim = *detail::this_simulator();
  if (all.here() == host_)
    throw error(errc::invalid_state, "a task of node '" + name_
                                       + "' cannot crash its own node: let "
                                         "a task of another host do it");
  // A crash leaves things undone; that is no fault of the program.
  auto handler = loop.handler();
  get_running_loop().set_exception_handler(
    [](event_loop&, const error_context&) {});
  all.crash(host_, static_cast<simulated_network::farewell>(farewell));
  loop.close_resources_of(host_);
  for (auto& each : loop.tasks()) {
    // Whatever became ready meanwhile leaves the queue before it is dropped.
    sim.look_again(loop);
    auto* task = dynamic_cast<detail::task_base*>(each.get());
    if (task && task->top() // else a node of a dropped task dropped it
        && all.standing_of(static_cast<detail::job&>(*task))
             == simulated_network::standing::gone)
      task->abandon();
  }
  loop.set_handler(std::move(handler));
  if (!state_->life->over)
    state_->life->end();
}

void node::crash(crash_kind how) {
  auto& all = network_here();
  if (how == crash_kind::chosen)
    how = static_cast<crash_kind>(1 + all.choose(3, 667));
  drop(static_cast<int>(how) - 1);
}

void node::restart() {
  if (running())
    crash();
  start();
}

void node::pause() {
  auto& all = network_here();
  if (all.here() == host_)
    throw error(errc::invalid_state, "a task of node '" + name_
                                       + "' cannot pause its own node: let "
                                         "a task of another host do it");
  all.pause(host_);
}

void node::resume() {
  network_here().resume(host_);
}

bool node::running() const {
  return !state_->life->over;
}

coro<void> node::wait() const {
  if (state_->life->over)
    co_return;
  auto over = get_running_loop().create_future<void>();
  state_->life->waiters.push_back(over);
  co_await over;
}

std::string node::address() const {
  return network{}.address(name_);
}

} // namespace troupe::test
