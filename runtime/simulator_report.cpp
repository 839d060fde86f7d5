// What the simulator keeps of a run for people to read.

#include <troupe/detail/task_base.hpp>

#include "runtime/simulated_network.hpp"
#include "runtime/simulator.hpp"
#include "runtime/trace.hpp"

namespace troupe::detail {

void simulator::note(const job_label& label, std::size_t taken,
                     std::size_t ways, const job& item) {
  if (checks_.size() < most_checks)
    checks_.push_back(static_cast<std::uint8_t>(hash_));
  step_text text;
  text.number = steps_;
  text.time = elapsed();
  text.taken = static_cast<std::uint32_t>(taken);
  text.ways = static_cast<std::uint32_t>(ways);
  if (auto* task = dynamic_cast<const task_base*>(&item))
    text.who = task->name();
  else if (label.kind == job_kind::actor)
    text.who = "actor " + std::to_string(label.number);
  else
    text.who = label.kind == job_kind::timer    ? "timer"
             : label.kind == job_kind::callback ? "callback"
             : label.kind == job_kind::thread   ? "thread"
             : label.kind == job_kind::network  ? "network"
                                                : "loop";
  if (label.place.file)
    text.where = text_of(label.place);
  else if (auto* event = dynamic_cast<const network_event*>(&item))
    text.where = event->text();
  if (texts_.size() < kept_texts)
    texts_.push_back(std::move(text));
  else
    texts_[(steps_ - 1) % kept_texts] = std::move(text);
}

std::vector<step_text> simulator::last_steps() const {
  std::vector<step_text> in_order;
  std::size_t first = texts_.size() < kept_texts ? 0 : steps_ % kept_texts;
  for (std::size_t i = 0; i < texts_.size(); ++i)
    in_order.push_back(texts_[(first + i) % texts_.size()]);
  return in_order;
}

} // namespace troupe::detail
