// Cancellations that a simulation injects: "cancel-3-7" among its faults
// cancels task 3 at its seventh await.

#include <troupe/detail/task_base.hpp>

#include "runtime/loop_core.hpp"
#include "runtime/simulator.hpp"

#include <charconv>

namespace troupe::detail {

namespace {

bool take_number(std::string_view& text, std::uint64_t& number) {
  if (text.empty() || text.front() != '-')
    return false;
  const char* end = text.data() + text.size();
  auto [rest, problem] = std::from_chars(text.data() + 1, end, number);
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return problem == std::errc{} && number > 0;
}

} // namespace

void simulator::plan_injections() {
  injections_.clear();
  awaits_.clear();
  injected_ = 0;
  constexpr std::string_view verb = "cancel";
  for (std::string_view name : plan_.faults) {
    if (!name.starts_with(verb))
      continue;
    injection wanted{};
    name.remove_prefix(verb.size());
    if (take_number(name, wanted.task) && take_number(name, wanted.await)
        && name.empty())
      injections_.push_back(wanted);
  }
  counts_awaits_ = plan_.records || !injections_.empty();
}

// Behind a step of a task: if it waits now, that is one more of its awaits.
void simulator::count_await(loop_core& loop, std::uint64_t number) {
  ref<future_core> task = loop.find_task(number);
  if (!task || task->done())
    return;
  if (awaits_.size() < number)
    awaits_.resize(number);
  std::uint64_t count = ++awaits_[number - 1];
  for (const injection& each : injections_)
    if (each.task == number && each.await == count) {
      ++injected_;
      remark("cancelled here");
      task->cancel({});
    }
}

} // namespace troupe::detail
