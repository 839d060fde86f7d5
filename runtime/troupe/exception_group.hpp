#pragma once

#include <troupe/error.hpp>

#include <optional>
#include <type_traits>

namespace troupe {

namespace detail {

using error_test = bool (*)(const std::exception_ptr& problem);

bool is_group(const std::exception_ptr& problem) noexcept;

// A group is a `std::runtime_error` only by its making: it matches nothing but
// its own type.
template <class E>
bool is_an(const std::exception_ptr& problem) {
  if constexpr (!std::is_base_of_v<exception_group, E>)
    if (is_group(problem))
      return false;
  try {
    std::rethrow_exception(problem);
  } catch (const E&) {
    return true;
  } catch (...) {
    return false;
  }
}

std::optional<exception_group> select_errors(const exception_group& group,
                                             error_test test, bool wanted);
std::exception_ptr find_error(const exception_group& group, error_test test);

} // namespace detail

/// The two halves of an exception group.
struct split_errors {
  /// The errors of the type, in groups as before; empty if there are none.
  std::optional<exception_group> match;
  /// The others; empty if there are none.
  std::optional<exception_group> rest;
};

/// Divides a group, and the groups in it, by the type of the errors.
/// @tparam E  what a `catch (const E&)` would take.
/// @par Source
/// `ExceptionGroup.split`, `except*`.
template <class E>
split_errors split(const exception_group& group) {
  return {detail::select_errors(group, detail::is_an<E>, true),
          detail::select_errors(group, detail::is_an<E>, false)};
}

/// Returns the part of a group whose errors are an `E`; empty if there is none.
/// @par Source
/// `ExceptionGroup.subgroup`.
template <class E>
std::optional<exception_group> subgroup(const exception_group& group) {
  return detail::select_errors(group, detail::is_an<E>, true);
}

/// Returns the first error of a group, or of the groups in it, that is an `E`;
/// null if there is none.
template <class E>
std::exception_ptr find_error(const exception_group& group) {
  return detail::find_error(group, detail::is_an<E>);
}

/// Returns all errors of a group and of the groups in it, in their order.
std::vector<std::exception_ptr> flatten(const exception_group& group);

/// Returns the only error of a group, also if it stands in a group in it; the
/// group itself if there are several.
std::exception_ptr unwrap(const exception_group& group);

/// Throws what `unwrap` returns.
[[noreturn]] void rethrow_unwrapped(const exception_group& group);

} // namespace troupe
