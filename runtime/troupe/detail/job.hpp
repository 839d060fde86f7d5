#pragma once

#include <cstdint>

namespace troupe::detail {

class loop_core;

// What a ready queue holds: a task, a callback, a timer that is due.
// A job is in at most one queue at a time.
class job {
public:
  job() = default;
  job(const job&) = delete;
  job& operator=(const job&) = delete;

  virtual void run() = 0;

  job* next_job = nullptr;

protected:
  ~job() = default;
};

// What a mailbox holds.
enum class node_kind : std::uint8_t {
  answer,  // the op that the task waits for
  cancel,  // a request to cancel
  message, // something that only the actor understands
};

struct node {
  explicit node(node_kind what) noexcept : kind(what) {
  }

  node* next = nullptr;
  node_kind kind;
};

} // namespace troupe::detail
