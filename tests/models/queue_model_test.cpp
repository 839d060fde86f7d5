// Queues against their model.

#include <troupe/error.hpp>
#include <troupe/queue.hpp>

#include "models/compare.hpp"
#include "models/queue_model.hpp"
#include "support/errors.hpp"

using namespace troupe;
using namespace models;

namespace {

constexpr word words[]
  = {word::turn,       word::turn,      word::put,    word::put,
     word::get,        word::get,       word::cancel, word::turn,
     word::put_nowait, word::put,       word::get,    word::get_nowait,
     word::task_done,  word::task_done, word::join,   word::cancel,
     word::turn,       word::turn,      word::put,    word::get,
     word::put,        word::get,       word::cancel, word::turn,
     word::put_nowait, word::get,       word::put,    word::get_nowait,
     word::shut_down,  word::turn,      word::turn,   word::shut_down_now};

struct urgent_first {
  bool operator()(int x, int y) const {
    return is_more_urgent(x, y);
  }
};

template <class Queue>
struct real_queue {
  Queue real;

  template <class F>
  coro<void> wait(step what, F tell) {
    int result = nothing;
    try {
      if (what.what == word::put)
        co_await real.put(item_of(what));
      else if (what.what == word::get)
        result = co_await real.get();
      else
        co_await real.join();
    } catch (const queue_shut_down&) {
      result = shut;
    }
    tell(result);
  }

  int call(step what) {
    try {
      return call_open(what);
    } catch (const queue_shut_down&) {
      return shut;
    } catch (const queue_full&) {
      return no;
    } catch (const queue_empty&) {
      return no;
    } catch (const error&) {
      return refused;
    }
  }

  view look() const {
    auto now = real.statistics();
    return {static_cast<long>(now.size),
            real.empty(),
            real.full(),
            static_cast<long>(now.getting),
            static_cast<long>(now.putting),
            static_cast<long>(now.unfinished)};
  }

private:
  int call_open(step what) {
    switch (what.what) {
      case word::put_nowait:
        real.put_nowait(item_of(what));
        return nothing;
      case word::get_nowait:
        return real.get_nowait();
      case word::task_done:
        real.task_done();
        return nothing;
      default:
        real.shutdown(what.what == word::shut_down_now);
        return nothing;
    }
  }
};

// What was put is got, in the queue's order, or is there.
class queue_promises {
public:
  queue_promises(int size, order by)
    : size_(size == 0 ? 1'000 : static_cast<std::size_t>(size)), order_(by) {}

  void asks(int, step) {}

  void has(int, step what, int result) {
    done(what, result);
  }

  void gone(int) {}

  void called(step what, int result) {
    done(what, result);
    if (what.what == word::task_done) {
      test::require((result == nothing) == (unfinished_ > 0),
                    "items that were put are counted");
      unfinished_ -= result == nothing;
    }
    if (what.what == word::shut_down_now) {
      unfinished_ -= std::min(unfinished_, items_.size());
      items_.clear();
    }
  }

  template <class Real>
  void at_end(Real& real) {
    auto end = real.real.statistics();
    test::require(end.size == items_.size(), "no item is lost or doubled");
    test::require(end.unfinished == unfinished_);
    test::require(end.getting + end.putting + end.joining == 0, "nobody waits");
    while (!real.real.empty())
      take(real.real.get_nowait());
    test::require(items_.empty(), "no item is kept for somebody who has gone");
  }

private:
  void done(step what, int result) {
    bool puts = what.what == word::put || what.what == word::put_nowait;
    bool gets = what.what == word::get || what.what == word::get_nowait;
    if (puts && result == nothing) {
      items_.push_back(item_of(what));
      ++unfinished_;
      test::require(items_.size() <= size_, "no more than it can hold");
    } else if (gets && result >= 0) {
      take(result);
    }
  }

  void take(int item) {
    test::require(!items_.empty(), "only what was put is got");
    auto next = next_of(items_, order_);
    test::require(*next == item, "items come in the queue's order");
    items_.erase(next);
  }

  std::vector<int> items_;
  std::size_t unfinished_ = 0;
  std::size_t size_;
  order order_;
};

template <class Queue>
void check_queue(const char* name, order by) {
  auto make = [](int size) {
    return real_queue<Queue>{Queue{size}};
  };
  auto make_model = [by](int size) {
    return queue_model{size, by};
  };
  auto make_promises = [by](int size) {
    return queue_promises{size, by};
  };
  require_none(difference(name, words, make, make_model, make_promises));
}

} // namespace

TEST_CASE("queue: it does what its model does", "[explore]") {
  check_queue<queue<int>>("queue", order::first_in);
}

TEST_CASE("priority_queue: it does what its model does", "[explore]") {
  check_queue<priority_queue<int, urgent_first>>("priority_queue",
                                                 order::smallest);
}

TEST_CASE("lifo_queue: it does what its model does", "[explore]") {
  check_queue<lifo_queue<int>>("lifo_queue", order::last_in);
}

TEST_CASE("models: a queue with another rule is found, by a short program") {
  std::string found = difference(
    "lifo_queue", words,
    [](int size) { return real_queue<lifo_queue<int>>{lifo_queue<int>{size}}; },
    [](int size) { return queue_model{size, order::first_in}; },
    [](int size) { return queue_promises{size, order::last_in}; });
  CAPTURE(found);
  CHECK(contains(found, "not as the model"));
  auto begin = found.find("size ");
  CHECK(found.find('\n', begin) - begin < 70);
}

TEST_CASE("models: a broken promise is found") {
  std::string found = difference(
    "queue", words,
    [](int size) { return real_queue<queue<int>>{queue<int>{size}}; },
    [](int size) { return queue_model{size, order::first_in}; },
    [](int size) { return queue_promises{size, order::last_in}; });
  CAPTURE(found);
  CHECK(contains(found, "items come in the queue's order"));
}
