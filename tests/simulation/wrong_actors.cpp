// Actors of CAF that are left over.

#include <troupe/caf.hpp>

#include "simulation/wrong_programs.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace wrong {

namespace {

// -- actors of CAF ------------------------------------------------------------

// Answers until it is told to end.
class doubler : public caf::event_based_actor {
public:
  explicit doubler(caf::actor_config& config) : event_based_actor(config) {}

  const char* name() const override {
    return "the doubler";
  }

  caf::behavior make_behavior() override {
    return {[](int x) {
      return 2 * x;
    }};
  }
};

// Keeps itself alive by a timer.
class ticker : public caf::event_based_actor {
public:
  explicit ticker(caf::actor_config& config) : event_based_actor(config) {}

  caf::behavior make_behavior() override {
    delayed_send(this, 1s, 1);
    return {[this](int x) {
      delayed_send(this, 1s, x + 1);
    }};
  }
};

// It has no name of its own.
class echo : public caf::event_based_actor {
public:
  explicit echo(caf::actor_config& config) : event_based_actor(config) {}

  caf::behavior make_behavior() override {
    return {[](const std::string& text) {
      return text;
    }};
  }
};

// Asks, and tells a future.
class asker : public caf::event_based_actor {
public:
  asker(caf::actor_config& config, caf::actor whom, future<int> told)
    : event_based_actor(config), whom_(std::move(whom)),
      told_(std::move(told)) {}

  caf::behavior make_behavior() override {
    request(whom_, 10s, 21)
      .then([this](int x) { told_.set_result(x); },
            [this](const caf::error&) { told_.set_result(-1); });
    return {[](float) {
    }};
  }

private:
  caf::actor whom_;
  future<int> told_;
};

// Somebody has a handle and does not let go.
void hold(const caf::actor& actor) {
  get_running_loop().call_later(1h, [actor] {});
}

template <class Actor, bool Right>
coro<void> actor_is_left() {
  auto actor = system_of(get_running_loop()).spawn<Actor>();
  hold(actor);
  co_await sleep(5s);
  if (Right)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

template <bool Right>
coro<void> nameless_actor_is_left() {
  auto actor = system_of(get_running_loop()).spawn<echo>();
  hold(actor);
  caf::anon_send(actor, std::string{"hello"});
  co_await sleep(1s);
  if (Right)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

template <bool Right>
coro<void> two_actors_are_left() {
  auto first = system_of(get_running_loop()).spawn<doubler>();
  auto second = system_of(get_running_loop()).spawn<ticker>();
  hold(first);
  co_await sleep(5s);
  caf::anon_send_exit(Right ? second : first, caf::exit_reason::user_shutdown);
  if (Right)
    caf::anon_send_exit(first, caf::exit_reason::user_shutdown);
  else
    hold(system_of(get_running_loop()).spawn<echo>());
}

template <bool Right>
coro<void> actor_does_not_answer() {
  auto& system = system_of(get_running_loop());
  auto told = future<int>::make();
  auto silent = future<int>::make();
  auto actor = system.spawn<doubler>();
  auto client = system.spawn<asker>(actor, told);
  auto answer = co_await told;
  test::require(answer == 42);
  caf::anon_send_exit(client, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  if (Right)
    silent.set_result(1);
  co_await silent;
}

} // namespace

std::vector<wrong_program> wrong_actors() {
  return {{"an actor of CAF is left",
           "left over",
           {"1 actor of CAF", "the doubler", "doubler"},
           actor_is_left<doubler, false>,
           actor_is_left<doubler, true>},
          {"an actor of CAF with a timer is left",
           "left over",
           {"1 actor of CAF", "ticker"},
           actor_is_left<ticker, false>,
           actor_is_left<ticker, true>},
          {"a function as an actor is left",
           "left over",
           {"1 actor of CAF"},
           nameless_actor_is_left<false>,
           nameless_actor_is_left<true>},
          {"two actors of CAF are left",
           "left over",
           {"2 actors of CAF", "ticker"},
           two_actors_are_left<false>,
           two_actors_are_left<true>},
          {"a program waits beside actors",
           "deadlock",
           {"main"},
           actor_does_not_answer<false>,
           actor_does_not_answer<true>}};
}

} // namespace wrong
