// What asyncio's futures promise.

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
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// What `function` throws by its kind.
template <class F>
std::string thrown_by(F&& function) {
  try {
    function();
  } catch (const cancelled_error&) {
    return "cancelled";
  } catch (const invalid_state_error&) {
    return "invalid state";
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return "nothing";
}

template <class T>
std::string state_of(const future<T>& x) {
  return std::string{x.done() ? "done" : "pending"}
       + (x.cancelled() ? ", cancelled" : "");
}

template <class T>
coro<void> wait_done(future<T> x) {
  co_await reached([&] { return x.done(); });
}

// Awaits `x`, whatever comes of it.
template <class T>
coro<void> settle(future<T> x) {
  try {
    co_await x;
  } catch (const cancelled_error&) {
  } catch (const std::exception&) {
  }
}

// Runs `body` on a loop that is running, as a plain function.
template <class F>
void in_loop(run_options options, F&& body) {
  run(
    [&]() -> coro<void> {
      body();
      co_return;
    },
    options);
}

std::atomic<int> calls{0};

void count_call(const any_future&) {
  ++calls;
}

void count_other_call(const any_future&) {
  calls += 100;
}

} // namespace

// -- states -------------------------------------------------------------------

TEST_CASE("future: a new one is neither done nor cancelled (fact 255)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> seen;
    in_loop(options, [&] {
      auto fresh = future<int>::make();
      seen.push_back(state_of(fresh));
      seen.push_back(thrown_by([&] { fresh.result(); }));
      seen.push_back(thrown_by([&] { fresh.exception(); }));
      seen.push_back(state_of(fresh));
    });

    CHECK(seen
          == std::vector<std::string>{"pending", "invalid state",
                                      "invalid state", "pending"});
  });
}

TEST_CASE("future: reading a cancelled one throws the cancellation "
          "(fact 256)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> seen;
    bool first = false;
    bool second = true;
    in_loop(options, [&] {
      auto gone = future<int>::make();
      first = gone.cancel();
      second = gone.cancel();
      seen.push_back(state_of(gone));
      seen.push_back(thrown_by([&] { gone.result(); }));
      seen.push_back(thrown_by([&] { gone.exception(); }));
      seen.push_back(thrown_by([&] { gone.set_result(1); }));
      seen.push_back(
        thrown_by([&] { gone.set_exception(std::runtime_error("no")); }));
      seen.push_back(state_of(gone));
    });

    CHECK(first);
    CHECK_FALSE(second);
    CHECK(seen
          == std::vector<std::string>{"done, cancelled", "cancelled",
                                      "cancelled", "invalid state",
                                      "invalid state", "done, cancelled"});
  });
}

TEST_CASE("future: one with a result cannot be cancelled (fact 257)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    bool accepted = true;
    int value = 0;
    std::string again;
    bool no_exception = false;
    in_loop(options, [&] {
      auto filled = future<int>::make();
      filled.set_result(42);
      accepted = filled.cancel();
      value = filled.result();
      no_exception = filled.exception() == nullptr;
      again = thrown_by([&] { filled.set_result(1); });
    });

    CHECK_FALSE(accepted);
    CHECK(value == 42);
    CHECK(no_exception);
    CHECK(again == "invalid state");
  });
}

TEST_CASE("future: result() throws the exception and exception() returns it "
          "(fact 258)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::string by_result;
    std::exception_ptr by_exception;
    bool accepted = true;
    in_loop(options, [&] {
      auto failed = future<int>::make();
      failed.set_exception(std::out_of_range("too far"));
      by_result = thrown_by([&] { failed.result(); });
      by_exception = failed.exception();
      accepted = failed.cancel();
    });

    CHECK(by_result == "too far");
    CHECK(is_a<std::out_of_range>(by_exception));
    CHECK_FALSE(accepted);
  });
}

TEST_CASE("future: takes an exception object, never an empty pointer "
          "(fact 259)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::string state;
    bool refused = false;
    in_loop(options, [&] {
      auto picky = future<int>::make();
      try {
        picky.set_exception(std::exception_ptr{});
      } catch (const std::invalid_argument&) {
        refused = true;
      }
      state = state_of(picky);
    });

    CHECK(refused);
    CHECK(state == "pending");
  });
}

TEST_CASE("future: awaiting it again gives the value without suspending "
          "(fact 261)",
          "[future][order]") {
  record<> events;
  int sum = run([&]() -> coro<int> {
    auto source = future<int>::make();
    get_running_loop().call_soon([=] { source.set_result(21); });
    int total = co_await source;
    get_running_loop().call_soon([&] { events.add("callback"); });
    total += co_await source;
    events.add("awaited again");
    co_await sleep(0s);
    co_return total;
  });

  CHECK(sum == 42);
  CHECK(events.all() == std::vector<std::string>{"awaited again", "callback"});
}

TEST_CASE("future: many tasks can await one (fact 261)", "[future]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> sum{0};
    run(
      [&]() -> coro<void> {
        auto source = future<int>::make();
        std::vector<task<void>> readers;
        for (int i = 0; i < 20; ++i)
          readers.push_back(create_task([&]() -> coro<void> {
            sum += co_await source;
            sum += co_await source;
          }));
        co_await turns(2);
        source.set_result(1);
        for (auto& reader : readers)
          co_await reader;
      },
      options);

    CHECK(sum == 40);
  });
}

// -- callbacks ----------------------------------------------------------------

TEST_CASE("future: callbacks run in the order in which they were added "
          "(fact 262)",
          "[future][order]") {
  record<int> seen;
  std::vector<int> after_one_turn;
  run([&]() -> coro<void> {
    auto source = future<void>::make();
    for (int i = 0; i < 10; ++i)
      source.add_done_callback([&seen, i] { seen.add(i); });
    source.set_result();
    co_await sleep(0s);
    after_one_turn = seen.all();
  });

  CHECK(after_one_turn == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("future: callbacks and waiting tasks go on in the order in which "
          "they came (fact 262)",
          "[future][order]") {
  record<> seen;
  run([&]() -> coro<void> {
    auto source = future<void>::make();
    auto reader = [&](std::string name) -> coro<void> {
      co_await source;
      seen.add(name);
    };
    auto first = create_task(reader("task 1"));
    co_await turns(1);
    source.add_done_callback([&] { seen.add("callback"); });
    auto second = create_task(reader("task 2"));
    co_await turns(1);
    source.set_result();
    co_await first;
    co_await second;
  });

  CHECK(seen.all() == std::vector<std::string>{"task 1", "callback", "task 2"});
}

TEST_CASE("future: callbacks get the future that failed (fact 263)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> same{false};
    std::string what;
    run(
      [&]() -> coro<void> {
        auto source = future<int>::make();
        auto told = future<void>::make();
        source.add_done_callback([&, source, told](future<int> done) {
          same = done == source;
          what = thrown_by([&] { done.result(); });
          told.set_result();
        });
        source.set_exception(std::runtime_error("broken"));
        co_await told;
      },
      options);

    CHECK(same);
    CHECK(what == "broken");
  });
}

TEST_CASE("future: callbacks never run inside set_result or "
          "add_done_callback (fact E6)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    // What runs in the same group as we do cannot run beside us; a callback
    // that ran inline would have the same thread and be inside our call.
    std::atomic<bool> calling{false};
    std::atomic<bool> inline_call{false};
    std::atomic<int> ran{0};
    run(
      [&]() -> coro<void> {
        auto us = std::this_thread::get_id();
        auto callback = [&, us] {
          if (calling && std::this_thread::get_id() == us)
            inline_call = true;
          ++ran;
        };
        auto source = future<void>::make();
        source.add_done_callback(callback);
        calling = true;
        source.set_result();
        source.add_done_callback(callback);
        source.cancel();
        calling = false;
        co_await reached([&] { return ran == 2; });
      },
      options);

    CHECK(ran == 2);
    CHECK_FALSE(inline_call);
  });
}

TEST_CASE("future: removing a callback takes all copies of it (fact 265)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    calls = 0;
    std::size_t removed = 0;
    std::size_t removed_again = 7;
    std::size_t by_number = 0;
    std::size_t by_number_again = 7;
    run(
      [&]() -> coro<void> {
        auto source = future<void>::make();
        for (int i = 0; i < 5; ++i)
          source.add_done_callback(&count_call);
        source.add_done_callback(&count_other_call);
        removed = source.remove_done_callback(&count_call);
        removed_again = source.remove_done_callback(&count_call);
        auto number = source.add_done_callback([] { calls += 1000; });
        by_number = source.remove_done_callback(number);
        by_number_again = source.remove_done_callback(number);
        source.set_result();
        co_await reached([&] { return calls >= 100; });
        co_await turns(3);
      },
      options);

    CHECK(removed == 5);
    CHECK(removed_again == 0);
    CHECK(by_number == 1);
    CHECK(by_number_again == 0);
    CHECK(calls == 100);
  });
}

TEST_CASE("future: lambdas without captures are equal to themselves "
          "(fact 265)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::size_t removed = 0;
    std::size_t others = 7;
    in_loop(options, [&] {
      auto source = future<void>::make();
      auto one = [] {
        ++calls;
      };
      auto two = [] {
        --calls;
      };
      for (int i = 0; i < 3; ++i)
        source.add_done_callback(one);
      others = source.remove_done_callback(two);
      removed = source.remove_done_callback(one);
      source.set_result();
    });

    CHECK(others == 0);
    CHECK(removed == 3);
  });
}

TEST_CASE("future: a callback may remove others while they are scheduled "
          "(fact 266)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    calls = 0;
    std::atomic<bool> removed{false};
    run(
      [&]() -> coro<void> {
        auto source = future<void>::make();
        for (int i = 0; i < 10; ++i)
          source.add_done_callback(&count_call);
        source.add_done_callback([&](const any_future& done) {
          done.remove_done_callback(&count_call);
          removed = true;
        });
        for (int i = 0; i < 10; ++i)
          source.add_done_callback(&count_call);
        source.set_result();
        co_await reached([&] { return removed.load(); });
        co_await turns(5);
      },
      options);

    CHECK(removed);
    CHECK(calls >= 10); // those before it in line had their turn
    CHECK(calls <= 20);
  });
}

TEST_CASE("future: a callback taken back before the end never runs "
          "(fact 266)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    calls = 0;
    std::atomic<bool> last{false};
    run(
      [&]() -> coro<void> {
        auto source = future<void>::make();
        std::vector<std::uint64_t> numbers;
        for (int i = 0; i < 100; ++i)
          numbers.push_back(source.add_done_callback([] { ++calls; }));
        for (int i = 0; i < 100; i += 2)
          source.remove_done_callback(numbers[static_cast<std::size_t>(i)]);
        source.add_done_callback([&] { last = true; });
        source.set_result();
        co_await reached([&] { return last && calls >= 50; });
        co_await turns(3);
      },
      options);

    CHECK(calls == 50);
  });
}

// -- reports ------------------------------------------------------------------

TEST_CASE("future: an exception that nobody read is reported (fact 267)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    run(
      [&]() -> coro<void> {
        errors.watch(get_running_loop());
        {
          auto failed = future<int>::make();
          failed.set_exception(std::runtime_error("unread"));
        }
        co_await reached([&] { return errors.size() > 0; });
      },
      options);

    REQUIRE(errors.size() == 1);
    auto told = errors.all().front();
    CHECK(contains(told.message, "exception was never retrieved"));
    CHECK(is_a<std::runtime_error>(told.exception));
    CHECK(contains(told.future, "Future"));
  });
}

TEST_CASE("future: an exception that somebody read is not reported "
          "(fact 268)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    captured_standard_error output;
    run(
      [&]() -> coro<void> {
        errors.watch(get_running_loop());
        {
          auto failed = future<int>::make();
          failed.set_exception(std::runtime_error("read"));
          thrown_by([&] { failed.result(); });
        }
        {
          auto failed = future<int>::make();
          failed.set_exception(std::runtime_error("read"));
          failed.exception();
        }
        {
          auto failed = future<int>::make();
          failed.set_exception(std::runtime_error("read"));
          co_await settle(failed);
        }
        co_await turns(3);
      },
      options);

    CHECK(errors.size() == 0);
    CHECK(output.text() == "");
  });
}

TEST_CASE("future: a pending one may be dropped in silence (fact 270)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    captured_standard_error output;
    run(
      [&]() -> coro<void> {
        errors.watch(get_running_loop());
        {
          auto dropped = future<int>::make();
          dropped.add_done_callback([] {});
        }
        co_await turns(3);
      },
      options);

    CHECK(errors.size() == 0);
    CHECK(output.text() == "");
  });
}

// -- futures of threads -------------------------------------------------------

TEST_CASE("wrap_future: the result of a pool arrives in the loop (fact 271)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::thread::id worker;
    std::atomic<bool> in_worker{true};
    thread_pool pool{1};
    auto value = run(
      [&]() -> coro<std::string> {
        auto job = pool.submit(
          [&](const std::string& text) {
            worker = std::this_thread::get_id();
            return text + "!";
          },
          std::string{"oi"});
        auto wrapped = wrap_future(job);
        auto told = future<void>::make();
        wrapped.add_done_callback([&, told] {
          in_worker = std::this_thread::get_id() == worker;
          told.set_result();
        });
        auto got = co_await wrapped;
        co_await told;
        co_return got;
      },
      options);

    CHECK(value == "oi!");
    CHECK_FALSE(in_worker);
  });
}

TEST_CASE("wrap_future: cancelled after the thread was done stays cancelled "
          "(fact 273)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    std::string wrapped_state;
    bool accepted = false;
    int kept = 0;
    thread_pool pool{1};
    run(
      [&]() -> coro<void> {
        errors.watch(get_running_loop());
        auto job = pool.submit([] { return 7; });
        job.result(); // blocks, so that the loop has no turn before the cancel
        auto wrapped = wrap_future(job);
        accepted = wrapped.cancel();
        co_await turns(5);
        wrapped_state = state_of(wrapped);
        kept = job.result();
      },
      options);

    // With several workers the result may have come before.
    CHECK((accepted || options.threads > 1));
    CHECK(wrapped_state == (accepted ? "done, cancelled" : "done"));
    CHECK(kept == 7);
    CHECK(errors.size() == 0);
  });
}

TEST_CASE("future: a late producer finds it cancelled and nothing happens "
          "(fact 274)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    captured_standard_error output;
    std::string state;
    thread_pool pool{1};
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        errors.watch(loop);
        flag begun;
        flag go_on;
        auto reply = loop.run_in_executor(pool, [&] {
          begun.set();
          go_on.wait();
          return 1;
        });
        begun.wait();
        reply.cancel();
        go_on.set();
        auto next = loop.run_in_executor(pool, [] { return 2; });
        co_await next;
        co_await turns(3);
        state = state_of(reply);
      },
      options);

    CHECK(state == "done, cancelled");
    CHECK(errors.size() == 0);
    CHECK(output.text() == "");
  });
}

TEST_CASE("wrap_future: ends as its source did (fact 275)", "[future]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    std::string failure;
    std::string cancelled;
    thread_pool pool{1};
    run(
      [&]() -> coro<void> {
        auto done = wrap_future(pool.submit([] { return 10; }));
        auto failed = wrap_future(
          pool.submit([]() -> int { throw std::runtime_error("lost"); }));
        value = co_await done;
        co_await wait_done(failed);
        failure = thrown_by([&] { failed.result(); });

        flag go_on;
        auto blocker = pool.submit([&] { go_on.wait(); });
        auto never = pool.submit([] { return 1; });
        auto wrapped = wrap_future(never);
        never.cancel();
        co_await wait_done(wrapped);
        cancelled = state_of(wrapped);
        go_on.set();
        blocker.result();
      },
      options);

    CHECK(value == 10);
    CHECK(failure == "lost");
    CHECK(cancelled == "done, cancelled");
  });
}

// -- texts --------------------------------------------------------------------

TEST_CASE("future: its text says its state and what it came to (fact 255)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> texts;
    in_loop(options, [&] {
      auto pending = future<int>::make();
      auto filled = future<int>::make();
      filled.set_result(1);
      auto gone = future<int>::make();
      gone.cancel();
      auto failed = future<int>::make();
      failed.set_exception(std::runtime_error("broken"));
      failed.exception();
      for (const auto& x : {pending, filled, gone, failed})
        texts.push_back(to_string(x));
    });

    REQUIRE(texts.size() == 4);
    CHECK(contains(texts[0], "<Future pending"));
    CHECK(texts[1] == "<Future finished result=1>");
    CHECK(contains(texts[2], "<Future cancelled"));
    CHECK(contains(texts[3], "<Future finished"));
    CHECK(contains(texts[3], "broken"));
  });
}

TEST_CASE("future: its text has the result if that is a number or a text",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> texts;
    auto note = [&](auto value) {
      auto filled = future<decltype(value)>::make();
      filled.set_result(std::move(value));
      texts.push_back(to_string(filled));
    };
    in_loop(options, [&] {
      note(true);
      note(-0.5);
      note(18446744073709551615u);
      note('x');
      note(std::string{"tea"});
      note(std::string(100, 'x'));
      note(std::vector<int>{1});
      auto nothing = future<void>::make();
      nothing.set_result();
      texts.push_back(to_string(nothing));
    });

    auto with = [](const std::string& value) {
      return "<Future finished result=" + value + '>';
    };
    CHECK(
      texts
      == std::vector{
        with("true"), with("-0.5"), with("18446744073709551615"), with("'x'"),
        with("'tea'"), with("'" + std::string(27, 'x') + "...'"),
        std::string{"<Future finished>"}, std::string{"<Future finished>"}});
  });
}

TEST_CASE("task: the text of two that wait for each other ends (fact 278)",
          "[future]") {
  for_each_worker_count([](run_options options) {
    std::string text;
    bool both_cancelled = false;
    run(
      [&]() -> coro<void> {
        auto names = future<std::pair<any_task, any_task>>::make();
        auto first = create_task([&]() -> coro<void> {
          auto pair = co_await names;
          co_await pair.second;
        });
        auto second = create_task([&]() -> coro<void> {
          auto pair = co_await names;
          co_await pair.first;
        });
        names.set_result(std::pair<any_task, any_task>{first, second});
        co_await reached([&] {
          return contains(to_string(first), "wait_for=<Task")
              && contains(to_string(second), "wait_for=<Task");
        });
        text = to_string(first);
        first.cancel();
        co_await wait_done<void>(first);
        co_await wait_done<void>(second);
        both_cancelled = first.cancelled() && second.cancelled();
      },
      options);

    INFO(text);
    CHECK(contains(text, "..."));
    CHECK(text.size() < 2000);
    CHECK(both_cancelled);
  });
}
