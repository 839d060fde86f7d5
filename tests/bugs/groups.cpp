// Wrong groups, races and services.

#include "bugs/bank.hpp"

#include <stdexcept>
#include <utility>

using namespace troupe;
using namespace std::chrono_literals;

namespace bugs {

namespace {

// -- a group completes before its handler is stored ---------------------------

// Like asio#1630.
template <bool Right>
class launch_group {
public:
  void start(coro<void> body) {
    ++open_;
    auto child = create_task(std::move(body), "child");
    child.add_done_callback([this] {
      if (--open_ == 0 && handler_)
        handler_.set_result();
    });
  }

  coro<void> wait() {
    co_await sleep(0s); // goes to its executor
    if (Right && open_ == 0)
      co_return;
    handler_ = future<void>::make();
    auto handler = handler_;
    co_await handler;
  }

private:
  int open_ = 0;
  future<void> handler_;
};

template <bool Right>
coro<void> early_group() {
  launch_group<Right> group;
  group.start(spin(2));
  group.start(spin(3));
  co_await group.wait();
}

// -- the loser of a race fails too --------------------------------------------

// Like cobalt#168: nobody takes the loser's exception.
coro<void> fail_after(int turns) {
  co_await spin(turns);
  throw std::runtime_error("the slow one is broken");
}

template <bool Right>
coro<void> race(task<void> x, task<void> y) {
  auto first = future<void>::make();
  auto tell = [first] {
    if (!first.done())
      first.set_result();
  };
  x.add_done_callback(tell);
  y.add_done_callback(tell);
  co_await first;
  auto winner = x.done() ? x : y;
  auto loser = x.done() ? y : x;
  if (!loser.done())
    loser.cancel();
  if (Right) {
    try {
      co_await loser;
    } catch (const std::exception&) {
    } catch (const cancelled_error&) {
    }
  }
  try {
    co_await winner;
  } catch (const std::exception&) {
  }
}

template <bool Right>
coro<void> escaping_loser() {
  auto x = create_task(spin(2), "x");
  auto y = create_task(fail_after(6), "y");
  co_await race<Right>(std::move(x), std::move(y));
}

// -- a service is started after it was stopped --------------------------------

// Like cobalt#198 and tokio's PR 3228: nobody ends what came too late.
template <bool Right>
class service {
public:
  void start() {
    if (!Right || !stopped_)
      running_.push_back(create_task(serve(), "server"));
  }

  coro<void> stop() {
    stopped_ = true;
    auto all = std::exchange(running_, {});
    for (const auto& each : all) {
      each.cancel();
      co_await ended(each);
    }
  }

private:
  coro<void> serve() {
    co_await sleep(1h);
  }

  bool stopped_ = false;
  std::vector<task<void>> running_;
};

template <bool Right>
coro<void> start_after(service<Right>& x, int turns) {
  co_await spin(turns);
  x.start();
}

template <bool Right>
coro<void> late_start() {
  service<Right> x;
  auto a = create_task(start_after(x, 1), "a");
  auto b = create_task(start_after(x, 3), "b");
  co_await spin(8);
  co_await x.stop();
  co_await a;
  co_await b;
}

} // namespace

std::vector<seeded_bug> group_bugs() {
  return {
    {"group: completes before its handler is stored", "asio#1630", "deadlock",
     among_others<early_group<false>>, among_others<early_group<true>>},
    {"race: the loser's exception escapes", "cobalt#168", "unhandled",
     among_others<escaping_loser<false>>, among_others<escaping_loser<true>>},
    {"service: started after its stop", "cobalt#198, tokio PR 3228",
     "left over", among_others<late_start<false>>,
     among_others<late_start<true>>}};
}

} // namespace bugs
