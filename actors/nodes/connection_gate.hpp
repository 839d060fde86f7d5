#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace troupe::detail {

// Counts a node's connections, and turns away those who only stand there.
class connection_gate {
  using clock = std::chrono::steady_clock;

  struct guest {
    int socket;
    bool called; // he came to us
    clock::time_point since;
    std::string peer = {}; // who he is, once he has settled
    bool dropped = false;
  };

public:
  // At most `most` may come to us. Who has not settled after `limit` is
  // dropped; `drop` is called with his socket, on any thread.
  connection_gate(std::size_t most, std::chrono::nanoseconds limit,
                  std::function<void(int)> drop);

  // The place of one connection. Its socket must stay open until it goes.
  class place {
  public:
    place(std::shared_ptr<connection_gate> gate,
          std::list<guest>::iterator where) noexcept;
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place();

    // It is known who he is.
    void settle(std::string peer);

  private:
    std::shared_ptr<connection_gate> gate_;
    std::list<guest>::iterator where_;
  };

  // Null if there is no room. Strangers who have not settled make room for the
  // next: the first of them goes when there are `most_strangers`.
  static std::unique_ptr<place> enter(std::shared_ptr<connection_gate> gate,
                                      int socket, bool called);

  // Drops those who are late.
  void drop_late();

  // Drops all connections with a peer that has settled.
  void drop_peer(std::string_view peer);

  std::size_t size() const;

  static constexpr std::size_t most_strangers = 64;

private:
  void drop(guest& whom);

  const std::size_t most_;
  const std::chrono::nanoseconds limit_;
  const std::function<void(int)> drop_;
  mutable std::mutex mutex_;
  std::list<guest> guests_; // oldest first
};

} // namespace troupe::detail
