// What the simulator has to do with its network and with the world outside.

#include "runtime/loop_core.hpp"
#include "runtime/simulated_network.hpp"
#include "runtime/simulator.hpp"

namespace troupe::detail {

const std::shared_ptr<simulated_network>& simulator::network(loop_core& loop) {
  if (!network_)
    network_ = std::make_shared<simulated_network>(*this, loop);
  return network_;
}

void simulator::end_network() noexcept {
  if (network_)
    network_->shut();
  network_.reset();
}

// False if the network took the job, because its host is paused or gone.
bool simulator::stays(job& item) {
  if (!network_->watches())
    return true;
  auto how = network_->standing_of(item);
  if (how == simulated_network::standing::runs)
    return true;
  network_->set_aside(item, how);
  return false;
}

void simulator::look_again(loop_core& loop) {
  gather(loop);
  std::erase_if(ready_, [this, place = std::size_t{0}](candidate& x) mutable {
    return place++ >= front_ && !stays(*x.item);
  });
  batch_ = std::min(batch_, ready_.size() - front_);
}

void simulator::forbid(const char* call, const char* instead) {
  fail(*loop_, failure_kind::forbidden,
       std::string{call}
         + " reaches out of the simulation, so the run could not be repeated; "
           "use "
         + instead);
}

// A fault, for the report: said of the step that runs.
void simulator::remark(const char* what) {
  if (!plan_.records || texts_.empty() || remarks_.size() == most_remarks)
    return;
  const step_text& now = texts_.size() < kept_texts
                         ? texts_.back()
                         : texts_[(steps_ - 1) % kept_texts];
  remarks_.push_back("step " + std::to_string(now.number) + ": " + now.where
                     + ": " + what);
}

} // namespace troupe::detail
