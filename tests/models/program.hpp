#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

// Short random programs of the tests of coordination: what tasks ask for, what
// is called, who is cancelled, and when others have their turn.

namespace models {

enum class word : std::uint8_t {
  turn,    // who is ready now has its turn
  advance, // time passes
  cancel,  // one of the tasks, ended or not
  // A new task begins, which
  acquire,
  wait,
  put,
  get,
  read,
  write,
  send,
  receive,
  select,
  join,
  // Plain calls.
  try_acquire,
  release,
  set,
  clear,
  notify,
  notify_all,
  put_nowait,
  get_nowait,
  task_done,
  shut_down,
  shut_down_now,
  reset,
  abort,
  try_read,
  try_write,
  release_read,
  release_write,
  try_send,
  try_receive,
  close,
};

inline bool begins_task(word x) {
  return x >= word::acquire && x <= word::join;
}

inline const char* name_of(word x) {
  constexpr const char* names[] = {
    "turn",       "advance",     "cancel",    "acquire",       "wait",
    "put",        "get",         "read",      "write",         "send",
    "receive",    "select",      "join",      "try_acquire",   "release",
    "set",        "clear",       "notify",    "notify_all",    "put_nowait",
    "get_nowait", "task_done",   "shut_down", "shut_down_now", "reset",
    "abort",      "try_read",    "try_write", "release_read",  "release_write",
    "try_send",   "try_receive", "close"};
  return names[static_cast<std::size_t>(x)];
}

struct step {
  word what = word::turn;
  int number = 0; // 0 ... 15: whom, how many, how urgent
  int place = 0;  // in the program
};

struct program {
  int size = 0; // permits, parties, places; 0 ... 3
  std::vector<step> steps;
  std::vector<step> last; // what is held is given back
};

inline std::ostream& operator<<(std::ostream& out, const program& x) {
  out << "size " << x.size << ':';
  for (const step& each : x.steps) {
    out << ' ' << name_of(each.what);
    if (each.what != word::turn)
      out << '(' << each.number << ')';
  }
  return out;
}

// How long `advance` sleeps. By the microsecond nothing comes due just as a
// sleep ends.
inline std::chrono::nanoseconds pause_of(step what) {
  return std::chrono::milliseconds{10 * (what.number % 4)}
       + std::chrono::microseconds{1};
}

// What a task or a call came to, if it is no value.
enum result : int {
  nothing = 0,
  yes = 1,
  no = -1,
  refused = -2, // misuse
  broken = -3,
  shut = -4,
};

} // namespace models
