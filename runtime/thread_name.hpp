#pragma once

#include <string>

namespace troupe::detail {

// Names the present thread for debuggers and `top`; 15 characters are kept.
void name_this_thread(const std::string& name) noexcept;

} // namespace troupe::detail
