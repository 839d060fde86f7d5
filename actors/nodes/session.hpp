#pragma once

#include <troupe/detail/exhibit.hpp>
#include <troupe/loop.hpp>
#include <troupe/task.hpp>

#include "actors/nodes/identity.hpp"
#include "actors/nodes/link.hpp"
#include "runtime/loop_core.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

namespace troupe::detail {

// What all sessions of a node share.
struct node_state {
  explicit node_state(loop_core& loop) : home(&loop) {}

  std::shared_ptr<exhibit> find(std::string_view name) const;
  std::vector<std::shared_ptr<session>> all_sessions() const;

  ref<loop_core> home;
  context in;
  std::string name;
  std::shared_ptr<identity> me; // null: plain text
  std::chrono::nanoseconds heartbeat{};
  std::chrono::nanoseconds loss_limit{};
  std::chrono::nanoseconds handshake_limit{};
  std::size_t max_message = 0;
  std::size_t max_requests = 0;
  std::size_t max_peers = 0;
  std::size_t max_sessions = 0;

  mutable std::mutex mutex; // for what follows
  std::map<std::string, std::shared_ptr<exhibit>, std::less<>> published;
  std::map<std::uint64_t, std::shared_ptr<session>> sessions; // by age
  std::map<std::string, std::size_t> guests; // sessions by who called
  std::uint64_t last_session = 0;
  bool stopped = false;
};

// One peer: who it is, what it asked of us and we of it, what it holds.
//
// Both ends begin with a handshake of hello, welcome, proof and ready. After
// that both may ask. The end comes once, for whatever reason: then all that
// waits for the peer fails, its requests are cancelled, and what it held is
// released.
class session final : public link_user,
                      public std::enable_shared_from_this<session> {
public:
  enum class role : std::uint8_t { caller, called };

  session(std::shared_ptr<node_state> node, std::shared_ptr<node_link> link,
          role mine);

  // Joins the node's sessions, and says hello if we are the caller. False if
  // the node takes no more peers, or no more of this one.
  bool begin(std::string expected);

  // Done when the handshake is: empty, or why it failed.
  const future<std::string>& agreed() const noexcept {
    return agreed_;
  }

  std::string peer_name() const;
  bool lost() const;
  std::string why_lost() const;

  // True if it was no loss that ended the handshake.
  bool refused() const;

  // Done when the peer is lost.
  future<void> when_lost();

  // Ends it, on the loop.
  void end(std::string why);

  // The same; if nothing was heard of the peer, what carries the link ends,
  // too.
  void give_up(std::string why);

  // As above; the peer is told that it was on purpose.
  void leave(std::string why);

  // What is withdrawn answers no more.
  void withdraw(const std::shared_ptr<exhibit>& what);

  // -- asking
  // ---------------------------------------------------------------------------

  struct question {
    std::uint64_t number;
    future<std::string> answer; // with its status
  };

  question ask(std::string_view name, std::uint8_t verb,
               std::string_view payload);

  // Its future was cancelled: asks the peer to cancel, and gives a new future;
  // none if the answer has come, which is then in `answer`.
  bool ask_to_cancel(std::uint64_t number, future<std::string>& next,
                     std::string& answer, bool first);

  // Nobody waits for the answer any more.
  void leave_question(std::uint64_t number);

  void tell(std::string_view name, std::uint8_t verb, std::string_view payload);
  void undo(std::string_view name, std::uint8_t verb, std::string_view payload);
  void release(std::uint64_t number);

  // Reads an answer; throws what it says.
  std::string open_answer(const std::string& answer) const;

  // -- link_user: any thread
  // ---------------------------------------------------------------------------

  void on_bytes(std::string bytes) override;
  void on_lost(std::string why) override;

private:
  struct arrival {
    std::string bytes; // or why the link was lost
    bool lost;
  };

  struct pending {
    future<std::string> answer;
    std::string late;  // came when the future was cancelled
    bool left = false; // nobody waits for it
  };

  struct servant {
    std::shared_ptr<exhibit> what;
    any_task task;
    bool cancelled = false; // by the peer
    bool withdrawn = false;
  };

  class visit_of;

  void arrive(arrival what);
  void drain_soon();
  void drain();
  void handle(const std::string& bytes);

  // -- the handshake
  // ---------------------------------------------------------------------------

  void on_hello(wire_reader& in);
  void on_welcome(wire_reader& in);
  void on_proof(wire_reader& in);
  void on_refuse(wire_reader& in);
  void refuse(const std::string& why);
  void reject(std::string why); // ends it
  void break_off_if_silent();
  void agree();
  bool enter(std::string guest);
  std::string join();
  std::string statement(role of) const;
  std::string check_peer(role of, const std::string& name,
                         const std::string& signature) const;
  void check_version(wire_reader& in);

  // -- answering
  // ---------------------------------------------------------------------------

  void on_request(wire_reader& in);
  void on_answer(wire_reader& in);
  void on_cancel(wire_reader& in);
  void on_tell(wire_reader& in, bool undo);
  void on_release(wire_reader& in);
  static coro<void> serve(std::shared_ptr<session> self, std::uint64_t number,
                          std::shared_ptr<exhibit> what, std::uint8_t verb,
                          std::string payload);
  std::string cancelled_answer(std::uint64_t number,
                               const std::string& message) const;
  bool finish(std::uint64_t number, const std::string& answer);
  void hold(std::uint64_t number, std::function<void()> give_back);

  // -- the watch
  // ---------------------------------------------------------------------------

  void watch();
  void tick(std::int64_t due);

  void send(std::string bytes);
  [[noreturn]] void throw_lost() const;
  std::exception_ptr lost_error() const;

  const std::shared_ptr<node_state> node_;
  const std::shared_ptr<node_link> link_;
  const role role_;
  std::uint64_t number_ = 0; // among the node's sessions
  std::string guest_;        // among those who called; empty: not yet

  std::mutex inbox_mutex_;
  std::vector<arrival> inbox_;
  bool draining_ = false;

  std::atomic<std::int64_t> last_heard_;
  std::atomic<std::int64_t> last_sent_;
  const std::int64_t born_;

  mutable std::mutex mutex_; // for what follows
  std::string peer_;         // its name
  std::string peer_certificate_;
  std::string nonce_;
  std::string peer_nonce_;
  bool agreed_already_ = false;
  bool proved_
    = false; // our proof is on its way: the peer watches us from then
  bool ended_ = false;
  bool refused_ = false;
  std::string why_;
  future<std::string> agreed_;
  std::vector<future<void>> watchers_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, pending> pending_;
  std::map<std::uint64_t, servant> servants_;
  std::map<std::uint64_t, std::function<void()>> grants_;
};

// What a published task that was cancelled throws at those who wait for it.
struct cancelled_there {
  std::string message;
};

} // namespace troupe::detail
