#include "actors/caf_message.hpp"

#include <troupe/error.hpp>

#include "runtime/trace.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/config_value.hpp>
#include <caf/detail/dynamic_message_data.hpp>
#include <caf/downstream_msg.hpp>
#include <caf/exit_reason.hpp>
#include <caf/group.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>
#include <caf/type_erased_value.hpp>
#include <caf/uniform_type_info_map.hpp>
#include <caf/upstream_msg.hpp>

#include <array>
#include <memory>

namespace troupe::detail {

namespace {

// -- types --------------------------------------------------------------------

template <class List>
struct builtin_table;

template <class... Ts>
struct builtin_table<caf::detail::type_list<Ts...>> {
  static constexpr std::array<const std::type_info*, sizeof...(Ts)> all{
    &typeid(Ts)...};
};

using builtin = builtin_table<caf::sorted_builtin_types>;

// How CAF names a type: a number, or its type_info.
caf::rtti_pair rtti_of(const std::type_info& type) {
  for (std::size_t i = 0; i < builtin::all.size(); ++i)
    if (*builtin::all[i] == type)
      return {static_cast<std::uint16_t>(i + 1), nullptr};
  return {std::uint16_t{0}, &type};
}

// A value of a type that CAF was never told of: it cannot leave the process.
class plain_value final : public caf::type_erased_value {
public:
  plain_value(const value_type& type, const void* from)
    : type_(type),
      memory_(::operator new(type.size, std::align_val_t{type.align})) {
    try {
      type.copy(memory_, from);
    } catch (...) {
      ::operator delete(memory_, std::align_val_t{type.align});
      throw;
    }
  }

  ~plain_value() override {
    type_.destroy(memory_);
    ::operator delete(memory_, std::align_val_t{type_.align});
  }

  void* get_mutable() override {
    return memory_;
  }

  const void* get() const override {
    return memory_;
  }

  caf::rtti_pair type() const override {
    return {std::uint16_t{0}, type_.id};
  }

  caf::error load(caf::deserializer&) override {
    return caf::sec::unknown_type;
  }

  caf::error save(caf::serializer&) const override {
    return caf::sec::unknown_type;
  }

  std::string stringify() const override {
    return type_name(*type_.id);
  }

  caf::type_erased_value_ptr copy() const override {
    return caf::type_erased_value_ptr{new plain_value(type_, memory_)};
  }

private:
  const value_type& type_;
  void* memory_;
};

caf::type_erased_value_ptr to_caf_value(caf::actor_system& system,
                                        const value_type& type,
                                        const void* from) {
  if (!type.copy)
    throw error(errc::not_supported,
                "a message for an actor of CAF must be copyable, and "
                  + type_name(*type.id)
                  + " is not; wrap it in a std::shared_ptr");
  caf::rtti_pair name = rtti_of(*type.id);
  caf::type_erased_value_ptr made;
  if (name.first != 0)
    made = system.types().make_value(name.first);
  else
    made = system.types().make_value(*type.id);
  if (!made)
    return caf::type_erased_value_ptr{new plain_value(type, from)};
  type.destroy(made->get_mutable());
  type.copy(made->get_mutable(), from);
  return made;
}

caf::message one_value(caf::actor_system& system, const value_type& type,
                       const void* from) {
  auto data = caf::make_counted<caf::detail::dynamic_message_data>();
  data->append(to_caf_value(system, type, from));
  return caf::message{caf::message::data_ptr{std::move(data)}};
}

} // namespace

caf::message to_caf(caf::actor_system& system, const message& what) {
  auto data = caf::make_counted<caf::detail::dynamic_message_data>();
  for (std::size_t i = 0; i < what.type->count; ++i)
    data->append(to_caf_value(system, *what.type->values[i], what.value(i)));
  return caf::message{caf::message::data_ptr{std::move(data)}};
}

// -- a message of CAF ---------------------------------------------------------

caf_message::caf_message(caf::mailbox_element_ptr x) noexcept
  : request(message_kind::foreign, nullptr), element(std::move(x)) {
  urgent = element->mid.is_urgent_message();
}

bool caf_message::is_like(const message_type& wanted) const noexcept {
  const auto& content = element->content();
  if (content.size() != wanted.count)
    return false;
  for (std::size_t i = 0; i < wanted.count; ++i)
    if (!wanted.values[i]->copy
        || !content.matches(i, rtti_of(*wanted.values[i]->id).first,
                            wanted.values[i]->id))
      return false;
  return true;
}

const void* caf_message::value(std::size_t index) const noexcept {
  return element->content().get(index);
}

std::string caf_message::text() const {
  return caf::to_string(element->content());
}

void caf_message::answer(const value_type* given, void* value) noexcept {
  try {
    if (!given || !element->sender)
      respond({});
    else
      respond(one_value(*element->sender->home_system, *given, value));
  } catch (...) {
    fail(std::current_exception());
  }
}

void caf_message::fail(std::exception_ptr problem) noexcept {
  respond(caf::make_message(to_caf_error(problem)));
}

void caf_message::discard() noexcept {
  if (element->mid.is_request() && element->sender)
    request::discard();
  else
    delete this;
}

void caf_message::respond(caf::message content) noexcept {
  std::unique_ptr<caf_message> held{this};
  caf::strong_actor_ptr to = element->sender;
  if (to)
    to->enqueue(nullptr, element->mid.response_id(), std::move(content),
                nullptr);
}

// -- errors -------------------------------------------------------------------

caf::error to_caf_error(const std::exception_ptr& problem) {
  caf::sec code = caf::sec::runtime_error;
  std::string text = troupe::describe(problem);
  try {
    std::rethrow_exception(problem);
  } catch (const actor_ended_error&) {
    code = caf::sec::request_receiver_down;
  } catch (const no_answer_error&) {
    code = caf::sec::unexpected_message;
  } catch (...) {
    code = caf::sec::runtime_error;
  }
  return caf::make_error(code, std::move(text));
}

std::exception_ptr from_caf_error(caf::actor_system& system,
                                  const caf::error& problem) {
  std::string text = system.render(problem);
  if (problem == caf::sec::request_receiver_down)
    return std::make_exception_ptr(actor_ended_error(std::move(text)));
  if (problem == caf::sec::unexpected_message)
    return std::make_exception_ptr(no_answer_error(std::move(text)));
  return std::make_exception_ptr(exit_error(std::move(text)));
}

} // namespace troupe::detail
