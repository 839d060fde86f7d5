// The workloads on CAF's own actors: class-based event_based_actors on one
// worker, a broker for the echo server. CAF has no await of a child.

#include "coordination.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

using bench::spent;
using bench::stopwatch;

namespace {

using go_atom = caf::atom_constant<caf::atom("go")>;

class config : public caf::actor_system_config {
public:
  config() {
    set("scheduler.max-threads", 1);
  }
};

// Repeats one step and measures how long that takes. A step ends by calling
// `next`.
class driver : public caf::event_based_actor {
public:
  driver(caf::actor_config& cfg, std::uint64_t n, spent* result)
    : caf::event_based_actor(cfg), n_(n), left_(n), result_(result) {}

  caf::behavior make_behavior() override {
    watch_ = stopwatch{};
    step();
    return {[this](go_atom) {
      next();
    }};
  }

protected:
  virtual void step() = 0;

  void next() {
    if (--left_ > 0)
      return step();
    *result_ = watch_.elapsed();
    finish();
  }

  virtual void finish() {
    quit();
  }

  std::uint64_t n_;
  std::uint64_t left_;

private:
  spent* result_;
  stopwatch watch_;
};

template <class Driver>
spent run(std::uint64_t n) {
  config cfg;
  caf::actor_system system(cfg);
  spent result;
  system.spawn<Driver>(n, &result);
  system.await_all_actors_done();
  return result;
}

// -- actors -------------------------------------------------------------------

// Answers each request with 1.
class answerer : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[](go_atom) {
      return 1;
    }};
  }
};

class spawn_driver : public driver {
public:
  using driver::driver;

  void step() override {
    request(spawn<answerer>(), caf::infinite, go_atom::value).then([this](int) {
      next();
    });
  }
};

// Sends one message and ends.
class teller : public caf::event_based_actor {
public:
  teller(caf::actor_config& cfg, caf::actor to)
    : caf::event_based_actor(cfg), to_(std::move(to)) {}

  caf::behavior make_behavior() override {
    send(to_, go_atom::value);
    return {};
  }

private:
  caf::actor to_;
};

// Requests are no way to gather a million answers: the cost of each reply
// grows with the number of those that are pending.
class million_driver : public driver {
public:
  using driver::driver;

  void step() override {
    if (left_ < n_)
      return;
    for (std::uint64_t i = 0; i < n_; ++i)
      spawn<teller>(this);
  }
};

class parked_actor : public caf::event_based_actor {
public:
  parked_actor(caf::actor_config& cfg, std::atomic<std::uint64_t>* count)
    : caf::event_based_actor(cfg), count_(count) {}

  caf::behavior make_behavior() override {
    ++*count_;
    return {[](go_atom) {
    }};
  }

private:
  std::atomic<std::uint64_t>* count_;
};

std::size_t parked(std::uint64_t n) {
  config cfg;
  caf::actor_system system(cfg);
  std::atomic<std::uint64_t> count = 0;
  std::vector<caf::actor> actors;
  actors.reserve(n);
  std::size_t before = bench::resident_bytes();
  for (std::uint64_t i = 0; i < n; ++i)
    actors.push_back(system.spawn<parked_actor>(&count));
  while (count < n)
    std::this_thread::sleep_for(1ms);
  return bench::resident_bytes() - before;
}

// Sends itself a message, and so lets the other one run.
class yielder : public caf::event_based_actor {
public:
  yielder(caf::actor_config& cfg, caf::actor done, std::uint64_t times)
    : caf::event_based_actor(cfg), done_(std::move(done)), left_(times) {}

  caf::behavior make_behavior() override {
    send(this, go_atom::value);
    return {[this](go_atom) {
      if (--left_ > 0)
        return send(this, go_atom::value);
      send(done_, go_atom::value);
      quit();
    }};
  }

private:
  caf::actor done_;
  std::uint64_t left_;
};

class reschedule_driver : public driver {
public:
  reschedule_driver(caf::actor_config& cfg, std::uint64_t n, spent* result)
    : driver(cfg, 2, result), times_(n / 2) {}

  void step() override {
    if (left_ < 2)
      return;
    for (int i = 0; i < 2; ++i)
      spawn<yielder>(this, times_);
  }

private:
  std::uint64_t times_;
};

spent reschedule(std::uint64_t n) {
  config cfg;
  // Without this an actor keeps the worker while it has messages.
  cfg.set("scheduler.max-throughput", 1);
  caf::actor_system system(cfg);
  spent result;
  system.spawn<reschedule_driver>(std::max<std::uint64_t>(n, 2), &result);
  system.await_all_actors_done();
  return result;
}

// -- time ---------------------------------------------------------------------

// A delayed message cannot be taken back: the timeout of a request can.
class timer_driver : public driver {
public:
  using driver::driver;

  void step() override {
    auto id = new_request_id(caf::message_priority::normal).response_id();
    clock().set_request_timeout(clock().now() + 1h, this, id);
    clock().cancel_request_timeout(this, id);
    send(this, go_atom::value);
  }
};

class timer0_driver : public driver {
public:
  using driver::driver;

  void step() override {
    delayed_send(this, 0s, go_atom::value);
  }
};

class sleeper : public caf::event_based_actor {
public:
  sleeper(caf::actor_config& cfg, std::chrono::microseconds delay)
    : caf::event_based_actor(cfg), delay_(delay) {}

  caf::behavior make_behavior() override {
    delayed_send(this, delay_, go_atom::value);
    return {[this](go_atom) {
      quit();
    }};
  }

private:
  std::chrono::microseconds delay_;
};

class sleeps_driver : public caf::event_based_actor {
public:
  sleeps_driver(caf::actor_config& cfg, std::uint64_t n)
    : caf::event_based_actor(cfg), n_(n) {}

  caf::behavior make_behavior() override {
    std::vector<caf::actor> sleepers;
    for (std::uint64_t i = 0; i < n_; ++i)
      sleepers.push_back(spawn<sleeper>(bench::nth_delay(i)));
    for (std::uint64_t i = 1; i < n_; i += 2)
      send_exit(sleepers[i], caf::exit_reason::kill);
    return {};
  }

private:
  std::uint64_t n_;
};

spent sleeps(std::uint64_t n) {
  config cfg;
  caf::actor_system system(cfg);
  stopwatch watch;
  system.spawn<sleeps_driver>(n);
  system.await_all_actors_done();
  return watch.elapsed();
}

// -- threads ------------------------------------------------------------------

class to_thread_driver : public driver {
public:
  to_thread_driver(caf::actor_config& cfg, std::uint64_t n, spent* result)
    : driver(cfg, n, result), worker_(spawn<answerer, caf::detached>()) {}

  void step() override {
    request(worker_, caf::infinite, go_atom::value).then([this](int) {
      next();
    });
  }

  void finish() override {
    send_exit(worker_, caf::exit_reason::user_shutdown);
    quit();
  }

private:
  caf::actor worker_;
};

// -- TCP echo -----------------------------------------------------------------

// One actor for all connections.
class echo_broker : public caf::io::broker {
public:
  echo_broker(caf::actor_config& cfg, std::uint16_t port)
    : caf::io::broker(cfg), port_(port) {}

  caf::behavior make_behavior() override {
    auto listener = add_tcp_doorman(port_, "127.0.0.1");
    if (!listener)
      std::terminate();
    std::printf("ready %d\n", listener->second);
    std::fflush(stdout);
    return {
      [this](const caf::io::new_connection_msg& accepted) {
        configure_read(accepted.handle, caf::io::receive_policy::at_most(1024));
      },
      [this](const caf::io::new_data_msg& data) {
        write(data.handle, data.buf.size(), data.buf.data());
        flush(data.handle);
      },
      [](const caf::io::connection_closed_msg&) {},
    };
  }

private:
  std::uint16_t port_;
};

void serve_echo(std::uint16_t port) {
  config cfg;
  cfg.load<caf::io::middleman>();
  caf::actor_system system(cfg);
  caf::actor_config broker(&system.middleman().backend());
  system.spawn_impl<echo_broker, caf::no_spawn_options>(broker, port);
  system.await_all_actors_done();
}

// -----------------------------------------------------------------------------

constexpr bench::workload table[] = {
  {.name = "spawn", .time = run<spawn_driver>},
  {.name = "million",
   .how = bench::workload::fixed,
   .n = 1'000'000,
   .time = run<million_driver>},
  {.name = "parked",
   .how = bench::workload::resident,
   .n = 100'000,
   .bytes = parked},
  {.name = "reschedule", .time = reschedule},
  {.name = "timer", .time = run<timer_driver>},
  {.name = "timer0", .time = run<timer0_driver>},
  {.name = "sleeps",
   .how = bench::workload::fixed,
   .n = 100'000,
   .time = sleeps},
  {.name = "to_thread", .time = run<to_thread_driver>},
};

} // namespace

int main(int argc, char** argv) {
  return bench::run("caf", {table, bench::coordination}, serve_echo, argc,
                    argv);
}
