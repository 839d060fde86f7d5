// A network that fails: passes the bytes of TCP connections on, and does what
// the driver says to them. It listens once for each name that it is given.
//
//   fault_proxy --to PORT --names anna,bert
//
// Says "anna PORT" for each, then takes commands line by line:
//   anna hold up|down|both  nothing passes; what comes waits
//   anna discard            what comes is thrown away
//   anna delay MS           everything comes later
//   anna rate BYTES         no more bytes a second, each way
//   anna reset              all connections break
//   anna heal               as in the beginning

#include "programs/fault_settings.hpp"

#include <chrono>
#include <memory>
#include <set>
#include <sstream>
#include <vector>

#include <sys/socket.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using steady = std::chrono::steady_clock;

// Both ends of one connection.
struct wire {
  std::vector<stream_writer> ends;

  // The peers see ECONNRESET, not the end of the stream.
  void reset() {
    linger now{1, 0};
    for (const stream_writer& end : ends) {
      if (int file = end.fileno(); file >= 0)
        setsockopt(file, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      end.abort();
    }
  }
};

// The way of one client to the server, and what is wrong with it.
struct path {
  std::uint16_t to = 0;
  bool hold_up = false;
  bool hold_down = false;
  bool discard = false;
  std::chrono::milliseconds delay{0};
  int rate = 0;
  event changed;
  std::set<std::shared_ptr<wire>> wires;

  bool holds(bool up) const {
    return up ? hold_up : hold_down;
  }

  void heal() {
    hold_up = hold_down = discard = false;
    delay = 0ms;
    rate = 0;
    changed.set();
  }
};

struct piece {
  steady::time_point due;
  std::string bytes; // none: the end
};

// Both at the same time; if one fails the other is cancelled.
coro<void> together(coro<void> one, coro<void> other) {
  auto body = [&](task_group& group) -> coro<void> {
    group.create_task(std::move(one));
    group.create_task(std::move(other));
    co_return;
  };
  co_await with_task_group(body);
}

coro<void> until_open(path& way, bool up) {
  while (way.holds(up)) {
    way.changed.clear();
    co_await way.changed.wait();
  }
}

coro<void> take_in(path& way, stream_reader from, queue<piece> line) {
  bool more = true;
  while (more) {
    piece next;
    next.bytes = co_await from.read(16 * 1024);
    next.due = steady::now() + way.delay;
    more = !next.bytes.empty();
    co_await line.put(std::move(next));
  }
}

coro<void> let_out(path& way, bool up, queue<piece> line, stream_writer to) {
  while (true) {
    piece next = co_await line.get();
    auto left = next.due - steady::now();
    if (left > 0s)
      co_await sleep(left);
    co_await until_open(way, up);
    if (next.bytes.empty())
      break;
    if (way.discard)
      continue;
    if (way.rate > 0)
      co_await sleep(1000ms * next.bytes.size() / way.rate);
    to.write(next.bytes);
    co_await to.drain();
  }
  to.write_eof();
}

coro<void> pass_on(path& way, bool up, stream_reader from, stream_writer to) {
  queue<piece> line{64};
  co_await together(take_in(way, from, line), let_out(way, up, line, to));
}

coro<void> carry(path& way, stream_reader reader, stream_writer writer) {
  auto mine = std::make_shared<wire>();
  mine->ends.push_back(writer);
  way.wires.insert(mine);
  try {
    // A peer that nobody hears gets no connection either.
    co_await until_open(way, true);
    co_await until_open(way, false);
    auto server = co_await open_connection("127.0.0.1", way.to);
    mine->ends.push_back(server.writer);
    co_await together(pass_on(way, true, reader, server.writer),
                      pass_on(way, false, server.reader, writer));
  } catch (const std::exception&) {
    mine->reset();
  }
  way.wires.erase(mine);
  for (const stream_writer& end : mine->ends)
    end.close();
}

void obey(path& way, std::istream& words) {
  std::string what;
  std::string how;
  words >> what >> how;
  if (what == "heal") {
    way.heal();
  } else if (what == "hold") {
    way.hold_up = how != "down";
    way.hold_down = how != "up";
  } else if (what == "discard") {
    way.discard = true;
  } else if (what == "delay") {
    way.delay = std::chrono::milliseconds{std::stoi(how)};
  } else if (what == "rate") {
    way.rate = std::stoi(how);
  } else if (what == "reset") {
    for (const auto& each : way.wires)
      each->reset();
  } else {
    throw std::invalid_argument("no such command: " + what);
  }
}

coro<void> serve(settings given) {
  std::map<std::string, path> ways;
  std::vector<server> servers;
  std::istringstream names{given.text("names")};
  for (std::string name; std::getline(names, name, ',');) {
    path& way = ways[name];
    way.to = static_cast<std::uint16_t>(given.number("to"));
    auto handler = [&way](stream_reader reader, stream_writer writer) {
      return carry(way, reader, writer);
    };
    servers.push_back(co_await start_server(handler, "127.0.0.1", 0));
    auto address = servers.back().sockets()[0].getsockname();
    say(name + ' ' + std::to_string(address.port));
  }
  while (auto line = co_await next_command()) {
    std::istringstream words{*line};
    std::string name;
    words >> name;
    obey(ways.at(name), words);
  }
  for (const server& each : servers) {
    each.close();
    each.abort_clients();
  }
  for (auto& [name, way] : ways)
    way.heal();
}

} // namespace

int main(int argc, char** argv) {
  try {
    run(serve(settings{argc, argv, 1}));
  } catch (const std::exception& problem) {
    std::cerr << "fault_proxy: " << problem.what() << '\n';
    return 1;
  }
}
