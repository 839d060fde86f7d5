#include <troupe/troupe.hpp>

#include "support/test.hpp"

#include <latch>

using namespace std::chrono_literals;
using namespace troupe;

namespace {

// Each blocks its worker until the next one has run.
coro<void> block(int more) {
  if (more == 0)
    co_return;
  std::latch ran(1);
  auto next = create_task([&]() -> coro<void> {
    co_await block(more - 1);
    ran.count_down();
  });
  ran.wait();
  co_await next;
}

} // namespace

TEST_CASE("workers: the only job of a blocked worker is run by another one",
          "[threads]") {
  for (unsigned workers : {2u, 8u})
    for (int i = 0; i < 20; ++i)
      run(block(static_cast<int>(workers) - 1), {.threads = workers});
}

TEST_CASE("workers: timers and sockets go on while others are blocked",
          "[threads]") {
  for (unsigned workers : {2u, 8u}) {
    int answers = 0;
    std::latch served(1);
    run(
      [&]() -> coro<void> {
        auto server = co_await start_server(
          [](stream_reader reader, stream_writer writer) -> coro<void> {
            writer.write(co_await reader.readline());
            co_await writer.drain();
            writer.close();
          },
          "127.0.0.1", 0);
        auto client = create_task([&]() -> coro<void> {
          for (int i = 0; i < 10; ++i) {
            auto [reader, writer] = co_await open_connection(
              "127.0.0.1", server.sockets()[0].getsockname().port);
            writer.write("hello\n");
            answers += co_await reader.readline() == "hello\n";
            writer.close();
            auto later = future<void>::make();
            get_running_loop().call_later(1ms, [later] { later.set_result(); });
            co_await later;
          }
          served.count_down();
        });
        served.wait(); // this worker is of no use meanwhile
        co_await client;
      },
      {.threads = workers});
    CHECK(answers == 10);
  }
}
