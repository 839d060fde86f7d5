// Channels and selects in explored orders, with a task cancelled at every step:
// no item is lost, doubled or taken by who did not choose it.

#include <troupe/channel.hpp>
#include <troupe/event.hpp>
#include <troupe/lock.hpp>
#include <troupe/queue.hpp>
#include <troupe/select.hpp>
#include <troupe/semaphore.hpp>

#include "simulation/injection.hpp"

#include <numeric>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// An item that counts how many of it there are.
class token {
public:
  explicit token(int& alive) : alive_(&alive) {
    ++alive;
  }

  token(token&& other) noexcept
    : alive_(std::exchange(other.alive_, nullptr)) {}

  token& operator=(token&&) = delete;

  ~token() {
    if (alive_)
      --*alive_;
  }

private:
  int* alive_;
};

coro<void> send_token(channel<token> out, int& alive, int& sent) {
  token item{alive};
  co_await out.send(std::move(item));
  ++sent;
}

coro<void> receive_token(channel<token> in, int& got) {
  auto item = co_await in.next();
  got += item.has_value();
}

// Sends or receives on two channels, whichever is possible.
coro<void> trade(channel<token> out, channel<token> in, int& alive, int& sent,
                 int& got) {
  token item{alive};
  auto done = co_await select(out.send(std::move(item)), in.next());
  if (done.index() == 0)
    ++sent;
  else
    got += std::get<1>(done).has_value();
}

coro<void> pass_tokens(injection where, int capacity) {
  int alive = 0;
  int sent = 0;
  int got = 0;
  {
    channel<token> items{capacity, "items"};
    std::vector<task<>> all;
    for (int i = 0; i < 2; ++i) {
      all.push_back(create_task(send_token(items, alive, sent)));
      all.push_back(create_task(receive_token(items, got)));
    }
    auto strike = where.strike(all);
    co_await strike;
    co_await test::wait_all_tasks_blocked();
    auto left = items.statistics();
    test::require(sent == got + static_cast<int>(left.size),
                  "what was sent was received, or is there");
    test::require(left.size == 0 || left.receiving == 0,
                  "nobody waits beside an item");
    test::require(left.sending == 0
                    || (left.receiving == 0 && left.size == left.capacity),
                  "nobody waits beside room, or a receiver");
    if (left.sending == 0)
      for (std::size_t i = left.size; i < left.capacity; ++i) {
        test::require(items.try_send(token{alive}), "all room can be used");
        ++sent;
      }
    items.close();
    for (auto& each : all) {
      try {
        co_await ended_cancelled(each);
      } catch (const channel_closed&) {
      }
    }
    auto end = items.statistics();
    test::require(sent == got + static_cast<int>(end.size), "none was lost");
    test::require(end.sending + end.receiving == 0, "nobody is left");
  }
  test::require(alive == 0, "each item is destroyed once");
}

coro<void> close_at(int step, int capacity) {
  int alive = 0;
  int sent = 0;
  int got = 0;
  int ended = 0;
  {
    channel<token> items{capacity, "items"};
    std::vector<task<>> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(create_task(send_token(items, alive, sent)));
      all.push_back(create_task(receive_token(items, got)));
    }
    co_await steps_of(step);
    items.close();
    for (auto& each : all) {
      try {
        co_await each;
        ++ended;
      } catch (const channel_closed&) {
        ++ended;
      }
    }
    test::require(ended == 6, "all ended");
    test::require(sent == got + static_cast<int>(items.statistics().size),
                  "what was sent was received, or is there");
  }
  test::require(alive == 0, "each item is destroyed once");
}

coro<void> trade_tokens(injection where, int capacity) {
  int alive = 0;
  int sent = 0;
  int got = 0;
  {
    channel<token> left{capacity, "left"};
    channel<token> right{capacity, "right"};
    std::vector<task<>> all;
    all.push_back(create_task(trade(left, right, alive, sent, got)));
    all.push_back(create_task(trade(right, left, alive, sent, got)));
    all.push_back(create_task(trade(left, right, alive, sent, got)));
    all.push_back(create_task(send_token(right, alive, sent)));
    all.push_back(create_task(receive_token(left, got)));
    auto strike = where.strike(all);
    co_await strike;
    co_await test::wait_all_tasks_blocked();
    auto items = [&] {
      return static_cast<int>(left.statistics().size + right.statistics().size);
    };
    test::require(sent == got + items(),
                  "what was sent was received, or is there");
    left.close();
    right.close();
    for (auto& each : all) {
      try {
        co_await ended_cancelled(each);
      } catch (const channel_closed&) {
      }
    }
    test::require(sent == got + items(), "none was lost");
  }
  test::require(alive == 0, "each item is destroyed once");
}

struct takings {
  int items = 0;
  int permits = 0;
  int locks = 0;
  int pulses = 0;
};

coro<void> take_any(queue<int> items, semaphore permits, lock door, event gate,
                    takings& seen) {
  auto got = co_await select(items.get(), permits.acquire(), door.acquire(),
                             gate.wait());
  switch (got.index()) {
    case 0:
      ++seen.items;
      break;
    case 1:
      ++seen.permits;
      break;
    case 2:
      ++seen.locks;
      co_await sleep(0s);
      door.release();
      break;
    default:
      ++seen.pulses;
  }
}

} // namespace

TEST_CASE("coordination: items of a channel are received once") {
  for (int capacity : {0, 1, 2})
    explore_cancellations(
      4, 10,
      [capacity](injection where) { return pass_tokens(where, capacity); },
      200);
}

TEST_CASE("coordination: a channel can be closed at any moment") {
  for (int capacity : {0, 1})
    for (int step = 0; step < 8; ++step) {
      INFO("capacity " << capacity << ", step " << step);
      auto found
        = test::explore([&]() { return close_at(step, capacity); }, {});
      INFO(found.text());
      REQUIRE(found.ok());
    }
}

TEST_CASE("coordination: selects meet on channels without loss") {
  for (int capacity : {0, 1})
    explore_cancellations(
      5, 10,
      [capacity](injection where) { return trade_tokens(where, capacity); },
      300);
}

TEST_CASE("coordination: a select takes exactly one of what is offered") {
  explore_cancellations(3, 10, [](injection where) -> coro<void> {
    queue<int> items{0, "items"};
    semaphore permits{0, "permits"};
    lock door{"door"};
    event gate{"gate"};
    takings seen;
    co_await door.acquire();
    std::vector<task<>> all;
    for (int i = 0; i < 3; ++i)
      all.push_back(create_task(take_any(items, permits, door, gate, seen)));
    auto strike = where.strike(all);
    co_await sleep(0s);
    items.put_nowait(1);
    co_await sleep(0s);
    permits.release();
    door.release();
    co_await strike;
    co_await test::wait_all_tasks_blocked();
    auto waiting = items.statistics().getting;
    test::require(waiting == permits.statistics().waiting
                    && waiting == gate.statistics().waiting,
                  "who chose stands in no line");
    test::require(waiting == 0
                    || (items.empty() && permits.statistics().value == 0),
                  "nobody waits beside what is there");
    gate.set();
    int cancelled = 0;
    for (auto& each : all)
      cancelled += co_await ended_cancelled(each);
    auto left = static_cast<int>(items.qsize());
    test::require(seen.items + left == 1, "one item in all");
    test::require(seen.permits + static_cast<int>(permits.statistics().value)
                    == 1,
                  "one permit in all");
    test::require(seen.items + seen.permits + seen.locks + seen.pulses
                    >= 3 - cancelled,
                  "each took one");
    bool locked = door.locked();
    test::require(!locked || cancelled > 0, "the lock is free at the end");
    test::require(door.statistics().waiting == 0, "nobody is left");
  });
}

TEST_CASE("coordination: a select that nothing ends is told with all it waits "
          "for") {
  test::simulation sim{{.how = test::strategy::fifo}};
  std::string report;
  try {
    sim.run([]() -> coro<void> {
      channel<int> items{0, "items"};
      event gate{"gate"};
      static_cast<void>(co_await select(items.receive(), gate.wait()));
    });
  } catch (const test::failure& found) {
    report = found.what();
  }
  CHECK_THAT(report,
             Catch::Contains("<select of <channel 'items' 0 of 0 items, 1 "
                             "receiving>, <event 'gate' not set, 1 waiting>>"));
}
