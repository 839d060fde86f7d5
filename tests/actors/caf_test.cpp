#include <troupe/caf.hpp>
#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Watches the actors that are sent to it, and notes why they ended.
class observer : public caf::event_based_actor {
public:
  observer(caf::actor_config& config, record<caf::error>& ends)
    : event_based_actor(config) {
    set_down_handler(
      [&ends](const caf::down_msg& down) { ends.add(down.reason); });
  }

  caf::behavior make_behavior() override {
    return {[this](const caf::actor& target) {
      monitor(target);
    }};
  }
};

// Links itself to the actor that is sent to it; ends with it, as is CAF's
// custom.
class companion : public caf::event_based_actor {
public:
  companion(caf::actor_config& config, record<std::string>& events)
    : event_based_actor(config), events_(events) {}

  caf::behavior make_behavior() override {
    return {[this](const caf::actor& target) {
              link_to(target);
              events_.add("linked");
            },
            [this](int) {
              quit(caf::exit_reason::user_shutdown);
            }};
  }

  void on_exit() override {
    events_.add("ended");
  }

private:
  record<std::string>& events_;
};

class doubler : public caf::event_based_actor {
public:
  doubler(caf::actor_config& config, std::atomic<bool>& elsewhere)
    : event_based_actor(config), elsewhere_(elsewhere) {}

  caf::behavior make_behavior() override {
    auto us = std::this_thread::get_id();
    return {[this, us](int x) {
      if (std::this_thread::get_id() != us)
        elsewhere_ = true;
      return x * 2;
    }};
  }

private:
  std::atomic<bool>& elsewhere_;
};

// Asks another actor, and gives the answer or the error on.
class asker : public caf::event_based_actor {
public:
  asker(caf::actor_config& config, caf::actor target, future<std::string> told)
    : event_based_actor(config), target_(std::move(target)),
      told_(std::move(told)) {}

  caf::behavior make_behavior() override {
    request(target_, caf::infinite, 21)
      .then([this](int x) { told_.set_result(std::to_string(x)); },
            [this](const caf::error&) {
              told_.set_result(std::string{"an error"});
            });
    return {[](int) {
    }};
  }

private:
  caf::actor target_;
  future<std::string> told_;
};

// Sends itself a message after a while.
class alarm_clock : public caf::event_based_actor {
public:
  alarm_clock(caf::actor_config& config, future<void> told)
    : event_based_actor(config), told_(std::move(told)) {}

  caf::behavior make_behavior() override {
    delayed_send(this, 10ms, 1);
    return {[this](int) {
      told_.set_result();
      quit();
    }};
  }

private:
  future<void> told_;
};

coro<int> give(int value) {
  co_return value;
}

coro<void> linger() {
  co_await sleep(1h);
}

coro<void> fail() {
  co_await sleep(0s);
  throw std::runtime_error("broken");
}

coro<void> wait_done(any_task x) {
  co_await reached([&] { return x.done(); });
  try {
    x.exception();
  } catch (const cancelled_error&) {
  }
}

// Runs `child` watched by an observer, does `act(task)` when it stands at an
// await, and returns the reason that the observer is told.
template <class Make, class Act>
caf::error reason_of_end(run_options options, Make make, Act act) {
  record<caf::error> ends;
  run(
    [&]() -> coro<void> {
      auto& system = system_of(get_running_loop());
      auto watcher = system.spawn<observer>(ends);
      auto gate = future<void>::make();
      auto child = create_task([&]() -> coro<void> {
        co_await gate;
        co_await make();
      });
      caf::anon_send(watcher, child.actor());
      gate.set_result();
      co_await turns(3);
      act(child);
      co_await wait_done(child);
      co_await reached([&] { return !ends.empty(); });
    },
    options);
  return ends.empty() ? caf::error{caf::sec::request_timeout}
                      : ends.all().front();
}

} // namespace

TEST_CASE("caf: monitors are told no reason for a result", "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    auto reason = reason_of_end(
      options, [] { return turns(5); }, [](const task<void>&) {});
    CHECK_FALSE(reason);
  });
}

TEST_CASE("caf: monitors are told user_shutdown for a cancellation",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    auto reason = reason_of_end(
      options, [] { return linger(); },
      [](const task<void>& child) { child.cancel(); });
    CHECK(reason == caf::exit_reason::user_shutdown);
  });
}

TEST_CASE("caf: monitors are told a runtime error for an exception",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    auto reason
      = reason_of_end(options, [] { return fail(); }, [](const task<void>&) {});
    CHECK(reason == caf::sec::runtime_error);
  });
}

TEST_CASE("caf: monitoring a task that has ended is answered at once",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    record<caf::error> ends;
    run(
      [&]() -> coro<void> {
        auto child = create_task(give(1));
        co_await child;
        auto watcher = system_of(get_running_loop()).spawn<observer>(ends);
        caf::anon_send(watcher, child.actor());
        co_await reached([&] { return !ends.empty(); });
      },
      options);
    CHECK(ends.size() == 1);
  });
}

TEST_CASE("caf: a handle taken after the end knows the reason",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    record<caf::error> ends;
    bool same = true;
    run(
      [&]() -> coro<void> {
        auto watcher = system_of(get_running_loop()).spawn<observer>(ends);
        auto failed = create_task(fail());
        auto stopped = create_task(linger());
        co_await turns(1);
        stopped.cancel();
        for (const any_task& child : {any_task{failed}, any_task{stopped}}) {
          co_await wait_done(child);
          auto before = ends.size();
          caf::anon_send(watcher, child.actor());
          co_await reached([&] { return ends.size() > before; });
          same = same && child.actor() == child.actor();
        }
      },
      options);
    CHECK(same);
    REQUIRE(ends.size() == 2);
    CHECK(ends.all()[0] == caf::sec::runtime_error);
    CHECK(ends.all()[1] == caf::exit_reason::user_shutdown);
  });
}

TEST_CASE("caf: threads that ask for a task's handle at once get the same one",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    constexpr int rounds = 200;
    int same = 0;
    int told = 0;
    run(
      [&]() -> coro<void> {
        record<caf::error> ends;
        auto watcher = system_of(get_running_loop()).spawn<observer>(ends);
        for (int i = 0; i < rounds; ++i) {
          auto before = ends.size();
          auto child = create_task(turns(i % 4));
          std::vector<caf::actor> handles(3);
          std::vector<std::thread> threads;
          for (auto& handle : handles)
            threads.emplace_back([&] { handle = child.actor(); });
          co_await turns(2);
          for (auto& thread : threads)
            thread.join();
          same += handles[0] == handles[1] && handles[1] == handles[2];
          caf::anon_send(watcher, handles[0]);
          co_await child;
          told += co_await reached([&] { return ends.size() > before; });
        }
      },
      options);
    CHECK(same == rounds);
    CHECK(told == rounds);
  });
}

TEST_CASE("caf: an exit message cancels a task, which may clean up",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> cleaned{false};
    auto reason = reason_of_end(
      options,
      [&]() -> coro<void> {
        bool interrupted = false;
        try {
          co_await sleep(1h);
        } catch (const cancelled_error&) {
          interrupted = true;
        }
        co_await sleep(0s);
        cleaned = true;
        if (interrupted)
          throw cancelled_error{};
      },
      [](const task<void>& child) {
        caf::anon_send_exit(child.actor(), caf::exit_reason::kill);
      });
    CHECK(cleaned);
    CHECK(reason == caf::exit_reason::kill);
  });
}

TEST_CASE("caf: exit messages from a foreign thread cancel a task",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        auto child = create_task(linger());
        auto target = child.actor();
        std::thread other{[target] {
          caf::anon_send_exit(target, caf::exit_reason::user_shutdown);
        }};
        co_await wait_done(child);
        cancelled = child.cancelled();
        other.join();
      },
      options);
    CHECK(cancelled);
  });
}

TEST_CASE("caf: an actor that is linked to a task ends with its failure",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto child = create_task([&]() -> coro<void> {
          co_await gate;
          throw std::runtime_error("broken");
        });
        auto other = system_of(get_running_loop()).spawn<companion>(events);
        caf::anon_send(other, child.actor());
        co_await reached([&] { return !events.empty(); });
        gate.set_result();
        co_await wait_done(child);
        co_await reached([&] { return events.size() == 2; });
      },
      options);
    CHECK(events.all() == std::vector<std::string>{"linked", "ended"});
  });
}

TEST_CASE("caf: a task that is linked to an actor is cancelled by its end",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        auto child = create_task(linger());
        auto other = system_of(get_running_loop()).spawn<companion>(events);
        caf::anon_send(other, child.actor());
        co_await reached([&] { return !events.empty(); });
        caf::anon_send(other, 1);
        co_await wait_done(child);
        cancelled = child.cancelled();
      },
      options);
    CHECK(cancelled);
  });
}

TEST_CASE("caf: ordinary actors run on the loop", "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> elsewhere{false};
    auto answer = run(
      [&]() -> coro<std::string> {
        auto& system = system_of(get_running_loop());
        auto told = future<std::string>::make();
        auto target = system.spawn<doubler>(elsewhere);
        auto client = system.spawn<asker>(target, told);
        auto got = co_await told;
        co_return got;
      },
      options);
    CHECK(answer == "42");
    CHECK((!elsewhere || options.threads > 1));
  });
}

TEST_CASE("caf: timers of actors run on the loop's clock", "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    bool in_time = run(
      [&]() -> coro<bool> {
        auto loop = get_running_loop();
        auto start = loop.time();
        auto told = future<void>::make();
        auto clock = system_of(loop).spawn<alarm_clock>(told);
        co_await told;
        co_return loop.time() - start >= 10ms;
      },
      options);
    CHECK(in_time);
  });
}

TEST_CASE("caf: a request to a task is answered with an error",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    auto answer = run(
      []() -> coro<std::string> {
        auto child = create_task(linger());
        auto told = future<std::string>::make();
        auto client
          = system_of(get_running_loop()).spawn<asker>(child.actor(), told);
        co_await turns(3);
        child.cancel(); // at the latest its end answers
        auto got = co_await told;
        co_return got;
      },
      options);
    CHECK(answer == "an error");
  });
}

TEST_CASE("caf: a message that a task does not know changes nothing",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    int value = run(
      []() -> coro<int> {
        auto gate = future<int>::make();
        auto child
          = create_task([gate]() -> coro<int> { co_return co_await gate; });
        for (int i = 0; i < 10; ++i)
          caf::anon_send(child.actor(), std::string{"hello"});
        co_await turns(3);
        gate.set_result(4);
        auto got = co_await child;
        caf::anon_send(child.actor(), std::string{"too late"});
        co_return got;
      },
      options);
    CHECK(value == 4);
  });
}

TEST_CASE("caf: a task has one handle", "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    bool same = false;
    bool others = false;
    run(
      [&]() -> coro<void> {
        auto one = create_task(give(1));
        auto two = create_task(give(2));
        same = one.actor() == any_task{one}.actor();
        others = one.actor() != two.actor();
        co_await one;
        co_await two;
      },
      options);
    CHECK(same);
    CHECK(others);
  });
}

TEST_CASE("caf: await_all_actors_done returns when all tasks have ended",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    loop_options how;
    how.threads = options.threads;
    auto loop = new_event_loop(how);
    record<caf::error> ends;
    loop.run_until_complete([&]() -> coro<void> {
      auto watcher = system_of(loop).spawn<observer>(ends);
      std::vector<task<void>> tasks;
      for (int i = 0; i < 20; ++i) {
        tasks.push_back(create_task(turns(i)));
        caf::anon_send(watcher, tasks.back().actor());
      }
      for (auto& each : tasks)
        co_await each;
      co_await reached([&] { return ends.size() == 20; });
      caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
    }());
    loop.run_until_complete(turns(3));
    system_of(loop).await_all_actors_done();
    loop.close();
    CHECK(ends.size() == 20);
  });
}

TEST_CASE("caf: handles may outlive the run", "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    task<int> child;
    run(
      [&]() -> coro<void> {
        child = create_task(give(5));
        co_await child;
      },
      options);
    CHECK(child.done());
    CHECK(child.result() == 5);
  });
}

TEST_CASE("caf: callbacks that are dropped with their loop may own actors",
          "[caf][threads]") {
  for_each_worker_count([](run_options options) {
    record<std::string> events;
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        auto actor = system_of(loop).spawn<companion>(events);
        loop.call_later(1h, [actor] {});
        actor = nullptr;
        co_await turns(3);
        auto last = system_of(loop).spawn<companion>(events);
        caf::anon_send(last, 1);
        loop.call_soon([last] {});
      },
      options);
    CHECK(!events.empty());
  });
}
