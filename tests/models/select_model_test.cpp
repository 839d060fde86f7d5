// Selects over a queue, a channel, a lock and an event, beside tasks that wait
// for one of them, against their model.

#include <troupe/channel.hpp>
#include <troupe/error.hpp>
#include <troupe/event.hpp>
#include <troupe/lock.hpp>
#include <troupe/queue.hpp>
#include <troupe/select.hpp>

#include "models/compare.hpp"
#include "models/select_model.hpp"

#include <set>

using namespace troupe;
using namespace models;

namespace {

constexpr word words[]
  = {word::turn,        word::select,      word::put_nowait, word::turn,
     word::select,      word::try_send,    word::select,     word::release,
     word::select,      word::cancel,      word::turn,       word::set,
     word::get,         word::receive,     word::acquire,    word::wait,
     word::try_acquire, word::cancel,      word::clear,      word::get_nowait,
     word::select,      word::try_receive, word::select,     word::release};

struct real_sources {
  queue<int> items{};
  channel<int> news{100};
  lock door{};
  event gate{};

  // Never ready: what a select leaves out.
  queue<int> no_items{};
  channel<int> no_news{};
  lock no_door = held_lock();
  event no_gate{};

  static lock held_lock() {
    lock made;
    static_cast<void>(made.try_acquire());
    return made;
  }

  coro<int> choose(step what) {
    auto& a = waits_for(what, from_queue) ? items : no_items;
    auto& b = waits_for(what, from_channel) ? news : no_news;
    auto& c = waits_for(what, from_lock) ? door : no_door;
    auto& d = waits_for(what, from_event) ? gate : no_gate;
    auto got = co_await select(a.get(), b.receive(), c.acquire(), d.wait());
    int item = 0;
    if (got.index() == from_queue)
      item = std::get<from_queue>(got);
    if (got.index() == from_channel)
      item = std::get<from_channel>(got);
    co_return result_of(static_cast<int>(got.index()), item);
  }

  template <class F>
  coro<void> wait(step what, F tell) {
    int result = 0;
    switch (what.what) {
      case word::get:
        result = result_of(from_queue, co_await items.get());
        break;
      case word::receive:
        result = result_of(from_channel, co_await news.receive());
        break;
      case word::acquire:
        co_await door.acquire();
        result = result_of(from_lock, 0);
        break;
      case word::wait:
        co_await gate.wait();
        result = result_of(from_event, 0);
        break;
      default:
        result = co_await choose(what);
    }
    tell(result);
  }

  int call(step what) {
    switch (what.what) {
      case word::put_nowait:
        items.put_nowait(item_of(what));
        return nothing;
      case word::try_send:
        return news.try_send(item_of(what)) ? yes : no;
      case word::get_nowait:
        return of(items.try_get(), from_queue);
      case word::try_receive:
        return of(news.try_receive(), from_channel);
      case word::try_acquire:
        return door.try_acquire() ? yes : no;
      case word::release:
        if (!door.locked())
          return refused;
        door.release();
        return nothing;
      default:
        what.what == word::set ? gate.set() : gate.clear();
        return nothing;
    }
  }

  static int of(std::optional<int> item, source from) {
    return item ? result_of(from, *item) : no;
  }

  view look() const {
    auto queued = items.statistics();
    auto sent = news.statistics();
    return {static_cast<long>(queued.size),
            static_cast<long>(sent.size),
            door.locked() * 2 + gate.is_set(),
            static_cast<long>(queued.getting + sent.receiving),
            static_cast<long>(door.statistics().waiting),
            static_cast<long>(gate.statistics().waiting)};
  }
};

// A task has one thing. What it was not given is there for others.
class select_promises {
public:
  explicit select_promises(int) {}

  void asks(int, step) {}

  void has(int, step what, int result) {
    test::require(waits_for(what, result / 10'000), "it has what it asked for");
    take(result);
  }

  void gone(int) {}

  void called(step what, int result) {
    if (what.what == word::put_nowait)
      put_.insert(result_of(from_queue, item_of(what)));
    else if (what.what == word::try_send)
      put_.insert(result_of(from_channel, item_of(what)));
    else if (what.what == word::try_acquire && result == yes)
      take(result_of(from_lock, 0));
    else if (what.what == word::release && result == nothing)
      inside_ = 0;
    else if (what.what == word::get_nowait || what.what == word::try_receive)
      if (result != no)
        take(result);
  }

  void at_end(real_sources& real) {
    view end = real.look();
    test::require(end[3] + end[4] + end[5] == 0, "nobody is left in a line");
    test::require(real.door.locked() == (inside_ == 1), "no lock is lost");
    while (auto item = real.items.try_get())
      take(result_of(from_queue, *item));
    while (auto item = real.news.try_receive())
      take(result_of(from_channel, *item));
    test::require(put_.empty(), "no item is lost");
  }

private:
  void take(int result) {
    if (result / 10'000 == from_lock)
      test::require(++inside_ == 1, "one at a time");
    else if (result / 10'000 != from_event)
      test::require(put_.erase(result) == 1, "an item is had once");
  }

  std::set<int> put_;
  int inside_ = 0;
};

} // namespace

TEST_CASE("select: it does what its model does", "[explore]") {
  require_none(difference(
    "select", words, [](int) { return real_sources{}; },
    [](int size) { return select_model{size}; },
    [](int size) { return select_promises{size}; }));
}
