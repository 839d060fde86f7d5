// Channels, with and without capacity, against their model.

#include <troupe/channel.hpp>
#include <troupe/error.hpp>

#include "models/channel_model.hpp"
#include "models/compare.hpp"

#include <set>

using namespace troupe;
using namespace models;

namespace {

constexpr word words[]
  = {word::turn,     word::turn,    word::send,     word::receive,
     word::send,     word::receive, word::cancel,   word::turn,
     word::try_send, word::send,    word::receive,  word::try_receive,
     word::turn,     word::cancel,  word::send,     word::receive,
     word::turn,     word::cancel,  word::try_send, word::try_receive,
     word::send,     word::receive, word::close};

struct real_channel {
  channel<int> real;

  template <class F>
  coro<void> wait(step what, F tell) {
    int result = nothing;
    try {
      if (what.what == word::send)
        co_await real.send(item_of(what));
      else if (what.number % 2 == 0)
        result = co_await real.receive();
      else if (auto item = co_await real.next())
        result = *item;
      else
        result = shut;
    } catch (const channel_closed&) {
      result = shut;
    }
    tell(result);
  }

  int call(step what) {
    try {
      switch (what.what) {
        case word::try_send:
          return real.try_send(item_of(what)) ? yes : no;
        case word::try_receive:
          return real.try_receive().value_or(no);
        default:
          real.close();
          return nothing;
      }
    } catch (const channel_closed&) {
      return shut;
    }
  }

  view look() const {
    auto now = real.statistics();
    return {static_cast<long>(now.size), static_cast<long>(now.sending),
            static_cast<long>(now.receiving), now.closed};
  }
};

// What was sent is received once, or is there.
class channel_promises {
public:
  explicit channel_promises(int capacity) : capacity_(capacity) {}

  void asks(int, step) {}

  void has(int, step what, int result) {
    if (what.what == word::send && result == nothing)
      send(item_of(what));
    else if (what.what == word::receive && result >= 0)
      receive(result);
  }

  void gone(int) {}

  void called(step what, int result) {
    if (what.what == word::try_send && result == yes)
      send(item_of(what));
    else if (what.what == word::try_receive && result >= 0)
      receive(result);
  }

  void at_end(real_channel& real) {
    auto end = real.real.statistics();
    test::require(end.sending + end.receiving == 0, "nobody waits");
    real.real.close();
    for (std::size_t i = 0; i < end.size; ++i)
      receive(real.real.try_receive().value_or(no));
    test::require(sent_ == received_, "no item is lost or doubled");
  }

private:
  void send(int item) {
    test::require(sent_.insert(item).second);
    line_.push_back(item);
    test::require(capacity_ == 0 || line_.size() <= capacity_,
                  "no more than it can hold");
  }

  // Without a capacity the sender may go on later.
  void receive(int item) {
    test::require(received_.insert(item).second, "an item is received once");
    if (capacity_ == 0)
      return;
    test::require(!line_.empty() && line_.front() == item,
                  "items come in the order in which they were sent");
    line_.pop_front();
  }

  std::size_t capacity_;
  std::set<int> sent_;
  std::set<int> received_;
  std::deque<int> line_;
};

} // namespace

TEST_CASE("channel: it does what its model does", "[explore]") {
  require_none(difference(
    "channel", words,
    [](int capacity) { return real_channel{channel<int>{capacity}}; },
    [](int capacity) { return channel_model{capacity}; },
    [](int capacity) { return channel_promises{capacity}; }));
}
