#pragma once

#include <caf/actor_addr.hpp>

namespace troupe::detail {

// Call it when the system of a broker of CAF has ended. CAF does not close the
// mailbox of a broker, and the heartbeat that it sent itself may be in it and
// hold it for ever.
void drop_mail(const caf::actor_addr& broker);

} // namespace troupe::detail
