#pragma once

#include "runtime/footprint.hpp"

#include <span>

namespace troupe::detail {

struct candidate;

// All orders of a program as a tree, walked depth first, a path for each run.
//
// Orders that differ only in steps that touch nothing in common are the same to
// the program. Sleep sets (Godefroid, 1996) leave all but one of them out: a
// step that was tried at a fork sleeps on the paths beside it, until a step is
// made that touches something it touches. Where all that is ready sleeps, each
// order that could follow has been seen.
class order_tree {
public:
  // A run begins.
  void restart() noexcept;

  // Which of `ready` runs next.
  std::size_t next(std::span<const candidate> ready);

  // Another choice, one of 0 ... n - 1.
  std::size_t pick(std::size_t n);

  // The step that `next` chose touched this.
  void ran(const footprint& step);

  // Moves to the next path; false if there is none.
  bool advance();

  // True if the run only repeats an order that was seen.
  bool redundant() const noexcept {
    return redundant_;
  }

private:
  // A way to go on at a fork, or who sleeps.
  struct way {
    std::uint64_t actor;
    std::size_t index;
    footprint touched;
  };

  struct fork {
    std::size_t taken;
    std::size_t ways;
    std::vector<way> steps; // empty: a choice that is not about order
  };

  static constexpr std::size_t none = ~std::size_t{0};

  bool sleeps(std::uint64_t actor) const noexcept;

  std::vector<fork> path_;
  std::size_t place_ = 0;
  std::vector<way> sleeping_;
  std::size_t last_ = none; // where the step that runs was chosen
  bool redundant_ = false;
};

} // namespace troupe::detail
