#pragma once

#include <troupe/simulation.hpp>
#include <troupe/task.hpp>

#include "models/model.hpp"
#include "models/simulated_runs.hpp"
#include "support/test.hpp"

#include <functional>
#include <span>

// Runs random programs with a primitive and its model, and compares.

namespace models {

// The primitive: what tasks await and what is called.
//
//     coro<int> wait(step what, told tell);
//     int call(step what);
//     view look() const;
//
// A task calls `tell(result)` when it has what it waited for.
//
// The promises, which hold in any order of steps:
//
//     void asks(int who, step what);
//     void has(int who, step what, int result);
//     void gone(int who);                 it was cancelled
//     void called(step what, int result);
//     void at_end(Real& real);            all tasks have ended

// Throws what makes the simulated program fail.
[[noreturn]] void differ(const program& all, std::size_t at,
                         const std::string& what);

std::string text_of(const view& x);

// The seed of the order in which a program runs.
std::uint64_t seed_of(const program& all);

// What the tests did, printed at their end.
struct counts {
  std::uint64_t programs = 0;
  std::uint64_t steps = 0;
  std::uint64_t cancels = 0; // that met a task which had not ended
  std::uint64_t results = 0; // of tasks and calls, compared
};

// Calls `property` with random programs of these words. If it returns a text,
// that of a failure, the program is made simpler and reported; otherwise the
// report is empty.
std::string
check_programs(std::span<const word> words,
               const std::function<std::string(const program&)>& property);

void print(const char* name, const counts& done);

inline void require_none(const std::string& difference) {
  INFO(difference);
  REQUIRE(difference.empty());
}

// -- asyncio's order: each result is that of the model ------------------------

template <class Real>
troupe::coro<void> take_part(Real& real, step what, int who,
                             std::vector<model::ending>& endings) {
  auto tell = [&endings, who](int result) {
    endings.push_back({who, result});
  };
  co_await real.wait(what, tell);
}

template <class Real, class Model>
troupe::coro<void> same_as_model(const program& all, Real& real,
                                 Model& expected, counts& done) {
  std::vector<troupe::task<>> tasks;
  std::vector<model::ending> endings;
  auto compare = [&](std::size_t at) {
    if (endings != expected.endings())
      differ(all, at, "tasks ended in other ways");
    if (view is = real.look(), should = expected.look(); is != should)
      differ(all, at, "it is " + text_of(is) + ", not " + text_of(should));
    for (std::size_t who = 0; who < tasks.size(); ++who) {
      bool ended = tasks[who].done();
      std::pair is{ended, ended && tasks[who].cancelled()};
      if (is != expected.state_of(static_cast<int>(who)))
        differ(all, at, "task " + std::to_string(who) + " stands differently");
    }
  };
  auto cancel = [&](std::size_t at, int who) {
    bool met = tasks[static_cast<std::size_t>(who)].cancel();
    done.cancels += met;
    if (met != expected.cancel(who))
      differ(all, at, "cancel met another task");
  };
  for (std::size_t at = 0; at < all.steps.size(); ++at) {
    step what = all.steps[at];
    int known = static_cast<int>(tasks.size());
    if (what.what == word::turn) {
      expected.turn();
      co_await troupe::sleep(std::chrono::seconds{0});
      compare(at);
    } else if (what.what == word::advance) {
      expected.advance(pause_of(what));
      co_await troupe::sleep(pause_of(what));
      compare(at);
    } else if (what.what == word::cancel) {
      if (known > 0)
        cancel(at, what.number % known);
    } else if (begins_task(what.what)) {
      expected.begin(what);
      tasks.push_back(
        troupe::create_task(take_part(real, what, known, endings)));
    } else {
      int is = real.call(what);
      int should = expected.call(what);
      if (is != should)
        differ(all, at,
               "the call returned " + std::to_string(is) + ", not "
                 + std::to_string(should));
      ++done.results;
      compare(at);
    }
  }
  for (step what : all.last)
    if (real.call(what) != expected.call(what))
      differ(all, all.steps.size(), "the last call returned something else");
  for (std::size_t who = 0; who < tasks.size(); ++who)
    cancel(all.steps.size(), static_cast<int>(who));
  bool all_ended = false;
  for (int turns = 0; !all_ended; ++turns) {
    all_ended = true;
    for (auto& each : tasks)
      all_ended = all_ended && each.done();
    if (turns == 100)
      differ(all, all.steps.size(), "a cancelled task does not end");
    expected.turn();
    co_await troupe::sleep(std::chrono::seconds{0});
    compare(all.steps.size());
  }
  ++done.programs;
  done.steps += all.steps.size();
  done.results += tasks.size();
}

// -- any order: nothing is lost or doubled ------------------------------------

template <class Real, class Promises>
struct explored {
  const program& all;
  Real& real;
  Promises& promises;
  std::vector<troupe::task<>> tasks = {};
};

template <class Real, class Promises>
troupe::coro<void> keep(explored<Real, Promises>& run, step what, int who) {
  run.promises.asks(who, what);
  auto tell = [&run, what, who](int result) {
    run.promises.has(who, what, result);
  };
  co_await run.real.wait(what, tell);
}

// Does every second step.
template <class Real, class Promises>
troupe::coro<void> drive(explored<Real, Promises>& run, std::size_t first) {
  for (std::size_t at = first; at < run.all.steps.size(); at += 2) {
    step what = run.all.steps[at];
    int known = static_cast<int>(run.tasks.size());
    if (what.what == word::turn) {
      co_await troupe::sleep(std::chrono::seconds{0});
    } else if (what.what == word::advance) {
      co_await troupe::sleep(pause_of(what));
    } else if (what.what == word::cancel) {
      if (known > 0 && run.tasks[what.number % known].cancel())
        run.promises.gone(what.number % known);
    } else if (begins_task(what.what)) {
      run.tasks.push_back(troupe::create_task(keep(run, what, known)));
    } else {
      run.promises.called(what, run.real.call(what));
    }
  }
}

template <class Real, class Promises>
troupe::coro<void> keeps_promises(const program& all, Real& real,
                                  Promises& promises) {
  explored<Real, Promises> run{all, real, promises};
  auto first = troupe::create_task(drive(run, 0));
  auto second = troupe::create_task(drive(run, 1));
  co_await first;
  co_await second;
  for (step what : all.last)
    promises.called(what, real.call(what));
  for (std::size_t who = 0; who < run.tasks.size(); ++who)
    if (run.tasks[who].cancel())
      promises.gone(static_cast<int>(who));
  for (auto& each : run.tasks) {
    try {
      co_await each;
    } catch (const troupe::cancelled_error&) {
    }
  }
  promises.at_end(real);
}

// -- both ---------------------------------------------------------------------

// Returns the report of the first difference; empty if there is none.
// `make_real(size)`, `make_model(size)` and `make_promises(size)` make what
// takes part, anew for each program.
template <class MakeReal, class MakeModel, class MakePromises>
std::string difference(const char* name, std::span<const word> words,
                       MakeReal make_real, MakeModel make_model,
                       MakePromises make_promises) {
  simulated_runs runs;
  counts done;
  auto property = [&](const program& all) {
    auto same = [&]() -> troupe::coro<void> {
      auto real = make_real(all.size);
      auto expected = make_model(all.size);
      co_await same_as_model(all, real, expected, done);
    };
    std::string problem
      = runs.run(same, troupe::detail::strategy_kind::fifo, 1);
    if (!problem.empty())
      return problem;
    auto explored = [&]() -> troupe::coro<void> {
      auto real = make_real(all.size);
      auto promises = make_promises(all.size);
      co_await keeps_promises(all, real, promises);
    };
    return runs.run(explored, troupe::detail::strategy_kind::random,
                    seed_of(all));
  };
  std::string found = check_programs(words, property);
  if (found.empty())
    print(name, done);
  return found;
}

} // namespace models
