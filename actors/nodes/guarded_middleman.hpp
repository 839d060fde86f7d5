#pragma once

#include "actors/nodes/basp_guard.hpp"
#include "actors/nodes/byte_channel.hpp"
#include "actors/nodes/connection_gate.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <memory>

namespace troupe::detail {

// What all connections of a node share.
struct connection_rules {
  basp_terms terms;
  reachable_actors actors;
  node_claims claims;
  std::shared_ptr<connection_gate> gate;
  std::shared_ptr<tls_settings> tls; // null: plain text
  std::size_t max_message = 0;
  std::chrono::nanoseconds loss_limit{};
};

std::shared_ptr<connection_rules> make_rules(caf::actor_system& system,
                                             const transport_plan& plan);

// Does for us what CAF's middleman actor does, with connections that are
// counted, have a deadline, and pass only what the guard lets pass.
caf::actor spawn_guarded_middleman(caf::actor_system& system,
                                   std::shared_ptr<connection_rules> rules);

// A node as its claims and the actors it may reach have it.
std::string bytes_of(caf::actor_system& system, const caf::node_id& node);

} // namespace troupe::detail
