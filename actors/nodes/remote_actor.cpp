#include <troupe/remote_actor.hpp>

#include "runtime/trace.hpp"

#include <algorithm>

namespace troupe {

void remote_actor::check(const detail::wire_type& type) const {
  if (std::binary_search(types_->begin(), types_->end(), type.id))
    return;
  std::string what = detail::type_name(*type.type->id);
  throw error(errc::bad_message, "the actor '" + name_ + "' on node '"
                                   + peer_.name() + "' does not know " + what
                                   + "; publish it as speaks<" + what
                                   + ">(actor), with the same type there");
}

coro<remote_actor> detail::find_actor(peer there, std::string name) {
  co_await check_kind(there, name, kind_of<actor_ref>::text());
  std::string types = co_await ask_or_leave(
    there.session(), name, static_cast<std::uint8_t>(actor_verb::types), {},
    {});
  co_return remote_actor(there, name,
                         from_wire<std::vector<std::uint64_t>>(types));
}

} // namespace troupe
