#pragma once

#include "runtime/order_tree.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace troupe::detail {

class job;

// A generator of random numbers that is the same everywhere: splitmix64.
class random_stream {
public:
  explicit random_stream(std::uint64_t seed = 0) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15;
    return mix(state_);
  }

  // One of 0 ... n - 1.
  std::uint64_t below(std::uint64_t n) noexcept {
    __extension__ using wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<wide>(next()) * n) >> 64);
  }

  static std::uint64_t mix(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

private:
  std::uint64_t state_;
};

// A job that could run next.
struct candidate {
  job* item;
  std::uint64_t actor;  // who it is: the same for all steps of a task
  std::uint64_t serial; // which step it is: never the same twice
};

// False for a callback or a timer, which makes one step and is gone.
constexpr bool is_lasting(std::uint64_t actor) noexcept {
  return (actor & 3) != 1;
}

// How the next job is chosen. The sources are in docs/testing.md.
enum class strategy_kind : std::uint8_t {
  fifo,
  random,
  pct,
  delay_bounding,
  partial_order,
  exhaustive,
};

// What one run needs to know of its strategy.
struct strategy_plan {
  strategy_kind kind = strategy_kind::fifo;
  unsigned depth = 3;         // PCT: of the bug; delay bounding: delays
  std::uint64_t length = 100; // how many choices a run is thought to have
  std::uint64_t fair_after = 10'000; // then random: spinning programs end
};

// Makes the choices of one run. Every choice is a number below `n`; 0 is always
// the undisturbed one: the job that became ready first, the short cut taken, no
// fault.
class strategy {
public:
  void begin(const strategy_plan& plan, std::uint64_t seed);

  // Which of `ready`, of which there are two or more, runs next; undisturbed it
  // is `otherwise`.
  std::size_t next(std::span<const candidate> ready, std::size_t otherwise);

  // A choice that is not about order; `odds` in 1000 that it is not 0.
  std::size_t pick(std::size_t n, unsigned odds);

  // Of one that is ready there is no choice, but the tree of orders is told.
  void alone(const candidate& ready);

  // Whether it wants to know what steps touch.
  bool wants_footprints() const noexcept {
    return plan_.kind == strategy_kind::exhaustive
        || plan_.kind == strategy_kind::partial_order;
  }

  // The step of `who` touched this, while `waiting` were ready.
  void ran(const candidate& who, const footprint& step,
           std::span<const candidate> waiting);

  // -- exhaustive -------------------------------------------------------------

  // Moves to the next order; false if there is none.
  bool advance() {
    return tree_.advance();
  }

  // True if the run only repeats an order that was seen.
  bool redundant() const noexcept {
    return tree_.redundant();
  }

private:
  // What the last step of an actor touched.
  struct habit {
    std::uint64_t actor;
    footprint touched;
  };

  struct redrawn_rank {
    std::uint64_t serial;
    std::uint64_t rank;
  };

  void redraw(const candidate& x);
  void keep_habit(std::uint64_t actor, const footprint& step);
  std::size_t highest(std::span<const candidate> ready) const;
  std::uint64_t rank(const candidate& x) const noexcept;

  static constexpr unsigned most_changes = 8;

  strategy_plan plan_;
  random_stream random_;
  std::uint64_t salt_ = 0;
  std::uint64_t choices_ = 0;
  std::array<std::uint64_t, most_changes> change_at_{};
  std::array<std::uint64_t, most_changes> lowered_{}; // actors, the lowest last
  unsigned changes_ = 0;
  unsigned lowered_count_ = 0;
  order_tree tree_;
  std::vector<habit> habits_;
  std::size_t habit_count_ = 0; // the others are only memory
  std::vector<redrawn_rank> redrawn_;
};

} // namespace troupe::detail
