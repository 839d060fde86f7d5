#pragma once

#include <troupe/detail/result.hpp>

#include <string>
#include <string_view>

namespace troupe::detail {

std::string text_of_value(bool value);
std::string text_of_value(long long value);
std::string text_of_value(unsigned long long value);
std::string text_of_value(double value);
std::string text_of_value(std::string_view value); // quoted, and cut if long

// The text of a result, if it is a number, a truth value or a text; else empty.
template <class T>
std::string text_of_result(result_base& result) {
  using value = std::remove_cvref_t<T>;
  if constexpr (!std::is_void_v<value>) {
    [[maybe_unused]] const value& x
      = static_cast<result_slot<T>&>(result).get();
    if constexpr (std::is_same_v<value, char>)
      return text_of_value(std::string_view{&x, 1});
    else if constexpr (std::is_same_v<value, bool>)
      return text_of_value(x);
    else if constexpr (std::is_integral_v<value> && std::is_signed_v<value>)
      return text_of_value(static_cast<long long>(x));
    else if constexpr (std::is_integral_v<value>)
      return text_of_value(static_cast<unsigned long long>(x));
    else if constexpr (std::is_floating_point_v<value>)
      return text_of_value(static_cast<double>(x));
    else if constexpr (std::is_same_v<value, std::string>
                       || std::is_same_v<value, std::string_view>)
      return text_of_value(std::string_view{x});
  }
  return {};
}

} // namespace troupe::detail
