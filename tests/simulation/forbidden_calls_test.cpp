// What reaches out of a simulation fails its run.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include "runtime/forbidden_calls.hpp"
#include "support/test.hpp"

#include <chrono>
#include <ctime>
#include <random>
#include <string>
#include <thread>

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Calls `call` inside a simulated program; returns the failure's text.
template <class F>
std::string told(F call) {
  test::simulation sim;
  try {
    sim.run([call]() -> coro<void> {
      co_await sleep(1s);
      call();
      co_await sleep(1s);
    });
  } catch (const test::failure& failed) {
    CHECK(failed.kind == "forbidden call");
    return failed.what();
  }
  return "nothing";
}

// Sanitizers catch the same calls in their own way: there nothing is watched.
bool watched() {
  if (detail::watch_forbidden_calls())
    return true;
  WARN("calls are not watched in this build");
  return false;
}

} // namespace

TEST_CASE("forbidden calls: clocks") {
  if (!watched())
    return;
  CHECK_THAT(told([] { std::chrono::steady_clock::now(); }),
             Catch::Contains("clock_gettime")
               && Catch::Contains("troupe::test::time()"));
  CHECK_THAT(told([] { std::chrono::system_clock::now(); }),
             Catch::Contains("clock_gettime"));
  CHECK_THAT(told([] {
               timespec now;
               ::clock_gettime(CLOCK_REALTIME, &now);
             }),
             Catch::Contains("clock_gettime"));
  CHECK_THAT(told([] {
               timeval now;
               ::gettimeofday(&now, nullptr);
             }),
             Catch::Contains("gettimeofday"));
  CHECK_THAT(told([] { ::time(nullptr); }), Catch::Contains("time()"));
}

TEST_CASE("forbidden calls: sleeps, which do not even take time") {
  if (!watched())
    return;
  CHECK_THAT(told([] { std::this_thread::sleep_for(1h); }),
             Catch::Contains("nanosleep")
               && Catch::Contains("co_await troupe::sleep"));
  CHECK_THAT(told([] {
               timespec hour{3'600, 0};
               ::nanosleep(&hour, nullptr);
             }),
             Catch::Contains("nanosleep"));
  CHECK_THAT(told([] {
               timespec hour{3'600, 0};
               ::clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, nullptr);
             }),
             Catch::Contains("clock_nanosleep"));
}

TEST_CASE("forbidden calls: threads") {
  if (!watched())
    return;
  CHECK_THAT(told([] {
               std::thread{[] {
               }}.join();
             }),
             Catch::Contains("std::thread")
               && Catch::Contains("co_await troupe::to_thread"));
}

TEST_CASE("forbidden calls: sockets") {
  if (!watched())
    return;
  CHECK_THAT(told([] { ::close(::socket(AF_INET, SOCK_STREAM, 0)); }),
             Catch::Contains("socket()")
               && Catch::Contains("simulated network"));
}

TEST_CASE("forbidden calls: randomness") {
  if (!watched())
    return;
  char bytes[8];
  CHECK_THAT(
    told([&] { static_cast<void>(::getrandom(bytes, sizeof bytes, 0)); }),
    Catch::Contains("getrandom") && Catch::Contains("troupe::test::random()"));
  CHECK_THAT(
    told([&] { static_cast<void>(::getentropy(bytes, sizeof bytes)); }),
    Catch::Contains("getentropy"));
  CHECK_THAT(told([] { std::random_device{}(); }),
             Catch::Contains("std::random_device"));
}

TEST_CASE("forbidden calls: allowed where no simulated program runs") {
  test::simulation sim;
  sim.run([]() -> coro<void> { co_await sleep(1s); });
  CHECK(std::chrono::steady_clock::now().time_since_epoch().count() > 0);
  CHECK(::time(nullptr) > 0);
  std::thread{[] {
  }}.join();
  std::random_device{}();
}

TEST_CASE("forbidden calls: a simulation on another thread is not meant") {
  test::simulation sim;
  std::thread other{[] {
    for (int i = 0; i < 100; ++i)
      std::chrono::steady_clock::now();
  }};
  sim.run([]() -> coro<void> {
    for (int i = 0; i < 100; ++i)
      co_await sleep(1s);
  });
  other.join();
}
