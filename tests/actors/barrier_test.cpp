// What our barriers promise beyond asyncio's.

#include <troupe/barrier.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> meet(barrier gate, record<int>& seen) {
  std::size_t place = co_await gate.wait();
  seen.add(static_cast<int>(place));
}

} // namespace

TEST_CASE("barrier: each number is given once, also after a cancellation",
          "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> seen;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      barrier gate{3};
      record<int> ignored;
      auto gone = create_task(meet(gate, ignored), in_group);
      co_await waiting_at(gate, 1);
      auto second = create_task(meet(gate, seen), in_group);
      co_await waiting_at(gate, 2);
      gone.cancel();
      co_await ending_of(gone);
      auto third = create_task(meet(gate, seen), in_group);
      co_await waiting_at(gate, 2);
      std::size_t last = co_await gate.wait();
      co_await second;
      co_await third;
      seen.add(static_cast<int>(last));
    });

    CHECK(seen.all() == std::vector{0, 1, 2});
  });
}

TEST_CASE("barrier: a callback may reset and abort it", "[barrier]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> ends;
    run(
      [&]() -> coro<void> {
        barrier gate{2, "gate"};
        record<int> seen;
        for (bool abort : {false, true}) {
          auto waiter = create_task(meet(gate, seen));
          co_await waiting_at(gate, 1);
          get_running_loop().call_soon([gate, abort]() mutable {
            if (abort)
              gate.abort();
            else
              gate.reset();
          });
          ends.push_back(co_await ending_of(waiter));
        }
      },
      options);

    CHECK(
      ends
      == std::vector<std::string>{
        "<barrier 'gate' filling, 0 of 2> was aborted or reset while the task "
        "waited; wait again if it is to be used further",
        "<barrier 'gate' broken, 0 of 2> was aborted or reset while the task "
        "waited; wait again if it is to be used further"});
  });
}

TEST_CASE("barrier: says who came and who comes too early", "[barrier]") {
  std::vector<std::string> texts;
  run([&]() -> coro<void> {
    barrier gate{2, "gate"};
    record<int> seen;
    texts.push_back(to_string(gate));
    auto first = create_task(meet(gate, seen));
    co_await waiting_at(gate, 1);
    texts.push_back(to_string(gate));
    co_await gate.wait();
    texts.push_back(to_string(gate));
    co_await first;
  });

  CHECK(texts
        == std::vector<std::string>{"<barrier 'gate' filling, 0 of 2>",
                                    "<barrier 'gate' filling, 1 of 2>",
                                    "<barrier 'gate' draining, 1 of 2>"});
}
