// Many clients send 64 bytes to an echo server, wait for the answer, and begin
// again. In Python:
//     async def client(end):
//         reader, writer = await asyncio.open_connection("127.0.0.1", 8888)
//         while loop.time() < end:
//             writer.write(message)
//             await reader.readexactly(64)
//     clients = [asyncio.create_task(client(end)) for _ in range(50)]
// Run it with `echo_load [--port N] [--clients N] [--seconds S]`.
// Prints one line such as
//     50 clients, 2.0 s: 101,386 requests, 50,691 requests/s, p50 970 us, p99
//     1,452 us (without the line break)

#include <troupe/troupe.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <locale>
#include <string>
#include <string_view>
#include <vector>

using seconds = std::chrono::duration<double>;
using times = std::vector<std::chrono::nanoseconds>;

// Returns how long each request took.
troupe::coro<times> client(std::uint16_t port, troupe::loop_time end) {
  auto loop = troupe::get_running_loop();
  auto [reader, writer] = co_await troupe::open_connection("127.0.0.1", port);
  const std::string message(64, 'x');
  times taken;
  for (auto start = loop.time(); start < end; start = loop.time()) {
    writer.write(message);
    co_await reader.readexactly(message.size());
    taken.push_back(loop.time() - start);
  }
  writer.close();
  co_return taken;
}

troupe::coro<void> load(std::uint16_t port, int clients, seconds length) {
  auto loop = troupe::get_running_loop();
  auto start = loop.time();
  auto end
    = start + std::chrono::duration_cast<troupe::loop_time::duration>(length);
  std::vector<troupe::task<times>> tasks;
  for (int i = 0; i < clients; ++i)
    tasks.push_back(troupe::create_task(client(port, end)));

  times all;
  for (auto& task : tasks) {
    times some = co_await task;
    all.insert(all.end(), some.begin(), some.end());
  }
  seconds elapsed = loop.time() - start;
  if (all.empty())
    co_return;

  std::sort(all.begin(), all.end());
  auto at = [&](double part) {
    auto which = static_cast<double>(all.size() - 1) * part;
    return all[static_cast<std::size_t>(which)].count() / 1000;
  };
  auto rate
    = static_cast<long>(static_cast<double>(all.size()) / elapsed.count());
  std::cout << clients << " clients, " << elapsed.count()
            << " s: " << all.size() << " requests, " << rate
            << " requests/s, p50 " << at(0.5) << " us, p99 " << at(0.99)
            << " us\n";
}

// Writes 1234567 as 1,234,567.
struct grouped : std::numpunct<char> {
  char do_thousands_sep() const override {
    return ',';
  }

  std::string do_grouping() const override {
    return "\3";
  }
};

int main(int argc, char** argv) {
  std::uint16_t port = 8888;
  int clients = 50;
  seconds length{2};
  for (int i = 1; i < argc; i += 2) {
    std::string_view option = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (option == "--port" && *value) {
      port = static_cast<std::uint16_t>(std::atoi(value));
    } else if (option == "--clients" && *value) {
      clients = std::atoi(value);
    } else if (option == "--seconds" && *value) {
      length = seconds{std::atof(value)};
    } else {
      std::cerr << "usage: echo_load [--port N] [--clients N] [--seconds S]\n";
      return 2;
    }
  }

  std::cout.imbue(std::locale(std::cout.getloc(), new grouped));
  std::cout << std::fixed << std::setprecision(1);
  try {
    troupe::run(load(port, clients, length));
  } catch (const std::exception& problem) {
    std::cerr << "echo_load: " << problem.what() << '\n';
    return 1;
  }
}
