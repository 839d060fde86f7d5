#pragma once

#include <troupe/node.hpp>

#include <string>
#include <utility>

namespace troupe::detail {

// What handles of remote things share.
class remote_handle {
public:
  remote_handle(peer there, std::string name)
    : peer_(std::move(there)), name_(std::move(name)) {}

  // The node that has it.
  const troupe::peer& node() const noexcept {
    return peer_;
  }

  // The name under which it is published there.
  const std::string& name() const noexcept {
    return name_;
  }

protected:
  template <class Verb>
  coro<peer_answer> ask(Verb verb, std::string payload = {}) const {
    return ask_peer(peer_.session(), name_, static_cast<std::uint8_t>(verb),
                    std::move(payload));
  }

  template <class Verb>
  void tell(Verb verb, std::string_view payload = {}) const {
    tell_peer(*peer_.session(), name_, static_cast<std::uint8_t>(verb),
              payload);
  }

  // For what changes nothing there.
  template <class T, class Verb>
  static coro<T> look(remote_handle self, Verb verb, std::string payload = {}) {
    peer_answer answer = co_await self.ask(verb, std::move(payload));
    if (answer.late)
      throw_late(answer);
    if constexpr (!std::is_void_v<T>)
      co_return from_wire<T>(answer.bytes);
  }

  troupe::peer peer_;
  std::string name_;
};

// What a lock or a semaphore of another node has granted.
class remote_grant {
public:
  remote_grant() noexcept = default;
  remote_grant(peer there, std::uint64_t number, std::uint64_t token)
    : peer_(std::move(there)), number_(number), token_(token) {}

  remote_grant(remote_grant&& other) noexcept
    : peer_(std::move(other.peer_)), number_(std::exchange(other.number_, 0)),
      token_(other.token_) {}

  remote_grant& operator=(remote_grant&& other) noexcept {
    if (this != &other) {
      release();
      peer_ = std::move(other.peer_);
      number_ = std::exchange(other.number_, 0);
      token_ = other.token_;
    }
    return *this;
  }

  ~remote_grant() {
    release();
  }

  void release() noexcept {
    if (std::uint64_t number = std::exchange(number_, 0))
      release_at_peer(*peer_.session(), number);
  }

  bool released() const noexcept {
    return number_ == 0;
  }

  bool held() const noexcept {
    return number_ != 0 && !peer_.lost();
  }

  std::uint64_t token() const noexcept {
    return token_;
  }

private:
  peer peer_{nullptr, nullptr};
  std::uint64_t number_ = 0;
  std::uint64_t token_ = 0;
};

} // namespace troupe::detail
