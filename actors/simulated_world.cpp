#include "actors/simulated_world.hpp"

#include "runtime/actor_home.hpp"
#include "runtime/forbidden_calls.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/trace.hpp"
#include "runtime/wait_graph.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>

#include <cstdio>
#include <fstream>

namespace troupe::detail {

simulator* this_simulator() noexcept {
  return this_worker ? this_worker->home.simulation() : nullptr;
}

simulated_world::~simulated_world() {
  drop_loop();
}

void simulated_world::make_loop() {
  if (loop_)
    return;
  watch_forbidden_calls();
  loop_
    = event_loop{*new loop_core({.threads = 1, .debug = 0}, &simulator_), true};
}

void simulated_world::drop_loop() noexcept {
  if (!loop_)
    return;
  loop_.close();
  simulator_.end_network(); // it knows the loop, which may go now
  loop_ = {};
}

void simulated_world::run(program_ref program, run_plan plan,
                          bool may_leave_tasks) {
  make_loop();
  loop_core& core = *loop_.core();
  core.begin_simulation();
  simulator_.begin(std::move(plan), core.system().latest_actor_id());
  loop_.set_exception_handler(
    [this](event_loop& home, const error_context& what) {
      std::string text = what.message;
      if (what.exception)
        text += ": " + describe(what.exception);
      std::string id = text;
      for (const std::string* more :
           {&what.future, &what.handle, &what.transport, &what.await_chain})
        if (!more->empty())
          text += "\n  " + *more;
      simulator_.fail(*home.core(), failure_kind::unhandled, text, id);
    });
  try {
    run_main(program);
    if (!simulator_.failed())
      look_for_left_overs(may_leave_tasks);
    if (!simulator_.failed())
      finish_left_overs();
  } catch (const simulation_stopped&) {
  }
  if (simulator_.failed())
    drop_loop();
  simulator_.drop_frame();
  simulator_.end_network();
  count_short_cuts();
}

void simulated_world::run_main(program_ref program) {
  struct in_loop {
    explicit in_loop(loop_core& core) noexcept
      : outer(std::exchange(this_worker, core.first_worker())) {}

    ~in_loop() {
      this_worker = outer;
    }

    worker* outer;
  };
  std::optional<coro<void>> body;
  {
    // The program may make locks and queues before its first await.
    in_loop inside{*loop_.core()};
    body.emplace(program.make(program.object));
  }
  auto main = loop_.create_task(std::move(*body), {.name = "main"},
                                site{"main", "", 0});
  simulator_.follow(main.core());
  try {
    loop_.run_until_done(main);
  } catch (const simulation_stopped&) {
    // Why is looked at below.
  } catch (const error& e) {
    if (!simulator_.failed())
      simulator_.fail(*loop_.core(), failure_kind::exception, e.what());
  }
  simulator_.follow(nullptr);
  if (simulator_.failed()) {
    if (main.done() && !main.cancelled())
      main.core()->mark_retrieved();
    return;
  }
  if (main.cancelled()) {
    simulator_.fail(*loop_.core(), failure_kind::exception,
                    "the program was cancelled");
    return;
  }
  if (auto problem = main.exception()) {
    std::string what = describe(problem);
    std::string chain = main.await_chain();
    simulator_.fail(*loop_.core(), failure_kind::exception,
                    what + (chain.empty() ? "" : "\n  awaited at: " + chain),
                    what + " at " + chain.substr(0, chain.find(" <- ")));
  }
}

// What is ready runs on, but time stands still; then nothing should be left.
void simulated_world::look_for_left_overs(bool may_leave_tasks) {
  loop_core& core = *loop_.core();
  core.drain_simulation();
  if (simulator_.failed() || may_leave_tasks)
    return;
  std::size_t tasks = core.tasks().size();
  if (tasks > 0) {
    simulator_.fail(core, failure_kind::left_over,
                    std::to_string(tasks)
                      + (tasks == 1 ? " task is" : " tasks are")
                      + " left over at the end of the program",
                    wait_places(core));
    return;
  }
  std::size_t actors = core.system().registry().running();
  if (actors > 0)
    simulator_.fail(core, failure_kind::left_over,
                    std::to_string(actors)
                      + (actors == 1 ? " actor" : " actors")
                      + " of CAF left over at the end of the program:"
                      + core.actors().names_of_left());
}

void simulated_world::finish_left_overs() {
  loop_core& core = *loop_.core();
  if (!core.tasks().empty()) {
    for (const any_task& task : all_tasks(loop_))
      task.cancel();
    core.drain_simulation();
    if (!simulator_.failed() && !core.tasks().empty())
      simulator_.fail(core, failure_kind::left_over,
                      "tasks are left that do not end when cancelled",
                      wait_places(core));
  }
  if (core.default_pool)
    core.release_pool(std::exchange(core.default_pool, nullptr));
  if (!core.drop_timers() || core.has_resources())
    drop_loop();
}

// -- the report ---------------------------------------------------------------

namespace {

std::string command_line() {
  std::ifstream file("/proc/self/cmdline");
  std::string all{std::istreambuf_iterator<char>(file), {}};
  std::string text;
  std::size_t begin = 0;
  while (begin < all.size()) {
    std::size_t end = std::min(all.find('\0', begin), all.size());
    std::string word = all.substr(begin, end - begin);
    bool plain = !word.empty()
              && word.find_first_not_of(
                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789_-./=+,:@%")
                   == std::string::npos;
    text += ' ' + (plain ? word : '\'' + word + '\'');
    begin = end + 1;
  }
  return text.empty() ? " the same program" : text;
}

std::string table_of(const std::vector<step_text>& steps) {
  std::string text = "last steps:\n"
                     "     step   time (s)  choice  who             where\n";
  for (const step_text& step : steps) {
    char line[64];
    char choice[24] = "-";
    if (step.ways > 1)
      std::snprintf(choice, sizeof choice, "%u/%u", step.taken + 1, step.ways);
    std::snprintf(line, sizeof line, "  %7llu %10.3f %7s  ",
                  static_cast<unsigned long long>(step.number),
                  static_cast<double>(step.time) / 1e9, choice);
    std::string who = step.who;
    who.resize(std::max<std::size_t>(who.size(), 14), ' ');
    text += line + who + "  " + step.where + '\n';
  }
  return text;
}

} // namespace

test::failure failure_of(const simulator& sim, const run_plan& plan) {
  std::string replay = encode(plan);
  std::string kind = name_of(sim.failure());
  std::string text = kind + ": " + sim.failure_text();
  if (text.back() != '\n')
    text += '\n';
  text += "after " + std::to_string(sim.steps()) + " steps, seed "
        + std::to_string(plan.seed) + ", "
        + std::to_string(sim.deviations().size())
        + " choices against asyncio's order\n";
  if (!sim.remarks().empty()) {
    text += "faults:\n";
    for (const std::string& each : sim.remarks())
      text += "  " + each + '\n';
  }
  if (auto steps = sim.last_steps(); !steps.empty())
    text += table_of(steps);
  text += "replay: TROUPE_SCHEDULE=" + replay + command_line() + '\n';
  return {text, kind, sim.failure_id(), replay};
}

} // namespace troupe::detail
