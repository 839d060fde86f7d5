#include "actors/nodes/connection_gate.hpp"

#include <algorithm>
#include <utility>

namespace troupe::detail {

connection_gate::connection_gate(std::size_t most,
                                 std::chrono::nanoseconds limit,
                                 std::function<void(int)> drop)
  : most_(most), limit_(limit), drop_(std::move(drop)) {}

std::unique_ptr<connection_gate::place>
connection_gate::enter(std::shared_ptr<connection_gate> gate, int socket,
                       bool called) {
  std::lock_guard lock{gate->mutex_};
  auto& guests = gate->guests_;
  if (called) {
    std::size_t all = 0;
    std::size_t strangers = 0;
    guest* first = nullptr;
    for (guest& x : guests) {
      if (!x.called || x.dropped)
        continue;
      ++all;
      if (!x.peer.empty())
        continue;
      ++strangers;
      if (!first)
        first = &x;
    }
    if (first && (strangers >= most_strangers || all >= gate->most_))
      gate->drop(*first);
    else if (all >= gate->most_)
      return nullptr;
  }
  guests.push_back({.socket = socket, .called = called, .since = clock::now()});
  return std::make_unique<place>(gate, std::prev(guests.end()));
}

void connection_gate::drop(guest& whom) {
  whom.dropped = true;
  drop_(whom.socket);
}

void connection_gate::drop_late() {
  std::lock_guard lock{mutex_};
  auto now = clock::now();
  for (guest& x : guests_)
    if (x.peer.empty() && !x.dropped && now - x.since >= limit_)
      drop(x);
}

void connection_gate::drop_peer(std::string_view peer) {
  std::lock_guard lock{mutex_};
  for (guest& x : guests_)
    if (x.peer == peer && !x.dropped)
      drop(x);
}

std::size_t connection_gate::size() const {
  std::lock_guard lock{mutex_};
  return guests_.size();
}

connection_gate::place::place(std::shared_ptr<connection_gate> gate,
                              std::list<guest>::iterator where) noexcept
  : gate_(std::move(gate)), where_(where) {}

connection_gate::place::~place() {
  std::lock_guard lock{gate_->mutex_};
  gate_->guests_.erase(where_);
}

void connection_gate::place::settle(std::string peer) {
  std::lock_guard lock{gate_->mutex_};
  where_->peer = std::move(peer);
}

} // namespace troupe::detail
