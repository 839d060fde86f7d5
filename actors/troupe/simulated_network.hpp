#pragma once

#include <troupe/simulation.hpp>

#include <string>
#include <utility>

namespace troupe::detail {

struct simulated_program;

// What a host runs, from its start to its end.
class node_program {
public:
  virtual ~node_program() = default;
  virtual coro<void> begin() = 0;
};

template <class F>
class node_program_of final : public node_program {
public:
  explicit node_program_of(F program) : program_(std::move(program)) {}

  coro<void> begin() override {
    return program_();
  }

private:
  F program_;
};

} // namespace troupe::detail

/// @file
/// The network of simulations: streams work on it unchanged, in virtual time,
/// and it fails as the test wants or as the seed chooses.

namespace troupe::test {

/// What one direction of a link between two hosts does to what it carries.
struct link_options {
  /// How long a packet is on its way, at least.
  std::chrono::nanoseconds min_latency = std::chrono::milliseconds{1};
  /// How long at most; each packet's time is chosen. Packets of one connection
  /// never overtake each other.
  std::chrono::nanoseconds max_latency = std::chrono::milliseconds{1};
  /// How many bytes pass in a second; 0: as many as are sent.
  std::uint64_t bytes_per_second = 0;
  /// In 1000: how often a read or a write takes less than it could, down to one
  /// byte.
  unsigned short_io = 0;
  /// How many bytes the receiver's host keeps for a program that does not read,
  /// at least 1. A small one makes a slow reader.
  std::size_t receive_window = 64 * 1024;
  /// How many bytes the sender's host keeps, at least 1.
  std::size_t send_buffer = 64 * 1024;
};

/// The network of the simulation that runs. All handles name the same one.
///
/// Hosts have names; the program itself runs on "main", and `node` makes
/// others. A name that is new makes a host with nothing on it. Without settings
/// a packet takes 10 us on a host and 1 ms between two, and nothing fails.
class network {
public:
  /// Names the network of the running simulation.
  /// @throws error  (`errc::no_running_loop`) outside a simulation.
  network();

  /// Sets all links between different hosts, present and future, and forgets
  /// what was set for some.
  /// @throws std::invalid_argument  if a setting is out of range.
  void set_links(const link_options& options) const;

  /// Sets the link from one host to another, in this direction.
  /// @throws std::invalid_argument  if a setting is out of range.
  void set_link(const std::string& from, const std::string& to,
                const link_options& options) const;

  /// Cuts the link in one direction: packets vanish without a word, and are
  /// sent again until it heals. After 924 seconds without an answer the sender
  /// gives up (ETIMEDOUT); an attempt to connect gives up after 127 seconds.
  void cut(const std::string& from, const std::string& to) const;

  /// Cuts the link in both directions.
  void partition(const std::string& a, const std::string& b) const;

  /// Mends both directions; what was held up goes on its way.
  void heal(const std::string& a, const std::string& b) const;

  /// Makes a host a black hole: it gets and sends nothing, and its program
  /// does not know.
  void black_hole(const std::string& host) const;

  /// Mends what `black_hole` did.
  void heal(const std::string& host) const;

  /// Breaks all connections between two hosts; both ends get ECONNRESET. What
  /// was on its way is lost, what had come can be read.
  void reset(const std::string& a, const std::string& b) const;

  /// Refuses connections to a port, though somebody may listen there.
  /// @param refused  false: no longer.
  void refuse(const std::string& host, std::uint16_t port,
              bool refused = true) const;

  /// Lets the next accepts on a host fail; the connections stay in line.
  /// @param count  how many.
  /// @param error  an errno, such as EMFILE.
  void fail_accepts(const std::string& host, std::uint64_t count,
                    int error) const;

  /// Lets chance break things at every choice: reads and writes are short, a
  /// packet is lost and comes 200 ms later, a connection is reset, one is
  /// refused or gone before it is accepted.
  /// @param odds  in 1000, for each choice; 0: no more.
  /// @throws std::invalid_argument  if `odds` is above 1000.
  void inject_faults(unsigned odds) const;

  /// Returns the address of a host, in numbers.
  std::string address(const std::string& host) const;

  /// Returns how many connections are open at both ends.
  std::size_t open_connections() const;
};

/// What the others see of a crash.
enum class crash_kind : std::uint8_t {
  /// One of the others; undisturbed `process`.
  chosen,
  /// The program ended, and its system closes its connections: the end of the
  /// stream, or a reset if something was not read.
  process,
  /// As `process`, but every connection is reset.
  reset,
  /// The machine is gone without a word: connections are half-open, and nothing
  /// answers until a restart. After that old connections are reset when
  /// somebody sends on them.
  machine,
};

/// A host with a program of its own. The program's tasks, and those that they
/// make, belong to the host: they listen and connect there, and end with it.
class node {
public:
  /// Starts a program on a host of this name.
  /// @param name  how others reach it; not "main".
  /// @param program  makes a `coro<void>`; called at the start and at each
  ///                 restart. What it throws fails the simulation.
  /// @throws error  (`errc::no_running_loop`) outside a simulation.
  /// @throws std::invalid_argument  if the name is "main" or empty.
  template <class F>
    requires std::is_same_v<decltype(std::declval<F&>()()), coro<void>>
  node(std::string name, F program)
    : node(std::move(name),
           static_cast<detail::node_program*>(
             new detail::node_program_of<F>(std::move(program)))) {}

  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// What still runs on the host is dropped, as by `crash(machine)`.
  ~node();

  /// Drops all tasks of the host where they stand: destructors run, but nothing
  /// is awaited, and the network hears no more of it. Callbacks and timers are
  /// forgotten.
  /// @throws error  (`errc::invalid_state`) if the caller belongs to the host.
  void crash(crash_kind how = crash_kind::chosen);

  /// Starts the program anew; crashes it first if it runs.
  void restart();

  /// Stops the program between two steps, as SIGSTOP does. Its system still
  /// takes what comes, and time passes: its timers will be late.
  void pause();

  /// Lets a paused program go on.
  void resume();

  /// True until the program ends or crashes.
  bool running() const;

  /// Waits until the program ends or crashes.
  coro<void> wait() const;

  /// Returns the name.
  const std::string& name() const noexcept {
    return name_;
  }

  /// Returns the address, in numbers.
  std::string address() const;

private:
  node(std::string name, detail::node_program* program);
  void start();
  void drop(int farewell);

  std::string name_;
  std::uint32_t host_;
  detail::simulated_program* state_; // its own
};

} // namespace troupe::test
