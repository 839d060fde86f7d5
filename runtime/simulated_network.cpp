#include "runtime/simulated_network.hpp"

#include <troupe/detail/task_base.hpp>

#include "runtime/simulated_connection.hpp"
#include "runtime/simulator.hpp"

#include <algorithm>

namespace troupe::detail {

namespace {

// The context variable that says where a task belongs to.
const char host_variable = 0;

struct home_of final : context_value {
  home_of(host_id x, std::uint32_t y) : where(x), life(y) {}

  host_id where;
  std::uint32_t life;
};

const home_of* home_in(const context_ref& mine) noexcept {
  if (mine && mine->variables)
    for (const auto& entry : mine->variables->entries)
      if (entry.variable == &host_variable)
        return static_cast<const home_of*>(entry.value.get());
  return nullptr;
}

context_ref context_for(host_id where, std::uint32_t life) {
  ref<context_variables> variables{new context_variables, true};
  variables->entries.push_back(
    {&host_variable, ref<context_value>{new home_of(where, life), true}});
  context_ref made{new context_state, true};
  made->variables = std::move(variables);
  return made;
}

} // namespace

// -- events -------------------------------------------------------------------

network_event::network_event(simulated_network& home, host_id where,
                             std::uint64_t number, const subject& about,
                             std::function<void()> what)
  : home_(&home), where_(where), number_(number), about_(about),
    what_(std::move(what)) {}

network_event::~network_event() {
  if (home_)
    home_->forget(*this);
}

void network_event::run() {
  if (home_) {
    std::shared_ptr<simulated_network> keep = home_->shared_from_this();
    home_->forget(*this);
    home_ = nullptr;
    context_ref mine;
    if (where_ != no_host)
      mine = keep->context_of(where_);
    context_scope scope{mine};
    what_();
    what_ = nullptr;
  }
  delete this;
}

void network_event::discard() noexcept {
  delete this;
}

job_label network_event::label() const noexcept {
  return {job_kind::network, number_, {}};
}

std::string network_event::text() const {
  if (!home_)
    return "taken back";
  std::string text = about_.name;
  if (about_.from != no_host)
    text += ' ' + home_->host(about_.from).name;
  if (about_.to != no_host)
    text += " -> " + home_->host(about_.to).name;
  return text;
}

network_event* simulated_network::after(std::int64_t delay,
                                        std::uint64_t number,
                                        const network_event::subject& about,
                                        std::function<void()> what) {
  if (!loop_)
    return nullptr;
  auto* item
    = new network_event(*this, no_host, number, about, std::move(what));
  events_.insert(item);
  item->deadline = deadline_after(now(), delay);
  loop_->add_timer(*item);
  return item;
}

network_event* simulated_network::soon(std::uint64_t number,
                                       const network_event::subject& about,
                                       std::function<void()> what) {
  if (!loop_)
    return nullptr;
  auto* item
    = new network_event(*this, about.from, number, about, std::move(what));
  events_.insert(item);
  loop_->push(*item);
  return item;
}

void simulated_network::take_back(network_event*& item) noexcept {
  network_event* gone = std::exchange(item, nullptr);
  if (!gone || events_.erase(gone) == 0)
    return;
  gone->home_ = nullptr;
  // A connection that ends with this has no event any more.
  auto what = std::exchange(gone->what_, nullptr);
  if (loop_)
    loop_->cancel_timer(*gone);
}

void simulated_network::forget(network_event& item) noexcept {
  events_.erase(&item);
}

// -- life ---------------------------------------------------------------------

simulated_network::simulated_network(simulator& chooser, loop_core& loop)
  : simulator_(&chooser), loop_(&loop) {
  usual_.least_latency = usual_.most_latency = 1'000'000;
  loopback_.least_latency = loopback_.most_latency = 10'000;
  host_named("main");
}

simulated_network::~simulated_network() = default;

void simulated_network::shut() noexcept {
  // Jobs of hosts that never went on: nobody else knows of them.
  for (auto [item, where] : std::exchange(aside_, {}))
    if (loop_)
      loop_->push(*item);
  while (!events_.empty()) {
    network_event* item = *events_.begin();
    take_back(item);
  }
  loop_ = nullptr;
  simulator_ = nullptr;
}

std::int64_t simulated_network::now() const noexcept {
  return simulator_ ? simulator_->now() : 0;
}

std::size_t simulated_network::choose(std::size_t n, unsigned odds) {
  return simulator_ && odds > 0 ? simulator_->choose(n, odds) : 0;
}

bool simulated_network::fault(const char* name) {
  if (choose(2, fault_odds_) == 0)
    return false;
  simulator_->remark(name);
  return true;
}

// -- hosts --------------------------------------------------------------------

host_id simulated_network::host_named(const std::string& name) {
  for (host_id i = 0; i < hosts_.size(); ++i)
    if (hosts_[i].name == name)
      return i;
  if (name.empty())
    throw std::invalid_argument("a simulated host must have a name");
  auto number = static_cast<host_id>(hosts_.size());
  simulated_host& made = hosts_.emplace_back();
  made.name = name;
  made.v4 = asio::ip::address_v4{0x0a00'0001 + number};
  asio::ip::address_v6::bytes_type bytes{0xfd};
  for (unsigned i = 0; i < 4; ++i)
    bytes[15 - i] = static_cast<unsigned char>((number + 1) >> (8 * i));
  made.v6 = asio::ip::address_v6{bytes};
  if (number != 0)
    made.context = context_for(number, 0);
  return number;
}

context_ref simulated_network::context_of(host_id which) const {
  const context_ref& mine = hosts_[which].context;
  if (!mine)
    return {};
  context_ref copy{new context_state, true}; // it may be written to
  copy->variables = mine->variables;
  return copy;
}

host_id simulated_network::here() const noexcept {
  const home_of* mine = home_in(current_context());
  return mine ? mine->where : 0;
}

simulated_network::standing
simulated_network::standing_of(host_id where,
                               std::uint32_t life) const noexcept {
  const simulated_host& mine = hosts_[where];
  return mine.life != life ? standing::gone
       : mine.paused       ? standing::waits
                           : standing::runs;
}

simulated_network::standing
simulated_network::standing_of(const job& item) const noexcept {
  const home_of* mine = nullptr;
  if (auto* task = dynamic_cast<const task_base*>(&item)) {
    mine = home_in(const_cast<task_base*>(task)->context());
  } else if (auto* call = dynamic_cast<const callback*>(&item)) {
    mine = home_in(call->context);
  } else if (auto* event = dynamic_cast<const network_event*>(&item)) {
    // The end of a connection knows by itself that its host crashed.
    if (event->where() != no_host && hosts_[event->where()].paused)
      return standing::waits;
  }
  return mine ? standing_of(mine->where, mine->life) : standing::runs;
}

void simulated_network::set_aside(job& item, standing how) {
  if (how == standing::gone) {
    if (auto* call = dynamic_cast<callback*>(&item)) {
      call->cancel();
      call->release();
    }
    return; // a task: whoever makes the crash drops it
  }
  host_id where = 0;
  if (auto* task = dynamic_cast<task_base*>(&item))
    where = home_in(task->context())->where;
  else if (auto* call = dynamic_cast<callback*>(&item))
    where = home_in(call->context)->where;
  else if (auto* event = dynamic_cast<network_event*>(&item))
    where = event->where();
  aside_.emplace_back(&item, where);
}

void simulated_network::pause(host_id which) {
  if (std::exchange(hosts_[which].paused, true))
    return;
  watches_ = true;
  if (simulator_)
    simulator_->look_again(*loop_);
}

void simulated_network::resume(host_id which) {
  if (!std::exchange(hosts_[which].paused, false))
    return;
  std::vector<std::pair<job*, host_id>> waiting;
  waiting.swap(aside_);
  for (auto [item, where] : waiting) {
    if (where == which)
      loop_->push(*item);
    else
      aside_.emplace_back(item, where);
  }
}

void simulated_network::crash(host_id which, farewell how) {
  simulated_host& mine = hosts_[which];
  resume(which); // what waited for it is dropped with the rest
  ++mine.life;
  if (which != 0)
    mine.context = context_for(which, mine.life);
  watches_ = true;
  if (how == farewell::silence)
    mine.down = true;
  for (auto& each : connections())
    each->host_crashed(which, how);
  for (simulated_listener* each : std::vector{listeners_})
    if (each->where() == which)
      each->close();
  if (simulator_)
    simulator_->look_again(*loop_);
}

void simulated_network::restart(host_id which) {
  set_down(which, false);
}

// -- names --------------------------------------------------------------------

std::vector<tcp_endpoint> simulated_network::resolve(const std::string& name,
                                                     std::uint16_t port,
                                                     int family,
                                                     bool passive) const {
  std::vector<tcp_endpoint> found;
  if (name.empty() && passive) {
    if (family != 6)
      found.emplace_back(asio::ip::address_v4::any(), port);
    if (family != 4)
      found.emplace_back(asio::ip::address_v6::any(), port);
    return found;
  }
  if (name.empty() || name == "localhost") {
    if (family != 4)
      found.emplace_back(asio::ip::address_v6::loopback(), port);
    if (family != 6)
      found.emplace_back(asio::ip::address_v4::loopback(), port);
    return found;
  }
  for (const simulated_host& each : hosts_)
    if (each.name == name) {
      if (family == 6)
        found.emplace_back(each.v6, port);
      else
        found.emplace_back(each.v4, port);
    }
  return found;
}

host_id simulated_network::host_of(host_id from,
                                   const asio::ip::address& where) const {
  if (where.is_loopback() || where.is_unspecified())
    return from;
  for (host_id i = 0; i < hosts_.size(); ++i)
    if (where == asio::ip::address{hosts_[i].v4}
        || where == asio::ip::address{hosts_[i].v6})
      return i;
  return no_host;
}

std::uint16_t simulated_network::free_port(host_id where) {
  std::uint16_t& next = hosts_[where].next_port;
  std::uint16_t port = next;
  next = next == 65535 ? 49152 : static_cast<std::uint16_t>(next + 1);
  return port;
}

} // namespace troupe::detail
