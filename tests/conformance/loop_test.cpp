// What asyncio promises about the loop: callbacks, timers, running, closing.

#include <troupe/error.hpp>
#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>
#include <troupe/thread_pool.hpp>

#include "support/errors.hpp"
#include "support/flag.hpp"
#include "support/record.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

template <class F>
concept can_be_called_soon
  = requires(event_loop loop, F f) { loop.call_soon(std::move(f)); };

template <class F>
concept can_be_called_later_without_delay
  = requires(event_loop loop, F f) { loop.call_later(std::move(f)); };

template <class F>
concept can_be_called_at_a_delay
  = requires(event_loop loop, F f) { loop.call_at(1s, std::move(f)); };

coro<int> give(int value) {
  co_return value;
}

coro<int> give_later(int value) {
  co_await sleep(1ms);
  co_return value;
}

// A loop that is closed at the end of the scope.
class scoped_loop {
public:
  explicit scoped_loop(run_options options) {
    loop_options how;
    how.threads = options.threads;
    how.debug = options.debug;
    loop_ = new_event_loop(how);
  }

  scoped_loop(const scoped_loop&) = delete;
  scoped_loop& operator=(const scoped_loop&) = delete;

  ~scoped_loop() {
    if (loop_.is_closed())
      return;
    for (auto& left : all_tasks(loop_))
      left.cancel();
    loop_.run_until_complete(
      reached([&] { return all_tasks(loop_).size() == 1; })); // it alone
    loop_.close();
  }

  event_loop* operator->() {
    return &loop_;
  }

  event_loop& operator*() {
    return loop_;
  }

private:
  event_loop loop_;
};

} // namespace

// -- callbacks ----------------------------------------------------------------

TEST_CASE("call_soon: passes its arguments, and stop lets the turn finish "
          "(fact 319)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    record<> seen;
    scoped_loop loop{options};
    loop->call_soon(
      [&](const std::string& text, int number) {
        seen.add(text + std::to_string(number));
        loop->stop();
      },
      std::string{"hello "}, 5);
    loop->run_forever();

    CHECK(seen.all() == std::vector<std::string>{"hello 5"});
    CHECK_FALSE(loop->is_running());
  });
}

TEST_CASE("call_soon: takes move-only functions and arguments (fact 319)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> sum{0};
    scoped_loop loop{options};
    loop->call_soon(
      [&, own = std::make_unique<int>(1)](std::unique_ptr<int> other) {
        sum = *own + *other;
        loop->stop();
      },
      std::make_unique<int>(2));
    loop->run_forever();

    CHECK(sum == 3);
  });
}

TEST_CASE("call_soon: callbacks run in the order of the calls (fact 320)",
          "[loop][order]") {
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i)
    expected.push_back(i);
  record<int> seen;
  scoped_loop loop{run_options{}};
  auto call = [&] {
    for (int i = 0; i < 100; ++i) {
      if (i % 2)
        loop->call_soon([&seen, i] { seen.add(i); });
      else
        loop->call_soon_threadsafe([&seen, i] { seen.add(i); });
    }
  };
  SECTION("before the loop runs") {
    call();
    loop->run_until_complete(turns(3));
    CHECK(seen.all() == expected);
  }
  SECTION("while it runs") {
    loop->call_soon(call);
    loop->run_until_complete(turns(3));
    CHECK(seen.all() == expected);
  }
}

TEST_CASE("call_soon: what a callback adds runs in the next turn (fact E7)",
          "[loop][order]") {
  record<> seen;
  scoped_loop loop{run_options{}};
  loop->call_soon([&] {
    loop->stop();
    loop->call_soon([&] { seen.add("next turn"); });
  });
  loop->call_soon([&] { seen.add("this turn"); });
  loop->run_forever();
  CHECK(seen.all() == std::vector<std::string>{"this turn"});

  loop->call_soon([&] {
    seen.add("next run");
    loop->stop();
  });
  loop->run_forever();
  CHECK(seen.all()
        == std::vector<std::string>{"this turn", "next turn", "next run"});
}

TEST_CASE("call_later: timers run by due time, also when overdue (fact 322)",
          "[loop][order]") {
  record<> seen;
  scoped_loop loop{run_options{}};
  loop->call_later(-1s, [&] { seen.add("a"); });
  loop->call_later(-2s, [&] { seen.add("b"); });
  loop->call_later(1ms, [&] { loop->stop(); });
  loop->run_forever();

  CHECK(seen.all() == std::vector<std::string>{"b", "a"});
}

TEST_CASE("call_later: with 0 comes after a call_soon that follows it "
          "(fact E4)",
          "[loop][order]") {
  record<> seen;
  scoped_loop loop{run_options{}};
  loop->call_later(0s, [&] {
    seen.add("a");
    loop->stop();
  });
  loop->call_soon([&] { seen.add("b"); });
  loop->run_forever();

  CHECK(seen.all() == std::vector<std::string>{"b", "a"});
}

TEST_CASE("call_at: the same deadline keeps the order of the calls (fact E5)",
          "[loop][order]") {
  record<int> seen;
  scoped_loop loop{run_options{}};
  auto when = loop->time() + 2ms;
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    loop->call_at(when, [&seen, i] { seen.add(i); });
    expected.push_back(i);
  }
  loop->call_at(when, [&] { loop->stop(); });
  loop->run_forever();

  CHECK(seen.all() == expected);
}

TEST_CASE("call_at: never fires early (fact 323)", "[loop]") {
  for_each_worker_count([](run_options options) {
    loop_time fired{};
    scoped_loop loop{options};
    auto when = loop->time() + 20ms;
    auto timer = loop->call_at(when, [&] {
      fired = loop->time();
      loop->stop();
    });
    CHECK(timer.when() == when);
    loop->run_forever();

    CHECK(fired >= when);
    CHECK(fired < when + 5s);
  });
}

TEST_CASE("call_later: needs a delay and call_at a point in time (fact 324)",
          "[loop]") {
  STATIC_REQUIRE_FALSE(can_be_called_later_without_delay<void (*)()>);
  STATIC_REQUIRE_FALSE(can_be_called_at_a_delay<void (*)()>);
}

TEST_CASE("timer: of many cancelled ones only the others fire (fact 326)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> fired{0};
    std::atomic<int> wrong{0};
    auto bound = std::make_shared<int>(0);
    scoped_loop loop{options};
    std::vector<timer_handle> timers;
    for (int i = 0; i < 1000; ++i) {
      bool keep = i % 10 == 0;
      timers.push_back(
        loop->call_later(std::chrono::milliseconds{i % 20}, [&, keep, bound] {
          ++(keep ? fired : wrong);
          if (fired == 100)
            loop->stop();
        }));
    }
    for (std::size_t i = 0; i < timers.size(); ++i)
      if (i % 10 != 0)
        timers[i].cancel();
    CHECK(bound.use_count() == 101);
    loop->run_forever();

    CHECK(fired == 100);
    CHECK(wrong == 0);
    CHECK(timers[1].cancelled());
    CHECK_FALSE(timers[0].cancelled());
  });
}

TEST_CASE("handle: a cancelled callback never runs (fact 327)", "[loop]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> ran{false};
    scoped_loop loop{options};
    auto gone = loop->call_soon([&] { ran = true; });
    gone.cancel();
    gone.cancel();
    loop->run_until_complete(turns(5));

    CHECK_FALSE(ran);
    CHECK(gone.cancelled());
  });
}

TEST_CASE("handle: cancelling releases the function and its arguments "
          "(fact 328)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    auto bound = std::make_shared<int>(1);
    scoped_loop loop{options};
    auto soon = loop->call_soon([](const std::shared_ptr<int>&) {}, bound);
    auto timer
      = loop->call_later(1h, [bound](const std::shared_ptr<int>&) {}, bound);
    CHECK(bound.use_count() == 4);
    timer.cancel();
    CHECK(bound.use_count() == 2);
    soon.cancel();
    CHECK(bound.use_count() == 1);
    CHECK(timer.cancelled());
  });
}

TEST_CASE("handle: a callback that ran releases what was bound to it "
          "(fact 328)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    auto bound = std::make_shared<int>(1);
    scoped_loop loop{options};
    auto handle = loop->call_soon([bound] {});
    loop->run_until_complete(turns(5));
    CHECK(bound.use_count() == 1);
    CHECK_FALSE(handle.cancelled());
  });
}

TEST_CASE("timer: two of the same time differ (fact 329)", "[loop]") {
  for_each_worker_count([](run_options options) {
    scoped_loop loop{options};
    auto when = loop->time() + 1h;
    auto one = loop->call_at(when, [] {});
    auto two = loop->call_at(when, [] {});
    CHECK(one.when() == two.when());
    CHECK_FALSE(one == two);
    CHECK(one == timer_handle{one});
    two.cancel();
    CHECK_FALSE(one == two);
    one.cancel();
  });
}

TEST_CASE("call_soon_threadsafe: wakes a loop that sleeps (fact 330)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> in_caller{true};
    scoped_loop loop{options};
    std::thread other{[&] {
      std::this_thread::sleep_for(10ms);
      auto us = std::this_thread::get_id();
      loop->call_soon_threadsafe([&, us] {
        in_caller = std::this_thread::get_id() == us;
        loop->stop();
      });
    }};
    loop->run_forever();
    other.join();

    CHECK_FALSE(in_caller);
  });
}

TEST_CASE("call_soon_threadsafe: loses nothing from many threads (fact 330)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    scoped_loop loop{options};
    constexpr int each = 2000;
    std::atomic<int> ran{0};
    std::vector<std::thread> others;
    for (int i = 0; i < 4; ++i)
      others.emplace_back([&] {
        for (int n = 0; n < each; ++n)
          loop->call_soon_threadsafe([&] {
            if (++ran == 4 * each)
              loop->stop();
          });
      });
    loop->run_forever();
    for (auto& other : others)
      other.join();

    CHECK(ran == 4 * each);
  });
}

TEST_CASE("handle: a callback that a foreign thread cancels in time never runs",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    bool soon_ran = false;
    bool later_ran = false;
    bool seen = false;
    auto bound = std::make_shared<int>(1);
    std::weak_ptr<int> watched = bound;
    scoped_loop loop{options};
    loop->call_soon([&, bound = std::move(bound)]() mutable {
      // They are ready or wait, and this thread does not go on before.
      auto soon = loop->call_soon([&, bound] { soon_ran = true; });
      auto later = loop->call_later(1ms, [&, bound] { later_ran = true; });
      std::thread{[&] {
        soon.cancel();
        later.cancel();
        seen = soon.cancelled() && later.cancelled();
      }}.join();
      bound.reset();
      loop->call_later(5ms, [&] { loop->stop(); });
    });
    loop->run_forever();

    CHECK(seen);
    CHECK(watched.expired());
    if (options.threads == 1) { // with several, another worker may be quicker
      CHECK_FALSE(soon_ran);
      CHECK_FALSE(later_ran);
    }
  });
}

TEST_CASE("handle: cancelling from another thread waits while the callback "
          "runs (fact 331)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    flag begun;
    std::atomic<bool> ended{false};
    std::atomic<bool> ended_when_cancelled{false};
    scoped_loop loop{options};
    auto handle = loop->call_soon_threadsafe([&] {
      begun.set();
      std::this_thread::sleep_for(50ms);
      ended = true;
    });
    std::thread other{[&] {
      begun.wait();
      handle.cancel();
      ended_when_cancelled = ended.load();
      loop->stop();
    }};
    loop->run_forever();
    other.join();

    CHECK(ended_when_cancelled);
  });
}

TEST_CASE("loop: in debug mode refuses calls from foreign threads (fact 334)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    options.debug = 1;
    record<std::error_code> codes;
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        std::thread{[&, loop]() mutable {
          codes.add(error_of([&] { loop.call_soon([] {}); }));
          codes.add(error_of([&] { loop.call_later(1s, [] {}); }));
          codes.add(error_of([&] { loop.call_at(loop.time(), [] {}); }));
          codes.add(error_of([&] { loop.call_soon_threadsafe([] {}); }));
        }}.join();
        codes.add(error_of([&] { loop.call_soon([] {}); }));
        co_return;
      },
      options);

    CHECK(codes.all()
          == std::vector<std::error_code>{
            errc::wrong_thread, errc::wrong_thread, errc::wrong_thread,
            std::error_code{}, std::error_code{}});
  });
}

TEST_CASE("call_soon: takes neither coroutines nor what cannot be called "
          "(fact 335)",
          "[loop]") {
  STATIC_REQUIRE(can_be_called_soon<void (*)()>);
  STATIC_REQUIRE_FALSE(can_be_called_soon<coro<int>>);
  STATIC_REQUIRE_FALSE(can_be_called_soon<int>);
  STATIC_REQUIRE_FALSE(can_be_called_soon<void (*)(int)>);
}

// -- running ------------------------------------------------------------------

TEST_CASE("run_forever: stopped before it runs makes one turn (fact 336)",
          "[loop][order]") {
  record<> seen;
  scoped_loop loop{run_options{}};
  loop->call_soon([&] {
    seen.add("first turn");
    loop->call_soon([&] { seen.add("second turn"); });
  });
  loop->call_later(1h, [&] { seen.add("timer"); });
  loop->stop();
  loop->run_forever();

  CHECK(seen.all() == std::vector<std::string>{"first turn"});
}

TEST_CASE("run_forever: returns if it was stopped before (fact 336)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    scoped_loop loop{options};
    loop->call_later(1h, [] {});
    loop->stop();
    loop->run_forever();
    CHECK_FALSE(loop->is_running());
    CHECK(loop->run_until_complete(give_later(1)) == 1);
  });
}

TEST_CASE("run_until_complete: is an error if stopped before the end "
          "(fact 338)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    scoped_loop loop{options};
    auto gate = loop->create_future<int>();
    auto waiter = loop->create_task([](future<int> source) -> coro<int> {
      co_return co_await source;
    }(gate));
    loop->call_soon([&] { loop->stop(); });
    CHECK(error_of([&] { loop->run_until_complete(waiter); })
          == errc::loop_stopped);
    CHECK_FALSE(waiter.done());

    gate.set_result(9);
    CHECK(loop->run_until_complete(waiter) == 9);
  });
}

TEST_CASE("run_until_complete: refuses a future of another loop (fact 339)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    scoped_loop loop{options};
    scoped_loop other{options};
    auto foreign = other->create_future<void>();
    CHECK(error_of([&] { loop->run_until_complete(foreign); })
          == errc::wrong_loop);
  });
}

TEST_CASE("run_until_complete: is not stopped by the future of an earlier run "
          "(fact 340)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    scoped_loop loop{options};
    auto first = loop->create_future<void>();
    loop->call_soon([] { throw system_exit{2}; });
    CHECK_THROWS_AS(loop->run_until_complete(first), system_exit);

    auto second = loop->create_future<int>();
    loop->call_soon([=] { first.set_result(); });
    loop->call_later(5ms, [=] { second.set_result(4); });
    CHECK(loop->run_until_complete(second) == 4);
  });
}

TEST_CASE("run_until_complete: runs again after a keyboard interrupt "
          "(fact 341)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    scoped_loop loop{options};
    auto interrupted = []() -> coro<void> {
      co_await sleep(0s);
      throw keyboard_interrupt{};
    };
    CHECK_THROWS_AS(loop->run_until_complete(interrupted()),
                    keyboard_interrupt);
    CHECK(loop->run_until_complete(give_later(3)) == 3);
  });
}

TEST_CASE("loop: cannot run inside a running one (fact 342)", "[loop]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output; // refused coroutines are reported there
    record<std::error_code> codes;
    scoped_loop loop{options};
    scoped_loop other{options};
    loop->run_until_complete([&]() -> coro<void> {
      codes.add(error_of([&] { loop->run_forever(); }));
      codes.add(error_of([&] { other->run_forever(); }));
      auto done = other->create_future<void>();
      done.set_result();
      codes.add(error_of([&] { other->run_until_complete(done); }));
      co_return;
    }());

    CHECK(codes.all() == std::vector<std::error_code>(3, errc::loop_running));
    CHECK(other->run_until_complete(give(2)) == 2);
  });
}

TEST_CASE("loop: cannot be closed while it runs (fact 343)", "[loop]") {
  for_each_worker_count([](run_options options) {
    std::error_code code;
    scoped_loop loop{options};
    loop->run_until_complete([&]() -> coro<void> {
      code = error_of([&] { loop->close(); });
      co_return;
    }());

    CHECK(code == errc::loop_running);
    CHECK_FALSE(loop->is_closed());
  });
}

TEST_CASE("loop: refuses everything once it is closed (fact 344)", "[loop]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    scoped_loop loop{options};
    auto gate = loop->create_future<void>();
    loop->close();
    CHECK(loop->is_closed());
    CHECK_NOTHROW(loop->close());

    auto nothing = [] {
    };
    auto refused = [](auto&& call) {
      return error_of(call);
    };
    CHECK(refused([&] { loop->call_soon(nothing); }) == errc::loop_closed);
    CHECK(refused([&] { loop->call_soon_threadsafe(nothing); })
          == errc::loop_closed);
    CHECK(refused([&] { loop->call_later(1s, nothing); }) == errc::loop_closed);
    CHECK(refused([&] { loop->call_at(loop->time(), nothing); })
          == errc::loop_closed);
    CHECK(refused([&] { loop->run_forever(); }) == errc::loop_closed);
    CHECK(refused([&] { loop->run_until_complete(gate); })
          == errc::loop_closed);
    CHECK(refused([&] { loop->run_until_complete(give(1)); })
          == errc::loop_closed);
    CHECK(refused([&] { loop->create_task(give(1)); }) == errc::loop_closed);
    CHECK(refused([&] { loop->run_in_executor(nullptr, nothing); })
          == errc::loop_closed);
    CHECK(refused([&] { run_coroutine_threadsafe(give(1), *loop); })
          == errc::loop_closed);
    CHECK_FALSE(contains(output.text(), "never awaited"));
  });
}

TEST_CASE("loop: closing drops callbacks that are pending (fact 344)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    auto bound = std::make_shared<int>(1);
    {
      scoped_loop loop{options};
      loop->call_soon([bound] { *bound = 2; });
      loop->call_later(1h, [bound] { *bound = 3; });
      loop->close();
    }
    CHECK(*bound == 1);
    CHECK(bound.use_count() == 1);
  });
}

// -- which loop ---------------------------------------------------------------

TEST_CASE("get_event_loop: is the running one in coroutines and callbacks "
          "(fact 345)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    scoped_loop other{options};
    scoped_loop loop{options};
    set_event_loop(*other);
    std::atomic<int> right{0};
    loop->run_until_complete([&]() -> coro<void> {
      auto told = future<void>::make();
      right += get_event_loop() == *loop;
      right += get_running_loop() == *loop;
      loop->call_soon([&, told] {
        right += get_event_loop() == *loop;
        told.set_result();
      });
      co_await told;
    }());
    CHECK(get_event_loop() == *other);
    set_event_loop({});

    CHECK(right == 3);
  });
}

TEST_CASE("get_event_loop: is an error without any loop (fact 346)", "[loop]") {
  captured_standard_error output; // the refused coroutine is reported there
  CHECK(error_of([] { get_event_loop(); }) == errc::no_running_loop);
  CHECK(error_of([] { get_running_loop(); }) == errc::no_running_loop);
  CHECK(error_of([] { future<int>::make(); }) == errc::no_running_loop);
  CHECK(error_of([] { create_task(give(1)); }) == errc::no_running_loop);
}

TEST_CASE("new_event_loop: refuses an impossible number of workers "
          "(fact 344)",
          "[loop]") {
  loop_options how;
  how.threads = 0;
  CHECK_THROWS_AS(new_event_loop(how), std::invalid_argument);
  how.threads = 1025;
  CHECK_THROWS_AS(new_event_loop(how), std::invalid_argument);
}

TEST_CASE("run: a signal in a forked child does not reach the parent's loop "
          "(fact 348)",
          "[loop]") {
  for_each_worker_count([](run_options options) {
    int status = -1;
    bool interrupted = false;
    try {
      run(
        [&]() -> coro<void> {
          auto child = ::fork();
          if (child == 0) {
            ::raise(SIGINT);
            ::_exit(0);
          }
          ::waitpid(child, &status, 0);
          co_await sleep(20ms);
        },
        options);
    } catch (const keyboard_interrupt&) {
      interrupted = true;
    }

    CHECK(status != -1);
    CHECK_FALSE(interrupted);
  });
}
