#pragma once

#include <troupe/remote.hpp>
#include <troupe/simulated_network.hpp>
#include <troupe/troupe.hpp>

#include "support/test.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

// Programs for hosts of a simulated network that fails, and books about what
// they saw: a server with a lock, a queue and a function; clients that use
// them, connect again when the server is lost, and go on.

using namespace troupe;
using namespace std::chrono_literals;
using nanoseconds = std::chrono::nanoseconds;

// As in production, with certificates; a simulation does not read the files.
inline node_options node_of(std::string name, int port = -1) {
  node_options options;
  options.name = name;
  options.port = port;
  options.host = port < 0 ? "127.0.0.1" : name;
  options.certificate = name + ".pem";
  options.key = name + ".key";
  options.authority = "authority.pem";
  return options;
}

// What the lock guards: a number. Smaller tokens than were seen are refused.
class guarded_number {
public:
  // A token is of one grant alone, and greater than those of earlier lives.
  void granted(std::uint64_t token, std::uint64_t floor) {
    test::require(all_.insert(token).second, "no two grants have one token");
    test::require(token > floor, "tokens grow when the lock's node restarts");
  }

  // Whether the token is taken; then `seen` is the number.
  bool read(std::uint64_t token, int& seen) {
    if (!show(token))
      return false;
    seen = number_;
    return true;
  }

  bool write(std::uint64_t token, int seen) {
    if (!show(token))
      return false;
    test::require(number_ == seen, "nobody else wrote under this lock");
    number_ = seen + 1;
    return true;
  }

  std::uint64_t greatest() const {
    return all_.empty() ? 0 : *all_.rbegin();
  }

private:
  bool show(std::uint64_t token) {
    if (token < last_)
      return false;
    last_ = token;
    return true;
  }

  std::set<std::uint64_t> all_;
  std::uint64_t last_ = 0;
  int number_ = 0;
};

// An item of a queue. What is put over another connection is another
// producer's: a put that was on its way when its node was lost may come later
// than those.
struct item {
  int producer = 0;
  int number = 0;
};

template <class Inspector>
auto inspect(Inspector& f, item& x) {
  return f(x.producer, x.number);
}

// The books of one life of the server: what is in memory there ends with it.
struct life_book {
  std::uint64_t floor = 0; // tokens of earlier lives
  std::set<std::pair<int, int>> sent;
  std::set<std::pair<int, int>> acknowledged;
  std::set<std::pair<int, int>> received;
  std::map<int, int> latest; // of each producer, as received
  // Connections that got items until they were lost: each may have had one on
  // its way then.
  std::size_t torn = 0;
};

// What survives all crashes, and what the tests know.
struct books {
  guarded_number guarded;
  std::vector<life_book> lives;
  std::map<int, int> called; // how often each call was done
  std::set<int> answered;
  int last_call = 0;
  int last_producer = 0;
  std::map<int, int> asking; // awaits on remote things, of each client
  std::map<int, int> rounds; // connections of each client
  std::map<int, bool> connected;
  int putting = 0; // awaits of `put`
  queue<item>* line = nullptr;
  bool over = false;

  life_book& life() {
    return lives.back();
  }
};

// Counts something as long as it lives: an await, mostly.
class counted {
public:
  explicit counted(int& count) : count_(count) {
    ++count_;
  }

  counted(const counted&) = delete;

  ~counted() {
    --count_;
  }

private:
  int& count_;
};

// -- the server ---------------------------------------------------------------

inline coro<int> do_call(books& all, int number) {
  co_await sleep(1ms);
  co_return ++all.called[number];
}

inline coro<void> serve(books& all) {
  auto options = node_of("server", 4242);
  auto here = co_await node::start(options);
  life_book fresh;
  fresh.floor = all.guarded.greatest();
  all.lives.push_back(std::move(fresh));
  queue<item> line{2};
  all.line = &line;
  here.publish("line", line);
  here.publish("door", lock{});
  here.publish("call", [&all](int number) { return do_call(all, number); });
  co_await event{}.wait();
}

// -- clients ------------------------------------------------------------------

// Takes the lock again and again, and counts the number up.
inline coro<void> use_lock(books& all, int me, peer there, std::size_t life) {
  auto door = co_await remote<lock>(there, "door");
  while (!all.over) {
    auto waiting = std::make_unique<counted>(all.asking[me]);
    auto held = co_await door.scoped();
    waiting = nullptr;
    all.guarded.granted(held.token(), all.lives[life].floor);
    int seen = 0;
    bool mine = all.guarded.read(held.token(), seen);
    co_await sleep(300ms * (1 + me % 2 * 7));
    if (mine)
      all.guarded.write(held.token(), seen);
    held.release();
    co_await sleep(500ms);
  }
}

inline coro<void> produce(books& all, int me, peer there, std::size_t life) {
  auto line = co_await remote<queue<item>>(there, "line");
  int producer = ++all.last_producer;
  for (int number = 1; !all.over; ++number) {
    item next{producer, number};
    std::pair<int, int> id{next.producer, next.number};
    all.lives[life].sent.insert(id);
    {
      counted waiting{all.asking[me]};
      counted putting{all.putting};
      co_await line.put(next);
    }
    all.lives[life].acknowledged.insert(id);
    co_await sleep(200ms);
  }
}

inline void note_received(books& all, std::size_t life, const item& got) {
  life_book& book = all.lives[life];
  std::pair<int, int> id{got.producer, got.number};
  test::require(book.sent.count(id) == 1, "only what was put is got");
  test::require(book.received.insert(id).second, "nothing is got twice");
  test::require(got.number
                  > std::exchange(book.latest[got.producer], got.number),
                "items of one producer keep their order");
}

inline coro<void> consume(books& all, int me, peer there, std::size_t life) {
  auto line = co_await remote<queue<item>>(there, "line");
  ++all.lives[life].torn; // until shown otherwise
  while (!all.over || all.putting > 0) {
    counted waiting{all.asking[me]};
    // Gives up now and then, also while the item is on its way.
    auto limit = std::chrono::microseconds{1'000 + test::random() % 150'000};
    auto getting = line.get();
    try {
      item got = co_await wait_for(std::move(getting), limit);
      note_received(all, life, got);
    } catch (const timeout_error&) {
    }
  }
  if (!there.lost())
    --all.lives[life].torn;
}

inline coro<void> call(books& all, int me, peer there, std::size_t) {
  auto function = co_await remote<int(int)>(there, "call");
  while (!all.over) {
    int number = ++all.last_call;
    int times = 0;
    {
      counted waiting{all.asking[me]};
      times = co_await function(number);
    }
    test::require(times == 1, "a call is done once");
    all.answered.insert(number);
    co_await sleep(400ms);
  }
}

using errand = coro<void> (*)(books&, int, peer, std::size_t);

// Ends quietly when the node is lost, with an error when anything else goes
// wrong.
inline coro<void> until_lost(coro<void> body) {
  try {
    co_await std::move(body);
  } catch (const node_lost_error&) {
  }
}

inline coro<void> one_connection(books& all, int me, node mine,
                                 std::vector<errand> errands) {
  std::size_t life = 0;
  auto connecting = mine.connect("server:4242", "server");
  auto there = co_await std::move(connecting);
  life = all.lives.size() - 1;
  ++all.rounds[me];
  all.connected[me] = true;
  std::vector<any_task> tasks;
  for (errand each : errands)
    tasks.push_back(create_task(until_lost(each(all, me, there, life))));
  auto lost = create_task(there.wait_lost());
  auto check = [&tasks] {
    for (auto& each : tasks)
      if (each.done() && each.exception())
        std::rethrow_exception(each.exception());
  };
  while (!all.over && !lost.done()) {
    co_await sleep(100ms);
    check();
  }
  all.connected[me] = false;
  if (lost.done()) {
    co_await sleep(100ms);
    test::require(all.asking[me] == 0, "every await on a lost node has ended");
  }
  lost.cancel();
  co_await wait(tasks);
  check();
}

// The program of client `me`, from start to crash or end.
inline coro<void> client(books& all, int me, std::vector<errand> errands) {
  all.asking[me] = 0;
  all.connected[me] = false;
  auto options = node_of("client" + std::to_string(me));
  options.connect_limit = 20s;
  auto mine = co_await node::start(options);
  while (!all.over) {
    try {
      co_await one_connection(all, me, mine, errands);
    } catch (const node_lost_error&) {
    } catch (const timeout_error&) {
    }
    co_await sleep(500ms);
  }
  co_await mine.stop();
}

// -- the end ------------------------------------------------------------------

// When nothing runs any more: what was acknowledged is there.
inline void check_books(books& all) {
  life_book& last = all.life();
  std::size_t missing = 0;
  for (const auto& id : last.acknowledged)
    missing += last.received.count(id) == 0;
  test::require(missing <= all.line->qsize() + last.torn,
                "nothing that was acknowledged is lost");
  for (int number : all.answered)
    test::require(all.called[number] == 1, "an answered call was done");
  for (auto [number, times] : all.called)
    test::require(times == 1, "no call was done twice");
}
