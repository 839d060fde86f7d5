#include <troupe/node.hpp>
#include <troupe/simulation.hpp>

#include "actors/nodes/byte_channel.hpp"
#include "actors/nodes/frames.hpp"
#include "actors/nodes/session.hpp"
#include "support/certificates.hpp"
#include "support/errors.hpp"
#include "support/memory_link.hpp"
#include "support/nonsense.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

using namespace troupe;
using namespace troupe::detail;
using namespace std::chrono_literals;

namespace {

// Shows one certificate and signs with the key of another.
class thief final : public identity {
public:
  thief(std::shared_ptr<identity> shown, std::shared_ptr<identity> own)
    : shown_(std::move(shown)), own_(std::move(own)) {}

  const std::string& certificate() const override {
    return shown_->certificate();
  }

  std::string sign(std::string_view text) const override {
    return own_->sign(text);
  }

  std::string check(const std::string&, const std::string&, std::string_view,
                    std::string_view) const override {
    return {};
  }

private:
  std::shared_ptr<identity> shown_;
  std::shared_ptr<identity> own_;
};

struct outcome {
  std::string caller; // what it was told; empty: agreed
  std::string called;
};

// Lets two nodes shake hands, each with what it says it is.
outcome shake_hands(std::string name, std::shared_ptr<identity> caller,
                    std::string other, std::shared_ptr<identity> called,
                    std::shared_ptr<identity> between = nullptr) {
  outcome told;
  run([&]() -> coro<void> {
    auto [one, two] = memory_link::make_pair();
    auto first = std::make_shared<session>(make_state(name, caller), one,
                                           session::role::caller);
    auto second = std::make_shared<session>(make_state(other, called), two,
                                            session::role::called);
    one->attach(first);
    two->attach(second);
    if (between)
      one->below = two->below = digest_of(between->certificate());
    second->begin({});
    first->begin({});
    auto mine = first->agreed();
    auto theirs = second->agreed();
    told.caller = co_await mine;
    told.called = co_await theirs;
    first->end("the test is over");
    second->end("the test is over");
  });
  return told;
}

void send_hello(memory_link& link) {
  std::string magic = "troupe";
  std::string none;
  link.send(make_frame(frame::hello, magic, protocol_version,
                       std::string{"caller"}, none, none, none));
}

// Why a node without certificates ends a session that begins with these
// messages; empty if it does not.
std::string end_after(std::vector<std::string> messages, bool agree = false) {
  std::string why;
  run([&]() -> coro<void> {
    auto [one, two] = memory_link::make_pair();
    auto state = make_state("called", nullptr);
    auto there = std::make_shared<session>(state, two, session::role::called);
    two->attach(there);
    there->begin({});
    if (agree) {
      send_hello(*one);
      one->send(make_frame(frame::proof, std::string{}));
    }
    for (const auto& bytes : messages)
      one->send(bytes);
    co_await turns(10);
    why = there->why_lost();
    there->end("the test is over");
  });
  return why;
}

} // namespace

TEST_CASE("handshake: a name counts only with its certificate and its key") {
  certificates files;
  files.make("ours", "anna");
  files.make("ours", "bert");
  files.make("theirs", "anna");
  auto load = [&](std::string authority, std::string name) {
    auto options = files.node(authority, name);
    return identity::load(name, options.certificate, options.key,
                          options.authority);
  };
  auto anna = load("ours", "anna");
  auto bert = load("ours", "bert");
  auto fake = load("theirs", "anna");

  auto good = shake_hands("anna", anna, "bert", bert);
  CHECK(good.caller.empty());
  CHECK(good.called.empty());

  // Somebody stands in between, and passes everything on.
  auto passed_on = shake_hands("anna", anna, "bert", bert, fake);
  CHECK(contains(passed_on.caller, "not at the other end"));
  CHECK(contains(passed_on.called, "not at the other end"));

  // bert calls himself anna
  auto named = shake_hands("anna", bert, "bert", bert);
  CHECK(contains(named.caller, "not for that name"));
  CHECK(contains(named.called, "not for that name"));
  named = shake_hands("bert", bert, "anna", bert);
  CHECK(contains(named.caller, "not for that name"));

  // bert shows anna's certificate
  auto thieves = std::make_shared<thief>(anna, bert);
  auto stolen = shake_hands("anna", thieves, "bert", bert);
  CHECK(contains(stolen.called, "not got the key"));
  stolen = shake_hands("bert", bert, "anna", thieves);
  CHECK(contains(stolen.caller, "not got the key"));

  // an anna of another authority
  auto liar = std::make_shared<thief>(fake, fake);
  auto foreign = shake_hands("anna", liar, "bert", bert);
  CHECK(contains(foreign.called, "certificate is not good"));

  // nobody at all, past TLS
  auto nobody = shake_hands("anna", nullptr, "bert", bert);
  CHECK(contains(nobody.called, "no certificate"));
}

TEST_CASE("handshake: another version, or none, ends it with a word") {
  std::string none;
  std::string magic = "troupe";
  std::string me = "caller";
  auto hello = [&](std::string word, std::uint32_t version) {
    return make_frame(frame::hello, word, version, me, none, none, none);
  };
  CHECK(contains(end_after({hello(magic, 2)}), "version 2"));
  CHECK(contains(end_after({hello("tropue", 1)}), "no handshake"));
  CHECK(end_after({hello(magic, 1)}).empty());
  CHECK(contains(end_after({hello(magic, 1), hello(magic, 1)}), "twice"));
  CHECK(
    contains(end_after({make_frame(frame::proof, none)}), "before a hello"));
  CHECK(contains(end_after({make_frame(frame::ping)}), "before the handshake"));
  CHECK(contains(end_after({make_frame(frame::request, std::uint64_t{1})}),
                 "before the handshake"));
  CHECK(contains(end_after({""}), "too early"));
}

TEST_CASE("handshake: one peer has no more sessions than it may") {
  std::vector<std::string> by_name, by_certificate;
  std::size_t left = 1;
  run([&]() -> coro<void> {
    auto state = make_state("called", nullptr);
    state->max_sessions = 2;
    std::vector<std::shared_ptr<memory_link>> links;
    std::vector<std::shared_ptr<session>> all;
    // Shakes hands with it, up to its end.
    auto call = [&](std::string name, std::optional<std::string> below) {
      auto [one, two] = memory_link::make_pair();
      two->below = below;
      auto there = std::make_shared<session>(state, two, session::role::called);
      two->attach(there);
      links.push_back(one);
      if (!there->begin({}))
        return all.push_back(nullptr);
      std::string magic = "troupe";
      std::string none;
      one->send(make_frame(frame::hello, magic, protocol_version, name, none,
                           none, none));
      one->send(make_frame(frame::proof, none));
      all.push_back(there);
    };
    auto tell = [&] {
      std::vector<std::string> told;
      for (const auto& each : all)
        told.push_back(each ? each->why_lost() : "not even begun");
      return told;
    };
    for (auto name : {"anna", "anna", "anna", "bert"})
      call(name, {});
    co_await turns(10);
    all[0]->end("one place is free");
    call("anna", {});
    co_await turns(10);
    by_name = tell();
    for (const auto& each : all)
      each->end("the test goes on");
    all.clear();
    for (auto certificate : {"x", "x", "x", "y"})
      call("anna", certificate);
    co_await turns(10);
    by_certificate = tell();
    for (const auto& each : all)
      if (each)
        each->end("the test is over");
    left = state->guests.size();
  });
  std::string refused = "it has as many connections as it may";
  CHECK(by_name
        == std::vector<std::string>{"one place is free", "", refused, "", ""});
  CHECK(by_certificate
        == std::vector<std::string>{"", "", "not even begun", ""});
  CHECK(left == 0);
}

TEST_CASE("handshake: who does not finish it in time is dropped") {
  std::string why;
  run([&]() -> coro<void> {
    auto [one, two] = memory_link::make_pair();
    auto state = make_state("called", nullptr);
    state->heartbeat = 20ms;
    state->handshake_limit = 50ms;
    auto there = std::make_shared<session>(state, two, session::role::called);
    two->attach(there);
    there->begin({});
    auto agreed = there->agreed();
    why = co_await agreed;
  });
  CHECK(contains(why, "handshake took too long"));
}

TEST_CASE("session: what carries it ends only with a peer that is silent") {
  // Agreed on and then silent; silent from the start; not yet as silent as it
  // may be, but late; given up by us.
  std::vector<bool> broken_off;
  std::vector<std::string> why;
  for (int how = 0; how < 4; ++how)
    test::simulation{}.run([&]() -> coro<void> {
      auto [one, two] = memory_link::make_pair();
      auto state = make_state("called", nullptr);
      state->heartbeat = how == 3 ? 1h : 20ms;
      state->loss_limit = how == 2 ? 1h : 60ms;
      state->handshake_limit = how == 0 ? 1h : 80ms;
      auto there = std::make_shared<session>(state, two, session::role::called);
      two->attach(there);
      there->begin({});
      if (how == 0) {
        send_hello(*one);
        one->send(make_frame(frame::proof, std::string{}));
      }
      auto lost = there->when_lost();
      if (how == 3)
        there->give_up("it is enough");
      co_await lost;
      why.push_back(there->why_lost());
      broken_off.push_back(two->broken_off);
    });
  CHECK(broken_off == std::vector{true, true, false, false});
  CHECK(contains(why[0], "nothing was heard of it for"));
  CHECK(contains(why[1], "handshake took too long"));
  CHECK(contains(why[2], "handshake took too long"));
  CHECK(why[3] == "it is enough");
}

TEST_CASE("session: twenty kinds of nonsense end it and nothing else") {
  std::string name = "line";
  auto request
    = make_frame(frame::request, std::uint64_t{1}, name, std::uint8_t{3});
  CHECK(end_after({request, make_frame(frame::ping)}, true).empty());
  auto all = nonsense_frames();
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO("message " << i);
    CHECK_FALSE(end_after({all[i]}, true).empty());
  }
}

TEST_CASE("handshake: a loss is told from a refusal") {
  std::string none;
  std::vector<bool> refused;
  for (const auto& last :
       {std::string{}, make_frame(frame::bye, std::string{"it was stopped"}),
        make_frame(frame::refuse, std::string{"no"}), std::string{"x"}})
    run([&]() -> coro<void> {
      auto [one, two] = memory_link::make_pair();
      auto there = std::make_shared<session>(make_state("caller", nullptr), one,
                                             session::role::caller);
      one->attach(there);
      there->begin({});
      if (last.empty())
        two->close();
      else
        two->send(last);
      auto agreed = there->agreed();
      std::string why = co_await agreed;
      if (!why.empty())
        refused.push_back(there->refused());
    });
  CHECK(refused == std::vector{false, false, true, true});
}

TEST_CASE("session: a number that is taken ends it, and nothing is forgotten") {
  auto ask = [](std::string name, std::uint8_t verb) {
    return make_frame(frame::request, std::uint64_t{1}, name, verb);
  };
  // Who waits and asks for what is not there; who holds and gets once more.
  std::vector<std::vector<std::string>> talks{
    {ask("line", 3), ask("nothing", 1)},
    {ask("line", 3), ask("lock", 1)},
    {ask("lock", 1), ask("line", 3)},
    {ask("rooms", 1), ask("lock", 1)},
  };
  for (const auto& talk : talks) {
    std::string why;
    std::size_t tasks = 0;
    bool locked = true;
    bool full = true;
    run([&]() -> coro<void> {
      auto [one, two] = memory_link::make_pair();
      auto state = make_state("called", nullptr);
      lock guard;
      semaphore rooms{1};
      state->published.emplace(
        "line",
        std::make_shared<exhibit_class<queue<int>>::type>(queue<int>{}));
      state->published.emplace(
        "lock", std::make_shared<exhibit_class<lock>::type>(guard));
      state->published.emplace(
        "rooms", std::make_shared<exhibit_class<semaphore>::type>(rooms));
      auto there = std::make_shared<session>(state, two, session::role::called);
      two->attach(there);
      there->begin({});
      std::string magic = "troupe";
      std::string name = "caller";
      std::string none;
      one->send(make_frame(frame::hello, magic, protocol_version, name, none,
                           none, none));
      one->send(make_frame(frame::proof, none));
      for (const auto& bytes : talk) {
        one->send(bytes);
        co_await turns(10);
      }
      why = there->why_lost();
      tasks = all_tasks().size();
      locked = guard.locked();
      full = rooms.locked();
    });
    CHECK(contains(why, "number is taken"));
    CHECK(tasks == 1);
    CHECK_FALSE(locked);
    CHECK_FALSE(full);
  }
}
