#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace troupe::detail {

// The actors of a node that its peers may talk to, and those that have ended
// lately: a message to such a one may be on its way.
class reachable_actors {
public:
  // `longest`: what one message to it may have in bytes. `node`: who may send
  // it; empty: everybody.
  void open(std::uint64_t id, std::size_t longest, std::string node = {});
  void end(std::uint64_t id);

  // 0: this node is not to reach anybody there.
  std::size_t longest(std::uint64_t id, const std::string& node) const;

private:
  static constexpr std::size_t remembered = 4096;

  struct actor {
    std::size_t longest;
    std::string node;
  };

  mutable std::mutex mutex_;
  std::map<std::uint64_t, actor> open_;
  std::deque<std::uint64_t> ended_;
};

// Who said first that he is which node. Another one with another certificate
// is not, as long as the first is there.
class node_claims {
public:
  // False if the node is somebody else.
  bool take(const std::string& node, const std::string& certificate);
  void give_back(const std::string& node);

  // The certificate of a node; empty if it has none or is not there.
  std::string certificate_of(const std::string& node) const;

private:
  struct claim {
    std::string certificate;
    std::size_t connections = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::string, claim> claims_;
};

// What all connections of a node may carry, in the bytes of BASP, which is the
// protocol of CAF's middleman.
struct basp_terms {
  std::string me;           // our own node
  std::string text_head;    // of a message that is one text; its size follows
  std::string app_ids;      // of a server's handshake
  std::string no_interface; // the end of it
  std::string no_context;   // the end of a reason
  std::string question;     // what CAF asks a node it meets
  std::uint64_t question_to = 0;
  std::uint64_t version = 0;
  std::uint64_t plain_message = 0; // its number: no request, no answer
  std::size_t max_sources = 0;     // actors of a peer at a time
};

// Follows what a peer says in BASP. Nothing gets to CAF that our transport does
// not need: handshakes, one text to an actor that is ours to reach, and who
// watches whom has ended. CAF would obey much more: whatever length a header
// announces, messages to any actor, under any sender's name.
//
// Bytes are taken in three ways, in turns: what begins a frame comes into
// `stage()`; when it is `ready()`, it is taken on; then the rest of a text may
// pass without a copy.
class basp_guard {
public:
  // `called`: the peer has connected to us.
  basp_guard(const basp_terms& terms, const reachable_actors& actors,
             node_claims& claims, bool called, std::string certificate);
  basp_guard(const basp_guard&) = delete;
  basp_guard& operator=(const basp_guard&) = delete;
  ~basp_guard();

  // Where bytes are to come; empty if `ready() + passing() > 0`.
  std::span<char> stage() noexcept;

  // So many have come there. False if the peer is to be dropped.
  bool staged(std::size_t count);

  // How many bytes are to be taken on.
  std::size_t ready() const noexcept {
    return ready_ - taken_;
  }

  std::size_t take(char* to, std::size_t count) noexcept;

  // How many bytes, once nothing is ready, go by.
  std::size_t passing() const noexcept {
    return passing_;
  }

  void passed(std::size_t count) noexcept;

  // True when the peer has said something that a stranger has not to say.
  bool settled() const noexcept {
    return settled_;
  }

  // Its node; empty before the handshake.
  const std::string& peer() const noexcept {
    return peer_;
  }

  static constexpr std::size_t header_size = 32;

private:
  enum class kind : std::uint8_t {
    server_handshake,
    client_handshake,
    direct_message,
    routed_message,
    monitor_message,
    down_message,
  };

  struct header {
    kind operation;
    std::uint8_t flags;
    std::uint32_t payload;
    std::uint64_t data;
    std::uint64_t source;
    std::uint64_t target;
  };

  header read_header() const noexcept;
  bool on_header();
  bool on_message();
  bool on_payload();
  bool on_server_handshake(std::string_view payload);
  bool on_text(std::string_view head);
  bool on_question(std::string_view payload) noexcept;
  bool on_down(std::string_view payload);
  bool is_between_us(std::string_view nodes) const noexcept;
  bool claim(std::string_view node);
  void restart() noexcept;

  const basp_terms& terms_;
  const reachable_actors& actors_;
  node_claims& claims_;
  const bool called_;
  const std::string certificate_;

  std::array<char, 256> stage_;
  std::size_t have_ = 0;           // bytes in `stage_`
  std::size_t want_ = header_size; // bytes to come there
  std::size_t ready_ = 0;
  std::size_t taken_ = 0;
  std::size_t passing_ = 0;
  header now_{};
  std::string peer_;
  int greetings_ = 0;
  bool settled_ = false;
  std::set<std::uint64_t> sources_;
};

} // namespace troupe::detail
