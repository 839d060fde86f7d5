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
enum class letter_kind : std::uint8_t {
  answer,  // the op that the task waits for
  cancel,  // a request to cancel
  message, // something that only the actor understands
};

struct letter {
  explicit letter(letter_kind what) noexcept : kind(what) {
  }

  letter* next = nullptr;
  letter_kind kind;
};

} // namespace troupe::detail
