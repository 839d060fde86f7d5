// Messages in explored orders, with a task cancelled at every step; what a
// deadlock says of those who wait for messages.

#include <troupe/link.hpp>
#include <troupe/sleep.hpp>

#include "simulation/injection.hpp"

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> tell_numbers(actor_ref to, int count) {
  for (int i = 0; i < count; ++i) {
    tell(to, 1);
    co_await sleep(0s);
  }
}

// A cancelled reader loses nothing: the next one in the same task gets it.
coro<void> count_through_cancels(future<void> begun, int& sum, int messages) {
  begun.set_result();
  while (sum < messages)
    try {
      co_await receive([&](int x) { sum += x; });
    } catch (const cancelled_error&) {
    }
}

coro<void> tell_program(injection where) {
  int sum = 0;
  auto begun = future<void>::make(); // before that it would never run
  auto reader = create_task(count_through_cancels(begun, sum, 6));
  std::vector<task<>> tellers;
  for (int i = 0; i < 2; ++i)
    tellers.push_back(create_task(tell_numbers(reader, 3)));
  std::vector<task<>> victims{reader};
  co_await begun;
  auto strike = where.strike(victims);
  co_await ended_cancelled(reader); // perhaps at its very end
  for (auto& each : tellers)
    co_await each;
  co_await strike;
  test::require(sum == 6, "each message once");
}

coro<void> serve(int requests) {
  reply<int> kept;
  int first = 0;
  for (int i = 0; i < requests; ++i) {
    co_await receive([&](reply<int> answer, int x) {
      if (!kept) {
        kept = std::move(answer);
        first = x;
        return;
      }
      answer.set_result(x + 1);
      kept.set_result(first + 1);
    });
    co_await sleep(0s);
  }
}

coro<void> question(actor_ref server, int number, int& answered) {
  try {
    int got = co_await ask<int>(server, 1s, number);
    test::require(got == number + 1, "the answer of this question");
    ++answered;
  } catch (const timeout_error&) {
  } catch (const actor_ended_error&) {
  } catch (const no_answer_error&) {
  }
}

coro<void> ask_program(injection where) {
  int answered = 0;
  auto server = create_task(serve(4));
  std::vector<task<>> all{server};
  for (int i = 0; i < 4; ++i)
    all.push_back(create_task(question(server, i, answered)));
  auto strike = where.strike(all);
  int cancelled = 0;
  for (std::size_t i = 1; i < all.size(); ++i)
    cancelled += co_await ended_cancelled(all[i]);
  co_await strike;
  server.cancel();
  bool stopped = co_await ended_cancelled(server);
  test::require(cancelled <= 1, "the victim alone");
  test::require(answered == 4 || where.victim < all.size() || stopped,
                "each question has its answer");
}

coro<void> watch_one(actor_ref whom, int& told) {
  auto id = monitor(whom);
  co_await receive([&](const down& x) {
    test::require(x.id == id && x.who == whom, "the end of that one");
    ++told;
  });
}

coro<void> watch_program(injection where) {
  int told = 0;
  auto target = create_task(steps_of(3));
  std::vector<task<>> all{target};
  for (int i = 0; i < 3; ++i)
    all.push_back(create_task(watch_one(target, told)));
  auto strike = where.strike(all);
  int cancelled = 0;
  for (auto& each : all)
    cancelled += co_await ended_cancelled(each);
  co_await strike;
  test::require(told >= 3 - cancelled, "each watcher is told");
}

coro<void> link_program(injection where) {
  std::vector<task<>> all;
  auto linked = [](std::vector<task<>>& tasks, std::size_t to) -> coro<void> {
    co_await sleep(0s);
    link(tasks[to]);
    co_await sleep(1h);
  };
  for (std::size_t i = 0; i < 3; ++i)
    all.push_back(create_task(linked(all, (i + 1) % 3)));
  auto strike = where.strike(all);
  co_await strike;
  if (where.victim >= all.size())
    all[0].cancel();
  int cancelled = 0;
  for (auto& each : all)
    cancelled += co_await ended_cancelled(each);
  test::require(cancelled == 3, "all end together");
}

template <class F>
std::string failure_of(F what) {
  try {
    test::simulation sim;
    sim.run(std::move(what));
  } catch (const test::failure& found) {
    return found.kind + ": " + found.what();
  }
  return "no failure";
}

} // namespace

TEST_CASE("actor: no message is lost or doubled when its reader is cancelled",
          "[actor][simulation]") {
  explore_cancellations(1, 8, tell_program, 100);
}

TEST_CASE("actor: each request is answered once, whoever is cancelled",
          "[actor][simulation]") {
  explore_cancellations(5, 6, ask_program, 100);
}

TEST_CASE("actor: monitors are told, whoever is cancelled",
          "[actor][simulation]") {
  explore_cancellations(4, 5, watch_program, 100);
}

TEST_CASE("actor: linked tasks end together, whoever is cancelled",
          "[actor][simulation]") {
  explore_cancellations(3, 5, link_program, 100);
}

TEST_CASE("actor: two tasks that ask each other are told at once",
          "[actor][simulation]") {
  auto text = failure_of([]() -> coro<void> {
    std::vector<task<>> all;
    auto ask_other
      = [](std::vector<task<>>& tasks, std::size_t other) -> coro<void> {
      co_await sleep(0s);
      co_await ask(tasks[other], nullptr, 1);
    };
    all.push_back(create_task(ask_other(all, 1), "one"));
    all.push_back(create_task(ask_other(all, 0), "two"));
    co_await sleep(1h); // the rest of the program could go on
  });
  CHECK_THAT(text, Catch::Contains("deadlock") && Catch::Contains("circle")
                     && Catch::Contains("waits for two, by <ask of two>")
                     && Catch::Contains("waits for one, by <ask of one>"));
}

TEST_CASE("actor: a deadlock says what a receive waits for, and who might send",
          "[actor][simulation]") {
  auto text = failure_of([]() -> coro<void> {
    auto reader = create_task(
      []() -> coro<void> {
        co_await receive([](int) {}, [](const std::string&) {});
        co_await receive([](int) {});
      },
      {.name = "reader"});
    auto writer = create_task(
      [=]() -> coro<void> {
        tell(reader, "text");
        tell(reader, "more");
        co_await reader;
      },
      {.name = "writer"});
    co_await writer;
  });
  CHECK_THAT(text,
             Catch::Contains("deadlock")
               && Catch::Contains("waits for writer, by <receive of (int), 1 "
                                  "other message>"));
}
