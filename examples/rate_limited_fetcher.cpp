// A rate limiter spreads calls over time, a semaphore limits how many are under
// way. In Python there is none; people write
//     async with limiter: await fetch(url)
// with a library, or sleep between the calls.
// Prints: fetched 1 to 8 with the second in which each began (three at once,
//         then five a second), 8 pages in 1.0 s or a little more

#include <troupe/troupe.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

using seconds = std::chrono::duration<double>;

struct session {
  troupe::rate_limiter calls{5, 3,
                             "calls"}; // five a second, up to three at once
  troupe::semaphore connections{2, "connections"};
  std::chrono::steady_clock::time_point begin
    = std::chrono::steady_clock::now();
};

// Stands for a request to a server.
troupe::coro<std::string> fetch(int page) {
  co_await troupe::sleep(20ms);
  co_return "page " + std::to_string(page);
}

//! [rate limited]
troupe::coro<std::string> fetch_politely(session& mine, int page) {
  co_await mine.calls.acquire();
  auto connection = co_await mine.connections.scoped();
  seconds at = std::chrono::steady_clock::now() - mine.begin;
  std::string text = co_await fetch(page);
  std::printf("fetched %s, begun after %.1f s\n", text.c_str(), at.count());
  co_return text;
}
//! [rate limited]

troupe::coro<void> async_main() {
  session mine;
  std::vector<troupe::task<std::string>> fetches;
  for (int page = 1; page <= 8; ++page)
    fetches.push_back(troupe::create_task(fetch_politely(mine, page)));
  auto pages = co_await troupe::gather(fetches);
  seconds took = std::chrono::steady_clock::now() - mine.begin;
  std::printf("%zu pages in %.1f s\n", pages.size(), took.count());
}

} // namespace

int main() {
  troupe::run(async_main());
}
