// What is said to who uses tasks and what waits for several in a wrong way.

#include <troupe/troupe.hpp>

#include "support/misuse.hpp"

#include <optional>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> nothing() {
  co_return;
}

coro<void> await_itself() {
  auto self = current_task();
  co_await self;
}

} // namespace

TEST_CASE("misuse: of what needs a loop or a task", "[misuse]") {
  expect("a task outside a loop", text_of_error([] { create_task(nothing()); }),
         "create_task(): no running event loop; call it inside run()");
  expect("the current task outside a loop",
         text_of_error([] { static_cast<void>(current_task()); }),
         "current_task(): no running event loop; call it inside run()");
  expect("gather outside a loop",
         text_of_error([] { static_cast<void>(gather(nothing())); }),
         "create_task(): no running event loop; call it inside run()");
  expect("the running loop outside a loop",
         text_of_error([] { static_cast<void>(get_running_loop()); }),
         "get_running_loop(): no running event loop; call it inside run()");
  expect("a coroutine that is awaited twice", in_task([]() -> coro<void> {
           auto once = nothing();
           co_await std::move(once);
           co_await std::move(once);
         }),
         "the coroutine was already awaited or made a task: a coroutine runs "
         "once, call the function again");
  expect(
    "a task that awaits itself", in_task(await_itself),
    "a task cannot await itself: <Task pending name='Task-N' "
    "coro=<await_itself() running at await_itself>>; await another one, or "
    "return");
}

TEST_CASE("misuse: of what waits for several", "[misuse]") {
  expect("wait for nobody", in_task([]() -> coro<void> {
           std::vector<any_future> none;
           co_await wait(none);
         }),
         "wait(): there is nothing to wait for; give it one future or more");
  expect("wait until something unknown", in_task([]() -> coro<void> {
           any_future never = get_running_loop().create_future<int>();
           std::vector<any_future> one(1, never);
           auto options = wait_options{};
           options.return_when = static_cast<return_when>(9);
           co_await wait(one, options);
         }),
         "wait(): return_when must be all_completed, first_completed or "
         "first_exception");
  expect("a task in a group that ended", in_task([]() -> coro<void> {
           task_group group;
           auto body = [] {
             return nothing();
           };
           co_await with_task_group(group, body);
           group.create_task(nothing());
         }),
         "create_task(): <TaskGroup entered> is finished; create tasks before "
         "its scope is left");
  expect("a task in a group that was not entered", in_task([]() -> coro<void> {
           task_group group;
           group.create_task(nothing());
           co_return;
         }),
         "create_task(): <TaskGroup> has not been entered; call it in the body "
         "that with_task_group() runs");
  expect("a group that is entered twice", in_task([]() -> coro<void> {
           task_group group;
           auto body = [] {
             return nothing();
           };
           co_await with_task_group(group, body);
           co_await with_task_group(group, body);
         }),
         "<TaskGroup entered> was entered before; make one for each "
         "with_task_group()");
  expect(
    "a timeout that is moved after its end", in_task([]() -> coro<void> {
      std::optional<timeout_scope> kept;
      auto body = [&](timeout_scope& scope) -> coro<void> {
        kept = scope;
        co_return;
      };
      co_await timeout(1s, body);
      kept->reschedule(nullptr);
    }),
    "reschedule(): the body of the timeout has ended; use another timeout");
}
