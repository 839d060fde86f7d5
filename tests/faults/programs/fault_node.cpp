// A node of the fault tests. The driver starts, pauses and kills it.
//
//   fault_node server --port N --life N      publishes things
//   fault_node client --port N --name TEXT   uses them until it is told to end
//
// and `--history FILE --heartbeat MS --loss-limit MS --certificates FOLDER`. A
// client is named after its life: "anna.2" is node "anna". The server says
// "port N"; a client takes "finish" and says "quiet" when it puts nothing any
// more, takes "drain" and says "done" when it has found the queue empty.
//
// A client writes down when each operation began and how it ended: "ok", "fail"
// (it was not done) or "info" (nobody knows).

#include <troupe/remote.hpp>

#include "programs/fault_history.hpp"
#include "programs/fault_settings.hpp"

#include <fstream>
#include <random>
#include <utility>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using counter = std::uint64_t(std::string);
using guarded = bool(std::uint64_t, std::string);

node_options options_of(const settings& given, std::string name) {
  node_options options;
  options.name = std::move(name);
  if (auto files = given.text("certificates"); files.empty()) {
    options.plain_text = true;
  } else {
    options.certificate = files + '/' + options.name + ".pem";
    options.key = files + '/' + options.name + ".key";
    options.authority = files + "/authority.pem";
  }
  if (int beat = given.number("heartbeat")) {
    options.heartbeat = std::chrono::milliseconds{beat};
    options.connect_limit = 2s;
  }
  if (int limit = given.number("loss-limit"))
    options.loss_limit = std::chrono::milliseconds{limit};
  return options;
}

coro<void> until_driver_ends() {
  while (co_await next_command())
    ;
}

// -- server -------------------------------------------------------------------

// What outlives the server: it is read from its history.
struct memory {
  std::uint64_t count = 0;
  std::uint64_t token = 0; // the greatest that was shown

  explicit memory(const std::string& path) {
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
      count += line.find("\"counted\"") != line.npos;
      if (line.find("\"accepted\"") != line.npos)
        token = std::stoull(line.substr(line.find("\"token\":") + 8));
    }
  }
};

coro<void> serve(settings given) {
  memory known{given.text("history")};
  history log{given.text("history")};
  int life = given.number("life");
  auto options = options_of(given, "server");
  options.port = given.number("port");
  node here = co_await node::start(options);
  here.publish("line", queue<std::string>{8});
  here.publish("door", lock{"door"});
  here.publish("life", [life]() -> coro<int> { co_return life; });
  here.publish("count", [&](std::string what) -> coro<std::uint64_t> {
    entry line{"counted"};
    log.write(line.add("what", what).add("result", ++known.count));
    co_return known.count;
  });
  here.publish("write",
               [&](std::uint64_t token, std::string who) -> coro<bool> {
                 bool accepted = token >= known.token;
                 if (accepted)
                   known.token = token;
                 entry line{accepted ? "accepted" : "refused"};
                 log.write(line.add("token", token).add("what", who));
                 co_return accepted;
               });
  log.write(entry{"start"}.add("life", life));
  say("port " + std::to_string(here.port()));
  co_await until_driver_ends();
  co_await here.stop();
}

// -- client -------------------------------------------------------------------

struct client {
  explicit client(const settings& given)
    : name(given.text("name")), log(given.text("history")) {}

  entry line(std::string_view event) const {
    entry made{event};
    made.add("who", name);
    return made;
  }

  std::chrono::microseconds pause() {
    return std::chrono::microseconds{
      std::uniform_int_distribution<>{0, 20'000}(random)};
  }

  bool chance(int one_in) {
    return std::uniform_int_distribution<>{1, one_in}(random) == 1;
  }

  std::string name;
  history log;
  std::mt19937 random{std::random_device{}()};
  std::uint64_t operations = 0;
  int sessions = 0;
  bool finishing = false;
  bool draining = false;
  bool quiet = false;
  bool drained = false;
  std::uint64_t old_token = 0; // of a grant that was lost with its session
};

// A connection, as the history knows it.
struct place {
  client& me;
  peer there;
  int session = 0;
  int life = 0;

  bool usable() const {
    return !there.lost() && !me.finishing;
  }
};

std::string text_of(const std::string& x) {
  return x;
}
std::string text_of(std::uint64_t x) {
  return std::to_string(x);
}
std::string text_of(const remote_lock_guard& x) {
  return std::to_string(x.token());
}
std::string text_of(const std::optional<std::string>& x) {
  return x.value_or("");
}

// Writes an operation down; gives what it gave if that is known.
template <class T>
coro<std::optional<T>> noted(place at, const char* kind, std::string what,
                             coro<T> asking, time_limit limit = {}) {
  client& me = at.me;
  std::uint64_t number = ++me.operations;
  entry begin = me.line("invoke");
  begin.add("op", number).add("kind", kind).add("what", what);
  me.log.write(begin.add("session", at.session).add("life", at.life));
  std::optional<T> result;
  std::string problem;
  bool known = true;
  try {
    result.emplace(co_await wait_for(std::move(asking), limit));
  } catch (const timeout_error& late) {
    problem = late.what();
    known = !at.there.lost();
  } catch (const node_lost_error& lost) {
    problem = lost.what();
    known = false;
  }
  entry end = me.line(result ? "ok" : known ? "fail" : "info");
  end.add("op", number).add("result", result ? text_of(*result) : problem);
  me.log.write(end);
  co_return result;
}

coro<std::uint64_t> put_one(remote_queue<std::string> line, std::string item) {
  co_await line.put(item);
  co_return 1;
}

coro<std::uint64_t> write_one(remote_function<guarded> write,
                              std::uint64_t token, std::string who) {
  co_return co_await write(token, who);
}

// Names what the client does with the n-th of its operations.
std::string nth(const place& at, int n) {
  return at.me.name + '/' + std::to_string(at.session) + '/'
       + std::to_string(n);
}

coro<void> produce(place at, remote_queue<std::string> line) {
  for (int n = 1; at.usable(); ++n) {
    time_limit limit;
    if (at.me.chance(4))
      limit = 5ms;
    auto item = nth(at, n);
    co_await noted(at, "put", item, put_one(line, item), limit);
    co_await sleep(at.me.pause());
  }
}

coro<void> consume(place at, remote_queue<std::string> line) {
  while (!at.there.lost() && !at.me.drained) {
    if (at.me.draining) {
      auto item = co_await noted(at, "take", "", line.try_get());
      at.me.drained = item && !*item;
    } else {
      time_limit limit = 3s;
      if (at.me.finishing)
        limit = 100ms;
      else if (at.me.chance(4))
        limit = 5ms;
      co_await noted(at, "get", "", line.get(), limit);
      co_await sleep(at.me.pause());
    }
  }
}

coro<void> count(place at, remote_function<counter> add) {
  for (int n = 1; at.usable(); ++n) {
    auto what = nth(at, n);
    co_await noted(at, "count", what, add(what));
    co_await sleep(at.me.pause());
  }
}

coro<void> enter(place at, remote_lock door, remote_function<guarded> write) {
  client& me = at.me;
  // What a holder does that has missed the loss of its lock.
  if (std::uint64_t token = std::exchange(me.old_token, 0))
    co_await noted(at, "write", std::to_string(token) + " late",
                   write_one(write, token, me.name + " late"));
  for (int n = 1; at.usable(); ++n) {
    time_limit limit;
    if (me.chance(4))
      limit = 5ms;
    auto held = co_await noted(at, "acquire", "", door.scoped(), limit);
    for (int i = 0; held && i < 2; ++i) {
      std::uint64_t token = held->token();
      co_await noted(at, "write", std::to_string(token),
                     write_one(write, token, nth(at, n)));
      co_await sleep(me.pause() / 8);
    }
    if (held && at.there.lost())
      me.old_token = held->token();
    if (held)
      me.log.write(me.line("release").add("token", held->token()));
    held.reset();
    co_await sleep(me.pause());
  }
}

coro<void> watch(place at) {
  co_await at.there.wait_lost();
  at.me.log.write(at.me.line("lost")
                    .add("session", at.session)
                    .add("why", at.there.why_lost()));
}

void note_quiet(client& me) {
  if (me.finishing && !std::exchange(me.quiet, true))
    say("quiet");
}

// From a connection to its loss, or to the end.
coro<void> use(client& me, peer there) {
  place at{me, there, ++me.sessions};
  auto life = co_await remote<int()>(there, "life");
  at.life = co_await life();
  auto line = co_await remote<queue<std::string>>(there, "line");
  auto door = co_await remote<lock>(there, "door");
  auto add = co_await remote<counter>(there, "count");
  auto write = co_await remote<guarded>(there, "write");
  me.log.write(
    me.line("connected").add("session", at.session).add("life", at.life));
  auto watching = create_task(watch(at));
  auto consuming = create_task(consume(at, line));
  auto producing = create_task(produce(at, line));
  auto counting = create_task(count(at, add));
  auto entering = create_task(enter(at, door, write));
  co_await gather(producing, counting, entering);
  note_quiet(me);
  co_await consuming;
  if (!there.lost())
    there.close();
  co_await watching;
}

coro<void> obey(client& me) {
  while (auto line = co_await next_command()) {
    me.finishing = true;
    me.draining = *line == "drain";
  }
  me.finishing = me.drained = true; // also when the driver was killed
}

coro<void> be_client(settings given) {
  client me{given};
  auto options = options_of(given, me.name.substr(0, me.name.find('.')));
  std::string address = "127.0.0.1:" + given.text("port");
  node here = co_await node::start(options);
  me.log.write(me.line("start"));
  auto obeying = create_task(obey(me));
  while (!me.drained) {
    note_quiet(me);
    me.log.write(me.line("connecting"));
    try {
      peer there = co_await here.connect(address, "server");
      co_await use(me, there);
    } catch (const node_lost_error& problem) {
      me.log.write(me.line("unreachable").add("why", problem.what()));
    } catch (const timeout_error& problem) {
      me.log.write(me.line("unreachable").add("why", problem.what()));
    } catch (const std::exception& problem) {
      me.log.write(me.line("wrong").add("why", problem.what()));
      throw;
    } catch (const cancelled_error& problem) {
      me.log.write(me.line("wrong").add("why", "cancelled"));
      throw;
    }
    co_await sleep(20ms);
  }
  say("done");
  co_await obeying;
  co_await here.stop();
  me.log.write(me.line("end"));
}

} // namespace

int main(int argc, char** argv) {
  try {
    settings given{argc, argv, 2};
    if (argc > 1 && argv[1] == std::string{"server"})
      run(serve(given));
    else
      run(be_client(given));
  } catch (const std::exception& problem) {
    std::cerr << "fault_node: " << problem.what() << '\n';
    return 1;
  }
}
