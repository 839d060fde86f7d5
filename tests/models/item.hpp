#pragma once

#include "models/program.hpp"

#include <algorithm>

// What is in the queues.

namespace models {

enum class order { first_in, last_in, smallest };

// The item that a step puts: how urgent it is, then its number.
inline int item_of(step what) {
  return what.number % 3 * 1'000 + what.place;
}

inline bool is_more_urgent(int x, int y) {
  return x / 1'000 < y / 1'000;
}

// Which of `items`, in the order in which they were put, is next.
inline std::vector<int>::iterator next_of(std::vector<int>& items, order by) {
  if (by == order::first_in)
    return items.begin();
  if (by == order::last_in)
    return items.end() - 1;
  return std::min_element(items.begin(), items.end(), is_more_urgent);
}

} // namespace models
