// What is said to who uses an rw_lock, once, channel, select or rate_limiter in
// a wrong way: each text names the object and says what to do instead.

#include <troupe/troupe.hpp>

#include "support/misuse.hpp"

#include <cmath>
#include <limits>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> release_twice(rw_lock table) {
  auto held = co_await table.scoped_read();
  held.release();
  held.release();
}

// What the loop's exception handler is told of a guard that comes too late.
std::string report_of_guard(bool writes) {
  error_log log;
  run([&]() -> coro<void> {
    log.watch(get_running_loop());
    rw_lock table{"table"};
    auto ask = writes ? table.scoped_write() : table.scoped_read();
    auto held = co_await std::move(ask);
    writes ? table.release_write() : table.release_read();
  });
  return log.size() == 1 ? log.all()[0].message : "not one report";
}

coro<void> call_again(once tables) {
  auto do_nothing = [] {
  };
  co_await tables.call(do_nothing);
}

coro<void> call_itself(once tables) {
  auto inner = [tables] {
    return call_again(tables);
  };
  co_await tables.call(inner);
}

coro<void> read(rw_lock table) {
  co_await table.read();
}

channel<int> closed(std::ptrdiff_t capacity = 2) {
  channel<int> made{capacity, "results"};
  made.close();
  return made;
}

coro<void> send(channel<int> results) {
  co_await results.send(1);
}

coro<void> receive(channel<int> results) {
  co_await results.receive();
}

// A channel that is closed while a task waits at it.
coro<void> meanwhile_closed(bool sends) {
  channel<int> results{0, "results"};
  auto waiter = create_task(sends ? send(results) : receive(results));
  auto stands = [results] {
    auto now = results.statistics();
    return now.sending + now.receiving == 1;
  };
  co_await reached(stands);
  results.close();
  co_await waiter;
}

coro<void> select_closed(channel<int> results) {
  event never;
  static_cast<void>(co_await select(never.wait(), results.receive()));
}

coro<void> acquire(rate_limiter calls, std::size_t count) {
  co_await calls.acquire(count);
}

coro<void> acquire_twice(rate_limiter calls) {
  co_await calls.acquire();
  co_await calls.acquire();
}

// Waited for in one loop, then in another one.
template <class Wait>
std::string in_second_loop(Wait wait) {
  run([wait]() -> coro<void> {
    auto waiter = create_task(wait());
    co_await blocked(waiter);
    waiter.cancel();
    co_await sleep(0s);
  });
  return in_task(wait);
}

} // namespace

TEST_CASE("misuse: of rw_locks", "[misuse]") {
  expect("ending a reading that nobody began",
         text_of_error([] { rw_lock{"table"}.release_read(); }),
         "release_read of <rw_lock 'table' unlocked>, which nobody reads; "
         "release it once for each time it was acquired so");
  expect("ending a writing that nobody began",
         text_of_error([] { rw_lock{"table"}.release_write(); }),
         "release_write of <rw_lock 'table' unlocked>, which nobody writes; "
         "release it once for each time it was acquired so");
  expect("ending a writing while somebody reads", text_of_error([] {
           rw_lock table{"table"};
           static_cast<void>(table.try_read());
           table.release_write();
         }),
         "release_write of <rw_lock 'table' 1 reader>, which nobody writes; "
         "release it once for each time it was acquired so");
  expect("a guard that releases twice",
         in_task([] { return release_twice(rw_lock{"table"}); }),
         "release of an rw_lock_guard that holds no lock; it was released or "
         "moved from, so leave the release to its scope");
  expect("a reading that was ended behind its guard's back",
         report_of_guard(false),
         "the lock of an rw_lock_guard was released by somebody else: "
         "release_read of <rw_lock 'table' unlocked>, which nobody reads; "
         "release it once for each time it was acquired so");
  expect("a writing that was ended behind its guard's back",
         report_of_guard(true),
         "the lock of an rw_lock_guard was released by somebody else: "
         "release_write of <rw_lock 'table' unlocked>, which nobody writes; "
         "release it once for each time it was acquired so");
  rw_lock table{"table"};
  static_cast<void>(table.try_write());
  expect("one for which a task waited in another loop",
         in_second_loop([table] { return read(table); }),
         "<rw_lock 'table' written to> is bound to a different event loop, on "
         "which a task waited for it; make one for each loop");
}

TEST_CASE("misuse: of once", "[misuse]") {
  expect("a function that calls its own once",
         in_task([] { return call_itself(once{"tables"}); }),
         "call of <once 'tables' run by Task-N> by the function that it runs; "
         "that would wait for its own end, so do it there without the once");
}

TEST_CASE("misuse: of channels and selects", "[misuse]") {
  expect("a channel of less than nothing",
         text_of_error([] { channel<int>{-1, "results"}; }),
         "channel 'results': the capacity is -1; give 0 (a sender waits for a "
         "receiver) or how many items can be sent ahead");
  expect(
    "sending to a closed one", in_task([] { return send(closed()); }),
    "send to <channel 'results' 0 of 2 items, closed>; stop when it is closed");
  expect(
    "trying to send to a closed one",
    text_of_error([] { static_cast<void>(closed().try_send(1)); }),
    "send to <channel 'results' 0 of 2 items, closed>; stop when it is closed");
  expect("receiving from a closed one",
         in_task([] { return receive(closed()); }),
         "receive from <channel 'results' 0 of 2 items, closed>; stop when it "
         "is closed");
  expect("trying to receive from a closed one",
         text_of_error([] { static_cast<void>(closed(0).try_receive()); }),
         "receive from <channel 'results' 0 of 0 items, closed>; stop when it "
         "is closed");
  expect(
    "one that is closed while a task sends",
    in_task([] { return meanwhile_closed(true); }),
    "send to <channel 'results' 0 of 0 items, closed>; stop when it is closed");
  expect("one that is closed while a task receives",
         in_task([] { return meanwhile_closed(false); }),
         "receive from <channel 'results' 0 of 0 items, closed>; stop when it "
         "is closed");
  expect("a closed one in a select",
         in_task([] { return select_closed(closed()); }),
         "receive from <channel 'results' 0 of 2 items, closed>; stop when it "
         "is closed");
  channel<int> results{0, "results"};
  expect("one for which a task waited in another loop",
         in_second_loop([results] { return receive(results); }),
         "<channel 'results' 0 of 0 items> is bound to a different event loop, "
         "on which a task waited for it; make one for each loop");
  expect("one for which a select waited in another loop",
         in_second_loop([results] { return select_closed(results); }),
         "<channel 'results' 0 of 0 items> is bound to a different event loop, "
         "on which a task waited for it; make one for each loop");
}

TEST_CASE("misuse: of rate limiters", "[misuse]") {
  expect("a rate of nothing",
         text_of_error([] { rate_limiter{0, 1, "calls"}; }),
         "rate_limiter 'calls': the rate is 0.000000; give a number of tokens "
         "a second above 0");
  expect("a rate below nothing",
         text_of_error([] { rate_limiter{-2.5, 1, "calls"}; }),
         "rate_limiter 'calls': the rate is -2.500000; give a number of tokens "
         "a second above 0");
  expect("a rate that is no number",
         text_of_error([] { rate_limiter{std::nan(""), 1, "calls"}; }),
         "rate_limiter 'calls': the rate is nan; give a number of tokens a "
         "second above 0");
  expect("a rate without an end", text_of_error([] {
           rate_limiter{std::numeric_limits<double>::infinity(), 1, "calls"};
         }),
         "rate_limiter 'calls': the rate is inf; give a number of tokens a "
         "second above 0");
  expect("a bucket of nothing",
         text_of_error([] { rate_limiter{10, 0, "calls"}; }),
         "rate_limiter 'calls': the burst is 0; give how many tokens can be "
         "taken at once, 1 or more");
  expect(
    "more tokens than there can be",
    in_task([] { return acquire(rate_limiter{10, 3, "calls"}, 4); }),
    "acquire of 4 tokens of <rate_limiter 'calls' 10 a second, burst 3>, which "
    "never has more than 3 at once; ask for fewer, or give it a larger burst");
  expect(
    "trying to take more tokens than there can be", text_of_error([] {
      static_cast<void>(rate_limiter{10, 3, "calls"}.try_acquire(4));
    }),
    "acquire of 4 tokens of <rate_limiter 'calls' 10 a second, burst 3>, which "
    "never has more than 3 at once; ask for fewer, or give it a larger burst");
  rate_limiter calls{0.001, 1, "calls"};
  expect(
    "one for which a task waited in another loop",
    in_second_loop([calls] { return acquire_twice(calls); }),
    "<rate_limiter 'calls' 0.001 a second, burst 1> is bound to a different "
    "event loop, on which a task waited for it; make one for each loop");
}
