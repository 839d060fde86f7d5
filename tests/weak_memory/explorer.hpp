#pragma once

// A small model checker for C++'s memory model: it runs the threads of a
// scenario as fibers, and goes through their interleavings and through the
// stores that each load may read. docs/testing.md says what it sees and what
// not. Scenarios use it through weak_memory/atomics.hpp.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <ucontext.h>

namespace weak {

using order = std::memory_order;
using word = std::uint64_t;

enum class action : std::uint8_t { load, store, exchange, fence, read, write };

// Where an operation stands in the code.
struct place {
  const char* function;
  const char* file;
  int line;

  static constexpr place here(const char* function = __builtin_FUNCTION(),
                              const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
    return {function, file, line};
  }
};

// One memory order in the code. A compare-exchange has two: that of its
// failure counts as one of a load.
struct site {
  std::string file; // without folders
  int line = 0;
  action what = action::load;
  order how = order::relaxed;
  std::string function;

  friend auto operator<=>(const site&, const site&) = default;
};

// A weaker order at one site. A relaxed fence is none.
struct mutant {
  site where;
  order weaker = order::relaxed;
};

// All that are one step weaker.
std::vector<mutant> mutants_of(const site& one);
std::string describe(const mutant& one);

struct result {
  std::string failure; // empty: none. Otherwise what, and the execution
  long executions = 0;
  bool complete = false; // all, up to the bound of preemptions
  std::set<site> sites;  // all orders stronger than relaxed that were met
};

struct options {
  int preemptions = 3;   // switches away from a thread that could go on
  long limit = 150'000;  // above: give up going through all,
  long random = 100'000; // and take so many at random
  const mutant* mutation = nullptr;
};

// Sets up the threads of one execution, and what they share.
class execution {
public:
  void thread(std::string name, std::function<void()> body);

  // Runs after all threads have ended, and sees all that they did.
  void at_end(std::function<void()> body);

  template <class T, class... Args>
  T& make(Args&&... args) {
    auto object = std::make_shared<T>(std::forward<Args>(args)...);
    shared_.push_back(object);
    return *object;
  }

private:
  std::vector<std::shared_ptr<void>> shared_;
};

using scenario = std::function<void(execution&)>;

result explore(const scenario& program, const options& how = {});

// What an exchange does to the word that it finds.
struct change {
  word operand = 0;
  word (*apply)(word old, word operand) = nullptr; // null: replace
  const word* expected = nullptr;                  // do nothing to other words
  order success = order::seq_cst;
  order failure = order::relaxed;
};

// All executions of one scenario.
class explorer {
public:
  explorer(const scenario& program, const options& how)
    : program_(program), options_(how) {}

  result run();

  // The one at work.
  static inline explorer* here = nullptr;

  // -- threads ----------------------------------------------------------------

  void add_thread(std::string name, std::function<void()> body);
  void add_end(std::function<void()> body);
  int choose(int count);

  // The thread that runs: 1 is the first that was added.
  std::size_t current() const {
    return current_;
  }

  void pause();
  void wait_until(const std::function<bool()>& ready, bool patient = false);
  [[noreturn]] void fail(const std::string& what);

  // -- memory -----------------------------------------------------------------

  int new_atomic(word initial);
  void end_atomic(int id);
  word load(int id, order how, place at);
  void store(int id, word value, order how, place at);
  std::pair<word, bool> exchange(int id, const change& how, place at);
  void fence(order how, place at);

  // A mutex orders by an atomic of its own.
  void join_newest(int id);
  void publish(int id);

  int new_plain();
  void end_plain(int id);
  void touch_plain(int id, action what);

private:
  static constexpr int most_threads = 6; // the first one is the set-up
  static constexpr int most_atomics = 32;
  static constexpr int most_steps = 5'000;
  static constexpr std::size_t stack_size = 128 * 1024;

  // What a thread knows: of each atomic the oldest store that it may still
  // read, of each thread what happened before.
  struct view {
    std::array<float, most_atomics> seen{};
    std::array<std::uint32_t, most_threads> clock{};

    void join(const view& other);
    void join_seen(const view& other);
  };

  // A store in the modification order, which is the order of the stamps.
  struct stored {
    float stamp;
    word value;
    view message; // what an acquiring reader learns
    bool taken;   // an exchange read it: nothing comes in between
  };

  // Who made or wrote an object, and who came to it since.
  struct life {
    int writer;
    std::uint32_t written;
    std::array<std::uint32_t, most_threads> touched{};
    bool alive = true;
  };

  struct event {
    int thread;
    action what;
    int id;
    order how;
    word value;
    int older; // so many stores were newer
    place at;
  };

  struct fiber {
    std::string name;
    std::function<void()> body;
    std::vector<char> stack = std::vector<char>(stack_size);
    ucontext_t context;
    bool done;
    const std::function<bool()>* ready; // it waits for that, unless null
    bool patient;                       // it goes on, too, when nobody else can
    bool paused; // until there is more to see than its last load saw
    bool fresh;  // its next load reads the newest store
    int loaded;  // where the last load was
    float loaded_stamp;
    view now;
    view pending;   // what an acquire fence will learn
    view published; // at the last release fence
  };

  struct known_site {
    const char* file;
    int line;
    action what;
    order how;
  };

  struct choice {
    int chosen;
    int count;
  };

  static void enter();

  fiber& me() {
    return fibers_[current_];
  }

  // -- executions
  bool explore_all(int preemptions);
  bool execute();
  bool others_done() const;
  bool can_go_on(const fiber& one) const;
  void see_all();
  void step();
  void pick_next();
  void switch_to(std::size_t next);

  // -- memory
  order effective(order how, action what, place at);
  void check_alive(life& one, const char* what);
  void end_life(life& one, const char* what);
  float lowest(int id, order how);
  void read_from(int id, const stored& from, order how);
  void insert(int id, std::size_t after, word value, order how, bool chained);
  void note(action what, int id, order how, word value, int older, place at);
  std::string trace() const;

  const scenario& program_;
  const options& options_;
  result result_;
  std::vector<known_site> known_; // those of the result

  std::vector<choice> choices_;
  std::size_t depth_ = 0;
  int preemptions_ = 0; // still allowed
  bool random_ = false;
  std::minstd_rand dice_{1};
  std::vector<int> switches_; // at random: the steps before which to preempt
  int longest_ = 1;

  std::array<fiber, most_threads> fibers_;
  std::size_t count_ = 0;
  std::size_t current_ = 0;
  std::size_t end_ = 0; // the one that comes last, if any
  const std::function<bool()> others_done_ = [this] {
    return others_done();
  };
  int steps_ = 0;

  std::array<std::vector<stored>, most_atomics> stores_;
  std::vector<life> atomics_;
  std::vector<life> plains_;
  view sequential_; // what sequentially consistent operations have seen
  std::vector<event> events_;
};

} // namespace weak
