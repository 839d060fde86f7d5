// What is said to who uses coordination in a wrong way: each text names the
// object and says what to do instead.

#include <troupe/troupe.hpp>

#include "support/misuse.hpp"

#include <thread>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

template <class F>
std::string in_thread(F body) {
  std::string text;
  std::thread{[&] {
    text = text_of_error(body);
  }}.join();
  return text;
}

// What the loop's exception handler is told.
template <class F>
std::string report_of(F body) {
  error_log log;
  run([&]() -> coro<void> {
    log.watch(get_running_loop());
    co_await body();
  });
  return log.size() == 1 ? log.all()[0].message : "not one report";
}

coro<void> acquire(lock door) {
  co_await door.acquire();
}

coro<void> put(queue<int> items) {
  co_await items.put(1);
}

coro<void> get(queue<int> items) {
  co_await items.get();
}

coro<void> meet(barrier table) {
  co_await table.wait();
}

coro<void> wait_unlocked(condition changed) {
  co_await changed.wait();
}

coro<void> release_twice(lock door) {
  auto held = co_await door.scoped();
  held.release();
  held.release();
}

coro<void> return_twice(semaphore permits) {
  auto permit = co_await permits.scoped();
  permit.release();
  permit.release();
}

coro<void> release_of_another(lock door) {
  auto held = co_await door.scoped();
  door.release();
}

coro<void> return_of_another(semaphore permits) {
  auto permit = co_await permits.scoped();
  permits.release();
}

queue<int> shut(std::size_t items = 0) {
  queue<int> made{2, "work"};
  for (std::size_t i = 0; i < items; ++i)
    made.put_nowait(1);
  made.shutdown();
  return made;
}

// A table that somebody clears while a task sits at it.
coro<void> meet_cleared(bool abort) {
  barrier table{2, "table"};
  auto waiter = create_task(meet(table));
  co_await waiting_at(table, 1);
  abort ? table.abort() : table.reset();
  co_await waiter;
}

// A primitive is waited for in a loop, then in another one.
template <class F>
std::string in_second_loop(F use) {
  lock door{"door"};
  static_cast<void>(door.try_acquire());
  run([door]() -> coro<void> {
    auto waiter = create_task(acquire(door));
    co_await waiting_at(door, 1);
    waiter.cancel();
    co_await sleep(0s);
  });
  return in_task([&] { return use(door); });
}

// While a loop runs another one, or a plain thread, comes.
template <class F>
std::string meanwhile(F use) {
  lock door{"door"};
  std::string text;
  run([&]() -> coro<void> {
    static_cast<void>(door.try_acquire());
    text = in_thread([&] { use(door); });
    co_return;
  });
  return text;
}

} // namespace

TEST_CASE("misuse: of locks, conditions and semaphores", "[misuse]") {
  expect("release of a lock that nobody holds",
         text_of_error([] { lock{"door"}.release(); }),
         "release of <lock 'door' unlocked>, which nobody holds; release it "
         "once for each acquire");
  expect("a guard that releases twice",
         in_task([] { return release_twice(lock{"door"}); }),
         "release of a lock_guard that holds no lock; it was released or moved "
         "from, so leave the release to its scope");
  expect(
    "a lock that was released behind its guard's back",
    report_of([] { return release_of_another(lock{"door"}); }),
    "the lock of a lock_guard was released by somebody else: release of <lock "
    "'door' unlocked>, which nobody holds; release it once for each acquire");
  expect("waiting without the lock",
         in_task([] { return wait_unlocked(condition{"news"}); }),
         "wait of <condition 'news' of <lock 'news' unlocked>> without its "
         "lock; acquire it first");
  expect("notifying without the lock",
         text_of_error([] { condition{"news"}.notify(); }),
         "notify of <condition 'news' of <lock 'news' unlocked>> without its "
         "lock; acquire it first");
  expect("notifying all without the lock",
         text_of_error([] { condition{"news"}.notify_all(); }),
         "notify of <condition 'news' of <lock 'news' unlocked>> without its "
         "lock; acquire it first");
  expect("release of a condition that nobody holds",
         text_of_error([] { condition{"news"}.release(); }),
         "release of <lock 'news' unlocked>, which nobody holds; release it "
         "once for each acquire");
  expect("a semaphore with less than nothing",
         text_of_error([] { semaphore{-1, "permits"}; }),
         "semaphore 'permits': the value is -1; give 0 or more permits");
  expect(
    "a bounded semaphore with less than nothing",
    text_of_error([] { bounded_semaphore{-1, "permits"}; }),
    "bounded_semaphore 'permits': the value is -1; give 0 or more permits");
  expect("a bounded semaphore that is released too often",
         text_of_error([] { bounded_semaphore{2, "permits"}.release(); }),
         "release of <bounded_semaphore 'permits' value 2>, which has all its "
         "permits; release once for each acquire");
  expect("a permit that is returned twice",
         in_task([] { return return_twice(semaphore{1, "permits"}); }),
         "release of a semaphore_guard that holds no permit; it was released "
         "or moved from, so leave the release to its scope");
  expect("a permit that was returned behind its guard's back", report_of([] {
           return return_of_another(bounded_semaphore{1, "permits"});
         }),
         "the permit of a semaphore_guard was returned by somebody else: "
         "release of <bounded_semaphore 'permits' value 1>, which has all its "
         "permits; release once for each acquire");
}

TEST_CASE("misuse: of barriers and queues", "[misuse]") {
  expect("a barrier of nobody", text_of_error([] { barrier{0, "table"}; }),
         "barrier 'table': the number of parties is 0; give 1 or more");
  expect("a barrier of less than nobody",
         text_of_error([] { barrier{-3, "table"}; }),
         "barrier 'table': the number of parties is -3; give 1 or more");
  expect("a broken barrier", in_task([] {
           barrier table{2, "table"};
           table.abort();
           return meet(table);
         }),
         "<barrier 'table' broken, 0 of 2> was aborted; reset it first");
  expect("a barrier that is aborted meanwhile",
         in_task([] { return meet_cleared(true); }),
         "<barrier 'table' broken, 0 of 2> was aborted or reset while the task "
         "waited; wait again if it is to be used further");
  expect("a barrier that is reset meanwhile",
         in_task([] { return meet_cleared(false); }),
         "<barrier 'table' filling, 0 of 2> was aborted or reset while the "
         "task waited; wait again if it is to be used further");
  expect("putting what has no room", text_of_error([] {
           queue<int> items{1, "work"};
           items.put_nowait(1);
           items.put_nowait(2);
         }),
         "put_nowait to <queue 'work' 1 of 1 items, 1 unfinished>, which has "
         "no room; use co_await put()");
  expect("getting what is not there",
         text_of_error([] { queue<int>{0, "work"}.get_nowait(); }),
         "get_nowait from <queue 'work' 0 items>, which has no item; use "
         "co_await get()");
  expect("task_done too often",
         text_of_error([] { queue<int>{0, "work"}.task_done(); }),
         "task_done of <queue 'work' 0 items>, which has no unfinished item; "
         "call it once for each item that was got");
  expect("task_done of a stack too often",
         text_of_error([] { lifo_queue<int>{0, "work"}.task_done(); }),
         "task_done of <lifo_queue 'work' 0 items>, which has no unfinished "
         "item; call it once for each item that was got");
  expect("task_done of a priority queue too often",
         text_of_error([] { priority_queue<int>{3, "work"}.task_done(); }),
         "task_done of <priority_queue 'work' 0 of 3 items>, which has no "
         "unfinished item; call it once for each item that was got");
  expect(
    "put after shutdown", in_task([] { return put(shut()); }),
    "put to <queue 'work' 0 of 2 items, shut down>; stop when it is shut down");
  expect("put_nowait after shutdown",
         text_of_error([] { shut(1).put_nowait(1); }),
         "put to <queue 'work' 1 of 2 items, 1 unfinished, shut down>; stop "
         "when it is shut down");
  expect(
    "try_put after shutdown",
    text_of_error([] { static_cast<void>(shut().try_put(1)); }),
    "put to <queue 'work' 0 of 2 items, shut down>; stop when it is shut down");
  expect("get after shutdown", in_task([] { return get(shut()); }),
         "get from <queue 'work' 0 of 2 items, shut down>; stop when it is "
         "shut down");
  expect("get_nowait after shutdown",
         text_of_error([] { shut().get_nowait(); }),
         "get from <queue 'work' 0 of 2 items, shut down>; stop when it is "
         "shut down");
  expect("try_get after shutdown",
         text_of_error([] { static_cast<void>(shut().try_get()); }),
         "get from <queue 'work' 0 of 2 items, shut down>; stop when it is "
         "shut down");
}

TEST_CASE("misuse: of two loops, and of threads", "[misuse]") {
  expect("a lock for which a task waited in another loop",
         in_second_loop([](lock door) { return acquire(door); }),
         "<lock 'door' locked> is bound to a different event loop, on which a "
         "task waited for it; make one for each loop");
  expect("a lock of a loop that runs, in another one",
         meanwhile([](lock door) { run(acquire(door)); }),
         "<lock 'door' locked by Task-N> is in use by a different event loop, "
         "which runs; make one for each loop");
  expect("a lock of a loop that runs, in a plain thread",
         meanwhile([](lock door) { door.release(); }),
         "<lock 'door' locked by Task-N> was used from a foreign thread while "
         "its loop runs; use loop.call_soon_threadsafe()");
  expect("a loop in a loop", in_task([]() -> coro<void> {
           event_loop second = new_event_loop();
           std::string text = text_of_error([&] { second.run_forever(); });
           second.close();
           throw std::runtime_error(text);
           co_return;
         }),
         "cannot run an event loop while another one runs in this thread: "
         "await instead of running");
}
