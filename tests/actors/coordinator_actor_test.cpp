// Locks, queues and the like reached by ordinary actors of CAF, by message.

#include <troupe/caf.hpp>
#include <troupe/troupe.hpp>

#include "support/coordination.hpp"
#include "support/puppet.hpp"
#include "support/test.hpp"

#include <caf/send.hpp>

#include <atomic>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<bool> getting(queue<std::string> x, std::size_t count) {
  return reached([x, count] { return x.statistics().getting == count; });
}

} // namespace

TEST_CASE(
  "coordinator_actor: an actor acquires a lock in its turn and releases "
  "it",
  "[coordinator_actor][threads]") {
  for_each_worker_count([](run_options options) {
    record<> order;
    bool same = false;
    run(
      [&]() -> coro<void> {
        lock door{"door"};
        caf::actor entrance = door.actor();
        same = entrance == door.actor();
        auto held = co_await door.scoped();
        auto first = play([&, entrance](puppet& self) {
          self.ask_for(
            entrance,
            [&, entrance] {
              order.add("actor");
              self.ask_for(entrance, [&] { self.quit(); }, messages::release{});
            },
            messages::acquire{});
        });
        co_await waiting_at(door, 1);
        auto second = create_task([&]() -> coro<void> {
          auto mine = co_await door.scoped();
          order.add("task");
        });
        co_await waiting_at(door, 2);
        order.add("release");
        held.release();
        co_await second;
        co_await reached([&] { return !door.locked(); });
      },
      options);

    CHECK(same);
    CHECK(order.all() == std::vector<std::string>{"release", "actor", "task"});
  });
}

TEST_CASE("coordinator_actor: the place of an actor that dies is withdrawn",
          "[coordinator_actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> seen;
    run(
      [&]() -> coro<void> {
        queue<std::string> items{0, "items"};
        lock door;
        auto held = co_await door.scoped();
        caf::actor shelf = items.actor();
        caf::actor entrance = door.actor();
        auto dying = play([=](puppet& self) {
          self.ask_for(entrance, [] {}, messages::acquire{});
          self.request(shelf, caf::infinite, messages::get{})
            .then([](const std::string&) {});
        });
        co_await getting(items, 1);
        co_await waiting_at(door, 1);
        caf::anon_send_exit(dying, caf::exit_reason::kill);
        co_await getting(items, 0);
        co_await waiting_at(door, 0);
        items.put_nowait("kept");
        seen.push_back(items.get_nowait());
        held.release();
        seen.push_back(door.try_acquire() ? "free" : "held");
      },
      options);

    CHECK(seen == std::vector<std::string>{"kept", "free"});
  });
}

TEST_CASE("coordinator_actor: what an actor holds is given back when it dies",
          "[coordinator_actor][threads]") {
  for_each_worker_count([](run_options options) {
    std::size_t left = 0;
    run(
      [&]() -> coro<void> {
        semaphore permits{2};
        rw_lock table;
        caf::actor gate = permits.actor();
        caf::actor shelf = table.actor();
        std::atomic<int> granted{0};
        auto holder = play([&, gate, shelf](puppet& self) {
          self.ask_for(gate, [&] { ++granted; }, messages::acquire{});
          self.ask_for(gate, [&] { ++granted; }, messages::acquire{});
          self.ask_for(shelf, [&] { ++granted; }, messages::write{});
        });
        gate = nullptr;
        shelf = nullptr;
        co_await reached([&] { return granted == 3; });
        auto reader = create_task(
          [&]() -> coro<void> { auto held = co_await table.scoped_read(); });
        caf::anon_send_exit(holder, caf::exit_reason::kill);
        co_await permits.acquire();
        co_await permits.acquire();
        co_await reader;
        left = permits.statistics().value;
      },
      options);

    CHECK(left == 0);
  });
}

TEST_CASE("coordinator_actor: all of them understand their messages",
          "[coordinator_actor][threads]") {
  for_each_worker_count([](run_options options) {
    record<> told;
    run(
      [&]() -> coro<void> {
        event gate;
        condition changed;
        barrier meeting{2};
        rate_limiter limiter{1'000, 4};
        channel<int> numbers;
        queue<int> jobs{1};
        std::vector<caf::actor> all{gate.actor(),    changed.actor(),
                                    meeting.actor(), limiter.actor(),
                                    numbers.actor(), jobs.actor()};
        auto note = [&](const char* what) {
          return [&told, what] {
            told.add(what);
          };
        };
        auto player = play([&, all](puppet& self) {
          self.ask_for(all[0], note("gate"), messages::wait{});
          self.ask_for(all[0], note("set"), messages::set{});
          self.ask_for(all[0], note("clear"), messages::clear{});
          self.request(all[0], caf::infinite, messages::is_set{})
            .then([&](bool is) { told.add(is ? "is set" : "is not set"); });
          self.ask_for(all[1], note("locked"), messages::acquire{});
          self.ask_for(all[1], note("changed"), messages::wait{});
          self.request(all[2], caf::infinite, messages::wait{})
            .then([&](std::uint64_t place) {
              told.add("place " + std::to_string(place));
            });
          self.ask_for(all[3], note("tokens"), messages::acquire{},
                       std::uint64_t{3});
          self.ask_for(all[4], note("sent"), messages::send{}, 5);
          self.ask_for(all[5], note("put"), messages::put{}, 6);
          self.request(all[5], caf::infinite, messages::get{}).then([&](int x) {
            told.add("got " + std::to_string(x));
          });
          self.ask_for(all[5], note("done"), messages::task_done{});
          self.ask_for(all[5], note("joined"), messages::join{});
          self.ask_for(all[5], note("shut down"), messages::shutdown{}, true);
        });
        int item = co_await numbers.receive();
        told.add("item " + std::to_string(item));
        co_await reached([&] { return meeting.statistics().waiting == 1; });
        co_await meeting.wait();
        co_await reached([&] { return changed.statistics().waiting == 1; });
        {
          auto held = co_await changed.scoped();
          changed.notify();
        }
        co_await reached([&] { return told.size() == 15; });
        caf::anon_send(player, 1);
        co_await reached([&] { return !changed.locked(); });
      },
      options);

    auto all = told.all();
    std::sort(all.begin(), all.end());
    CHECK(all
          == std::vector<std::string>{"changed", "clear", "done", "gate",
                                      "got 6", "is not set", "item 5", "joined",
                                      "locked", "place 0", "put", "sent", "set",
                                      "shut down", "tokens"});
  });
}

TEST_CASE("coordinator_actor: errors come as errors of CAF",
          "[coordinator_actor]") {
  std::vector<std::string> errors;
  run([&]() -> coro<void> {
    lock door{"door"};
    rw_lock table{"table"};
    queue<int> items{0, "items"};
    items.shutdown();
    caf::actor all[]{door.actor(), table.actor(), items.actor()};
    bool done = false;
    auto player = play([&](puppet& self) {
      auto next = [] {
      };
      self.ask_for(all[0], next, messages::release{});
      self.ask_for(all[0], next, messages::put{}, 1);
      self.ask_for(all[1], next, messages::release{});
      self.ask_for(all[2], next, messages::put{}, std::string{"text"});
      self.ask_for(all[2], next, messages::put{}, 1);
      self.request(all[2], caf::infinite, messages::get{})
        .then([](int) {},
              [&](const caf::error& why) {
                self.note_error(why);
                errors = self.errors;
                done = true;
                self.quit();
              });
    });
    co_await reached([&] { return done; });
  });

  REQUIRE(errors.size() == 6);
  CHECK_THAT(errors[0], Catch::Contains("release of <lock 'door' unlocked>, "
                                        "which nobody holds"));
  CHECK_THAT(errors[1], Catch::Contains("unexpected_message"));
  CHECK_THAT(errors[2], Catch::Contains("release of <rw_lock 'table' unlocked> "
                                        "by an actor that does not hold it"));
  CHECK_THAT(errors[3], Catch::Contains("unexpected_message"));
  CHECK_THAT(errors[4], Catch::Contains("put to <queue 'items' 0 items, shut "
                                        "down>; stop when it is shut down"));
  CHECK_THAT(errors[5], Catch::Contains("get from <queue 'items' 0 items, shut "
                                        "down>; stop when it is shut down"));
}

TEST_CASE("coordinator_actor: outside a loop it says so",
          "[coordinator_actor]") {
  lock door{"door"};
  CHECK(text_of_error([&] { static_cast<void>(door.actor()); })
        == "actor() of <lock 'door' unlocked>, which belongs to no loop yet; "
           "call it in a task or a callback of its loop");
}
