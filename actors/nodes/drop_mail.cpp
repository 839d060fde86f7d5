// Compiled without one check of the undefined sanitizer: the queues of CAF
// 0.17.6 take their own end for an element.

#include "actors/nodes/drop_mail.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scheduled_actor.hpp>

namespace troupe::detail {

void drop_mail(const caf::actor_addr& broker) {
  auto left = caf::actor_cast<caf::strong_actor_ptr>(broker);
  if (!left)
    return;
  auto& actor = *caf::actor_cast<caf::scheduled_actor*>(left);
  actor.mailbox().close();
  actor.get_normal_queue().flush_cache();
  actor.get_urgent_queue().flush_cache();
  auto drop = [](auto&&...) {
    return caf::intrusive::task_result::resume;
  };
  while (actor.mailbox().queue().new_round(1000, drop).consumed_items > 0) {
  }
}

} // namespace troupe::detail
