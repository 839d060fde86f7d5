#pragma once

#include <troupe/actor.hpp>
#include <troupe/detail/exhibits.hpp>
#include <troupe/detail/wire_types.hpp>

namespace troupe {

namespace detail {

enum class actor_verb : std::uint8_t {
  ask = 1, // flags, type of the answer, values
  types,   // the numbers of the types that it knows
  tell,    // told: flags, values
};

// The first byte of a message.
inline constexpr std::uint8_t urgent_flag = 1;

template <>
struct kind_of<actor_ref> {
  static std::string text() {
    return "actor";
  }
};

// An actor with the types of its messages and answers.
struct speaking_actor {
  actor_ref who;
  wire_types types;
};

template <>
class exhibit_of<actor_ref> final : public exhibit {
public:
  explicit exhibit_of(actor_ref who) : exhibit_of(speaking_actor{who, {}}) {}
  explicit exhibit_of(speaking_actor x);

  std::string kind() const override;
  coro<std::string> ask(std::uint8_t verb, std::string payload,
                        visit& from) override;
  void tell(std::uint8_t verb, std::string_view payload) override;

private:
  actor_ref who_;
  wire_types types_; // by number
};

template <>
struct exhibit_class<speaking_actor> {
  using type = exhibit_of<actor_ref>;
};

} // namespace detail

/// An actor for `node::publish`, with the types of its messages and answers
/// beyond numbers and texts, which it may use without being named.
/// @tparam Ts  types that can be copied and that CAF's `inspect` knows.
/// @param who  a task that receives, or an actor of CAF of this loop.
template <class... Ts>
detail::speaking_actor speaks(const actor_ref& who) {
  return {who, detail::wire_types_of<Ts...>()};
}

} // namespace troupe
