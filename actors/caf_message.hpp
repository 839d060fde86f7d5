#pragma once

#include <troupe/detail/message.hpp>

#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>

namespace troupe::detail {

// A message of CAF in one of our mailboxes.
class caf_message final : public request {
public:
  explicit caf_message(caf::mailbox_element_ptr x) noexcept;

  request* asked() noexcept override {
    return element->mid.is_request() ? this : nullptr;
  }

  const void* value(std::size_t index) const noexcept override;
  void answer(const value_type* given, void* value) noexcept override;
  void fail(std::exception_ptr problem) noexcept override;
  void discard() noexcept override;
  std::string text() const override;

  caf::mailbox_element_ptr element;

private:
  bool is_like(const message_type& wanted) const noexcept override;
  void respond(caf::message content) noexcept;
};

// A message of ours for CAF: the values are copied.
// @throws error  if one cannot be copied.
caf::message to_caf(caf::actor_system& system, const message& what);

// An exception as an error of CAF, and back.
caf::error to_caf_error(const std::exception_ptr& problem);
std::exception_ptr from_caf_error(caf::actor_system& system,
                                  const caf::error& problem);

} // namespace troupe::detail
