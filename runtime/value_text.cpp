#include <troupe/detail/value_text.hpp>

#include <charconv>

namespace troupe::detail {

std::string text_of_value(bool value) {
  return value ? "true" : "false";
}

std::string text_of_value(long long value) {
  return std::to_string(value);
}

std::string text_of_value(unsigned long long value) {
  return std::to_string(value);
}

std::string text_of_value(double value) {
  char text[32]; // the shortest form of a double has 24 characters at most
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string text_of_value(std::string_view value) {
  constexpr std::size_t most = 30;
  std::string text = "'";
  if (value.size() <= most)
    return text.append(value) + '\'';
  return text.append(value.substr(0, most - 3)) + "...'";
}

} // namespace troupe::detail
