// A crawler: workers take addresses from a queue and put back what they find;
// join() knows when nothing is left. In Python:
//     workers = [asyncio.create_task(work(urls)) for _ in range(3)]
//     await urls.join()
//     for each in workers: each.cancel()
// Prints: each page once, sorted, then how many were fetched at the same time

#include <troupe/troupe.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// The web.
const std::map<std::string, std::vector<std::string>> links{
  {"/", {"/news", "/about", "/shop"}}, {"/news", {"/", "/news/1", "/news/2"}},
  {"/about", {"/", "/news"}},          {"/shop", {"/shop/hats", "/lost"}},
  {"/shop/hats", {"/shop"}},           {"/news/1", {"/news/2"}},
  {"/news/2", {"/news/1", "/"}},
};

class crawler {
public:
  troupe::coro<void> run(int num_workers) {
    find("/");
    std::vector<troupe::task<>> workers;
    for (int i = 0; i < num_workers; ++i)
      workers.push_back(troupe::create_task(work()));
    co_await urls_.join();
    urls_.shutdown(); // whoever waits for more is told
    co_await troupe::wait(workers);
  }

  void print() const {
    for (const std::string& url : seen_)
      std::cout << url << (links.contains(url) ? "" : " is a dead link")
                << '\n';
    std::cout << "at most " << most_ << " at the same time\n";
  }

private:
  void find(const std::string& url) {
    if (seen_.insert(url).second)
      urls_.put_nowait(url);
  }

  troupe::coro<void> work() {
    try {
      for (;;) {
        std::string url = co_await urls_.get();
        auto page = co_await fetch(url);
        for (const std::string& link : page)
          find(link);
        urls_.task_done(); // after what it links to was put
      }
    } catch (const troupe::queue_shut_down&) {
    }
  }

  troupe::coro<std::vector<std::string>> fetch(std::string url) {
    most_ = std::max(most_, ++now_);
    co_await troupe::sleep(10ms); // stands for the network
    --now_;
    auto page = links.find(url);
    if (page == links.end())
      co_return std::vector<std::string>{};
    co_return page->second;
  }

  troupe::queue<std::string> urls_{0, "urls"};
  std::set<std::string> seen_;
  int now_ = 0;
  int most_ = 0;
};

int main() {
  crawler all;
  troupe::run(all.run(3));
  all.print();
}
