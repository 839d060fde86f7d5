// Selects that send and receive on channels, and under load.

#include <troupe/troupe.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("select: sends and receives on channels", "[select][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::size_t> seen;
    run(
      [&]() -> coro<void> {
        channel<int> in;
        channel<std::unique_ptr<int>> out;
        record<int> got;
        auto body = [&]() -> coro<void> {
          auto item = std::make_unique<int>(5);
          auto made = co_await select(in.next(), out.send(std::move(item)));
          got.add(static_cast<int>(made.index()));
        };
        auto sender = create_task(body);
        co_await reached([&] { return out.statistics().sending == 1; });
        auto item = co_await out.receive();
        seen.push_back(static_cast<std::size_t>(*item));
        co_await sender;
        auto receiver = create_task(body);
        co_await reached([&] { return out.statistics().sending == 1; });
        co_await in.send(1);
        co_await receiver;
        seen.push_back(out.statistics().sending);
        seen.push_back(static_cast<std::size_t>(got.all().at(0)));
        seen.push_back(static_cast<std::size_t>(got.all().at(1)));
      },
      options);

    CHECK(seen == std::vector<std::size_t>{5, 0, 1, 0});
  });
}

TEST_CASE("select: does not meet itself on a channel", "[select]") {
  std::vector<std::string> seen;
  run([&]() -> coro<void> {
    channel<int> items;
    auto body = [&]() -> coro<void> {
      auto made = co_await select(items.receive(), items.send(1));
      seen.push_back("chose " + std::to_string(made.index()));
    };
    auto chooser = create_task(body);
    co_await blocked(chooser);
    co_await turns(5);
    seen.push_back(to_string(items));
    co_await items.send(2);
    co_await chooser;
    seen.push_back(to_string(items));
  });

  CHECK(seen
        == std::vector<std::string>{
          "<channel 0 of 0 items, 1 receiving, 1 sending>", "chose 0",
          "<channel 0 of 0 items>"});
}

TEST_CASE("select: under load each item is got once", "[select][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<long> sum{0};
    std::atomic<int> count{0};
    std::size_t left = 99;
    run(
      [&]() -> coro<void> {
        queue<int> one{2};
        channel<int> two;
        lock door;
        event quit;
        auto put = [&]() -> coro<void> {
          for (int i = 0; i < 500; ++i)
            co_await one.put(i);
        };
        auto send = [&]() -> coro<void> {
          for (int i = 500; i < 1'000; ++i)
            co_await two.send(i);
        };
        auto take = [&]() -> coro<void> {
          for (;;) {
            auto got = co_await select(one.get(), two.receive(), quit.wait(),
                                       sleep(1h));
            if (got.index() == 2)
              co_return;
            sum += got.index() == 0 ? std::get<0>(got) : std::get<1>(got);
            ++count;
          }
        };
        auto lose = [&]() -> coro<void> {
          for (int i = 0; i < 300; ++i)
            static_cast<void>(co_await select(door.scoped(), sleep(0s)));
        };
        std::vector<task<>> givers;
        std::vector<task<>> takers;
        for (int i = 0; i < 2; ++i) {
          givers.push_back(create_task(put));
          givers.push_back(create_task(send));
          givers.push_back(create_task(lose));
          takers.push_back(create_task(take));
          takers.push_back(create_task(take));
        }
        for (auto& each : givers)
          co_await each;
        co_await reached([&] { return count == 2'000; });
        quit.set();
        for (auto& each : takers)
          co_await each;
        left = one.statistics().getting + two.statistics().receiving
             + one.qsize() + two.statistics().size + door.locked();
      },
      options);

    CHECK(count == 2'000);
    CHECK(sum == 2 * 999'000L / 2);
    CHECK(left == 0);
  });
}
