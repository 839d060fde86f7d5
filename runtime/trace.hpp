#pragma once

#include <troupe/detail/future_core.hpp>
#include <troupe/detail/site.hpp>

#include <exception>
#include <string>
#include <typeinfo>
#include <vector>

namespace troupe::detail {

// The name of a type for people.
std::string type_name(const std::type_info& type);

// `function (file:line)`, with the file's name alone.
std::string text_of(const site& place);

// `function (file:line) <- function (file:line)`, innermost first.
std::string text_of(const std::vector<site>& chain);

// The await chain of an exception if it left a coroutine of this thread last.
std::vector<site> chain_of(const std::exception_ptr& problem);

// Lets go of the exception that left a coroutine last.
void forget_exception() noexcept;

// Throws the exception of a future; its chain goes on in the awaiting task.
[[noreturn]] void rethrow_from(const future_core& source);

} // namespace troupe::detail
