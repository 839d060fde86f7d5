#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

namespace caf::meta {
struct annotation;
}

// What kinds of types can go to another node.

namespace troupe::detail {

template <class Inspector, class T>
concept inspectable = requires(Inspector& f, T& x) { inspect(f, x); };

// What CAF's `inspect` says about a value that is no part of it.
template <class T>
inline constexpr bool is_annotation = [] {
  if constexpr (std::is_class_v<T>)
    return std::is_base_of_v<caf::meta::annotation, T>;
  else
    return false;
}();

template <class T>
concept wire_number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;

template <class T>
concept wire_tuple
  = requires { std::tuple_size<T>::value; } && !is_std_array<T>;

template <class T>
concept wire_container = std::ranges::range<T> && requires(T& x) {
  typename T::value_type;
  x.clear();
  x.insert(x.end(), std::declval<typename T::value_type>());
};

// The element of a container as one can make it: a map's key is not const.
template <class T>
struct plain_element {
  using type = T;
};
template <class K, class V>
struct plain_element<std::pair<const K, V>> {
  using type = std::pair<K, V>;
};

} // namespace troupe::detail
