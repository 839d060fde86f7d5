#include <troupe/run.hpp>
#include <troupe/simulation.hpp>
#include <troupe/sleep.hpp>
#include <troupe/supervisor.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Notes each start and end; crashes when it is told to.
coro<void> worker(record<>& log, std::string name) {
  log.add(name + " starts");
  try {
    co_await receive([](const std::string& why) {
      if (why == "crash")
        throw std::runtime_error("crash");
    });
  } catch (const cancelled_error&) {
    log.add(name + " stops");
    throw;
  }
}

child_spec spec_of(record<>& log, std::string name,
                   restart_type restart = restart_type::permanent) {
  child_spec made;
  made.name = name;
  made.body = [&log, name] {
    return worker(log, name);
  };
  made.restart = restart;
  return made;
}

std::vector<child_spec> three(record<>& log,
                              restart_type restart = restart_type::permanent) {
  std::vector<child_spec> all;
  for (const char* name : {"a", "b", "c"})
    all.push_back(spec_of(log, name, restart));
  return all;
}

coro<actor_ref> child_named(actor_ref supervisor, std::string name) {
  auto all = co_await children_of(supervisor);
  for (const auto& each : all)
    if (each.name == name)
      co_return each.actor;
  co_return actor_ref{};
}

coro<void> tell_child(actor_ref supervisor, std::string name,
                      std::string what) {
  auto child = co_await child_named(supervisor, std::move(name));
  tell(child, what);
}

// Starts three children, makes the middle one end, and stops.
std::vector<std::string>
after_end(restart_strategy how, run_options options, const char* what = "crash",
          restart_type restart = restart_type::permanent) {
  record<> log;
  run(
    [&]() -> coro<void> {
      supervisor_options settings;
      settings.strategy = how;
      auto top = create_task(supervise(settings, three(log, restart)));
      co_await reached([&] { return log.size() == 3; });
      co_await tell_child(top, "b", what);
      co_await turns(20);
      log.add("end");
      top.cancel();
      co_await ending_of(top);
    },
    options);
  auto all = log.all();
  all.erase(all.begin(), all.begin() + 3);
  return all;
}

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("supervisor: one_for_one restarts the child alone", "[supervisor]") {
  CHECK(after_end(restart_strategy::one_for_one, {})
        == lines{"b starts", "end", "c stops", "b stops", "a stops"});
}

TEST_CASE("supervisor: one_for_all restarts all", "[supervisor]") {
  CHECK(after_end(restart_strategy::one_for_all, {})
        == lines{"c stops", "a stops", "a starts", "b starts", "c starts",
                 "end", "c stops", "b stops", "a stops"});
}

TEST_CASE("supervisor: rest_for_one restarts those after it as well",
          "[supervisor]") {
  CHECK(after_end(restart_strategy::rest_for_one, {})
        == lines{"c stops", "b starts", "c starts", "end", "c stops", "b stops",
                 "a stops"});
}

TEST_CASE("supervisor: a normal end restarts permanent children alone",
          "[supervisor]") {
  auto how = restart_strategy::one_for_one;
  CHECK(after_end(how, {}, "end")[0] == "b starts");
  CHECK(after_end(how, {}, "end", restart_type::transient)[0] == "end");
  CHECK(after_end(how, {}, "crash", restart_type::transient)[0] == "b starts");
  CHECK(after_end(how, {}, "crash", restart_type::temporary)[0] == "end");
}

TEST_CASE("supervisor: a cancelled child is restarted if it is permanent",
          "[supervisor]") {
  for (auto restart : {restart_type::permanent, restart_type::transient}) {
    record<> log;
    run([&]() -> coro<void> {
      std::vector<child_spec> specs;
      specs.push_back(spec_of(log, "a", restart));
      auto top = create_task(supervise({}, std::move(specs)));
      co_await turns(3);
      for (const any_task& each : all_tasks())
        if (each.get_name() == "a")
          each.cancel();
      co_await turns(10);
      top.cancel();
      co_await ending_of(top);
    });
    bool again = restart == restart_type::permanent;
    CHECK(log.size() == (again ? 4 : 2));
  }
}

TEST_CASE("supervisor: it gives up when there are too many restarts",
          "[supervisor][threads]") {
  for_each_worker_count([](run_options options) {
    std::string text;
    std::string reason;
    int lives = 0;
    run(
      [&]() -> coro<void> {
        supervisor_options how;
        how.max_restarts = 3;
        std::vector<child_spec> specs(1);
        specs[0].name = "weak";
        specs[0].body = [&]() -> coro<void> {
          ++lives;
          throw std::runtime_error("crash");
          co_return;
        };
        try {
          co_await create_task(supervise(how, std::move(specs)), "top");
        } catch (const restart_intensity_error& problem) {
          text = problem.what();
          reason = to_string(problem.reason);
        }
      },
      options);
    CHECK(lives == 4);
    CHECK(contains(text, "top: weak ended"));
    CHECK(contains(reason, "crash"));
  });
}

TEST_CASE("supervisor: restarts wait longer and longer", "[supervisor]") {
  std::vector<std::int64_t> starts;
  test::simulation sim;
  sim.run([&]() -> coro<void> {
    supervisor_options how;
    how.max_restarts = 3;
    how.period = 1h;
    std::vector<child_spec> specs(1);
    specs[0].wait.first = 1s;
    specs[0].wait.most = 3s;
    specs[0].body = [&]() -> coro<void> {
      starts.push_back(get_running_loop().time().time_since_epoch() / 1s);
      throw std::runtime_error("crash");
      co_return;
    };
    co_await ending_of(supervise(how, std::move(specs)));
  });
  REQUIRE(starts.size() == 4);
  CHECK(starts[1] - starts[0] == 1);
  CHECK(starts[2] - starts[1] == 2);
  CHECK(starts[3] - starts[2] == 3);
}

TEST_CASE("supervisor: a child that does not end in time is reported and "
          "cancelled again",
          "[supervisor]") {
  error_log log;
  int asked = 0;
  run([&]() -> coro<void> {
    log.watch(get_running_loop());
    std::vector<child_spec> specs(1);
    specs[0].name = "deaf";
    specs[0].shutdown = 5ms;
    specs[0].body = [&]() -> coro<void> {
      while (asked < 3)
        try {
          co_await sleep(1h);
        } catch (const cancelled_error&) {
          ++asked;
        }
    };
    auto top = create_task(supervise({}, std::move(specs)));
    co_await turns(3);
    top.cancel();
    co_await ending_of(top);
  });
  CHECK(asked == 3);
  CHECK(log.count("the child deaf did not end") == 1);
}

TEST_CASE("supervisor: children come and go while it runs",
          "[supervisor][threads]") {
  for_each_worker_count([](run_options options) {
    record<> log;
    bool known = false;
    bool unknown = true;
    std::size_t left = 0;
    run(
      [&]() -> coro<void> {
        auto top = create_task(supervise({}, three(log)));
        auto added = co_await start_child(top, spec_of(log, "d"));
        known = co_await stop_child(top, "b");
        unknown = co_await stop_child(top, "x");
        auto all = co_await children_of(top);
        left = all.size();
        top.cancel();
        co_await ending_of(top);
      },
      options);
    CHECK(known);
    CHECK_FALSE(unknown);
    CHECK(left == 3);
  });
}

TEST_CASE("supervisor: a child without a body is refused", "[supervisor]") {
  record<> log;
  std::string at_start;
  std::string later;
  run([&]() -> coro<void> {
    std::vector<child_spec> specs(1);
    specs[0].name = "empty";
    try {
      co_await supervise({}, specs);
    } catch (const std::invalid_argument& problem) {
      at_start = problem.what();
    }
    auto top = create_task(supervise({}, three(log)));
    try {
      co_await start_child(top, specs[0]);
    } catch (const std::invalid_argument& problem) {
      later = problem.what();
    }
    top.cancel();
    co_await ending_of(top);
  });
  CHECK(at_start
        == "the child 'empty' of a supervisor has no body; give it a function "
           "that returns coro<void>");
  CHECK(later == at_start);
}

TEST_CASE("supervisor: each life has a body of its own", "[supervisor]") {
  std::vector<int> lives;
  run([&]() -> coro<void> {
    child_spec spec;
    spec.name = "counts";
    spec.body = [&, calls = 0]() mutable -> coro<void> {
      lives.push_back(++calls);
      co_await turns(1);
      throw std::runtime_error("crash");
    };
    std::vector<child_spec> specs(1, spec);
    try {
      co_await supervise({}, specs);
    } catch (const restart_intensity_error&) {
    }
  });
  CHECK(lives == std::vector{1, 1});
}

TEST_CASE("supervisor: the tree is printed with what is nested",
          "[supervisor]") {
  record<> log;
  std::string tree;
  run([&]() -> coro<void> {
    supervisor_options outer;
    outer.strategy = restart_strategy::rest_for_one;
    std::vector<child_spec> specs;
    specs.push_back(spec_of(log, "store"));
    child_spec nested;
    nested.name = "workers";
    nested.body = [&] {
      return supervise({}, three(log));
    };
    specs.push_back(nested);
    auto top = create_task(supervise(outer, std::move(specs)), "top");
    co_await turns(5);
    co_await tell_child(top, "store", "crash");
    co_await turns(20);
    tree = supervision_tree(top);
    top.cancel();
    co_await ending_of(top);
  });
  CHECK(tree
        == "top: rest_for_one\n"
           "  store: runs, restarted 1 times\n"
           "  workers: runs, one_for_one\n"
           "    a: runs\n"
           "    b: runs\n"
           "    c: runs\n");
}

TEST_CASE("supervisor: it may end with its children", "[supervisor]") {
  record<> log;
  run([&]() -> coro<void> {
    supervisor_options how;
    how.ends_with_children = true;
    auto top = create_task(supervise(how, three(log, restart_type::temporary)));
    for (const char* name : {"c", "a", "b"}) {
      co_await turns(3);
      co_await tell_child(top, name, "end");
    }
    co_await top;
  });
  CHECK(log.size() == 3);
}
