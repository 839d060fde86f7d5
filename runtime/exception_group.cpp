#include <troupe/exception_group.hpp>

namespace troupe {

namespace detail {

namespace {

// The group that an exception is, if it is one. The object lives as long as
// the exception.
const exception_group* group_of(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const exception_group& group) {
    return &group;
  } catch (...) {
    return nullptr;
  }
}

} // namespace

bool is_group(const std::exception_ptr& problem) noexcept {
  return group_of(problem) != nullptr;
}

std::optional<exception_group> select_errors(const exception_group& group,
                                             error_test test, bool wanted) {
  std::vector<std::exception_ptr> chosen;
  for (const auto& each : group.exceptions()) {
    const auto* inner = group_of(each);
    bool matches = test(each);
    if (inner && !matches) {
      if (auto part = select_errors(*inner, test, wanted))
        chosen.push_back(std::make_exception_ptr(*std::move(part)));
    } else if (matches == wanted) {
      chosen.push_back(each);
    }
  }
  if (chosen.empty())
    return std::nullopt;
  return exception_group(group.message(), std::move(chosen));
}

std::exception_ptr find_error(const exception_group& group, error_test test) {
  for (const auto& each : group.exceptions()) {
    if (test(each))
      return each;
    if (const auto* inner = group_of(each))
      if (auto found = find_error(*inner, test))
        return found;
  }
  return nullptr;
}

} // namespace detail

std::vector<std::exception_ptr> flatten(const exception_group& group) {
  std::vector<std::exception_ptr> all;
  for (const auto& each : group.exceptions()) {
    if (const auto* inner = detail::group_of(each)) {
      auto part = flatten(*inner);
      all.insert(all.end(), part.begin(), part.end());
    } else {
      all.push_back(each);
    }
  }
  return all;
}

std::exception_ptr unwrap(const exception_group& group) {
  auto all = flatten(group);
  return all.size() == 1 ? all.front() : std::make_exception_ptr(group);
}

void rethrow_unwrapped(const exception_group& group) {
  std::rethrow_exception(unwrap(group));
}

} // namespace troupe
