#pragma once

#include <troupe/detail/site.hpp>

#include <cstdint>

namespace troupe::detail {

class loop_core;

// What a job is to somebody who looks on: the simulation's trace.
enum class job_kind : std::uint8_t {
  other,
  task,
  callback,
  timer,
  actor,
  thread,
  network,
};

struct job_label {
  job_kind kind = job_kind::other;
  std::uint64_t number = 0; // of a task or an actor
  site place = {};
};

// What a ready queue holds: a task, a callback, a timer that is due.
// A job is in at most one queue at a time.
class job {
public:
  job() = default;
  job(const job&) = delete;
  job& operator=(const job&) = delete;

  virtual void run() = 0;

  virtual job_label label() const noexcept {
    return {};
  }

  job* next_job = nullptr;

protected:
  ~job() = default;
};

// What a mailbox holds.
enum class letter_kind : std::uint8_t {
  answer,  // the op that the task waits for
  arm,     // the answer to one of several ops that the task waits for
  cancel,  // a request to cancel
  message, // something that only the actor understands
};

struct letter {
  explicit letter(letter_kind what) noexcept : kind(what) {}

  letter* next = nullptr;
  letter_kind kind;
  bool sent = false; // an answer that was given
};

} // namespace troupe::detail
