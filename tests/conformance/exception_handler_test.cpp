// What asyncio promises about errors that nobody gets, and about debug mode.

#include <troupe/context.hpp>
#include <troupe/error.hpp>
#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

context_var<std::string> request{"request", "none"};

template <class F>
concept can_handle_errors
  = requires(event_loop loop, F f) { loop.set_exception_handler(f); };

void fail_loudly() {
  throw std::runtime_error("the callback is broken");
}

coro<void> fail() {
  throw std::runtime_error("the task is broken");
  co_return;
}

// Makes a task that fails and drops it unread.
coro<void> lose_a_failure() {
  auto lost = create_task(fail());
  co_await reached([&] { return lost.done(); });
}

} // namespace

TEST_CASE("exception handler: is told of a callback that throws, and the loop "
          "goes on (fact 349)",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    std::atomic<bool> later{false};
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        errors.watch(loop);
        loop.call_soon(&fail_loudly);
        loop.call_soon([&] { later = true; });
        co_await reached([&] { return later && errors.size() > 0; });
      },
      options);

    CHECK(later);
    REQUIRE(errors.size() == 1);
    auto told = errors.all().front();
    CHECK(contains(told.message, "Exception in callback"));
    CHECK(is_a<std::runtime_error>(told.exception));
    CHECK(told.handle != "");
    CHECK(told.future == "");
  });
}

TEST_CASE("exception handler: without one a callback's error is written out "
          "(fact 350)",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        loop.call_soon(&fail_loudly);
        loop.call_later(1ms, [] { throw std::out_of_range("the timer too"); });
        co_await reached([&] {
          auto text = output.text();
          return contains(text, "the timer too")
              && contains(text, "the callback is broken");
        });
      },
      options);

    auto text = output.text();
    INFO(text);
    CHECK(contains(text, "Exception in callback"));
    CHECK(contains(text, "the callback is broken"));
    CHECK(contains(text, "runtime_error"));
    CHECK(contains(text, "the timer too"));
  });
}

TEST_CASE("exception handler: a done callback that throws does not touch the "
          "others (fact 349)",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    std::atomic<bool> other{false};
    run(
      [&]() -> coro<void> {
        errors.watch(get_running_loop());
        auto gate = future<void>::make();
        gate.add_done_callback(&fail_loudly);
        gate.add_done_callback([&] { other = true; });
        gate.set_result();
        co_await gate;
        co_await reached([&] { return other && errors.size() > 0; });
      },
      options);

    CHECK(other);
    CHECK(errors.count("Exception in callback") == 1);
  });
}

TEST_CASE("exception handler: without one a lost failure is written out "
          "(fact 351)",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    run(
      [&]() -> coro<void> {
        co_await lose_a_failure();
        co_await reached(
          [&] { return contains(output.text(), "the task is broken"); });
      },
      options);

    auto text = output.text();
    INFO(text);
    CHECK(contains(text, "exception was never retrieved"));
    CHECK(contains(text, "the task is broken"));
    CHECK(contains(text, "fail (")); // where it came from
  });
}

TEST_CASE("exception handler: a handler of the user gets the details instead "
          "(fact 352)",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    error_log errors;
    bool set = false;
    bool unset = true;
    bool same_loop = false;
    std::string while_set;
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        loop.set_exception_handler(
          [&](event_loop& which, const error_context&) {
            same_loop = which == loop;
          });
        loop.call_exception_handler({.message = "first"});
        errors.watch(loop);
        set = loop.has_exception_handler();
        co_await lose_a_failure();
        co_await reached([&] { return errors.size() > 0; });
        loop.call_exception_handler({.message = "by hand"});
        while_set = output.text();

        loop.set_exception_handler(nullptr);
        unset = loop.has_exception_handler();
        loop.call_exception_handler({.message = "now by default"});
      },
      options);

    CHECK(same_loop);
    CHECK(set);
    CHECK_FALSE(unset);
    CHECK(while_set == "");
    CHECK(errors.size() == 2);
    CHECK(errors.count("never retrieved") == 1);
    CHECK(errors.count("by hand") == 1);
    CHECK(contains(output.text(), "now by default"));
  });
}

TEST_CASE("exception handler: only a function of its form can be one "
          "(fact 353)",
          "[errors]") {
  STATIC_REQUIRE(
    can_handle_errors<void (*)(event_loop&, const error_context&)>);
  STATIC_REQUIRE_FALSE(can_handle_errors<int>);
  STATIC_REQUIRE_FALSE(can_handle_errors<void (*)()>);
}

TEST_CASE("exception handler: one that throws is written out with what it was "
          "told (fact 355)",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    int value = run(
      [&]() -> coro<int> {
        auto loop = get_running_loop();
        loop.set_exception_handler([](event_loop&, const error_context&) {
          throw std::logic_error("the handler is broken");
        });
        loop.call_soon(&fail_loudly);
        co_await reached(
          [&] { return contains(output.text(), "the handler is broken"); });
        co_await turns(2);
        co_return 1;
      },
      options);

    auto text = output.text();
    INFO(text);
    CHECK(value == 1);
    CHECK(contains(text, "the handler is broken"));
    CHECK(contains(text, "the callback is broken"));
  });
}

TEST_CASE("exception handler: runs in the context of the callback (fact 356)",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    record<> seen;
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        loop.set_exception_handler(
          [&](event_loop&, const error_context&) { seen.add(request.get()); });
        request.set("the task's");
        loop.call_soon([] {
          request.set("the callback's");
          throw std::runtime_error("broken");
        });
        co_await reached([&] { return !seen.empty(); });
      },
      options);

    CHECK(seen.all() == std::vector<std::string>{"the callback's"});
  });
}

TEST_CASE("exception handler: runs in the context of the task (fact 277)",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    record<> seen;
    run(
      [&]() -> coro<void> {
        get_running_loop().set_exception_handler(
          [&](event_loop&, const error_context&) { seen.add(request.get()); });
        request.set("the parent's");
        {
          auto lost = create_task([]() -> coro<void> {
            request.set("the child's");
            throw std::runtime_error("broken");
            co_return;
          });
          co_await reached([&] { return lost.done(); });
        }
        co_await reached([&] { return !seen.empty(); });
      },
      options);

    CHECK(seen.all() == std::vector<std::string>{"the child's"});
  });
}

TEST_CASE("exception handler: an exit in a callback leaves the loop "
          "(fact 349)",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    int status = 0;
    try {
      run(
        [&]() -> coro<void> {
          auto loop = get_running_loop();
          errors.watch(loop);
          loop.call_soon([] { throw system_exit{4}; });
          co_await sleep(1h);
        },
        options);
    } catch (const system_exit& exit) {
      status = exit.status();
    }

    CHECK(status == 4);
    CHECK(errors.count("Exception in callback") == 0);
  });
}

TEST_CASE("exception handler: of several exits at once one counts",
          "[errors]") {
  for_each_worker_count([](run_options options) {
    int left = 0;
    for (int round = 0; round < 100; ++round) {
      std::atomic<int> here{0};
      auto leave = [&]() -> coro<void> {
        ++here;
        co_await reached([&] { return here == 4; });
        throw system_exit{5};
      };
      try {
        run(
          [&]() -> coro<void> {
            for (int i = 0; i < 4; ++i)
              create_task(leave());
            co_await sleep(1h);
          },
          options);
      } catch (const system_exit& exit) {
        left += exit.status() == 5;
      }
    }

    CHECK(left == 100);
  });
}

// -- debug mode ---------------------------------------------------------------

TEST_CASE("debug: a slow callback and a slow step are reported (fact 357)",
          "[debug]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    options.debug = 1;
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        loop.set_slow_callback_duration(10ms);
        loop.call_soon([] { std::this_thread::sleep_for(15ms); });
        co_await sleep(1ms);
        std::this_thread::sleep_for(15ms);
        co_await turns(3);
      },
      options);

    auto text = output.text();
    INFO(text);
    auto first = text.find("Executing");
    REQUIRE(first != std::string::npos);
    CHECK(contains(text, "took"));
    CHECK(contains(text, "seconds"));
    CHECK(text.find("Executing", first + 1) != std::string::npos);
    CHECK(contains(text, "<Task"));
  });
}

TEST_CASE("debug: quick steps are not reported, nor slow ones without it "
          "(fact 357)",
          "[debug]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    options.debug = 1;
    std::chrono::nanoseconds limit{};
    run(
      [&]() -> coro<void> {
        limit = get_running_loop().get_slow_callback_duration();
        get_running_loop().set_slow_callback_duration(10s);
        co_await sleep(1ms);
        std::this_thread::sleep_for(15ms);
      },
      options);
    options.debug = 0;
    run(
      [&]() -> coro<void> {
        get_running_loop().set_slow_callback_duration(1ms);
        co_await sleep(1ms);
        std::this_thread::sleep_for(15ms);
      },
      options);

    CHECK(limit == 100ms);
    CHECK(output.text() == "");
  });
}

TEST_CASE("debug: the environment turns it on, an explicit value decides "
          "(fact 358)",
          "[debug]") {
  std::optional<std::string> before;
  if (const char* value = std::getenv("TROUPE_DEBUG"))
    before = value;
  ::setenv("TROUPE_DEBUG", "1", 1);
  auto by_environment = new_event_loop();
  loop_options off;
  off.debug = 0;
  auto ignoring = new_event_loop(off);
  ::unsetenv("TROUPE_DEBUG");
  auto without = new_event_loop();
  if (before)
    ::setenv("TROUPE_DEBUG", before->c_str(), 1);

  CHECK(by_environment.get_debug());
  CHECK_FALSE(ignoring.get_debug());
  CHECK_FALSE(without.get_debug());
  without.set_debug(true);
  CHECK(without.get_debug());
  by_environment.close();
  ignoring.close();
  without.close();
}

TEST_CASE("debug: a cancelled handle says that it was cancelled (fact 360)",
          "[debug]") {
  for_each_worker_count([](run_options options) {
    options.debug = 1;
    std::string pending;
    std::string cancelled;
    run(
      [&]() -> coro<void> {
        auto handle = get_running_loop().call_later(1h, [] {});
        pending = to_string(handle);
        handle.cancel();
        cancelled = to_string(handle);
        co_return;
      },
      options);

    INFO(pending << " " << cancelled);
    CHECK_FALSE(contains(pending, "cancelled"));
    CHECK(contains(cancelled, "cancelled"));
  });
}
