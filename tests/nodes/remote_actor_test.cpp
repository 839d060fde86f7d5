// Tasks and actors of CAF are told and asked from another node.

#include <troupe/caf.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/two_nodes.hpp"

#include <caf/event_based_actor.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct order {
  int number = 0;
  std::string what;
};

template <class Inspector>
auto inspect(Inspector& f, order& x) {
  return f(x.number, x.what);
}

// No actor of these tests speaks it.
struct riddle {
  int number = 0;
};

template <class Inspector>
auto inspect(Inspector& f, riddle& x) {
  return f(x.number);
}

// Answers in several ways, and notes what it was told.
coro<void> keep_shop(record<std::string>& told) {
  std::vector<reply<int>> waiting;
  for (bool open = true; open;)
    co_await receive(
      [](int x) { return x + 1; },
      [](const order& x) { return order{x.number, x.what + " done"}; },
      [](double) -> int { throw std::runtime_error("no doubles"); },
      [&](reply<int> answer, std::uint64_t) {
        waiting.push_back(std::move(answer));
      },
      [&](bool now) {
        for (auto& each : waiting)
          if (now)
            each.set_result(7);
        waiting.clear();
      },
      [&](const std::string& text) { told.add(text); },
      [&](const std::string& text, int) {
        told.add(text);
        open = false;
      });
}

class clerk : public caf::event_based_actor {
public:
  clerk(caf::actor_config& config, record<std::string>* told)
    : event_based_actor(config), told_(told) {}

  caf::behavior make_behavior() override {
    return {
      [](int x) { return x + 1; },
      [](const order& x) { return order{x.number, x.what + " done"}; },
      [](double) -> caf::result<int> { return caf::sec::runtime_error; },
      [](float) { return riddle{1}; }, // its node does not know that type
      [this](const std::string& text) { told_->add(text); },
      [this](const std::string& text, int) {
        told_->add(text);
        quit();
      },
    };
  }

private:
  record<std::string>* told_;
};

coro<void> read_five(event begin, std::vector<int>& got) {
  co_await begin.wait();
  for (int i = 0; i < 5; ++i)
    got.push_back(co_await receive<int>());
}

struct talk {
  int sum = 0;
  std::string done;
  std::error_code failed, dead, unknown, unknown_answer;
  std::string unknown_text;
  std::string end;
};

// What both kinds of actors do alike.
coro<talk> talk_to(remote_actor far) {
  talk got;
  for (int i = 0; i < 10; ++i)
    got.sum += co_await ask<int>(far, 10s, i);
  order wanted;
  wanted.number = 5;
  wanted.what = "tea";
  order back = co_await ask<order>(far, nullptr, wanted);
  got.done = back.what + ' ' + std::to_string(back.number);
  got.failed = co_await error_of_await(ask<int>(far, 10s, 1.5));
  got.unknown = co_await error_of_await(ask<int>(far, 10s, riddle{}));
  got.unknown_answer = co_await error_of_await(ask<riddle>(far, 10s, 1));
  try {
    tell(far, riddle{});
  } catch (const error& problem) {
    got.unknown_text = problem.what();
  }
  co_await monitor(far);
  for (int i = 0; i < 3; ++i)
    tell(far, "told " + std::to_string(i));
  tell(far, "end", 1);
  down end = co_await receive<down>();
  got.end = to_string(end.who) + ": " + to_string(end.reason);
  got.dead = co_await error_of_await(ask<int>(far, 10s, 1));
  co_return got;
}

void check(const talk& got, const record<std::string>& told) {
  CHECK(got.sum == 55);
  CHECK(got.done == "tea done 5");
  CHECK(got.failed);
  CHECK(got.unknown == errc::bad_message);
  CHECK(got.unknown_answer == errc::bad_message);
  CHECK(contains(got.unknown_text, "riddle"));
  CHECK(contains(got.unknown_text, "'shop' on node 'server'"));
  CHECK(got.end == "'shop' on node 'server': a normal end");
  CHECK(got.dead == errc::actor_ended);
  CHECK(told.all()
        == std::vector<std::string>{"told 0", "told 1", "told 2", "end"});
}

} // namespace

TEST_CASE("remote actor: a task is told, asked and watched", "[threads]") {
  for_each_worker_count([](run_options options) {
    talk got;
    record<std::string> told;
    with_two_nodes(
      [&](node server, peer there) -> coro<void> {
        auto shop = create_task(keep_shop(told));
        server.publish("shop", speaks<order>(shop));
        auto far = co_await remote<actor_ref>(there, "shop");
        got = co_await talk_to(far);
      },
      options);
    check(got, told);
    CHECK(got.failed == errc::failed_remotely);
  });
}

TEST_CASE("remote actor: an actor of CAF is told, asked and watched",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    talk got;
    std::string text;
    record<std::string> told;
    with_two_nodes(
      [&](node server, peer there) -> coro<void> {
        server.publish("shop", speaks<order>(ref_of(spawn<clerk>(&told))));
        auto far = co_await remote<actor_ref>(there, "shop");
        try {
          co_await ask<int>(far, 10s, 1.0F);
        } catch (const no_answer_error& problem) {
          text = problem.what();
        }
        got = co_await talk_to(far);
      },
      options);
    check(got, told);
    CHECK(got.failed == errc::exit_signalled);
    CHECK(contains(text, "int) was asked for"));
    CHECK(contains(text, "on node 'server'"));
  });
}

TEST_CASE("remote actor: one request has one answer, in time or not") {
  std::vector<int> late;
  std::error_code dropped, slow, gone;
  std::size_t more = 0;
  bool was_cancelled = false;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    record<std::string> told;
    auto shop = create_task(keep_shop(told));
    server.publish("shop", actor_ref{shop});
    auto far = co_await remote<actor_ref>(there, "shop");
    std::uint64_t later = 1;
    auto first = create_task(ask<int>(far, 10s, later));
    auto second = create_task(ask<int>(far, nullptr, later));
    co_await blocked(first);
    co_await blocked(second);
    co_await ask(far, 10s, true);
    late.push_back(co_await first);
    late.push_back(co_await second);
    auto third = create_task(error_of_await(ask<int>(far, 10s, later)));
    co_await blocked(third);
    co_await ask(far, 10s, false);
    dropped = co_await third;
    // Nobody waits any more: what is answered then is dropped.
    slow = co_await error_of_await(ask<int>(far, 1ms, later));
    auto fourth = create_task(ask<int>(far, nullptr, later));
    co_await blocked(fourth);
    fourth.cancel();
    try {
      co_await fourth;
    } catch (const cancelled_error&) {
      was_cancelled = true;
    }
    co_await ask(far, 10s, true);
    more = static_cast<std::size_t>(co_await ask<int>(far, 10s, 1));
    auto fifth = create_task(error_of_await(ask<int>(far, nullptr, later)));
    co_await blocked(fifth);
    server.withdraw("shop");
    gone = co_await fifth;
    shop.cancel();
  });
  CHECK(late == std::vector{7, 7});
  CHECK(dropped == errc::no_answer);
  CHECK(slow == errc::timeout);
  CHECK(was_cancelled);
  CHECK(more == 2);
  CHECK(gone == errc::not_published);
}

TEST_CASE("remote actor: urgent messages come first, and order is kept") {
  std::vector<int> got;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    event begin;
    auto reader = create_task(read_five(begin, got));
    server.publish("reader", actor_ref{reader});
    auto far = co_await remote<actor_ref>(there, "reader");
    for (int i = 0; i < 4; ++i)
      tell(far, i);
    tell(far, urgent, 9);
    auto last = create_task(error_of_await(ask(far, nullptr, "wait")));
    co_await blocked(last);
    co_await remote<actor_ref>(there, "reader"); // so all has come
    begin.set();
    co_await last;
    co_await reader;
  });
  CHECK(got == std::vector{9, 0, 1, 2, 3});
}

TEST_CASE("remote actor: a full mailbox and the loss of the node") {
  std::error_code full, lost, later, wrong;
  bool no_sender = false;
  error_log log;
  with_two_nodes([&](node server, peer there) -> coro<void> {
    log.watch(get_running_loop());
    auto idle = create_task([]() -> coro<void> {
      mailbox_options how;
      how.bound = 1;
      how.when_full = full_policy::fail;
      set_mailbox(how);
      co_await sleep(1h);
    }());
    co_await blocked(idle);
    server.publish("idle", actor_ref{idle});
    server.publish("line", queue<int>{});
    auto far = co_await remote<actor_ref>(there, "idle");
    auto first = create_task(error_of_await(ask<int>(far, nullptr, 1)));
    co_await blocked(first);
    full = co_await error_of_await(ask<int>(far, 10s, 2));
    tell(far, 3);
    co_await remote<actor_ref>(there, "idle"); // so all has come
    no_sender = log.count("told 'idle' failed") == 1;
    wrong = co_await error_of_await(remote<actor_ref>(there, "line"));
    there.close();
    lost = co_await first;
    later = co_await error_of_await(ask<int>(far, 10s, 4));
  });
  CHECK(full == errc::mailbox_full);
  CHECK(no_sender);
  CHECK(wrong == errc::not_published);
  CHECK(lost == errc::node_lost);
  CHECK(later == errc::node_lost);
}
