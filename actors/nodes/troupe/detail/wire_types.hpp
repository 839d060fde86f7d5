#pragma once

#include <troupe/detail/message.hpp>
#include <troupe/detail/wire.hpp>

#include <vector>

namespace troupe::detail {

// How the values of one type travel inside messages to actors. A message says
// the number of each value's type, which is made of the type's name in C++ and
// of what it looks like.
struct wire_type {
  using read_function = void (*)(wire_reader& from, void* to);
  using write_function = void (*)(std::string& to, const void* from);

  wire_type(const value_type& type, const std::string& shape,
            read_function read, write_function write);

  const value_type* type;
  std::uint64_t id;
  read_function read; // makes a value at `to`
  write_function write;
};

template <class T>
const wire_type& wire_type_of() {
  static_assert(std::is_copy_constructible_v<T>
                  && std::is_default_constructible_v<T>,
                "what goes to an actor of another node must be copyable and "
                "needs a default constructor");
  static const wire_type made{value_type_of<T>, wire_name_of<T>(),
                              [](wire_reader& from, void* to) {
                                T* made = ::new (to) T{};
                                try {
                                  from.value(*made);
                                } catch (...) {
                                  made->~T();
                                  throw;
                                }
                              },
                              [](std::string& to, const void* from) {
                                wire_writer{to}.value(
                                  *static_cast<const T*>(from));
                              }};
  return made;
}

// The types that an actor and those who ask it have in common.
using wire_types = std::vector<const wire_type*>;

template <class... Ts>
wire_types wire_types_of() {
  return {&wire_type_of<stored_t<Ts>>()...};
}

} // namespace troupe::detail
