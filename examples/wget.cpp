// Asks several web servers at once and prints their headers. In Python:
//     reader, writer = await asyncio.open_connection(host, 80)
//     writer.write(request.encode())
//     await writer.drain()
//     while (line := await reader.readline()) not in (b"", b"\r\n"):
//         print(f"{host} header > {line.decode().rstrip()}")
// Run it with `wget HOST[:PORT]...`; the port is 80 if none is given.
// Prints: wget HOST... for each, then lines such as
//         HOST header > HTTP/1.0 200 OK

#include <troupe/troupe.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

troupe::coro<void> wget(std::string name) {
  std::cout << "wget " << name << "...\n";
  auto colon = name.find(':');
  auto host = name.substr(0, colon);
  int port = colon == name.npos ? 80 : std::stoi(name.substr(colon + 1));

  auto [reader, writer]
    = co_await troupe::open_connection(host, static_cast<std::uint16_t>(port));
  writer.write("GET / HTTP/1.0\r\nHost: " + name + "\r\n\r\n");
  co_await writer.drain();

  // next() gives nothing at the end of the stream, so a server that hangs up
  // within its headers ends the loop, too.
  while (auto line = co_await reader.next()) {
    if (*line == "\r\n")
      break;
    line->erase(line->find_last_not_of("\r\n") + 1);
    std::cout << name << " header > " << *line << '\n';
  }
  writer.close(); // the body does not matter
}

troupe::coro<void> async_main(std::vector<std::string> names) {
  std::vector<troupe::task<>> tasks;
  for (auto& name : names)
    tasks.push_back(troupe::create_task(wget(name)));
  for (auto& task : tasks)
    co_await task;
}

int main(int argc, char** argv) {
  try {
    troupe::run(async_main(std::vector<std::string>(argv + 1, argv + argc)));
  } catch (const std::exception& problem) {
    std::cerr << "wget: " << problem.what() << '\n';
    return 1;
  }
}
