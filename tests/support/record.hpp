#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

// What happened, in order; written by tasks and callbacks on any thread and
// read by the test.
template <class T = std::string>
class record {
public:
  void add(T what) {
    std::lock_guard guard{mutex_};
    items_.push_back(std::move(what));
  }

  std::vector<T> all() const {
    std::lock_guard guard{mutex_};
    return items_;
  }

  std::size_t size() const {
    std::lock_guard guard{mutex_};
    return items_.size();
  }

  bool empty() const {
    return size() == 0;
  }

private:
  mutable std::mutex mutex_;
  std::vector<T> items_;
};
