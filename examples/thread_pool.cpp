// A pool of one thread does twenty blocking fetches one after the other, while
// the loop stays free. In Python:
//     pool = ThreadPoolExecutor(1)
//     pages = [loop.run_in_executor(pool, get_url, url) for url in urls]
//     loop.run_until_complete(asyncio.wait(pages))
// Prints: 20 pages, at most 1 at a time

#include <troupe/troupe.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

std::atomic<int> fetching = 0;
std::atomic<int> most = 0;

// Stands for any library that blocks until the page is there.
std::string get_url(std::string url) {
  most = std::max(most.load(), ++fetching);
  std::this_thread::sleep_for(10ms);
  --fetching;
  return "page of " + url;
}

troupe::coro<int> fetch_all(troupe::thread_pool pool) {
  auto loop = troupe::get_running_loop();
  std::vector<troupe::future<std::string>> pages;
  for (int i = 0; i < 20; ++i)
    pages.push_back(loop.run_in_executor(pool, get_url, "http://localhost/"));

  int count = 0;
  for (auto& page : pages)
    if ((co_await page).starts_with("page"))
      ++count;
  co_return count;
}

int main() {
  troupe::thread_pool pool(1);
  auto loop = troupe::new_event_loop();
  int count = loop.run_until_complete(fetch_all(pool));
  std::cout << count << " pages, at most " << most << " at a time\n";
  loop.close();
}
