#include <troupe/detail/exhibits.hpp>
#include <troupe/wait.hpp>

#include "actors/lock_coordinator.hpp"
#include "actors/nodes/session.hpp"
#include "actors/queue_coordinator.hpp"

namespace troupe::detail {

void put_back(any_queue& x, void* item) {
  static_cast<queue_core&>(x.core()).put_back(item);
}

// -- lock ---------------------------------------------------------------------

exhibit_of<lock>::exhibit_of(lock x) : lock_(std::move(x)) {
  core_of(lock_).start_tokens();
}

std::string exhibit_of<lock>::kind() const {
  return kind_of<lock>::text();
}

std::string exhibit_of<lock>::granted(visit& from) {
  std::uint64_t token = lock_.token();
  from.hold([mine = lock_, token]() mutable {
    // Somebody may have released it by hand.
    if (mine.locked() && mine.token() == token)
      mine.release();
  });
  return to_wire(token);
}

coro<std::string> exhibit_of<lock>::ask(std::uint8_t verb, std::string,
                                        visit& from) {
  switch (static_cast<lock_verb>(verb)) {
    case lock_verb::acquire:
      co_await lock_.acquire();
      co_return granted(from);
    case lock_verb::try_acquire:
      co_return lock_.try_acquire() ? granted(from) : to_wire(std::uint64_t{0});
    case lock_verb::locked:
      co_return to_wire(lock_.locked());
    default:
      throw_bad_message("a lock does not do that");
  }
}

// -- semaphore ----------------------------------------------------------------

std::string exhibit_of<semaphore>::kind() const {
  return kind_of<semaphore>::text();
}

std::string exhibit_of<semaphore>::granted(visit& from) {
  from.hold([mine = semaphore_]() mutable {
    try {
      mine.release();
    } catch (const error&) {
      // A bounded one that somebody else has filled.
    }
  });
  return to_wire(true);
}

coro<std::string> exhibit_of<semaphore>::ask(std::uint8_t verb, std::string,
                                             visit& from) {
  switch (static_cast<semaphore_verb>(verb)) {
    case semaphore_verb::acquire:
      co_await semaphore_.acquire();
      co_return granted(from);
    case semaphore_verb::try_acquire:
      co_return semaphore_.try_acquire() ? granted(from) : to_wire(false);
    case semaphore_verb::locked:
      co_return to_wire(semaphore_.locked());
    default:
      throw_bad_message("a semaphore does not do that");
  }
}

void exhibit_of<semaphore>::tell(std::uint8_t verb, std::string_view) {
  if (static_cast<semaphore_verb>(verb) != semaphore_verb::release)
    throw_bad_message("a semaphore does not do that");
  semaphore_.release();
}

// -- event --------------------------------------------------------------------

std::string exhibit_of<event>::kind() const {
  return kind_of<event>::text();
}

coro<std::string> exhibit_of<event>::ask(std::uint8_t verb, std::string,
                                         visit&) {
  switch (static_cast<event_verb>(verb)) {
    case event_verb::wait:
      co_await event_.wait();
      co_return to_wire(true);
    case event_verb::is_set:
      co_return to_wire(event_.is_set());
    default:
      throw_bad_message("an event does not do that");
  }
}

void exhibit_of<event>::tell(std::uint8_t verb, std::string_view) {
  switch (static_cast<event_verb>(verb)) {
    case event_verb::set:
      return event_.set();
    case event_verb::clear:
      return event_.clear();
    default:
      throw_bad_message("an event does not do that");
  }
}

// -- task ---------------------------------------------------------------------

coro<void> wait_for_end(any_task x, visit& from) {
  std::vector<any_task> all{x};
  bool stopped = false;
  std::string message;
  try {
    co_await wait(all);
  } catch (const cancelled_error& stop) {
    stopped = true;
    message = stop.message();
  }
  if (stopped) {
    if (from.peer_cancelled())
      x.cancel(message);
    throw cancelled_error(message);
  }
  if (!x.cancelled())
    co_return;
  // What its own cancellation says, not one of the task that asks.
  try {
    x.exception();
  } catch (const cancelled_error& end) {
    throw cancelled_there{end.message()};
  }
}

} // namespace troupe::detail
