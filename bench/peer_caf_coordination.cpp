// The workloads of locks, events and queues on CAF's own actors: the lock, the
// queue and the event are actors that answer requests when it is time.

#include "coordination.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <deque>
#include <vector>

using bench::spent;
using bench::stopwatch;

namespace {

using acquire_atom = caf::atom_constant<caf::atom("acquire")>;
using release_atom = caf::atom_constant<caf::atom("release")>;
using go_on_atom = caf::atom_constant<caf::atom("goon")>;
using set_atom = caf::atom_constant<caf::atom("set")>;
using wait_atom = caf::atom_constant<caf::atom("wait")>;
using done_atom = caf::atom_constant<caf::atom("done")>;

class config : public caf::actor_system_config {
public:
  explicit config(int threads) {
    set("scheduler.max-threads", threads);
  }
};

// Ends what it has spawned and keeps what that has cost.
class conductor : public caf::event_based_actor {
public:
  conductor(caf::actor_config& cfg, spent* result)
    : caf::event_based_actor(cfg), result_(result) {}

protected:
  void begin(int players) {
    left_ = players;
    watch_ = stopwatch{};
  }

  caf::behavior until_done() {
    return {[this](done_atom) {
      if (--left_ == 0)
        done();
    }};
  }

  void done() {
    *result_ += watch_.elapsed();
    send_exit(served_, caf::exit_reason::user_shutdown);
    quit();
  }

  caf::actor served_;

private:
  spent* result_;
  stopwatch watch_;
  int left_ = 0;
};

// -- locks --------------------------------------------------------------------

class lock_actor : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {
      [this](acquire_atom) {
        auto promise = make_response_promise<int>();
        if (std::exchange(locked_, true))
          waiters_.push_back(promise);
        else
          promise.deliver(1);
        return promise;
      },
      [this](release_atom) {
        if (waiters_.empty()) {
          locked_ = false;
        } else {
          waiters_.front().deliver(1);
          waiters_.pop_front();
        }
      },
    };
  }

private:
  bool locked_ = false;
  std::deque<caf::typed_response_promise<int>> waiters_;
};

class contender : public caf::event_based_actor {
public:
  contender(caf::actor_config& cfg, caf::actor lock, caf::actor to,
            std::uint64_t times, bool yields)
    : caf::event_based_actor(cfg), lock_(std::move(lock)), to_(std::move(to)),
      left_(times), yields_(yields) {}

  caf::behavior make_behavior() override {
    step();
    return {[this](go_on_atom) {
      release();
    }};
  }

private:
  void step() {
    request(lock_, caf::infinite, acquire_atom::value).then([this](int) {
      if (yields_)
        send(this, go_on_atom::value);
      else
        release();
    });
  }

  void release() {
    send(lock_, release_atom::value);
    if (--left_ > 0)
      return step();
    send(to_, done_atom::value);
    quit();
  }

  caf::actor lock_;
  caf::actor to_;
  std::uint64_t left_;
  bool yields_;
};

class lock_conductor : public conductor {
public:
  lock_conductor(caf::actor_config& cfg, spent* result, int players,
                 std::uint64_t n)
    : conductor(cfg, result), players_(players), n_(n) {}

  caf::behavior make_behavior() override {
    served_ = spawn<lock_actor>();
    begin(players_);
    for (int i = 0; i < players_; ++i)
      spawn<contender>(served_, this, n_ / static_cast<unsigned>(players_) + 1,
                       players_ > 1);
    return until_done();
  }

private:
  int players_;
  std::uint64_t n_;
};

// -- queues -------------------------------------------------------------------

class queue_actor : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {
      [this](caf::put_atom, int item) {
        auto promise = make_response_promise<int>();
        if (!getters_.empty()) {
          getters_.front().deliver(item);
          getters_.pop_front();
          promise.deliver(1);
        } else if (items_.size() < 64) {
          items_.push_back(item);
          promise.deliver(1);
        } else {
          putters_.emplace_back(promise, item);
        }
        return promise;
      },
      [this](caf::get_atom) {
        auto promise = make_response_promise<int>();
        if (items_.empty()) {
          getters_.push_back(promise);
          return promise;
        }
        promise.deliver(items_.front());
        items_.pop_front();
        if (!putters_.empty()) {
          auto& [putter, item] = putters_.front();
          items_.push_back(item);
          putter.deliver(1);
          putters_.pop_front();
        }
        return promise;
      },
    };
  }

private:
  std::deque<int> items_;
  std::deque<caf::typed_response_promise<int>> getters_;
  std::deque<std::pair<caf::typed_response_promise<int>, int>> putters_;
};

// Puts or gets so many items.
class partner : public caf::event_based_actor {
public:
  partner(caf::actor_config& cfg, caf::actor queue, caf::actor to,
          std::uint64_t times, bool puts)
    : caf::event_based_actor(cfg), queue_(std::move(queue)), to_(std::move(to)),
      left_(times), puts_(puts) {}

  caf::behavior make_behavior() override {
    step();
    return {[](go_on_atom) {
    }};
  }

private:
  void step() {
    if (puts_)
      request(queue_, caf::infinite, caf::put_atom::value, 1).then([this](int) {
        next();
      });
    else
      request(queue_, caf::infinite, caf::get_atom::value).then([this](int) {
        next();
      });
  }

  void next() {
    if (--left_ > 0)
      return step();
    send(to_, done_atom::value);
    quit();
  }

  caf::actor queue_;
  caf::actor to_;
  std::uint64_t left_;
  bool puts_;
};

class queue_conductor : public conductor {
public:
  queue_conductor(caf::actor_config& cfg, spent* result, int pairs,
                  std::uint64_t n)
    : conductor(cfg, result), pairs_(pairs), n_(n) {}

  caf::behavior make_behavior() override {
    served_ = spawn<queue_actor>();
    begin(2 * pairs_);
    auto share = n_ / static_cast<unsigned>(pairs_) + 1;
    for (int i = 0; i < pairs_; ++i) {
      spawn<partner>(served_, this, share, true);
      spawn<partner>(served_, this, share, false);
    }
    return until_done();
  }

private:
  int pairs_;
  std::uint64_t n_;
};

// -- events -------------------------------------------------------------------

class event_actor : public caf::event_based_actor {
public:
  event_actor(caf::actor_config& cfg, caf::actor to)
    : caf::event_based_actor(cfg), to_(std::move(to)) {}

  caf::behavior make_behavior() override {
    return {
      [this](wait_atom) {
        waiters_.push_back(make_response_promise<int>());
        if (waiters_.size() == bench::waiters)
          send(to_, go_on_atom::value);
        return waiters_.back();
      },
      [this](set_atom) {
        for (auto& each : waiters_)
          each.deliver(1);
        waiters_.clear();
      },
    };
  }

private:
  caf::actor to_;
  std::vector<caf::typed_response_promise<int>> waiters_;
};

class waiter : public caf::event_based_actor {
public:
  waiter(caf::actor_config& cfg, caf::actor event, caf::actor to)
    : caf::event_based_actor(cfg), event_(std::move(event)),
      to_(std::move(to)) {}

  caf::behavior make_behavior() override {
    request(event_, caf::infinite, wait_atom::value).then([this](int) {
      send(to_, done_atom::value);
      quit();
    });
    return {[](go_on_atom) {
    }};
  }

private:
  caf::actor event_;
  caf::actor to_;
};

class event_conductor : public conductor {
public:
  using conductor::conductor;

  caf::behavior make_behavior() override {
    served_ = spawn<event_actor>(this);
    for (std::uint64_t i = 0; i < bench::waiters; ++i)
      spawn<waiter>(served_, this);
    return caf::message_handler{[this](go_on_atom) {
             begin(bench::waiters);
             send(served_, set_atom::value);
           }}
      .or_else(until_done());
  }
};

// -----------------------------------------------------------------------------

template <class Conductor, int Players, int Threads = 1>
spent run(std::uint64_t n) {
  config cfg(Threads);
  caf::actor_system system(cfg);
  spent result;
  system.spawn<Conductor>(&result, Players, n);
  system.await_all_actors_done();
  return result;
}

spent event(std::uint64_t n) {
  config cfg(1);
  caf::actor_system system(cfg);
  spent result;
  for (std::uint64_t done = 0; done < n; done += bench::waiters) {
    system.spawn<event_conductor>(&result);
    system.await_all_actors_done();
  }
  return result;
}

// -- messages -----------------------------------------------------------------

class mirror : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {
      [this](go_on_atom) {
        send(caf::actor_cast<caf::actor>(current_sender()), go_on_atom::value);
      },
      [](int x) { return x + 1; },
    };
  }
};

class player : public conductor {
public:
  player(caf::actor_config& cfg, std::uint64_t n, spent* result)
    : conductor(cfg, result), left_(n / 2) {}

  caf::behavior make_behavior() override {
    served_ = spawn<mirror>();
    begin(1);
    send(served_, go_on_atom::value);
    return {[this](go_on_atom) {
      if (--left_ > 0)
        send(served_, go_on_atom::value);
      else
        done();
    }};
  }

private:
  std::uint64_t left_;
};

class questioner : public conductor {
public:
  questioner(caf::actor_config& cfg, std::uint64_t n, spent* result)
    : conductor(cfg, result), left_(n) {}

  caf::behavior make_behavior() override {
    served_ = spawn<mirror>();
    begin(1);
    next();
    return until_done();
  }

private:
  void next() {
    request(served_, caf::infinite, 0).then([this](int) {
      if (--left_ > 0)
        next();
      else
        send(this, done_atom::value);
    });
  }

  std::uint64_t left_;
};

template <class Actor>
spent with(std::uint64_t n) {
  config cfg(1);
  caf::actor_system system(cfg);
  spent result;
  system.spawn<Actor>(n, &result);
  system.await_all_actors_done();
  return result;
}

constexpr bench::workload table[] = {
  {.name = "lock", .time = run<lock_conductor, 1>},
  {.name = "contended", .time = run<lock_conductor, 4>},
  {.name = "queue", .time = run<queue_conductor, 1>},
  {.name = "queue_4x4", .time = run<queue_conductor, 4>},
  {.name = "queue_2", .time = run<queue_conductor, 1, 2>},
  {.name = "queue_4x4_2", .time = run<queue_conductor, 4, 2>},
  {.name = "ping_pong", .time = with<player>},
  {.name = "ask", .time = with<questioner>},
  {.name = "event",
   .how = bench::workload::fixed,
   .n = 5 * bench::waiters,
   .time = event},
};

} // namespace

const std::span<const bench::workload> bench::coordination = table;
