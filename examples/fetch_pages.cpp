// Fetches a page twenty times at once and prints each as it comes. In Python:
//     for i in range(20):
//         tasks.append(asyncio.ensure_future(get_url(host, port, path)))
//     for task in asyncio.as_completed(tasks):
//         print(await task)
//     async for line in reader: ...
// Run `python3 -m http.server 8000` beside it; fetch_pages PORT PATH asks for
// another page than / of port 8000.
// Prints 20 bodies, then: elapsed: 0.021 s

#include <troupe/troupe.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

//! [get url]
troupe::coro<std::string> get_url(std::string host, std::uint16_t port,
                                  std::string path) {
  auto [reader, writer] = co_await troupe::open_connection(host, port);
  writer.write("GET " + path + " HTTP/1.1\r\nHost: " + host
               + "\r\nConnection: close\r\n\r\n");

  while (auto line = co_await reader.next())
    if (*line == "\r\n") // the end of the headers
      break;
  std::string body;
  while (auto line = co_await reader.next())
    body += *line;

  writer.close();
  co_return body;
}
//! [get url]

troupe::coro<void> async_main(std::uint16_t port, std::string path) {
  std::vector<troupe::task<std::string>> pages;
  for (int i = 0; i < 20; ++i)
    pages.push_back(troupe::ensure_future(get_url("127.0.0.1", port, path)));
  for (auto page : troupe::as_completed(pages))
    std::cout << co_await page << '\n';
}

int main(int argc, char** argv) {
  auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8000);
  std::string path = argc > 2 ? argv[2] : "/";

  auto start = std::chrono::steady_clock::now();
  try {
    troupe::run(async_main(port, path));
  } catch (const std::exception& problem) {
    std::cerr << "fetch_pages: " << problem.what() << '\n';
    return 1;
  }
  std::chrono::duration<double> elapsed
    = std::chrono::steady_clock::now() - start;
  std::cout << "elapsed: " << elapsed.count() << " s\n";
}
