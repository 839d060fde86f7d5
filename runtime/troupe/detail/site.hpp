#pragma once

namespace troupe::detail {

// A place in the user's source. As the default argument of a function it is
// the place of the call; three builtins, because clang 14 has no
// source_location of libstdc++ (docs/design.md, "Places").
struct site {
  const char* function = nullptr;
  const char* file = nullptr;
  unsigned line = 0;

  static constexpr site here(const char* function = __builtin_FUNCTION(),
                             const char* file = __builtin_FILE(),
                             unsigned line = __builtin_LINE()) noexcept {
    return {function, file, line};
  }
};

} // namespace troupe::detail
