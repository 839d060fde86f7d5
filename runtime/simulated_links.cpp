// The links between simulated hosts, and who listens and is connected there.

#include "runtime/simulated_connection.hpp"
#include "runtime/simulator.hpp"

#include <algorithm>
#include <cerrno>

namespace troupe::detail {

// -- links --------------------------------------------------------------------

void simulated_network::set_all_links(const link_plan& plan) {
  usual_ = plan;
  links_.clear();
}

void simulated_network::set_link(host_id from, host_id to,
                                 const link_plan& plan) {
  links_[{from, to}] = plan;
}

const link_plan& simulated_network::link(host_id from, host_id to) const {
  if (auto own = links_.find({from, to}); own != links_.end())
    return own->second;
  return from == to ? loopback_ : usual_;
}

bool simulated_network::cut(host_id from, host_id to) const {
  return hosts_[from].down || hosts_[to].down || cuts_.contains({from, to});
}

void simulated_network::set_cut(host_id from, host_id to, bool is_cut) {
  if (is_cut) {
    cuts_.insert({from, to});
  } else if (cuts_.erase({from, to}) > 0) {
    for (auto& each : connections())
      if (each->joins(from, to))
        each->link_changed();
  }
}

void simulated_network::set_down(host_id which, bool is_down) {
  if (std::exchange(hosts_[which].down, is_down) == is_down || is_down)
    return;
  for (auto& each : connections())
    each->link_changed();
}

// Sixteen values between the bounds; undisturbed it is the least.
std::int64_t simulated_network::latency(host_id from, host_id to) {
  const link_plan& plan = link(from, to);
  std::int64_t spread = plan.most_latency - plan.least_latency;
  if (spread <= 0)
    return plan.least_latency;
  constexpr std::size_t values = 16;
  auto taken = static_cast<std::int64_t>(choose(values, 900));
  return plan.least_latency + spread / std::int64_t{values - 1} * taken;
}

// -- who is there -------------------------------------------------------------

void simulated_network::enter(simulated_connection& made,
                              std::uint64_t number) {
  connections_.emplace(number, &made);
}

void simulated_network::leave(std::uint64_t number) noexcept {
  connections_.erase(number);
}

std::vector<std::shared_ptr<simulated_connection>>
simulated_network::connections() {
  std::vector<std::shared_ptr<simulated_connection>> all;
  for (auto& [number, each] : connections_)
    if (auto alive = each->weak_from_this().lock())
      all.push_back(std::move(alive));
  return all;
}

std::size_t simulated_network::open_connections() const noexcept {
  return static_cast<std::size_t>(
    std::count_if(connections_.begin(), connections_.end(),
                  [](const auto& x) { return x.second->whole(); }));
}

void simulated_network::reset_all(host_id a, host_id b) {
  for (auto& each : connections())
    if (each->joins(a, b))
      each->reset_both();
}

void simulated_network::enter(simulated_listener& made) {
  listeners_.push_back(&made);
}

void simulated_network::leave(simulated_listener& gone) noexcept {
  std::erase(listeners_, &gone);
}

namespace {

bool listens_at(const simulated_listener& door, host_id where,
                const tcp_endpoint& target) {
  const asio::ip::address& mine = door.address().address();
  return door.where() == where && !door.closed()
      && door.address().port() == target.port()
      && (mine == target.address()
          || (mine.is_unspecified()
              && mine.is_v6() == target.address().is_v6()));
}

} // namespace

// Of several that share an address, the one with a connection's luck.
simulated_listener* simulated_network::listener_at(host_id where,
                                                   const tcp_endpoint& target) {
  std::vector<simulated_listener*> found;
  for (simulated_listener* each : listeners_)
    if (listens_at(*each, where, target))
      found.push_back(each);
  if (found.empty())
    return nullptr;
  return found[choose(found.size(), 900)];
}

bool simulated_network::taken(host_id where,
                              const tcp_endpoint& address) const {
  return std::any_of(
    listeners_.begin(), listeners_.end(), [&](const simulated_listener* each) {
      const auto& other = each->address();
      bool same_kind = other.address().is_v6() == address.address().is_v6();
      return each->where() == where && !each->closed() && same_kind
          && other.port() == address.port()
          && (other.address() == address.address()
              || other.address().is_unspecified()
              || address.address().is_unspecified());
    });
}

// -- listening ----------------------------------------------------------------

simulated_listener::simulated_listener(std::shared_ptr<simulated_network> home,
                                       host_id where,
                                       const tcp_endpoint& address,
                                       std::size_t backlog, bool shared)
  : home_(std::move(home)), where_(where), address_(address), backlog_(backlog),
    shared_(shared), number_(home_->next_number()) {
  host_id owner = home_->host_of(where, address.address());
  if (owner != where)
    throw std::system_error(EADDRNOTAVAIL, std::system_category());
  if (address_.port() == 0)
    address_.port(home_->free_port(where));
  else if (!shared && home_->taken(where, address_))
    throw std::system_error(EADDRINUSE, std::system_category());
  home_->enter(*this);
}

simulated_listener::~simulated_listener() {
  close();
}

void simulated_listener::join(std::shared_ptr<simulated_connection> came) {
  line_.push_back(std::move(came));
  serve();
}

void simulated_listener::async_accept(handler done) {
  waiting_ = std::move(done);
  serve();
}

void simulated_listener::serve() {
  if (!waiting_ || completion_ || line_.empty())
    return;
  completion_ = home_->soon(number_ << 1, {"acceptable", where_},
                            [self = shared_from_this()] {
                              self->completion_ = nullptr;
                              self->complete();
                            });
}

void simulated_listener::complete() {
  if (!waiting_ || line_.empty())
    return;
  handler done = std::exchange(waiting_, nullptr);
  simulated_host& mine = home_->host(where_);
  int code = 0;
  if (mine.failing_accepts > 0) {
    --mine.failing_accepts;
    code = mine.accept_error;
  } else if (home_->fault("aborted")) {
    code = ECONNABORTED;
  }
  if (code != 0) {
    if (code == ECONNABORTED) {
      auto gone = std::move(line_.front());
      line_.pop_front();
      gone->break_off(1);
    }
    done({code, asio::error::get_system_category()}, nullptr);
    return;
  }
  auto came = std::move(line_.front());
  line_.pop_front();
  done({}, std::move(came));
}

// Those in line are refused late, by a reset.
void simulated_listener::close() {
  if (std::exchange(closed_, true))
    return;
  home_->leave(*this);
  home_->take_back(completion_);
  for (auto& each : std::exchange(line_, {}))
    each->break_off(1);
  if (handler done = std::exchange(waiting_, nullptr))
    home_->soon(number_ << 1, {"closed", where_}, [done = std::move(done)] {
      done(asio::error::make_error_code(asio::error::operation_aborted),
           nullptr);
    });
}

} // namespace troupe::detail
