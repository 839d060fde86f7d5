#pragma once

#include <troupe/detail/remote_handle.hpp>
#include <troupe/detail/stand_in.hpp>
#include <troupe/link.hpp>
#include <troupe/node.hpp>

#include <exception>
#include <vector>

/// @file
/// Actors of other nodes: told, asked and watched as those of this one.

namespace troupe {

/// An actor that another node has published: a task that receives, or an actor
/// of CAF.
class remote_actor : public detail::remote_handle {
public:
  /// Names it for `unlink`, `send_exit` and the like; not for `tell` and `ask`
  /// of `<troupe/actor.hpp>`, whose messages stay in the process.
  const actor_ref& ref() const noexcept {
    return ref_;
  }

  /// @cond PRIVATE
  remote_actor(peer there, std::string name, std::vector<std::uint64_t> types)
    : remote_handle(std::move(there), std::move(name)),
      ref_(detail::stand_in_for(peer_, name_)),
      types_(
        std::make_shared<const std::vector<std::uint64_t>>(std::move(types))) {}

  // Throws if the actor there does not know the type.
  void check(const detail::wire_type& type) const;

  void tell_message(std::string_view bytes) const {
    tell(detail::actor_verb::tell, bytes);
  }

  coro<std::string> ask_message(std::string bytes, time_limit limit) const {
    return detail::ask_or_leave(
      peer_.session(), name_,
      static_cast<std::uint8_t>(detail::actor_verb::ask), std::move(bytes),
      limit);
  }
  /// @endcond

private:
  actor_ref ref_;
  std::shared_ptr<const std::vector<std::uint64_t>> types_; // sorted
};

namespace detail {

// A message as bytes, or why it cannot be made.
struct packed_message {
  std::string bytes;
  std::exception_ptr problem;
};

template <class... Ts>
void pack_values(wire_writer& to, const remote_actor& whom, const Ts&... xs) {
  (whom.check(wire_type_of<Ts>()), ...);
  to.number(static_cast<std::uint8_t>(sizeof...(Ts)));
  (to.number(wire_type_of<Ts>().id), ...);
  (to.value(xs), ...);
}

template <class R, class... Args>
packed_message pack_request(const remote_actor& whom, std::uint8_t flags,
                            const Args&... args) {
  packed_message packed;
  try {
    wire_writer to{packed.bytes};
    to.number(flags);
    std::uint64_t wanted = 0;
    if constexpr (!std::is_void_v<R>) {
      whom.check(wire_type_of<R>());
      wanted = wire_type_of<R>().id;
    }
    to.number(wanted);
    pack_values<stored_t<Args>...>(to, whom, args...);
  } catch (...) {
    packed.problem = std::current_exception();
  }
  return packed;
}

template <class... Args>
void tell_remote(const remote_actor& whom, std::uint8_t flags,
                 const Args&... args) {
  std::string bytes;
  wire_writer to{bytes};
  to.number(flags);
  pack_values<stored_t<Args>...>(to, whom, args...);
  whom.tell_message(bytes);
}

template <class R>
coro<R> ask_remote(remote_actor whom, time_limit limit, packed_message what) {
  if (what.problem)
    std::rethrow_exception(what.problem);
  std::string answer = co_await whom.ask_message(std::move(what.bytes), limit);
  if constexpr (!std::is_void_v<R>)
    co_return from_wire<R>(answer);
}

// Throws unless the name is published there as this kind.
coro<void> check_kind(peer there, std::string name, std::string kind);

coro<remote_actor> find_actor(peer there, std::string name);

} // namespace detail

/// Sends a message to an actor of another node and does not wait. Messages of
/// this node to one actor there keep their order. If the node is lost
/// meanwhile, it is not known whether the actor got it.
/// @param args  the message: numbers, texts, and what the actor `speaks`.
/// @throws error  (`errc::bad_message`) if the actor does not know a type.
/// @throws node_lost_error  if the node is known to be lost.
template <class... Args>
void tell(const remote_actor& to, Args&&... args) {
  detail::tell_remote(to, 0, args...);
}

/// As above, before all messages that are not urgent.
template <class... Args>
void tell(const remote_actor& to, urgent_t, Args&&... args) {
  detail::tell_remote(to, detail::urgent_flag, args...);
}

/// Asks an actor of another node, as `ask` does one here.
/// @throws node_lost_error  if the node is lost before its answer comes.
/// @throws error  `errc::bad_message` if the actor does not know a type;
///                `errc::not_published` if its name is withdrawn.
/// @throws remote_error  what the actor's handler threw, unless troupe knows
///                       the type.
/// @throws  otherwise as the `ask` of an actor here.
template <class R = void, class... Args>
[[nodiscard]] coro<R> ask(const remote_actor& to, time_limit limit,
                          Args&&... args) {
  return detail::ask_remote<R>(to, limit,
                               detail::pack_request<R>(to, 0, args...));
}

/// As above, before all messages that are not urgent.
template <class R = void, class... Args>
[[nodiscard]] coro<R> ask(const remote_actor& to, time_limit limit, urgent_t,
                          Args&&... args) {
  return detail::ask_remote<R>(
    to, limit, detail::pack_request<R>(to, detail::urgent_flag, args...));
}

/// The running task gets a `down` message when an actor or task of another node
/// ends, as by the `monitor` of one here. Its reason is a `node_lost_error` if
/// the node is lost, and an error (`errc::not_published`) if the name is
/// withdrawn. `demonitor` takes it back.
/// @tparam Remote  a `remote_task` or a `remote_actor`.
template <class Remote>
  requires requires(const Remote& x) { x.ref(); }
coro<monitor_id> monitor(Remote target) {
  co_return monitor(target.ref());
}

/// Joins the ends of the running task and an actor or task of another node, as
/// `link` does for one here. The loss of a node is an end for the other side.
/// `unlink(target.ref())` takes it back.
template <class Remote>
  requires requires(const Remote& x) { x.ref(); }
coro<void> link(Remote target) {
  link(target.ref());
  co_return;
}

} // namespace troupe
