// Monitors, links, exits, limits of mailboxes, messages to the dead.

#include <troupe/link.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> nothing() {
  co_return;
}

coro<void> linger() {
  co_await sleep(1h);
}

coro<void> fail() {
  co_await sleep(0s);
  throw std::runtime_error("broken");
}

coro<std::string> end_of(any_task child) {
  auto id = monitor(child);
  std::string text;
  co_await receive([&](const down& x) {
    text = to_string(x.reason);
    if (x.id != id || x.who != actor_ref{child})
      text = "of another";
  });
  co_return text;
}

coro<void> link_and_fail(actor_ref other) {
  link(other);
  co_await sleep(0s);
  throw std::runtime_error("broken");
}

coro<void> link_and_linger(actor_ref other) {
  link(other);
  co_await linger();
}

} // namespace

TEST_CASE("actor: a monitor is told how a task ended", "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    record<> ends;
    run(
      [&]() -> coro<void> {
        auto normal = create_task(nothing());
        auto failed = create_task(fail());
        auto stopped = create_task(linger());
        auto text = co_await end_of(normal);
        ends.add(text);
        text = co_await end_of(failed);
        ends.add(text);
        stopped.cancel();
        text = co_await end_of(stopped);
        ends.add(text);
        text = co_await end_of(normal); // has ended long ago
        ends.add(text);
      },
      options);
    auto all = ends.all();
    REQUIRE(all.size() == 4);
    CHECK(all[0] == "a normal end");
    CHECK(contains(all[1], "broken"));
    CHECK(contains(all[2], "cancelled"));
    CHECK(all[3] == "a normal end");
  });
}

TEST_CASE("actor: a monitor that was taken back tells nothing",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    bool told = true;
    run(
      [&]() -> coro<void> {
        auto child = create_task(nothing());
        auto id = monitor(child);
        auto other = monitor(create_task(linger()));
        co_await child;
        co_await turns(3);
        demonitor(id);
        demonitor(other);
        told = co_await receive_for(0s, [](const down&) {});
      },
      options);
    CHECK_FALSE(told);
  });
}

TEST_CASE("actor: a link cancels the other task when one fails",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    std::string reason;
    run(
      [&]() -> coro<void> {
        auto one = create_task(linger());
        auto two = create_task(link_and_linger(one));
        auto three = create_task(link_and_fail(two));
        co_await ending_of(three);
        reason = co_await end_of(one); // through the chain of links
        cancelled = one.cancelled() && two.cancelled();
      },
      options);
    CHECK(cancelled);
    CHECK(contains(reason, "broken"));
  });
}

TEST_CASE("actor: a normal end cancels nobody", "[actor]") {
  bool alive = run([]() -> coro<bool> {
    auto one = create_task(linger());
    co_await create_task([&]() -> coro<void> {
      link(one);
      co_return;
    });
    co_await turns(3);
    bool lives = !one.done();
    one.cancel();
    co_return lives;
  });
  CHECK(alive);
}

TEST_CASE("actor: a task that traps exits is told of them",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::string text;
    run(
      [&]() -> coro<void> {
        trap_exit(true);
        auto child = create_task(link_and_fail(self()));
        co_await receive(
          [&](const exit_signal& x) { text = to_string(x.reason); });
        co_await ending_of(child);
      },
      options);
    CHECK(contains(text, "broken"));
  });
}

TEST_CASE("actor: linking to one that has failed is told at once", "[actor]") {
  bool cancelled = run([]() -> coro<bool> {
    auto failed = create_task(fail());
    co_await ending_of(failed);
    auto child = create_task(link_and_linger(failed));
    co_await ending_of(child);
    co_return child.cancelled();
  });
  CHECK(cancelled);
}

TEST_CASE("actor: unlink takes a link back, and send_exit ends a task",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    bool unharmed = false;
    std::string reason;
    run(
      [&]() -> coro<void> {
        auto child = create_task(linger());
        link(child);
        unlink(child);
        send_exit(child, "no longer needed");
        reason = co_await end_of(child);
        co_await turns(3);
        unharmed = true;
      },
      options);
    CHECK(unharmed);
    CHECK(contains(reason, "no longer needed"));
  });
}

TEST_CASE("actor: a full mailbox is reported once, with names", "[actor]") {
  error_log log;
  run([&]() -> coro<void> {
    log.watch(get_running_loop());
    mailbox_options how;
    how.high_water = 10;
    set_mailbox(how);
    auto sender = create_task(
      [to = self()]() -> coro<void> {
        for (int i = 0; i < 30; ++i)
          tell(to, i);
        co_await sleep(1h);
      },
      {.name = "flood"});
    co_await reached([&] { return log.size() > 0; });
    co_await receive([](const std::string&) {}, [](int) {});
    sender.cancel();
  });
  REQUIRE(log.size() == 1);
  CHECK(contains(log.all()[0].message, "holds 10 messages"));
  CHECK(contains(log.all()[0].message, "is from flood"));
}

TEST_CASE("actor: a bounded mailbox drops or refuses what is too much",
          "[actor]") {
  mailbox_statistics dropped;
  int refused = 0;
  run([&]() -> coro<void> {
    mailbox_options how;
    how.bound = 3;
    how.when_full = full_policy::drop;
    set_mailbox(how);
    for (int i = 0; i < 5; ++i)
      tell(self(), i);
    dropped = get_mailbox();
    for (int i = 0; i < 3; ++i)
      co_await receive([](int) {});
    how.when_full = full_policy::fail;
    set_mailbox(how);
    for (int i = 0; i < 5; ++i)
      try {
        tell(self(), i);
      } catch (const mailbox_full_error&) {
        ++refused;
      }
  });
  CHECK(dropped.size == 3);
  CHECK(dropped.dropped == 2);
  CHECK(refused == 2);
}

TEST_CASE("actor: senders wait for room in a bounded mailbox",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::size_t most = 0;
    int sum = 0;
    run(
      [&]() -> coro<void> {
        mailbox_options how;
        how.bound = 2;
        set_mailbox(how);
        auto flood = [](actor_ref to) -> coro<void> {
          for (int i = 0; i < 20; ++i)
            co_await send(to, i);
        };
        auto one = create_task(flood(self()));
        auto two = create_task(flood(self()));
        for (int i = 0; i < 40; ++i)
          co_await receive([&](int x) { sum += x; });
        co_await one;
        co_await two;
        most = get_mailbox().most;
      },
      options);
    CHECK(sum == 380);
    CHECK(most <= 2);
  });
}

// The receiver's end and the sender's message race on several workers.
TEST_CASE("actor: senders that wait go on when the receiver ends",
          "[actor][threads]") {
  for_each_worker_count([](run_options options) {
    const std::uint64_t rounds = options.threads > 1 ? 1000 : 1;
    std::uint64_t dead = 0;
    error_log log;
    run(
      [&]() -> coro<void> {
        log.watch(get_running_loop());
        for (std::uint64_t i = 0; i < rounds; ++i) {
          auto gate = future<void>::make();
          auto child = create_task([=]() -> coro<void> {
            mailbox_options how;
            how.bound = 1;
            set_mailbox(how);
            gate.set_result();
            co_await linger();
          });
          co_await gate;
          co_await send(child, 1);
          auto waiting = create_task(send(child, 2));
          co_await turns(2);
          child.cancel();
          co_await waiting;
        }
        co_await reached([&] { return dead_letters() >= rounds; });
        dead = dead_letters();
      },
      options);
    CHECK(dead == rounds);
  });
}

TEST_CASE("actor: messages to the dead are counted, and reported seldom",
          "[actor]") {
  error_log log;
  std::uint64_t count = 0;
  run([&]() -> coro<void> {
    log.watch(get_running_loop());
    auto child = create_task(nothing());
    co_await child;
    for (int i = 0; i < 100; ++i)
      tell(child, i);
    count = dead_letters();
  });
  CHECK(count == 100);
  CHECK(log.count("actors that have ended") == 1);
}

TEST_CASE("actor: what a task did not receive before its end is no dead letter",
          "[actor]") {
  error_log log;
  std::uint64_t count = 1;
  run([&]() -> coro<void> {
    log.watch(get_running_loop());
    auto child = create_task(nothing());
    tell(child, 1); // before its first step
    co_await child;
    count = dead_letters();
  });
  CHECK(count == 0);
  CHECK(log.count("actors that have ended") == 0);
}
