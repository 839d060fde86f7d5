#pragma once

#include <troupe/troupe.hpp>

#include <array>
#include <atomic>
#include <string>
#include <vector>

// Tasks that use all primitives for ever, are cancelled at random, and keep
// books of what they were given.

namespace models {

class storm {
public:
  enum kind {
    locking,
    taking,
    putting,
    getting,
    telling,
    listening,
    meeting,
    awaiting,
    reading,
    writing,
    doing,
    sending,
    receiving,
    choosing,
    limiting,
    kinds
  };

  static const char* name_of(int what);

  // `random(n)` gives 0 ... n - 1.
  template <class Random>
  troupe::coro<void> strike(int times, Random random);

  // Ends all tasks and looks at the books. `settled(f)` waits until nothing
  // but `f()` is to come.
  template <class Settled>
  troupe::coro<void> end(Settled settled);

  // What is wrong; empty if nothing is.
  std::string problems() const {
    return problems_;
  }

  // How many tasks of each kind were cancelled.
  const std::array<long, kinds>& cancelled() const {
    return cancelled_;
  }

  // How often something was got.
  long results() const {
    return results_;
  }

private:
  static constexpr int permits = 2;
  static constexpr int parties = 3;
  static constexpr int each_kind = 4;

  // Counts who is inside something.
  class visit {
  public:
    visit(std::atomic<int>& inside, int most, std::atomic<bool>& crowded)
      : inside_(inside) {
      if (++inside_ > most)
        crowded = true;
    }

    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

    ~visit() {
      --inside_;
    }

  private:
    std::atomic<int>& inside_;
  };

  troupe::coro<void> use_lock();
  troupe::coro<void> use_permit();
  troupe::coro<void> put_items();
  troupe::coro<void> get_items();
  troupe::coro<void> tell();
  troupe::coro<void> listen();
  troupe::coro<void> meet();
  troupe::coro<void> await_event();
  troupe::coro<void> read_table();
  troupe::coro<void> write_table();
  troupe::coro<void> try_once();
  troupe::coro<void> do_once();
  troupe::coro<void> send_items();
  troupe::coro<void> receive_items();
  troupe::coro<void> choose();
  troupe::coro<void> limit();
  troupe::coro<void> task_of(int what);

  void begin_all();
  void cancel(std::size_t which);
  bool is_quiet() const;
  void check(bool holds, const char* what);
  void got(int item);
  void check_books();
  void check_more_books();

  troupe::lock door_;
  troupe::semaphore permits_{permits};
  troupe::queue<int> items_{2};
  troupe::condition changed_;
  troupe::barrier table_{parties};
  troupe::event gate_;
  troupe::rw_lock data_;
  troupe::once first_;
  troupe::channel<int> wire_; // without capacity: they meet
  troupe::rate_limiter calls_{1e6, 2};

  std::atomic<bool> stop_{false};
  std::atomic<bool> crowded_{false};
  std::atomic<int> in_door_{0};
  std::atomic<int> in_permits_{0};
  std::atomic<int> reading_{0}, writing_{0};
  std::atomic<int> in_first_{0};
  std::atomic<std::size_t> called_{0};
  std::atomic<int> next_item_{0};
  std::atomic<long> put_{0}, put_sum_{0};
  std::atomic<long> got_{0}, got_sum_{0};
  std::atomic<long> results_{0};
  std::atomic<long> tokens_{0};
  long made_ = 0, taken_ = 0; // under `changed_`
  std::atomic<long> places_[parties] = {};

  std::vector<troupe::task<>> tasks_;
  std::vector<troupe::task<>> cancelled_tasks_;
  std::array<long, kinds> cancelled_ = {};
  std::string problems_;
};

template <class Random>
troupe::coro<void> storm::strike(int times, Random random) {
  begin_all();
  for (int i = 0; i < times; ++i) {
    cancel(random(tasks_.size()));
    if (random(4) == 0) { // a pulse
      gate_.set();
      gate_.clear();
    }
    for (std::size_t turns = random(3); turns > 0; --turns)
      co_await troupe::sleep(std::chrono::seconds{0});
  }
}

template <class Settled>
troupe::coro<void> storm::end(Settled settled) {
  stop_ = true;
  gate_.set();
  bool quiet = co_await settled([this] { return is_quiet(); });
  check(quiet, "somebody waits for what is there");
  for (auto& each : tasks_)
    each.cancel();
  tasks_.insert(tasks_.end(), cancelled_tasks_.begin(), cancelled_tasks_.end());
  for (auto& each : tasks_) {
    try {
      co_await each;
    } catch (const troupe::cancelled_error&) {
    }
  }
  check_books();
}

} // namespace models
