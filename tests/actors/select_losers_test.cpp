// Arms of a select that lose, or are cancelled, while they are being answered.

#include <troupe/troupe.hpp>

#include "support/coordination.hpp"
#include "support/sanitized.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Which of its arms happens: a writer, a reader behind it, or an event.
coro<void> write_or_read(rw_lock table, event quit, record<std::size_t>& got) {
  auto found = co_await select(table.write(), table.read(), quit.wait());
  got.add(found.index());
}

coro<void> write(rw_lock table) {
  auto held = co_await table.scoped_write();
}

// A task that selects so, while another one reads: it waits for all of them.
coro<task<>> waiting_chooser(rw_lock table, event quit,
                             record<std::size_t>& got) {
  auto first = create_task(write(table)); // so that nobody may read at once
  co_await reached([&] { return table.statistics().waiting_writers == 1; });
  auto chooser = create_task(write_or_read(table, quit, got));
  co_await waiting_at(quit, 1);
  co_await blocked(chooser);
  first.cancel();
  co_await ending_of(first);
  co_return chooser;
}

// Many that wait for a gate; some in the middle want an item as well.
struct crowd {
  static constexpr std::size_t size = 2'000;
  static constexpr std::size_t choosers = 8;

  event gate{};
  event end{};
  queue<int> items{};
  std::vector<task<>> waiting{};
  std::vector<task<>> choosing{};
  std::atomic<int> got{0};
};

coro<void> pass(event gate) {
  co_await gate.wait();
}

// Waits again at once, also after it was cancelled: an answer that comes too
// late would meet another wait.
coro<void> choose_twice(crowd& all) {
  try {
    auto first = co_await select(all.items.get(), all.gate.wait());
    all.got += first.index() == 0;
  } catch (const cancelled_error&) {
  }
  auto second = co_await select(all.items.get(), all.end.wait());
  all.got += second.index() == 0;
}

coro<void> assemble(crowd& all) {
  for (std::size_t i = 0; i < crowd::size; ++i) {
    if (i == crowd::size / 2) {
      co_await waiting_at(all.gate, i);
      for (std::size_t k = 0; k < crowd::choosers; ++k)
        all.choosing.push_back(create_task(choose_twice(all)));
      co_await waiting_at(all.gate, i + crowd::choosers);
    }
    all.waiting.push_back(create_task(pass(all.gate)));
  }
  co_await waiting_at(all.gate, crowd::size + crowd::choosers);
}

// While all are being answered, those in the middle get items or are cancelled.
// Keeps a worker of its own, if there are several.
coro<void> disturb(crowd& all, bool cancel, bool alone,
                   std::atomic<bool>& begun) {
  begun = true;
  while (!all.gate.is_set())
    if (alone)
      co_await sleep(0s);
  for (auto& each : all.choosing)
    if (cancel)
      each.cancel();
    else
      all.items.put_nowait(1);
}

bool all_done(const std::vector<task<>>& tasks) {
  return std::ranges::all_of(tasks, [](const auto& x) { return x.done(); });
}

// Empty, or what went wrong.
coro<std::string> one_round(bool cancel, bool alone) {
  crowd all;
  std::atomic<bool> begun{false};
  co_await assemble(all);
  auto other = create_task(disturb(all, cancel, alone, begun));
  co_await reached([&] { return begun.load(); });
  all.gate.set();
  co_await other;
  bool passed = co_await reached([&] { return all_done(all.waiting); });
  all.end.set();
  passed = passed && co_await reached([&] { return all_done(all.choosing); });
  if (!passed)
    co_return "an answer did not come";
  std::size_t items = all.items.qsize() + static_cast<std::size_t>(all.got);
  if (items != (cancel ? 0 : crowd::choosers))
    co_return "an item was lost or doubled";
  co_return "";
}

void run_rounds(bool cancel) {
  for_each_worker_count([cancel](run_options options) {
    std::string problems;
    run(
      [&]() -> coro<void> {
        const int rounds = TROUPE_SANITIZED ? 10 : 40;
        for (int i = 0; i < rounds && problems.empty(); ++i)
          problems = co_await one_round(cancel, options.threads == 1);
      },
      options);

    CHECK(problems == "");
  });
}

// An op that is granted at once, or whose answer is on its way.
class instant_op final : public detail::op {
public:
  explicit instant_op(bool granted) : granted_(granted) {}

  bool start() override {
    return !granted_;
  }

  bool request_cancel(const std::string&) override {
    return false;
  }

  void withdraw() noexcept override {}

  std::string describe() const override {
    return "<instant>";
  }

private:
  bool granted_;
};

class two_armed final : public detail::select_op_base {
public:
  two_armed(op& one, op& two) : select_op_base(arms_, 2) {
    arms_[0].what = &one;
    arms_[1].what = &two;
  }

private:
  arm arms_[2];
};

} // namespace

// A writer that leaves the line lets a reader behind it go on, which is the
// same task: that answer comes when the select is decided already.
TEST_CASE("select: it waits for a loser whose answer is on its way",
          "[select][threads]") {
  for_each_worker_count([](run_options options) {
    record<std::size_t> got;
    rw_lock table;
    run(
      [&]() -> coro<void> {
        event quit;
        auto reading = co_await table.scoped_read();
        auto chooser = co_await waiting_chooser(table, quit, got);
        quit.set();
        co_await chooser;
        reading.release();
      },
      options);

    CHECK(got.all() == std::vector<std::size_t>{2});
    CHECK(table.statistics().readers == 0);
    CHECK(table.try_write());
  });
}

TEST_CASE("select: cancelled while an answer is on its way, it waits for that",
          "[select][threads]") {
  for_each_worker_count([](run_options options) {
    record<std::size_t> got;
    rw_lock table;
    std::string end;
    run(
      [&]() -> coro<void> {
        event quit;
        auto reading = co_await table.scoped_read();
        auto chooser = co_await waiting_chooser(table, quit, got);
        chooser.cancel();
        end = co_await ending_of(chooser);
        reading.release();
      },
      options);

    CHECK(end == "cancelled");
    CHECK(got.all().empty());
    CHECK(table.statistics().readers == 0);
    CHECK(table.try_write());
  });
}

TEST_CASE("select: losers in the middle of a crowd that is answered",
          "[select][threads]") {
  run_rounds(false);
}

TEST_CASE("select: cancelled in the middle of a crowd that is answered",
          "[select][threads]") {
  run_rounds(true);
}

TEST_CASE("select: what was granted at once is not lost by a cancellation that "
          "comes before another arm's answer",
          "[select]") {
  instant_op late{false};
  instant_op granted{true};
  two_armed both{late, granted};
  REQUIRE(both.start()); // the answer of the first is on its way
  CHECK_FALSE(both.request_cancel({}));
  REQUIRE(both.arm_came(late));
  CHECK(both.is_final()); // so the cancellation is for the next await
}
