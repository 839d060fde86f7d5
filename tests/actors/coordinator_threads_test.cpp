// Locks, queues and the like reached from foreign threads, and under load by
// actors and tasks.

#include <troupe/caf.hpp>
#include <troupe/troupe.hpp>

#include "support/coordination.hpp"
#include "support/puppet.hpp"
#include "support/test.hpp"

#include <caf/scoped_actor.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Runs `body` on a thread that no loop runs on, and waits for its end.
template <class F>
coro<void> on_foreign_thread(F body) {
  auto done = future<void>::make();
  std::thread thread{[&] {
    body();
    done.set_result();
  }};
  co_await done;
  thread.join();
}

} // namespace

TEST_CASE("coordinator_threads: a foreign thread asks by a scoped actor",
          "[coordinator_threads][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> seen;
    run(
      [&]() -> coro<void> {
        queue<std::string> in{1};
        queue<std::string> out{1};
        lock door;
        caf::actor source = in.actor();
        caf::actor target = out.actor();
        caf::actor entrance = door.actor();
        auto& system = system_of(get_running_loop());
        auto feeder = create_task([&]() -> coro<void> {
          co_await in.put("one");
          co_await in.put("two");
        });
        auto body = [&] {
          caf::scoped_actor self{system};
          auto wrong = [&](const caf::error& why) {
            seen.push_back(system.render(why));
          };
          for (int i = 0; i < 2; ++i)
            self->request(source, caf::infinite, messages::get{})
              .receive(
                [&](const std::string& item) {
                  self
                    ->request(target, caf::infinite, messages::put{},
                              item + "!")
                    .receive([&] { seen.push_back("put"); }, wrong);
                },
                wrong);
          self->request(entrance, caf::infinite, messages::acquire{})
            .receive([&] { seen.push_back("held"); }, wrong);
          self->request(entrance, caf::infinite, messages::release{})
            .receive([&] { seen.push_back("released"); }, wrong);
        };
        auto reader = create_task([&]() -> coro<std::string> {
          std::string first = co_await out.get();
          std::string second = co_await out.get();
          co_return first + second;
        });
        co_await on_foreign_thread(body);
        co_await feeder;
        seen.push_back(co_await reader);
      },
      options);

    CHECK(seen
          == std::vector<std::string>{"put", "put", "held", "released",
                                      "one!two!"});
  });
}

TEST_CASE("coordinator_threads: a foreign thread goes through the loop",
          "[coordinator_threads][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> seen;
    run(
      [&]() -> coro<void> {
        queue<std::string> items{1};
        event gate;
        lock door;
        auto loop = get_running_loop();
        auto body = [&] {
          loop.call_soon_threadsafe([&] { items.put_nowait("one"); });
          auto put = [&]() -> coro<void> {
            co_await items.put("two");
          };
          run_coroutine_threadsafe(put(), loop).result();
          auto locked = [&]() -> coro<std::string> {
            auto held = co_await door.scoped();
            co_return "locked";
          };
          seen.push_back(run_coroutine_threadsafe(locked(), loop).result());
          loop.call_soon_threadsafe([&] { gate.set(); });
        };
        auto reader = create_task([&]() -> coro<std::string> {
          std::string first = co_await items.get();
          std::string second = co_await items.get();
          co_return first + second;
        });
        co_await on_foreign_thread(body);
        co_await gate.wait();
        seen.push_back(co_await reader);
      },
      options);

    CHECK(seen == std::vector<std::string>{"locked", "onetwo"});
  });
}

TEST_CASE("coordinator_threads: a thread that ends while its actor waits",
          "[coordinator_threads][threads]") {
  for_each_worker_count([](run_options options) {
    std::size_t left = 9;
    run(
      [&]() -> coro<void> {
        queue<std::string> items;
        caf::actor shelf = items.actor();
        auto& system = system_of(get_running_loop());
        auto body = [&] {
          caf::scoped_actor self{system};
          self->request(shelf, 1ms, messages::get{})
            .receive([](const std::string&) {}, [](const caf::error&) {});
        };
        co_await on_foreign_thread(body);
        co_await reached([&] { return items.statistics().getting == 0; });
        items.put_nowait("kept");
        left = items.qsize();
      },
      options);

    CHECK(left == 1);
  });
}

TEST_CASE("coordinator_threads: what one actor puts without waiting comes "
          "in its order",
          "[coordinator_threads][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        queue<int> items;
        caf::actor shelf = items.actor();
        auto putter = play([shelf](puppet& self) {
          for (int i = 0; i < 200; ++i)
            self.send(shelf, messages::put{}, i);
          self.quit();
        });
        putter = nullptr;
        for (int i = 0; i < 200; ++i) {
          int item = co_await items.get();
          got.push_back(item);
        }
      },
      options);

    std::vector<int> all(200);
    for (int i = 0; i < 200; ++i)
      all[static_cast<std::size_t>(i)] = i;
    CHECK(got == all);
  });
}

TEST_CASE("coordinator_threads: many actors and tasks share a lock and a queue",
          "[coordinator_threads][threads]") {
  for_each_worker_count([](run_options options) {
    long count = 0;
    std::atomic<int> done{0};
    run(
      [&]() -> coro<void> {
        lock door;
        caf::actor entrance = door.actor();
        auto work = [&]() -> coro<void> {
          for (int i = 0; i < 200; ++i) {
            auto held = co_await door.scoped();
            ++count;
          }
          ++done;
        };
        std::vector<task<>> all;
        for (int i = 0; i < 4; ++i)
          all.push_back(create_task(work));
        for (int i = 0; i < 4; ++i)
          play([&, entrance](puppet& self) {
            auto left = std::make_shared<int>(100);
            auto again = std::make_shared<std::function<void()>>();
            *again = [&, entrance, left, again] {
              if ((*left)-- == 0) {
                ++done;
                self.quit();
                *again = nullptr;
                return;
              }
              auto next = [&, entrance, again] {
                ++count;
                self.ask_for(entrance, *again, messages::release{});
              };
              self.ask_for(entrance, next, messages::acquire{});
            };
            auto first = *again;
            first();
          });
        for (auto& each : all)
          co_await each;
        co_await reached([&] { return done == 8; });
      },
      options);

    CHECK(count == 1'200);
  });
}
