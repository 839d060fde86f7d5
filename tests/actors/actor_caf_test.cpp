// Tasks and actors of CAF tell, ask, watch each other.

#include <troupe/caf.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// A type that CAF was never told of.
struct point {
  int x;
  int y;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(point)

namespace {

class calculator : public caf::event_based_actor {
public:
  explicit calculator(caf::actor_config& config) : event_based_actor(config) {}

  caf::behavior make_behavior() override {
    return {
      [](int x) { return 2 * x; },
      [](const std::string& x) { return x + x; },
      [](point p) { return p.x + p.y; },
      [](double) -> caf::result<double> { return caf::sec::runtime_error; },
      [this](float) -> caf::result<float> {
        kept_ = make_response_promise();
        quit(caf::exit_reason::user_shutdown); // without an answer
        return kept_;
      },
      [this](const std::string&, int) {
        quit(caf::exit_reason::user_shutdown);
      },
      [this](std::int64_t x) {
        anon_send(caf::actor_cast<caf::actor>(current_sender()), x + 1);
      },
    };
  }

private:
  // A promise holds its actor.
  void on_exit() override {
    kept_ = {};
  }

  caf::response_promise kept_;
};

// Notes what it was told, if nobody named himself.
class teller : public caf::event_based_actor {
public:
  teller(caf::actor_config& config, int* got)
    : event_based_actor(config), got_(got) {}

  caf::behavior make_behavior() override {
    return {
      [this](int x) {
        *got_ = current_sender() ? -1 : x;
        quit();
      },
    };
  }

private:
  int* got_;
};

using squares = caf::typed_actor<caf::replies_to<int>::with<int>>;

class squarer : public squares::base {
public:
  explicit squarer(caf::actor_config& config) : squares::base(config) {}

  behavior_type make_behavior() override {
    return {[](int x) {
      return x * x;
    }};
  }
};

// Asks a task, and tells what it said.
class asker : public caf::event_based_actor {
public:
  asker(caf::actor_config& config, caf::actor target, actor_ref told)
    : event_based_actor(config), target_(std::move(target)),
      told_(std::move(told)) {}

  caf::behavior make_behavior() override {
    request(target_, 10s, 21)
      .then([this](int x) { tell(told_, "int " + std::to_string(x)); },
            [this](const caf::error& x) {
              tell(told_, "error " + home_system().render(x));
            });
    return {[](caf::unit_t) {
    }};
  }

private:
  caf::actor target_;
  actor_ref told_;
};

coro<void> double_numbers() {
  for (;;)
    co_await receive([](int x) { return 2 * x; });
}

coro<void> refuse_numbers() {
  co_await receive([](reply<int>, int) {});
  co_await sleep(1h);
}

} // namespace

TEST_CASE("caf: a task asks actors of CAF", "[actor][caf][threads]") {
  for_each_worker_count([](run_options options) {
    record<> got;
    run(
      [&]() -> coro<void> {
        auto peer = ref_of(spawn<calculator>());
        int number = co_await ask<int>(peer, 10s, 21);
        got.add(std::to_string(number));
        auto text = co_await ask<std::string>(peer, 10s, "ab");
        got.add(text);
        point where{3, 4};
        number = co_await ask<int>(peer, nullptr, where);
        got.add(std::to_string(number));
        auto typed = ref_of(spawn<squarer>());
        number = co_await ask<int>(typed, 10s, urgent, 5);
        got.add(std::to_string(number));
        auto problem = co_await ending_of(ask<double>(peer, 10s, 1.5));
        got.add(problem);
        problem = co_await ending_of(ask<std::string>(peer, 10s, 1));
        got.add(problem);
        tell(peer, std::string{"end"}, 1);
        send_exit(typed, "over");
      },
      options);
    auto all = got.all();
    REQUIRE(all.size() == 6);
    CHECK(all[0] == "42");
    CHECK(all[1] == "abab");
    CHECK(all[2] == "7");
    CHECK(all[3] == "25");
    CHECK(contains(all[4], "runtime_error"));
    CHECK(contains(all[5], "but (std::string) was asked for"));
  });
}

TEST_CASE("caf: an actor of CAF asks a task", "[actor][caf][threads]") {
  for_each_worker_count([](run_options options) {
    record<> got;
    run(
      [&]() -> coro<void> {
        auto server = create_task(double_numbers());
        auto careless = create_task(refuse_numbers());
        auto one = spawn<asker>(server.actor(), self());
        co_await receive([&](const std::string& x) { got.add(x); });
        auto two = spawn<asker>(careless.actor(), self());
        co_await receive([&](const std::string& x) { got.add(x); });
        server.cancel();
        careless.cancel();
        co_await ending_of(server);
        auto three = spawn<asker>(server.actor(), self());
        co_await receive([&](const std::string& x) { got.add(x); });
        for (auto& each : {one, two, three})
          send_exit(ref_of(each), "over");
      },
      options);
    auto all = got.all();
    REQUIRE(all.size() == 3);
    CHECK(all[0] == "int 42");
    CHECK(contains(all[1], "without an answer"));
    CHECK(contains(all[2], "request_receiver_down"));
  });
}

TEST_CASE("caf: messages of CAF and of tasks are received alike",
          "[actor][caf][threads]") {
  for_each_worker_count([](run_options options) {
    int sum = 0;
    std::int64_t back = 0;
    run(
      [&]() -> coro<void> {
        auto peer = ref_of(spawn<calculator>());
        auto me = self();
        caf::anon_send(handle_of(me), 1);
        tell(me, 2);
        caf::anon_send(handle_of(me), point{3, 4});
        for (int i = 0; i < 3; ++i)
          co_await receive([&](int x) { sum += x; },
                           [&](const point& p) { sum += p.x * p.y; });
        tell(peer, std::int64_t{40});
        back = co_await receive<std::int64_t>();
        tell(peer, std::string{"end"}, 1);
      },
      options);
    CHECK(sum == 15);
    CHECK(back == 41);
  });
}

TEST_CASE("caf: a task monitors and links actors of CAF",
          "[actor][caf][threads]") {
  for_each_worker_count([](run_options options) {
    record<> ends;
    run(
      [&]() -> coro<void> {
        auto peer = ref_of(spawn<calculator>());
        monitor(peer);
        trap_exit(true);
        link(peer);
        tell(peer, std::string{"end"}, 1);
        co_await receive([&](const down& x) { ends.add(to_string(x.reason)); });
        co_await receive(
          [&](const exit_signal& x) { ends.add(to_string(x.reason)); });
        auto other = ref_of(spawn<calculator>());
        demonitor(monitor(other));
        link(other);
        unlink(other);
        send_exit(other, "over");
        bool more = co_await receive_for(
          1ms, [](const down&) {}, [](const exit_signal&) {});
        ends.add(more ? "more" : "no more");
      },
      options);
    auto all = ends.all();
    REQUIRE(all.size() == 3);
    CHECK(contains(all[0], "user_shutdown"));
    CHECK(contains(all[1], "user_shutdown"));
    CHECK(all[2] == "no more");
  });
}

TEST_CASE("caf: asking an actor of CAF that has ended fails",
          "[actor][caf][threads]") {
  for_each_worker_count([](run_options options) {
    std::error_code got;
    run(
      [&]() -> coro<void> {
        auto peer = ref_of(spawn<calculator>());
        monitor(peer);
        tell(peer, std::string{"end"}, 1);
        co_await receive([](const down&) {});
        got = co_await error_of_await(ask<int>(peer, 10s, 1));
      },
      options);
    CHECK(got == errc::actor_ended);
  });
}

TEST_CASE("caf: an actor of CAF that ends owing an answer does not keep a task "
          "waiting",
          "[actor][caf][threads]") {
  for_each_worker_count([](run_options options) {
    std::error_code got;
    run(
      [&]() -> coro<void> {
        auto peer = ref_of(spawn<calculator>());
        got = co_await error_of_await(ask<float>(peer, nullptr, 1.0F));
      },
      options);
    CHECK(got == errc::actor_ended);
  });
}

TEST_CASE("caf: an actor of another loop can be told, but not asked",
          "[actor][caf]") {
  std::error_code got;
  std::string text;
  int sent = 0;
  auto other = new_event_loop();
  auto peer = ref_of(system_of(other).spawn<teller>(&sent));
  run([&]() -> coro<void> {
    tell(peer, 7);
    try {
      co_await ask<int>(peer, 10s, 1);
    } catch (const error& problem) {
      got = problem.code();
      text = problem.what();
    }
  });
  other.run_until_complete(turns(5));
  other.close();
  CHECK(got == errc::wrong_loop);
  CHECK(contains(text, "another loop"));
  CHECK(sent == 7);
}
