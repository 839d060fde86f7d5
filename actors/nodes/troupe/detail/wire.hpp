#pragma once

#include <troupe/detail/wire_kinds.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe::detail {

// How values become bytes. Numbers are little-endian and as wide as their type,
// containers a count and their elements, and a user's type what its CAF
// `inspect` names: `f(x.a, x.b)` as for 0.17, or
// `f.object(x).fields(f.field("a", x.a))` as for 1.x. No type is registered:
// both ends know it, and compare `wire_name_of<T>()` before they use it.

// Bounds for what a peer may send.
inline constexpr std::size_t max_wire_depth = 64;

class wire_writer;
class wire_reader;
class wire_namer;

// The 1.x form of `inspect`, on an inspector that takes values one by one.
template <class Inspector>
class wire_object {
public:
  explicit wire_object(Inspector& f) noexcept : f_(f) {}

  wire_object& pretty_name(std::string_view) noexcept {
    return *this;
  }

  template <class... Fields>
  bool fields(Fields&&... all) {
    (f_.value(all.value), ...);
    return true;
  }

private:
  Inspector& f_;
};

template <class T>
struct wire_field {
  T& value;
};

// What the three inspectors share.
template <class Self>
class wire_inspector {
public:
  using result_type = bool;

  template <class... Ts>
  bool operator()(Ts&&... parts) {
    (part(parts), ...);
    return true;
  }

  template <class T>
  wire_object<Self> object(T&) {
    return wire_object<Self>{self()};
  }

  template <class T>
  wire_field<T> field(std::string_view, T& x) {
    return {x};
  }

private:
  Self& self() noexcept {
    return static_cast<Self&>(*this);
  }

  template <class T>
  void part(T& x) {
    if constexpr (!is_annotation<std::remove_const_t<T>>)
      self().value(x);
  }
};

// -- writing ------------------------------------------------------------------

class wire_writer : public wire_inspector<wire_writer> {
public:
  static constexpr bool reads_state = true;
  static constexpr bool writes_state = false;
  static constexpr bool is_loading = false;

  explicit wire_writer(std::string& to) noexcept : to_(to) {}

  template <class T>
  void value(const T& x) {
    if constexpr (std::is_same_v<T, std::string>) {
      text(x);
    } else if constexpr (std::is_same_v<T, bool>) {
      number(std::uint8_t{x});
    } else if constexpr (wire_number<T>) {
      number(x);
    } else if constexpr (is_duration<T>) {
      number(x.count());
    } else if constexpr (is_optional<T>) {
      number(std::uint8_t{x.has_value()});
      if (x)
        value(*x);
    } else if constexpr (is_std_array<T>) {
      for (const auto& item : x)
        value(item);
    } else if constexpr (wire_tuple<T>) {
      std::apply([this](const auto&... part) { (this->value(part), ...); }, x);
    } else if constexpr (wire_container<T>) {
      number(static_cast<std::uint32_t>(std::ranges::size(x)));
      for (const auto& item : x)
        value(item);
    } else {
      static_assert(inspectable<wire_writer, T>,
                    "a value that goes to another node needs an overload of "
                    "inspect(Inspector&, T&), as CAF asks for");
      inspect(*this, const_cast<T&>(x));
    }
  }

  void text(std::string_view x) {
    number(static_cast<std::uint32_t>(x.size()));
    to_.append(x);
  }

  template <wire_number T>
  void number(T x) {
    auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(x);
    if constexpr (std::endian::native == std::endian::big)
      std::reverse(bytes.begin(), bytes.end());
    to_.append(bytes.data(), bytes.size());
  }

private:
  std::string& to_;
};

// -- reading ------------------------------------------------------------------

[[noreturn]] void throw_bad_message(const char* what);

class wire_reader : public wire_inspector<wire_reader> {
public:
  static constexpr bool reads_state = false;
  static constexpr bool writes_state = true;
  static constexpr bool is_loading = true;

  explicit wire_reader(std::string_view from) noexcept : left_(from) {}

  template <class T>
  void value(T& x) {
    if constexpr (std::is_same_v<T, std::string>) {
      x = text();
    } else if constexpr (std::is_same_v<T, bool>) {
      x = number<std::uint8_t>() != 0;
    } else if constexpr (wire_number<T>) {
      x = number<T>();
    } else if constexpr (is_duration<T>) {
      x = T{number<typename T::rep>()};
    } else if constexpr (is_optional<T>) {
      if (number<std::uint8_t>() != 0)
        value(x.emplace());
      else
        x.reset();
    } else if constexpr (is_std_array<T>) {
      deeper inside{*this};
      for (auto& item : x)
        value(item);
    } else if constexpr (wire_tuple<T>) {
      deeper inside{*this};
      std::apply([this](auto&... part) { (this->value(part), ...); }, x);
    } else if constexpr (wire_container<T>) {
      deeper inside{*this};
      x.clear();
      for (std::size_t n = count(); n > 0; --n) {
        typename plain_element<typename T::value_type>::type item{};
        value(item);
        x.insert(x.end(), std::move(item));
      }
    } else {
      deeper inside{*this};
      inspect(*this, x);
    }
  }

  std::string text() {
    return std::string{bytes(number<std::uint32_t>())};
  }

  // The next `count` bytes, where they lie.
  std::string_view bytes(std::size_t count) {
    if (count > left_.size())
      throw_bad_message("it ends too early");
    auto taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }

  template <wire_number T>
  T number() {
    std::array<char, sizeof(T)> raw;
    auto taken = bytes(sizeof(T));
    std::memcpy(raw.data(), taken.data(), raw.size());
    if constexpr (std::endian::native == std::endian::big)
      std::reverse(raw.begin(), raw.end());
    return std::bit_cast<T>(raw);
  }

  std::string_view rest() const noexcept {
    return left_;
  }

  void end() const {
    if (!left_.empty())
      throw_bad_message("it goes on after its end");
  }

private:
  // A container cannot have more elements than there are bytes.
  std::size_t count() {
    std::size_t n = number<std::uint32_t>();
    if (n > left_.size())
      throw_bad_message("it announces more elements than it has");
    return n;
  }

  struct deeper {
    explicit deeper(wire_reader& in) : in(in) {
      if (++in.depth_ > max_wire_depth)
        throw_bad_message("it is nested too deeply");
    }

    ~deeper() {
      --in.depth_;
    }

    wire_reader& in;
  };

  std::string_view left_;
  std::size_t depth_ = 0;
};

// -- naming -------------------------------------------------------------------

// Writes what a type looks like, so that two nodes can compare: `{i4,[s]}`.
class wire_namer : public wire_inspector<wire_namer> {
public:
  static constexpr bool reads_state = true;
  static constexpr bool writes_state = false;
  static constexpr bool is_loading = false;

  template <class T>
  void value(const T& x) {
    if constexpr (std::is_same_v<T, std::string>) {
      name += 's';
    } else if constexpr (wire_number<T>) {
      name += std::is_floating_point_v<T> ? 'f'
            : std::is_enum_v<T>           ? 'e'
            : std::is_signed_v<T>         ? 'i'
                                          : 'u';
      name += static_cast<char>('0' + sizeof(T));
    } else if constexpr (is_duration<T>) {
      name += 'd' + std::to_string(T::period::num) + '/'
            + std::to_string(T::period::den);
    } else if constexpr (is_optional<T>) {
      name += '?';
      element<typename T::value_type>();
    } else if constexpr (is_std_array<T>) {
      name += std::to_string(x.size()) + '*';
      element<typename T::value_type>();
    } else if constexpr (wire_tuple<T>) {
      name += '(';
      std::apply([this](const auto&... part) { (this->value(part), ...); }, x);
      name += ')';
    } else if constexpr (wire_container<T>) {
      name += '[';
      element<typename plain_element<typename T::value_type>::type>();
      name += ']';
    } else {
      // A type that holds itself, in a container, is named once.
      if (++depth_ <= 3) {
        name += '{';
        inspect(*this, const_cast<T&>(x));
        name += '}';
      }
      --depth_;
    }
  }

  template <class T>
  void element() {
    value(T{});
  }

  std::string name;

private:
  int depth_ = 0;
};

template <class T>
std::string wire_name_of() {
  if constexpr (std::is_void_v<T>) {
    return "v";
  } else {
    wire_namer namer;
    namer.element<T>();
    return std::move(namer.name);
  }
}

template <class T>
std::string to_wire(const T& x) {
  std::string bytes;
  wire_writer{bytes}.value(x);
  return bytes;
}

template <class T>
T from_wire(std::string_view bytes) {
  T x{};
  wire_reader from{bytes};
  from.value(x);
  from.end();
  return x;
}

} // namespace troupe::detail
