// Scenarios: tasks and ordinary actors of CAF in one program, in virtual time.

#include <troupe/caf.hpp>

#include "simulation/scenarios.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

using namespace troupe;
using namespace scenarios;
using namespace std::chrono_literals;
using test::require;

namespace {

// Answers after an hour, or never.
class slow_doubler : public caf::event_based_actor {
public:
  slow_doubler(caf::actor_config& config, bool answers)
    : event_based_actor(config), answers_(answers) {}

  caf::behavior make_behavior() override {
    return {[this](int x) -> caf::result<int> {
              kept_ = make_response_promise<int>();
              if (answers_)
                delayed_send(this, 3600s, 2.0 * x);
              return kept_;
            },
            [this](double x) {
              kept_.deliver(static_cast<int>(x));
            }};
  }

private:
  void on_exit() override {
    kept_ = {}; // a promise holds its actor
  }

  bool answers_;
  caf::typed_response_promise<int> kept_;
};

class client : public caf::event_based_actor {
public:
  client(caf::actor_config& config, caf::actor whom, future<int> told)
    : event_based_actor(config), whom_(std::move(whom)),
      told_(std::move(told)) {}

  caf::behavior make_behavior() override {
    request(whom_, 7200s, 21)
      .then([this](int x) { tell(x); },
            [this](const caf::error&) { tell(-1); });
    return {[](float) {
    }};
  }

private:
  void tell(int x) {
    told_.set_result(x);
    quit();
  }

  caf::actor whom_;
  future<int> told_;
};

// Sends itself messages, one each second.
class clock_actor : public caf::event_based_actor {
public:
  clock_actor(caf::actor_config& config, int times, future<void> told)
    : event_based_actor(config), times_(times), told_(std::move(told)) {}

  caf::behavior make_behavior() override {
    delayed_send(this, 1s, 1);
    return {[this](int count) {
      if (count < times_) {
        delayed_send(this, 1s, count + 1);
        return;
      }
      told_.set_result();
      quit();
    }};
  }

private:
  int times_;
  future<void> told_;
};

coro<void> ask_actor(bool answers) {
  auto& system = system_of(get_running_loop());
  auto told = future<int>::make();
  auto server = system.spawn<slow_doubler>(answers);
  system.spawn<client>(server, told);
  int got = co_await told;
  require(got == (answers ? 42 : -1));
  require(test::time() == (answers ? 1h : 2h));
  caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
}

} // namespace

TEST_CASE("scenario: CAF's delayed messages come in virtual time",
          "[explore]") {
  explore_all([]() -> coro<void> { co_await ask_actor(true); });
}

TEST_CASE("scenario: CAF's request times out in virtual time", "[explore]") {
  explore_all([]() -> coro<void> { co_await ask_actor(false); });
}

TEST_CASE("scenario: tasks and actors of CAF run side by side", "[explore]") {
  explore_all([]() -> coro<void> {
    auto& system = system_of(get_running_loop());
    auto told = future<void>::make();
    system.spawn<clock_actor>(3, told);
    int sum = 0;
    auto body = [](int& x) -> coro<void> {
      for (int i = 0; i < 3; ++i) {
        co_await sleep(1s);
        ++x;
      }
    };
    auto task = create_task(body(sum));
    co_await told;
    require(test::time() == 3s);
    co_await task;
    require(sum == 3);
  });
}

TEST_CASE("scenario: an exit message of CAF cancels a task", "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      auto body = []() -> coro<void> {
        co_await sleep(1ms);
        co_await spin(2);
        co_await sleep(1ms);
      };
      auto target = create_task(body());
      auto sender = [](any_task x, moment at) -> coro<void> {
        co_await sleep(std::chrono::milliseconds{at.milliseconds});
        co_await spin(at.turns);
        caf::anon_send_exit(x.actor(), caf::exit_reason::user_shutdown);
      };
      auto other = create_task(sender(target, when));
      bool in_full = co_await finished(target);
      co_await other;
      require(in_full == !target.cancelled());
    },
    2);
}
