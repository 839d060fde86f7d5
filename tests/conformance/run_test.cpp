// What asyncio promises about running programs: `run` and `runner`.

#include <troupe/async_generator.hpp>
#include <troupe/error.hpp>
#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/server.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

template <class X>
concept can_be_run = requires(X x) { troupe::run(std::move(x)); };

coro<int> give(int value) {
  co_return value;
}

coro<bool> debug_mode() {
  co_return get_running_loop().get_debug();
}

int factory_calls = 0;
unsigned factory_threads = 0;

event_loop counting_factory(loop_options options) {
  ++factory_calls;
  factory_threads = options.threads;
  return new_event_loop(options);
}

// Sets an environment variable for a scope.
class environment_variable {
public:
  environment_variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name))
      before_ = before;
    if (value)
      ::setenv(name, value, 1);
    else
      ::unsetenv(name);
  }

  environment_variable(const environment_variable&) = delete;
  environment_variable& operator=(const environment_variable&) = delete;

  ~environment_variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

private:
  const char* name_;
  std::optional<std::string> before_;
};

// What running `main` throws by its kind.
template <class F>
std::string ending_of_run(F&& run_it) {
  try {
    run_it();
  } catch (const keyboard_interrupt&) {
    return "keyboard interrupt";
  } catch (const cancelled_error&) {
    return "cancelled";
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return "done";
}

async_generator<int> count_up(record<>& events) {
  bool ended = false;
  int next = 0;
  while (!ended) {
    try {
      co_yield next++;
    } catch (...) {
      ended = true;
    }
  }
  co_await sleep(1ms); // clean-up may await
  events.add("generator closed");
}

std::atomic<int> own_signals{0};

void own_handler(int) {
  ++own_signals;
}

} // namespace

// -- results ------------------------------------------------------------------

TEST_CASE("run: returns the value or throws the exception (fact 304)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    CHECK(run(give(5), options) == 5);
    CHECK_THROWS_WITH(run(
                        []() -> coro<int> {
                          co_await sleep(0s);
                          throw std::runtime_error("spam");
                          co_return 0;
                        },
                        options),
                      "spam");
  });
}

TEST_CASE("run: gives move-only values and references (fact 304)", "[run]") {
  for_each_worker_count([](run_options options) {
    int place = 1;
    auto box = run(
      []() -> coro<std::unique_ptr<int>> {
        co_return std::make_unique<int>(9);
      },
      options);
    REQUIRE(box);
    CHECK(*box == 9);
    auto lend = [&]() -> coro<int&> {
      co_return place;
    };
    CHECK(&run(lend(), options) == &place);
    CHECK(std::is_same_v<decltype(run(lend, options)), int&>);
  });
}

TEST_CASE("run: takes only coroutines (fact 305)", "[run]") {
  STATIC_REQUIRE(can_be_run<coro<int>>);
  STATIC_REQUIRE(can_be_run<coro<void> (*)()>);
  STATIC_REQUIRE_FALSE(can_be_run<int>);
  STATIC_REQUIRE_FALSE(can_be_run<std::string>);
  STATIC_REQUIRE_FALSE(can_be_run<int (*)()>);
}

TEST_CASE("run: can be called again in the same process (fact 304)", "[run]") {
  for_each_worker_count([](run_options options) {
    for (int i = 0; i < 5; ++i)
      CHECK(run(give(i), options) == i);
    CHECK(error_of([] { get_running_loop(); }) == errc::no_running_loop);
  });
}

// -- the end ------------------------------------------------------------------

TEST_CASE("run: cancels tasks that are left and waits for them (fact 307)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> cleaned{0};
    auto stubborn = [&]() -> coro<void> {
      try {
        co_await sleep(1h);
      } catch (const cancelled_error&) {
      }
      co_await sleep(5ms); // waited for, although it was cancelled
      ++cleaned;
    };
    event_loop loop;
    std::vector<task<void>> left;
    int value = run(
      [&]() -> coro<int> {
        loop = get_running_loop();
        for (int i = 0; i < 3; ++i)
          left.push_back(create_task(stubborn));
        for (auto& each : left)
          co_await blocked(each);
        co_return 5;
      },
      options);

    CHECK(value == 5);
    CHECK(cleaned == 3);
    for (auto& each : left)
      CHECK(each.done());
    CHECK(loop.is_closed());
  });
}

TEST_CASE("run: reports a left task that fails while it is cancelled "
          "(fact 308)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    int value = run(
      [&]() -> coro<int> {
        errors.watch(get_running_loop());
        auto failing = create_task([]() -> coro<void> {
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
            throw std::runtime_error("while cancelled");
          }
        });
        co_await blocked(failing);
        co_return 5;
      },
      options);

    CHECK(value == 5);
    REQUIRE(errors.size() == 1);
    auto told = errors.all().front();
    INFO(told.message);
    CHECK((contains(told.message, "nhandled exception during")
           && contains(told.message, "shutdown")));
    CHECK(is_a<std::runtime_error>(told.exception));
    CHECK(contains(told.future, "Task"));
  });
}

TEST_CASE("run: closes async generators after the tasks (fact 309)", "[run]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    auto leave_open = [&](bool fail) {
      std::optional<async_generator<int>> numbers;
      run(
        [&]() -> coro<void> {
          numbers.emplace(count_up(events));
          auto left = create_task([&]() -> coro<void> {
            try {
              co_await sleep(1h);
            } catch (const cancelled_error&) {
              events.add("task cancelled");
            }
          });
          co_await blocked(left);
          auto first = co_await numbers->next();
          events.add("got " + std::to_string(first.value_or(-1)));
          if (fail)
            throw std::runtime_error("main fails");
        },
        options);
    };

    const std::vector<std::string> expected{"got 0", "task cancelled",
                                            "generator closed"};
    leave_open(false);
    CHECK(events.all() == expected);

    CHECK_THROWS_WITH(leave_open(true), "main fails");
    auto all = events.all();
    CHECK(std::vector(all.begin() + 3, all.end()) == expected);
  });
}

TEST_CASE("run: callbacks of the last turn still run (fact 307)",
          "[run][order]") {
  bool ran = false;
  run([&]() -> coro<void> {
    get_running_loop().call_soon([&] { ran = true; });
    co_return;
  });

  CHECK(ran);
}

// -- how the loop is made -----------------------------------------------------

TEST_CASE("run: debug mode is as said, else as the environment says "
          "(fact 310)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    auto with_debug = [&](int debug) {
      options.debug = debug;
      return run(debug_mode(), options);
    };
    {
      environment_variable none{"TROUPE_DEBUG", nullptr};
      CHECK_FALSE(with_debug(-1));
      CHECK(with_debug(1));
      CHECK_FALSE(with_debug(0));
    }
    {
      environment_variable on{"TROUPE_DEBUG", "1"};
      CHECK(with_debug(-1));
      CHECK_FALSE(with_debug(0));
    }
  });
}

TEST_CASE("run: a loop factory is called once and its loop used (fact 311)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    factory_calls = 0;
    options.loop_factory = &counting_factory;
    unsigned threads
      = run([]() -> coro<unsigned> { co_return get_running_loop().threads(); },
            options);

    CHECK(factory_calls == 1);
    CHECK(factory_threads == options.threads);
    CHECK(threads == options.threads);

    factory_calls = 0;
    {
      runner scope{options};
      scope.run(give(1));
      scope.run(give(2));
    }
    CHECK(factory_calls == 1);
  });
}

// -- runner -------------------------------------------------------------------

TEST_CASE("runner: closed twice is harmless and cannot be used again "
          "(fact 312)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output; // the refused coroutine is reported there
    runner scope{options};
    auto loop = scope.get_loop();
    CHECK(scope.run(give(1)) == 1);
    CHECK(scope.get_loop() == loop);
    scope.close();
    CHECK(loop.is_closed());
    CHECK(error_of([&] { scope.get_loop(); }) == errc::loop_closed);
    CHECK_NOTHROW(scope.close());
    CHECK(error_of([&] { scope.run(give(1)); }) == errc::loop_closed);
  });
}

TEST_CASE("runner: tasks live on between two runs (fact 312)", "[run]") {
  for_each_worker_count([](run_options options) {
    runner scope{options};
    task<int> longer;
    scope.run([&]() -> coro<void> {
      longer = create_task([]() -> coro<int> {
        co_await sleep(2ms);
        co_return 6;
      });
      co_return;
    });
    CHECK(scope.run([&]() -> coro<int> { co_return co_await longer; }) == 6);
  });
}

TEST_CASE("runner: cannot run inside a running loop (fact 314)", "[run]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output; // the refused coroutines are reported there
    runner scope{options};
    std::error_code same;
    std::error_code other;
    int value = scope.run([&]() -> coro<int> {
      same = error_of([&] { scope.run(give(1)); });
      other = error_of([&] { troupe::run(give(1)); });
      co_await sleep(0s);
      co_return 7;
    });

    CHECK(same == errc::loop_running);
    CHECK(other == errc::loop_running);
    CHECK(value == 7);
  });
}

// -- Ctrl-C -------------------------------------------------------------------

TEST_CASE("run: Ctrl-C cancels main and throws keyboard_interrupt "
          "(fact 316)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    bool gate_cancelled = false;
    std::string main_saw;
    auto end = ending_of_run([&] {
      run(
        [&]() -> coro<void> {
          auto gate = future<void>::make();
          get_running_loop().call_later(5ms,
                                        [] { ::kill(::getpid(), SIGINT); });
          try {
            co_await gate;
          } catch (const cancelled_error&) {
            gate_cancelled = gate.cancelled();
            main_saw = "cancelled";
            throw;
          }
        },
        options);
    });

    CHECK(end == "keyboard interrupt");
    CHECK(main_saw == "cancelled");
    CHECK(gate_cancelled);
  });
}

TEST_CASE("run: main may finish its work after Ctrl-C (fact 316)", "[run]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    auto end = ending_of_run([&] {
      value = run(
        []() -> coro<int> {
          get_running_loop().call_soon([] { ::raise(SIGINT); });
          try {
            co_await sleep(1h);
          } catch (const cancelled_error&) {
            current_task().uncancel();
          }
          co_await sleep(1ms);
          co_return 11;
        },
        options);
    });

    CHECK(end == "done");
    CHECK(value == 11);
  });
}

TEST_CASE("run: after Ctrl-C tasks that are left are cancelled too "
          "(fact 316)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> cancelled{false};
    auto end = ending_of_run([&] {
      run(
        [&]() -> coro<void> {
          auto child = create_task([&]() -> coro<void> {
            try {
              co_await sleep(1h);
            } catch (const cancelled_error&) {
              cancelled = true;
              throw;
            }
          });
          co_await blocked(child);
          ::raise(SIGINT);
          co_await sleep(1h);
        },
        options);
    });

    CHECK(end == "keyboard interrupt");
    CHECK(cancelled);
  });
}

TEST_CASE("run: Ctrl-C wakes a loop that sleeps (fact 316)", "[run]") {
  for_each_worker_count([](run_options options) {
    std::optional<std::thread> user;
    auto end = ending_of_run([&] {
      run(
        [&]() -> coro<void> {
          user.emplace([] {
            std::this_thread::sleep_for(20ms);
            ::kill(::getpid(), SIGINT);
          });
          co_await sleep(1h);
        },
        options);
    });
    user->join();

    CHECK(end == "keyboard interrupt");
  });
}

namespace {

// Ctrl-C comes at about the moment when the loop goes to sleep.
std::string ending_with_late_ctrl_c(run_options options) {
  std::atomic<bool> begun{false};
  std::thread user{[&] {
    begun.wait(false);
    ::kill(::getpid(), SIGINT);
  }};
  auto end = ending_of_run([&] {
    run(
      [&]() -> coro<void> {
        begun = true;
        begun.notify_one();
        co_await sleep(1h);
      },
      options);
  });
  user.join();
  return end;
}

coro<void> refuse(stream_reader, stream_writer writer) {
  writer.close();
  co_return;
}

} // namespace

TEST_CASE("run: Ctrl-C is not lost as the loop goes to sleep (fact 316)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    int interrupted = 0;
    for (int i = 0; i < 200; ++i)
      interrupted += ending_with_late_ctrl_c(options) == "keyboard interrupt";

    CHECK(interrupted == 200);
  });
}

TEST_CASE("run: Ctrl-C reaches main while a loop that had it before waits",
          "[run]") {
  for_each_worker_count([](run_options options) {
    // It has seen the signal's pipe before, and may empty it first.
    runner before{options};
    before.run([]() -> coro<void> {
      (co_await start_server(refuse, "127.0.0.1", 0)).close();
    });
    auto enough = before.get_loop().create_future<void>();
    std::thread elsewhere{[&] {
      before.run([&]() -> coro<void> {
        auto server = co_await start_server(refuse, "127.0.0.1", 0);
        co_await enough;
        server.close();
      });
    }};
    int interrupted = 0;
    for (int i = 0; i < 50; ++i)
      interrupted += ending_with_late_ctrl_c(options) == "keyboard interrupt";
    before.get_loop().call_soon_threadsafe([&] { enough.set_result(); });
    elsewhere.join();

    CHECK(interrupted == 50);
  });
}

TEST_CASE("run: Ctrl-C on a main that cancelled itself is a cancellation "
          "(fact 317)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    auto end = ending_of_run([&] {
      run(
        []() -> coro<void> {
          auto self = current_task();
          self.cancel();
          ::raise(SIGINT);
          while (self.cancelling() < 2) { // until the Ctrl-C has come, too
            try {
              co_await sleep(0s);
            } catch (const cancelled_error&) {
            }
          }
          throw cancelled_error{};
        },
        options);
    });

    CHECK(end == "cancelled");
  });
}

TEST_CASE("run: works outside the main thread, without Ctrl-C (fact 318)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    std::thread{[&] {
      value = run(
        []() -> coro<int> {
          co_await sleep(1ms);
          co_return 3;
        },
        options);
    }}.join();

    CHECK(value == 3);
  });
}

TEST_CASE("run: leaves a handler of SIGINT alone that was set before "
          "(fact 318)",
          "[run]") {
  for_each_worker_count([](run_options options) {
    own_signals = 0;
    auto before = std::signal(SIGINT, &own_handler);
    auto end = ending_of_run([&] {
      run(
        []() -> coro<void> {
          ::raise(SIGINT);
          co_await sleep(5ms);
        },
        options);
    });
    auto after = std::signal(SIGINT, before);

    CHECK(end == "done");
    CHECK(own_signals == 1);
    CHECK(after == &own_handler);
  });
}

TEST_CASE("run: gives SIGINT back as it was (fact 316)", "[run]") {
  for_each_worker_count([](run_options options) {
    run(give(1), options);
    auto after = std::signal(SIGINT, SIG_DFL);
    CHECK(after == SIG_DFL);
  });
}
