#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::detail {

// What a step of a simulation touches. Two steps that touch nothing in common
// may change places, and nobody sees a difference.
class footprint {
public:
  using key = std::uint64_t;

  static constexpr key memory = 4;   // variables that nobody told of
  static constexpr key futures = 8;  // that are not tasks
  static constexpr key numbers = 12; // of new tasks
  static constexpr key chance = 16;  // random numbers
  static constexpr key everything = 0;

  static constexpr key task(std::uint64_t number) noexcept {
    return number << 2 | 1;
  }

  static constexpr key coordinator(std::uint64_t number) noexcept {
    return number << 2 | 2;
  }

  static constexpr key told(std::uint64_t hash) noexcept {
    return hash << 2 | 3;
  }

  void clear() noexcept {
    keys_.clear();
    everything_ = false;
  }

  void add(key what) {
    if (what == everything)
      everything_ = true;
    else if (std::find(keys_.begin(), keys_.end(), what) == keys_.end())
      keys_.push_back(what);
  }

  void add(const footprint& other) {
    everything_ = everything_ || other.everything_;
    for (key each : other.keys_)
      add(each);
  }

  // True if the two may not change places.
  bool meets(const footprint& other) const noexcept {
    return everything_ || other.everything_ || shares(other);
  }

  // True if both touch a thing that is known and no mere variable.
  bool races(const footprint& other) const noexcept {
    return std::any_of(keys_.begin(), keys_.end(), [&other](key each) {
      return each != memory && each != numbers && other.has(each);
    });
  }

private:
  bool has(key what) const noexcept {
    return std::find(keys_.begin(), keys_.end(), what) != keys_.end();
  }

  bool shares(const footprint& other) const noexcept {
    return std::any_of(keys_.begin(), keys_.end(),
                       [&other](key each) { return other.has(each); });
  }

  std::vector<key> keys_; // few
  bool everything_ = false;
};

// How many simulations want to know what steps touch.
extern constinit std::atomic<unsigned> footprint_watchers;

inline bool footprints_wanted() noexcept {
  return footprint_watchers.load(std::memory_order_relaxed) != 0;
}

// The step that runs on this thread, if it is one of a simulation, touches
// this.
void touch_in_step(footprint::key what);

// As above for an object that keeps its number, 0 before it was touched first.
// That first step is taken to touch everything: which number it has says
// nothing to other runs.
void touch_in_step(std::uint32_t& number);

} // namespace troupe::detail
