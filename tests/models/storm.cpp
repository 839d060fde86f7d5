#include "models/storm.hpp"

#include <stdexcept>

namespace models {

using namespace troupe;
using namespace std::chrono_literals;

const char* storm::name_of(int what) {
  constexpr const char* names[] = {"lock",
                                   "semaphore",
                                   "queue: put",
                                   "queue: get",
                                   "condition: notify",
                                   "condition: wait",
                                   "barrier",
                                   "event",
                                   "rw_lock: read",
                                   "rw_lock: write",
                                   "once",
                                   "channel: send",
                                   "channel: receive",
                                   "select",
                                   "rate_limiter"};
  return names[what];
}

// -- tasks --------------------------------------------------------------------

coro<void> storm::use_lock() {
  while (!stop_) {
    auto held = co_await door_.scoped();
    visit here{in_door_, 1, crowded_};
    ++results_;
    co_await sleep(0s);
  }
}

coro<void> storm::use_permit() {
  while (!stop_) {
    auto held = co_await permits_.scoped();
    visit here{in_permits_, permits, crowded_};
    ++results_;
    co_await sleep(0s);
  }
}

coro<void> storm::put_items() {
  while (!stop_) {
    int item = next_item_++;
    co_await items_.put(item);
    ++put_;
    put_sum_ += item;
    ++results_;
  }
}

coro<void> storm::get_items() {
  while (!stop_) {
    int item = co_await items_.get();
    got(item);
  }
}

void storm::got(int item) {
  ++got_;
  got_sum_ += item;
  ++results_;
}

coro<void> storm::tell() {
  while (!stop_) {
    {
      auto held = co_await changed_.scoped();
      if (tokens_ < 2) {
        ++tokens_;
        ++made_;
        changed_.notify();
      }
    }
    co_await sleep(0s);
  }
}

coro<void> storm::listen() {
  while (!stop_) {
    auto held = co_await changed_.scoped();
    co_await changed_.wait_for([this] { return tokens_ > 0; });
    --tokens_;
    ++taken_;
    ++results_;
  }
}

coro<void> storm::meet() {
  while (!stop_) {
    auto place = co_await table_.wait();
    ++places_[place];
    ++results_;
  }
}

coro<void> storm::await_event() {
  while (!stop_) {
    co_await gate_.wait();
    ++results_;
    co_await sleep(0s);
  }
}

coro<void> storm::read_table() {
  while (!stop_) {
    auto held = co_await data_.scoped_read();
    visit here{reading_, kinds * each_kind, crowded_};
    crowded_ = crowded_ || writing_ > 0;
    ++results_;
    co_await sleep(0s);
  }
}

coro<void> storm::write_table() {
  while (!stop_) {
    auto held = co_await data_.scoped_write();
    visit here{writing_, 1, crowded_};
    crowded_ = crowded_ || reading_ > 0;
    ++results_;
    co_await sleep(0s);
  }
}

// Fails until the end comes.
coro<void> storm::try_once() {
  visit here{in_first_, 1, crowded_};
  ++results_;
  co_await sleep(0s);
  if (!stop_)
    throw std::runtime_error("not yet");
}

coro<void> storm::do_once() {
  while (!stop_) {
    auto attempt = [this] {
      return try_once();
    };
    try {
      co_await first_.call(attempt);
    } catch (const std::runtime_error&) {
    }
  }
}

coro<void> storm::send_items() {
  while (!stop_) {
    int item = next_item_++;
    co_await wire_.send(item);
    ++put_; // also if it was cancelled after somebody had taken the item
    put_sum_ += item;
    ++results_;
    co_await sleep(0s);
  }
}

coro<void> storm::receive_items() {
  while (!stop_) {
    int item = co_await wire_.receive();
    got(item);
    co_await sleep(0s);
  }
}

coro<void> storm::choose() {
  while (!stop_) {
    auto found = co_await select(wire_.receive(), items_.get(), door_.scoped(),
                                 gate_.wait());
    ++results_;
    if (found.index() == 0)
      got(std::get<0>(found));
    else if (found.index() == 1)
      got(std::get<1>(found));
    else if (found.index() == 2)
      visit{in_door_, 1, crowded_};
    co_await sleep(0s);
  }
}

coro<void> storm::limit() {
  for (std::size_t i = 0; !stop_; ++i) {
    std::size_t count = 1 + i % 2;
    co_await calls_.acquire(count);
    called_ += count;
    ++results_;
    co_await sleep(0s);
  }
}

coro<void> storm::task_of(int what) {
  switch (what) {
    case locking:
      return use_lock();
    case taking:
      return use_permit();
    case putting:
      return put_items();
    case getting:
      return get_items();
    case telling:
      return tell();
    case listening:
      return listen();
    case meeting:
      return meet();
    case awaiting:
      return await_event();
    case reading:
      return read_table();
    case writing:
      return write_table();
    case doing:
      return do_once();
    case sending:
      return send_items();
    case receiving:
      return receive_items();
    case choosing:
      return choose();
    default:
      return limit();
  }
}

// -- striking -----------------------------------------------------------------

void storm::begin_all() {
  for (int i = 0; i < kinds * each_kind; ++i)
    tasks_.push_back(create_task(task_of(i % kinds)));
}

void storm::cancel(std::size_t which) {
  auto what = static_cast<int>(which % kinds);
  cancelled_[static_cast<std::size_t>(what)] += tasks_[which].cancel();
  cancelled_tasks_.push_back(tasks_[which]);
  tasks_[which] = create_task(task_of(what));
  if (cancelled_tasks_.size() > 100)
    std::erase_if(cancelled_tasks_, [](auto& each) { return each.done(); });
}

// -- the books ----------------------------------------------------------------

bool storm::is_quiet() const {
  auto lock_now = door_.statistics();
  auto permits_now = permits_.statistics();
  auto items_now = items_.statistics();
  auto changed_now = changed_.statistics();
  auto table_now = table_.statistics();
  auto data_now = data_.statistics();
  auto wire_now = wire_.statistics();
  return !lock_now.locked && lock_now.waiting == 0
      && permits_now.value == permits && permits_now.waiting == 0
      && (items_now.getting == 0 || items_now.size == 0)
      && (items_now.putting == 0 || items_now.size == items_now.maxsize)
      && !changed_now.lock.locked && changed_now.lock.waiting == 0
      && (changed_now.waiting == 0 || tokens_ == 0)
      && table_now.waiting < parties && table_now.leaving == 0
      && table_now.early == 0 && gate_.statistics().waiting == 0
      && data_now.readers == 0 && !data_now.writing
      && data_now.waiting_readers + data_now.waiting_writers == 0
      && first_.statistics().waiting == 0
      && (wire_now.receiving == 0 || wire_now.sending + wire_now.size == 0);
}

void storm::check(bool holds, const char* what) {
  if (!holds)
    problems_ += std::string{what} + '\n';
}

void storm::check_books() {
  check(!crowded_, "too many in a lock or with a permit");
  check(!door_.locked(), "a lock was lost");
  check(permits_.statistics().value == permits, "a permit was lost or doubled");
  check(!changed_.locked(), "the lock of a condition was lost");
  check(made_ == taken_ + tokens_, "two tasks had one token");
  auto left = items_.statistics();
  check(left.getting + left.putting == 0, "somebody stands in a queue's line");
  while (!items_.empty()) {
    ++got_;
    got_sum_ += items_.get_nowait();
  }
  check_more_books();
  check(put_ == got_ && put_sum_ == got_sum_, "an item was lost or doubled");
  long rounds = 0;
  for (auto& each : places_)
    rounds = std::max<long>(rounds, each);
  long missing = 0;
  for (auto& each : places_)
    missing += rounds - each;
  check(missing <= cancelled_[meeting] + parties, "a place was lost");
  table_.reset();
  auto table_now = table_.statistics();
  check(table_now.waiting + table_now.leaving + table_now.early == 0,
        "somebody stands at the barrier");
}

void storm::check_more_books() {
  auto data_now = data_.statistics();
  check(data_now.readers == 0 && !data_now.writing, "a rw_lock was lost");
  check(data_now.waiting_readers + data_now.waiting_writers == 0,
        "somebody stands before a rw_lock");
  auto first_now = first_.statistics();
  check(first_now.runner.empty() && first_now.waiting == 0,
        "the right to do it once was lost");
  auto wire_now = wire_.statistics();
  check(wire_now.sending + wire_now.receiving == 0,
        "somebody stands in a channel's line");
  while (auto item = wire_.try_receive()) {
    ++got_;
    got_sum_ += *item;
  }
  auto calls_now = calls_.statistics();
  check(calls_now.waiting == 0 && calls_now.taken == called_,
        "a token was lost or doubled");
}

} // namespace models
