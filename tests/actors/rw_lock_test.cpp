// Many readers or one writer.

#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/rw_lock.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <atomic>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

std::size_t in_line(const rw_lock& table) {
  auto now = table.statistics();
  return now.waiting_readers + now.waiting_writers;
}

coro<bool> standing_at(rw_lock table, std::size_t count) {
  return reached([table, count] { return in_line(table) == count; });
}

// Holds the lock until `gate` is done.
coro<void> use(rw_lock table, bool writes, std::string name, record<>& entered,
               future<void> gate) {
  auto ask = writes ? table.scoped_write() : table.scoped_read();
  auto held = co_await std::move(ask);
  entered.add(name);
  co_await gate;
}

} // namespace

TEST_CASE("rw_lock: readers go together, a writer alone",
          "[rw_lock][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::size_t> seen;
    run(
      [&]() -> coro<void> {
        rw_lock table;
        {
          auto one = co_await table.scoped_read();
          auto two = co_await table.scoped_read();
          seen.push_back(table.statistics().readers);
          seen.push_back(table.try_write());
        }
        auto write = co_await table.scoped_write();
        seen.push_back(table.statistics().writing);
        seen.push_back(write.writes());
        seen.push_back(table.try_read());
        seen.push_back(table.try_write());
        write.release();
        seen.push_back(write.owns_lock());
        seen.push_back(table.try_read());
        table.release_read();
        seen.push_back(table.try_write());
        table.release_write();
      },
      options);

    CHECK(seen == std::vector<std::size_t>{2, 0, 1, 1, 0, 0, 0, 1, 1});
  });
}

TEST_CASE("rw_lock: a writer that waits holds later readers back",
          "[rw_lock][threads]") {
  for_each_worker_count([](run_options options) {
    record<> entered;
    std::vector<std::string> first;
    std::string text;
    run(
      [&]() -> coro<void> {
        rw_lock table{"table"};
        auto open = future<void>::make();
        auto gate = future<void>::make();
        auto held = co_await table.scoped_read();
        auto writer = create_task(use(table, true, "writer", entered, gate));
        co_await standing_at(table, 1);
        auto reader = create_task(use(table, false, "reader", entered, open));
        co_await standing_at(table, 2);
        auto other = create_task(use(table, false, "other", entered, open));
        co_await standing_at(table, 3);
        text = to_string(table);
        held.release();
        co_await reached([&] { return entered.size() == 1; });
        first = entered.all();
        gate.set_result();
        co_await reached([&] { return entered.size() == 3; });
        open.set_result();
        co_await writer;
        co_await reader;
        co_await other;
      },
      options);

    CHECK(text == "<rw_lock 'table' 1 reader, 2 to read, 1 to write>");
    CHECK(first == std::vector<std::string>{"writer"});
    CHECK(entered.size() == 3);
  });
}

TEST_CASE("rw_lock: a cancelled writer lets the readers behind it go",
          "[rw_lock][threads]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    std::vector<std::size_t> counts;
    run(
      [&]() -> coro<void> {
        rw_lock table;
        record<> entered;
        auto gate = future<void>::make();
        auto held = co_await table.scoped_read();
        auto writer = create_task(use(table, true, "writer", entered, gate));
        co_await standing_at(table, 1);
        auto reader = create_task(use(table, false, "reader", entered, gate));
        co_await standing_at(table, 2);
        writer.cancel();
        end = co_await ending_of(writer);
        co_await reached([&] { return entered.size() == 1; });
        auto now = table.statistics();
        counts = {now.readers, now.waiting_readers, now.waiting_writers};
        gate.set_result();
        held.release();
        co_await reader;
      },
      options);

    CHECK(end == "cancelled");
    CHECK(counts == std::vector<std::size_t>{2, 0, 0});
  });
}

TEST_CASE("rw_lock: a grant that is cancelled goes to the next in line",
          "[rw_lock]") {
  std::vector<std::string> entered;
  run([&]() -> coro<void> {
    rw_lock table;
    record<> seen;
    auto gate = future<void>::make();
    gate.set_result();
    co_await table.write();
    auto first = create_task(use(table, true, "first", seen, gate));
    auto second = create_task(use(table, false, "second", seen, gate));
    co_await standing_at(table, 2);
    table.release_write(); // the first one has it now, but did not go on
    first.cancel();
    co_await ending_of(first);
    co_await second;
    entered = seen.all();
    entered.push_back(to_string(table));
  });

  CHECK(entered == std::vector<std::string>{"second", "<rw_lock unlocked>"});
}

TEST_CASE("rw_lock: misuse names it and says what to do", "[rw_lock]") {
  std::vector<std::string> texts;
  error_log log;
  run([&]() -> coro<void> {
    log.watch(get_running_loop());
    rw_lock table{"table"};
    texts.push_back(text_of_error([&] { table.release_read(); }));
    texts.push_back(text_of_error([&] { table.release_write(); }));
    auto held = co_await table.scoped_read();
    texts.push_back(text_of_error([&] { table.release_write(); }));
    auto moved = std::move(held);
    texts.push_back(text_of_error([&] { held.release(); }));
    table.release_read();
  });

  CHECK(texts
        == std::vector<std::string>{
          "release_read of <rw_lock 'table' unlocked>, which nobody reads; "
          "release it once for each time it was acquired so",
          "release_write of <rw_lock 'table' unlocked>, which nobody writes; "
          "release it once for each time it was acquired so",
          "release_write of <rw_lock 'table' 1 reader>, which nobody writes; "
          "release it once for each time it was acquired so",
          "release of an rw_lock_guard that holds no lock; it was released or "
          "moved from, so leave the release to its scope"});
  CHECK(log.count("the lock of an rw_lock_guard was released by somebody else")
        == 1);
}

TEST_CASE("rw_lock: can be tried and released by a callback", "[rw_lock]") {
  for_each_worker_count([](run_options options) {
    record<int> got;
    run(
      [&]() -> coro<void> {
        rw_lock table;
        get_running_loop().call_soon([&] { got.add(table.try_write()); });
        co_await reached([&] { return got.size() == 1; });
        got.add(table.try_read());
        get_running_loop().call_soon([&] { table.release_write(); });
        co_await table.read();
        got.add(static_cast<int>(table.statistics().readers));
        table.release_read();
      },
      options);

    CHECK(got.all() == std::vector{1, 0, 1});
  });
}

TEST_CASE("rw_lock: a turn that somebody else has ended is not given back",
          "[rw_lock]") {
  std::vector<std::size_t> seen;
  run([&]() -> coro<void> {
    rw_lock table;
    record<> entered;
    auto gate = future<void>::make();
    static_cast<void>(table.try_write());
    auto reader = create_task(use(table, false, "reader", entered, gate));
    co_await standing_at(table, 1);
    table.release_write();
    table.release_read();
    reader.cancel();
    co_await sleep(0s);
    seen.push_back(table.statistics().readers);
    seen.push_back(table.try_write());
  });

  CHECK(seen == std::vector<std::size_t>{0, 1});
}

TEST_CASE("rw_lock: under load nobody writes beside another",
          "[rw_lock][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> readers{0};
    std::atomic<int> writers{0};
    std::atomic<int> wrong{0};
    long value = 0;
    rw_lock table;
    auto work = [&](int seed) -> coro<void> {
      for (int i = 0; i < 500; ++i) {
        if ((i + seed) % 4 == 0) {
          auto held = co_await table.scoped_write();
          wrong += ++writers != 1 || readers != 0;
          ++value;
          if (i % 8 == 0)
            co_await sleep(0s);
          --writers;
        } else {
          auto held = co_await table.scoped_read();
          ++readers;
          wrong += writers != 0;
          if (i % 8 == 1)
            co_await sleep(0s);
          --readers;
        }
      }
    };
    run(
      [&]() -> coro<void> {
        std::vector<task<>> all;
        for (int i = 0; i < 8; ++i)
          all.push_back(create_task(work(i)));
        for (auto& each : all)
          co_await each;
      },
      options);

    CHECK(wrong == 0);
    CHECK(value == 1'000);
    CHECK(table.try_write());
  });
}
