#include <troupe/handle.hpp>
#include <troupe/loop.hpp>

#include "support/test.hpp"

#include <memory>
#include <string>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("handle: cancelling destroys the function, and it is never called",
          "[handle]") {
  auto loop = new_event_loop();
  auto held = std::make_shared<int>(0);
  auto soon = loop.call_soon([held] { ++*held; });
  CHECK_FALSE(soon.cancelled());
  soon.cancel();
  soon.cancel();
  CHECK(soon.cancelled());
  CHECK(held.use_count() == 1);
  loop.call_soon([loop]() mutable { loop.stop(); });
  loop.run_forever();
  CHECK(*held == 0);
  loop.close();
}

TEST_CASE("handle: copies name the same callback", "[handle]") {
  auto loop = new_event_loop();
  auto one = loop.call_soon([] {});
  auto same = one;
  auto other = loop.call_soon([] {});
  CHECK(one == same);
  CHECK_FALSE(one == other);
  same.cancel();
  CHECK(one.cancelled());
  CHECK(to_string(one).find("cancelled") != std::string::npos);
  CHECK(to_string(other).find("cancelled") == std::string::npos);
  loop.close();
}

TEST_CASE("timer_handle: when() is the time that was asked for", "[handle]") {
  auto loop = new_event_loop();
  auto due = loop.time() + 1h;
  auto timer = loop.call_at(due, [] {});
  CHECK(timer.when() == due);
  auto later = loop.call_later(2h, [] {});
  CHECK(later.when() > due);
  timer.cancel();
  CHECK(timer.cancelled());
  CHECK(timer.when() == due);
  loop.close();
}
