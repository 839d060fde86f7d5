#pragma once

namespace troupe::detail {

class task_base;

// Looks for tasks that wait for each other. A wait that is asked whether it may
// end asks this about all tasks that it waits for, and tells what follows.
class wait_search {
public:
  virtual bool may_go_on(const task_base& task) = 0;

protected:
  ~wait_search() = default;
};

} // namespace troupe::detail
