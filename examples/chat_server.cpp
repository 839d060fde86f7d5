// A chat server that survives its own faults: a room that owns the list of
// guests, and a front that accepts connections, under a supervisor. A guest who
// writes "/crash" makes the room fail; it comes back empty, and who writes next
// is in it again. In Python one would write the restarts by hand:
//     while True:
//         try: await room()
//         except Exception: log.exception("the room is back")
// Run it with `chat_server [PORT]`, else it takes port 10000; talk to it with
// `nc localhost 10000`; "/tree" shows the supervisor's tree.
// Prints: chat on port 10000, after each crash: the room is open again, and
// after Ctrl-C: the chat is closed

#include <troupe/troupe.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

struct line {
  troupe::actor_ref guest;
  std::string text;
};

// Where the present room is; each of its lives moves in here.
struct door {
  troupe::actor_ref room = {};
  troupe::actor_ref top = {}; // the supervisor
  std::uint16_t port = 0;
};

// Owns the list of guests: it knows whom it has heard of, until they leave.
troupe::coro<void> room(door& entrance) {
  std::map<troupe::monitor_id, troupe::actor_ref> guests;
  if (entrance.room)
    std::cout << "the room is open again" << std::endl;
  entrance.room = troupe::self();
  for (;;)
    co_await troupe::receive(
      [&](const line& said) {
        if (said.text == "/crash\n") {
          troupe::tell(said.guest, "the room breaks down\n");
          throw std::runtime_error("somebody broke the furniture");
        }
        if (said.text == "/tree\n")
          troupe::tell(said.guest, supervision_tree(entrance.top));
        bool known = false;
        for (auto& [id, guest] : guests)
          known = known || guest == said.guest;
        if (!known)
          guests[troupe::monitor(said.guest)] = said.guest;
        for (auto& [id, guest] : guests)
          if (guest != said.guest)
            troupe::tell(guest, said.text);
      },
      [&](const troupe::down& left) { guests.erase(left.id); });
}

troupe::coro<void> write_lines(troupe::stream_writer writer) {
  try {
    for (;;) {
      std::string text = co_await troupe::receive<std::string>();
      writer.write(text);
      co_await writer.drain();
    }
  } catch (const std::system_error&) {
    // The guest has gone.
  }
}

// One guest: reads here, and has a task that writes what others say.
troupe::coro<void> greet(door& entrance, troupe::stream_reader reader,
                         troupe::stream_writer writer) {
  auto ears = troupe::create_task(write_lines(writer));
  for (;;) {
    std::string text = co_await reader.readline();
    if (text.empty())
      break;
    line said{ears, text};
    troupe::tell(entrance.room, said);
  }
  ears.cancel();
  writer.close();
}

troupe::coro<void> front(door& entrance) {
  auto on_guest
    = [&](troupe::stream_reader reader, troupe::stream_writer writer) {
        return greet(entrance, reader, writer);
      };
  auto server
    = co_await troupe::start_server(on_guest, "localhost", entrance.port);
  entrance.port = server.sockets()[0].getsockname().port; // also of a next life
  std::cout << "chat on port " << entrance.port << std::endl;
  co_await server.serve_forever();
}

troupe::coro<void> chat(std::uint16_t port) {
  door entrance;
  entrance.port = port;
  std::vector<troupe::child_spec> children(2);
  children[0].name = "room";
  children[0].body = [&] {
    return room(entrance);
  };
  children[1].name = "front";
  children[1].body = [&] {
    return front(entrance);
  };
  troupe::supervisor_options how;
  how.max_restarts = 5;
  auto top = troupe::create_task(supervise(how, std::move(children)), "chat");

  entrance.top = top;
  try {
    co_await top;
  } catch (const troupe::cancelled_error&) {
    std::cout << "the chat is closed" << std::endl;
    throw;
  }
}

int main(int argc, char** argv) {
  try {
    troupe::run(
      chat(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 10000)));
  } catch (const troupe::keyboard_interrupt&) {
    return 0; // Ctrl-C is how it ends
  }
}
