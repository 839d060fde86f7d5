#pragma once

#include "runtime/loop_core.hpp"

namespace troupe::detail {

// Guards the line and the name of a future where several workers may come.
class future_lock {
public:
  explicit future_lock(const future_core& x) noexcept
    : lock_(x, !x.home_->exclusive()) {}

private:
  future_line::lock lock_;
};

} // namespace troupe::detail
