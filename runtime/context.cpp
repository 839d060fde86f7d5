#include <troupe/context.hpp>

#include <algorithm>

namespace troupe {

namespace detail {

thread_local constinit context_ref* present_context = nullptr;

namespace {

// The context of a thread outside tasks and callbacks.
thread_local context_ref thread_context;

} // namespace

context_ref& current_context() noexcept {
  return present_context ? *present_context : thread_context;
}

context_ref copy_current_context() {
  const context_ref& mine = current_context();
  if (!mine || !mine->variables)
    return nullptr;
  context_ref copy{new context_state, true};
  copy->variables = mine->variables;
  return copy;
}

ref<context_value> find_variable(const void* variable) noexcept {
  const context_ref& mine = current_context();
  if (mine && mine->variables)
    for (const auto& entry : mine->variables->entries)
      if (entry.variable == variable)
        return entry.value;
  return nullptr;
}

ref<context_value> replace_variable(const void* variable,
                                    ref<context_value> value) {
  context_ref& mine = current_context();
  if (!mine)
    mine = context_ref{new context_state, true};
  ref<context_variables> changed{new context_variables, true};
  if (mine->variables)
    changed->entries = mine->variables->entries;
  auto& entries = changed->entries;
  auto place = std::find_if(entries.begin(), entries.end(),
                            [variable](const context_variables::entry& x) {
                              return x.variable == variable;
                            });
  ref<context_value> before;
  if (place == entries.end()) {
    if (value)
      entries.push_back({variable, std::move(value)});
  } else {
    before = std::move(place->value);
    if (value)
      place->value = std::move(value);
    else
      entries.erase(place);
  }
  mine->variables = std::move(changed);
  return before;
}

void throw_unset_variable(const std::string& name) {
  throw std::out_of_range("context_var '" + name
                          + "' has no value in this context and no default");
}

} // namespace detail

context copy_context() {
  auto copy = detail::copy_current_context();
  if (!copy)
    copy = detail::context_ref{new detail::context_state, true};
  return context{std::move(copy)};
}

} // namespace troupe
