#pragma once

// What the files of the socket actor share.

#include "actors/socket_actor.hpp"

namespace troupe::detail {

// What happened inside a turn and is told when the turn is over.
struct socket_actor::news {
  bool closed = false;
  std::string warning;
};

// The end of an operation of Asio: a turn of the actor.
template <class Member>
struct socket_actor::completion {
  using allocator_type = pool_allocator<void>;

  ref<socket_actor> self;
  Member member;

  allocator_type get_allocator() const noexcept {
    return {};
  }

  void operator()(const asio::error_code& failed, std::size_t count = 0) {
    news out;
    {
      turn mine{*self};
      member(*self, failed, count, out);
    }
    self->tell(out);
  }
};

} // namespace troupe::detail
