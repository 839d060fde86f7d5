#pragma once

#include <troupe/coro.hpp>
#include <troupe/detail/wire.hpp>

#include <functional>
#include <memory>
#include <string>

namespace troupe::detail {

class session;

// A request of a peer, for the exhibit that serves it.
class visit {
public:
  // The peer holds something now. `release` is called when it gives that back,
  // or is lost.
  virtual void hold(std::function<void()> release) = 0;

  // True if the peer asked to cancel, false if it is lost.
  virtual bool peer_cancelled() const = 0;

  virtual bool peer_lost() const = 0;

  virtual std::string peer_name() const = 0;

protected:
  ~visit() = default;
};

// Something that is published. All is called on the loop.
class exhibit {
public:
  virtual ~exhibit() = default;

  // What it is, with the types that travel: `queue i4`.
  virtual std::string kind() const = 0;

  // Serves a request, in a task that a cancellation of the peer's ends.
  virtual coro<std::string> ask(std::uint8_t verb, std::string payload,
                                visit& from)
    = 0;

  // Serves what needs no answer.
  virtual void tell(std::uint8_t, std::string_view) {}

  // The answer to a request comes back: the peer cannot take it.
  virtual void undo(std::uint8_t, std::string_view) {}
};

// A request's answer.
struct peer_answer {
  std::string bytes;
  // The waiting task was cancelled, but the answer was on its way: what was
  // granted is to be given back.
  bool late = false;
  std::string message; // of that cancellation
  std::uint64_t number = 0;
};

coro<peer_answer> ask_peer(std::shared_ptr<session> peer, std::string name,
                           std::uint8_t verb, std::string payload);
void tell_peer(session& peer, std::string_view name, std::uint8_t verb,
               std::string_view payload);
void undo_at_peer(session& peer, std::string_view name, std::uint8_t verb,
                  std::string_view payload);
// Gives back what the answer to request `number` granted.
void release_at_peer(session& peer, std::uint64_t number) noexcept;

// Throws the cancellation of a late answer.
[[noreturn]] void throw_late(const peer_answer& answer);
// Takes a cancellation up again that an answer has overtaken: the next await
// throws it.
void cancel_later(const peer_answer& answer);

} // namespace troupe::detail
