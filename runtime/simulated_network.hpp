#pragma once

#include "runtime/loop_core.hpp"

#include <asio/ip/tcp.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

// The network of simulations: hosts, links and connections that exist nowhere
// else. All of it belongs to the thread that runs the simulation; what happens
// there are timers of the loop in virtual time and jobs of the loop, so that
// the simulator sees and orders them as it does everything else.

namespace troupe::detail {

class simulated_connection;
class simulated_listener;
class simulated_network;
class simulator;

using tcp_endpoint = asio::ip::tcp::endpoint;
using host_id = std::uint32_t;

inline constexpr host_id no_host = ~host_id{0};

// One direction of a link between two hosts.
struct link_plan {
  std::int64_t least_latency = 100'000; // nanoseconds
  std::int64_t most_latency = 100'000;
  std::uint64_t bytes_per_second = 0; // 0: no limit
  unsigned short_odds = 0;            // in 1000: a read or write is short
  std::size_t window = 64 * 1024;     // bytes that the receiver's host keeps
  std::size_t send_room = 64 * 1024;  // bytes that the sender's host keeps
};

// A step that the network makes: a packet that arrives, or the completion of an
// operation. Its loop owns it; the network can take it back.
class network_event final : public timer {
public:
  // What it is, for people: "packet", from one host to another.
  struct subject {
    const char* name;
    host_id from;
    host_id to = no_host;
  };

  network_event(simulated_network& home, host_id where, std::uint64_t number,
                const subject& about, std::function<void()> what);

  void run() override;
  void discard() noexcept override;
  job_label label() const noexcept override;

  host_id where() const noexcept {
    return where_;
  }

  std::string text() const;

private:
  friend class simulated_network;
  ~network_event();

  simulated_network* home_; // null once taken back
  host_id where_;           // whose program runs in it, or `no_host`
  std::uint64_t number_;    // the same for all that must not overtake
  subject about_;
  std::function<void()> what_;
};

// Who can be reached, as of one program at a time.
struct simulated_host {
  std::string name;
  asio::ip::address_v4 v4;
  asio::ip::address_v6 v6;
  std::uint32_t life = 0; // how often it crashed
  bool down = false;      // answers nothing
  bool paused = false;    // its program does not run
  std::uint16_t next_port = 49152;
  std::uint64_t failing_accepts = 0;
  int accept_error = 0;
  std::set<std::uint16_t> refused_ports;
  context_ref context; // makes what runs in it belong to the host
};

class simulated_network
  : public std::enable_shared_from_this<simulated_network> {
public:
  simulated_network(simulator& chooser, loop_core& loop);
  simulated_network(const simulated_network&) = delete;
  simulated_network& operator=(const simulated_network&) = delete;
  ~simulated_network();

  // The run is over: nothing happens any more.
  void shut() noexcept;

  // -- hosts ------------------------------------------------------------------

  // The host of that name, made if it is new. Host 0 is the program's own.
  host_id host_named(const std::string& name);

  simulated_host& host(host_id which) noexcept {
    return hosts_[which];
  }

  // A context that makes what runs in it belong to the host.
  context_ref context_of(host_id which) const;

  // Where what runs now belongs to.
  host_id here() const noexcept;

  // Whether what belongs to this context waits for its host, or ended with it.
  enum class standing { runs, waits, gone };
  standing standing_of(const job& item) const noexcept;
  standing standing_of(host_id where, std::uint32_t life) const noexcept;

  void pause(host_id which);
  void resume(host_id which);

  // Keeps a job of a paused host; throws one of a crashed host away.
  void set_aside(job& item, standing how);

  bool watches() const noexcept {
    return watches_;
  }

  // A name as endpoints; empty if unknown.
  std::vector<tcp_endpoint> resolve(const std::string& name, std::uint16_t port,
                                    int family, bool passive) const;

  // Whose address it is, or `no_host`.
  host_id host_of(host_id from, const asio::ip::address& where) const;

  std::uint16_t free_port(host_id where);

  // -- links ------------------------------------------------------------------

  void set_all_links(const link_plan& plan);
  void set_link(host_id from, host_id to, const link_plan& plan);
  const link_plan& link(host_id from, host_id to) const;
  bool cut(host_id from, host_id to) const;
  void set_cut(host_id from, host_id to, bool is_cut);
  void set_down(host_id which, bool is_down);
  void inject_faults(unsigned odds) noexcept {
    fault_odds_ = odds;
  }

  unsigned fault_odds() const noexcept {
    return fault_odds_;
  }

  // How long a packet is on its way.
  std::int64_t latency(host_id from, host_id to);

  // -- connections ------------------------------------------------------------

  void enter(simulated_connection& made, std::uint64_t number);
  void leave(std::uint64_t number) noexcept;
  void enter(simulated_listener& made);
  void leave(simulated_listener& gone) noexcept;
  simulated_listener* listener_at(host_id where, const tcp_endpoint& target);
  bool taken(host_id where, const tcp_endpoint& address) const;
  std::vector<std::shared_ptr<simulated_connection>> connections();
  std::size_t open_connections() const noexcept;

  // What the host's system does when its program ends without a word.
  enum class farewell { fin, reset, silence };
  void crash(host_id which, farewell how);
  void restart(host_id which);
  void reset_all(host_id a, host_id b);

  // -- events -----------------------------------------------------------------

  // Something that the systems do later, in no program.
  network_event* after(std::int64_t delay, std::uint64_t number,
                       const network_event::subject& about,
                       std::function<void()> what);

  // Something that a program of `about.from` does as soon as it can.
  network_event* soon(std::uint64_t number, const network_event::subject& about,
                      std::function<void()> what);
  void take_back(network_event*& item) noexcept;

  std::uint64_t next_number() noexcept {
    return ++numbers_;
  }

  std::size_t choose(std::size_t n, unsigned odds);

  // True if chance wants this fault, which is named in the report.
  bool fault(const char* name);

  std::int64_t now() const noexcept;

  loop_core* loop() const noexcept {
    return loop_;
  }

private:
  friend class network_event;

  void forget(network_event& item) noexcept;

  simulator* simulator_;
  loop_core* loop_; // null once shut
  std::deque<simulated_host> hosts_;
  link_plan usual_;
  link_plan loopback_;
  std::map<std::pair<host_id, host_id>, link_plan> links_;
  std::set<std::pair<host_id, host_id>> cuts_;
  std::map<std::uint64_t, simulated_connection*> connections_;
  std::vector<simulated_listener*> listeners_;
  std::set<network_event*> events_; // never walked but to end them all
  std::vector<std::pair<job*, host_id>> aside_;
  std::uint64_t numbers_ = 0;
  unsigned fault_odds_ = 0;
  bool watches_ = false; // some host was paused or crashed
};

} // namespace troupe::detail
