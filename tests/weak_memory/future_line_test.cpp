#include <troupe/detail/future_line.hpp>

#include "weak_memory/orders.hpp"

using troupe::detail::future_state;
using weak::execution;
using weak::require;

namespace {

struct waiter {
  weak::plain<waiter*> prev = nullptr;
  weak::plain<waiter*> next = nullptr;
  weak::plain<bool> linked = false;
  weak::plain<int> told = 0;
};

struct future {
  troupe::detail::basic_future_line<waiter, weak::atomics> line;
  weak::plain<int> result = 0;
  waiter waiters[2];
  weak::plain<int> completions = 0;

  void complete(int value) {
    if (!line.claim())
      return;
    ++completions;
    result = value;
    waiter* told;
    require(line.complete(future_state::finished, true, told),
            "a claimed future was done");
    while (told) {
      waiter* next = told->next;
      ++told->told;
      told = next;
    }
  }

  // Joins, or finds that the result is there.
  bool join(int number) {
    if (line.join(waiters[number], true))
      return true;
    require(result > 0, "done without a result");
    return false;
  }
};

void join_against_complete(execution& run) {
  auto& f = run.make<future>();
  auto& waits = run.make<std::array<bool, 2>>();
  run.thread("completer", [&f] { f.complete(1); });
  for (int i = 0; i < 2; ++i)
    run.thread(i ? "bert" : "anna", [&f, &waits, i] { waits[i] = f.join(i); });
  run.at_end([&f, &waits] {
    for (int i = 0; i < 2; ++i)
      require(f.waiters[i].told == (waits[i] ? 1 : 0),
              "a waiter was not told once");
  });
}

// Who leaves is either out of the line, or told.
void leave_against_complete(execution& run) {
  auto& f = run.make<future>();
  auto& left = run.make<bool>(false);
  f.join(0);
  f.join(1);
  run.thread("completer", [&f] { f.complete(1); });
  run.thread("leaver",
             [&f, &left] { left = f.line.leave(f.waiters[0], true); });
  run.thread("taker", [&f] {
    waiter* taken
      = f.line.take_if([&f](waiter& x) { return &x == &f.waiters[1]; }, true);
    if (taken)
      ++taken->told;
  });
  run.at_end([&f, &left] {
    require(f.waiters[0].told == (left ? 0 : 1), "not told or left");
    require(f.waiters[1].told == 1, "not told or taken once");
  });
}

void two_complete(execution& run) {
  auto& f = run.make<future>();
  run.thread("anna", [&f] { f.complete(1); });
  run.thread("bert", [&f] { f.complete(2); });
  run.thread("reader", [&f] {
    if (f.line.done())
      require(f.result > 0, "done without a result");
  });
  run.at_end([&f] {
    require(f.completions == 1 && f.result > 0, "it was not completed once");
  });
}

// The value could not be made: the next one may try, and has it for itself.
void give_claim_back(execution& run) {
  auto& f = run.make<future>();
  run.thread("anna", [&f] {
    if (!f.line.claim())
      return;
    f.result = 7;
    f.line.unclaim();
  });
  run.thread("bert", [&f] { f.complete(2); });
}

} // namespace

TEST_CASE("future: who waits is told once, or finds the result", "[future]") {
  weak::check_holds(join_against_complete);
  weak::check_holds(leave_against_complete);
}

TEST_CASE("future: one of two completes it", "[future]") {
  weak::check_holds(two_complete);
  weak::check_holds(give_claim_back);
}

TEST_CASE("future: each of its memory orders is needed", "[future]") {
  CHECK(weak::check_orders("future",
                           {join_against_complete, leave_against_complete,
                            two_complete, give_claim_back},
                           {"future_line.hpp"})
        == 4);
}
