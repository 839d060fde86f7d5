#include "weak_memory/orders.hpp"
#include "weak_memory/workshop.hpp"

#include <functional>

using troupe::detail::crew;
using weak::execution;
using weak::require;

namespace {

struct worker {
  weak::ready_queue ready;
  weak::spinlock lock;
  weak::plain<std::uint64_t> begun = 0;
  weak::plain<std::uint64_t> seen = 0;
  bool polls = false; // looks at the sockets before its first job
};

struct task : weak::job {
  std::function<void()> body;
  bool done = false; // for waiting, orders nothing
};

// A loop with workers. Its jobs are given as functions; an event makes the next
// job of `on_event` ready.
struct home {
  explicit home(std::size_t workers) : count(workers) {}

  weak::parking parking_;
  weak::injection_queue injected_;
  weak::reactor reactor;
  weak::atomic<bool> stopping_{false};
  std::size_t count;
  worker workers[3];
  weak::spinlock timer_lock;
  weak::plain<std::int64_t> deadline = weak::never;
  task timer;
  task jobs[4];
  std::vector<task*> on_event;

  // -- for scenarios ----------------------------------------------------------

  // Each worker runs what it has in `first`, then what it finds.
  void start(execution& run, task* first = nullptr) {
    for (std::size_t i = 0; i < count; ++i)
      run.thread("worker" + std::to_string(i), [this, i, first] {
        if (i == 0 && first)
          this->run(*first);
        crew::work(*this, workers[i]);
      });
    run.at_end([this] {
      for (auto& one : jobs)
        require(!one.body || one.done, "a job was lost");
    });
  }

  void stop() {
    stopping_.store(true, std::memory_order_release);
    parking_.wake_all(*this);
  }

  void add_timer(std::int64_t when) {
    timer_lock.lock();
    deadline = when;
    timer_lock.unlock();
    parking_.timer_came(*this, when);
  }

  // -- what the crew asks -----------------------------------------------------

  weak::parking& parking() {
    return parking_;
  }

  weak::injection_queue& injected() {
    return injected_;
  }

  template <class F>
  bool any_worker(F f) {
    for (std::size_t i = 0; i < count; ++i)
      if (f(workers[i]))
        return true;
    return false;
  }

  bool should_poll(worker& me) {
    return std::exchange(me.polls, false);
  }

  void run(weak::job& item) {
    auto& one = static_cast<task&>(item);
    require(!one.done, "a job ran twice");
    one.body();
    one.done = true;
  }

  bool any_ready() {
    return crew::any_ready(*this);
  }

  bool stopping() {
    return stopping_.load(std::memory_order_acquire);
  }

  int worker_count() const {
    return static_cast<int>(count);
  }

  void look_at_progress() {
    crew::look_at_progress(*this);
  }

  std::int64_t watch_end() {
    return reactor.now() + 1;
  }

  std::int64_t next_deadline() {
    timer_lock.lock();
    std::int64_t due = deadline;
    timer_lock.unlock();
    return due;
  }

  void wait_for_events(std::int64_t until) {
    reactor.wait(until);
  }

  void interrupt_wait() {
    reactor.interrupt();
  }

  void take_events() {
    for (int count = reactor.take_events(); count > 0; --count) {
      task* next = on_event.front();
      on_event.erase(on_event.begin());
      crew::inject(*this, *next);
    }
  }

  void take_timers() {
    std::int64_t now = reactor.now();
    timer_lock.lock();
    bool due = deadline <= now;
    if (due)
      deadline = weak::never;
    timer_lock.unlock();
    if (due)
      crew::inject(*this, timer);
  }
};

// A job is injected as the only worker goes to wait in the reactor, or, since
// somebody else polls, to sleep.
void inject_against_poll(execution& run) {
  auto& h = run.make<home>(1);
  h.jobs[0].body = [&h] {
    h.stop();
  };
  run.thread("giver", [&h] { crew::inject(h, h.jobs[0]); });
  h.start(run);
}

void inject_against_sleep(execution& run) {
  auto& h = run.make<home>(1);
  h.parking_.try_poll();
  h.jobs[0].body = [&h] {
    h.stop();
  };
  run.thread("giver", [&h] { crew::inject(h, h.jobs[0]); });
  h.start(run);
}

void two_inject(execution& run) {
  auto& h = run.make<home>(1);
  for (int i = 0; i < 2; ++i) {
    h.jobs[i].body = [&h, i] {
      if (h.jobs[1 - i].done)
        h.stop();
    };
    run.thread(i ? "bert" : "anna", [&h, i] { crew::inject(h, h.jobs[i]); });
  }
  h.start(run);
}

// The first poller goes to work; the next one must be woken, too.
void inject_against_next_poller(execution& run) {
  auto& h = run.make<home>(2);
  auto& begun = run.make<bool>(false);
  h.jobs[0].body = [&h, &begun] {
    begun = true;
    weak::wait_until([&h] { return h.jobs[1].done; });
    h.stop();
  };
  h.jobs[1].body = [] {
  };
  h.start(run);
  run.thread("giver", [&h, &begun] {
    crew::inject(h, h.jobs[0]);
    weak::wait_until([&begun] { return begun; });
    crew::inject(h, h.jobs[1]);
  });
}

// A worker pushes a job and is busy until somebody else has run it.
void push_against_park(execution& run) {
  auto& h = run.make<home>(2);
  h.jobs[0].body = [&h] {
    crew::push(h, h.workers[0], h.jobs[1]);
    weak::wait_until([&h] { return h.jobs[1].done; });
    h.stop();
  };
  h.jobs[1].body = [] {
  };
  h.start(run, &h.jobs[0]);
}

// The poller watches until all are idle, then it waits for good. A worker that
// comes back pushes a job and is busy until somebody else has run it.
void push_against_unwatched(execution& run) {
  auto& h = run.make<home>(2);
  h.jobs[0].body = [&h] {
    crew::push(h, h.workers[weak::explorer::here->current() - 1], h.jobs[1]);
    weak::wait_until([&h] { return h.jobs[1].done; });
    h.stop();
  };
  h.jobs[1].body = [] {
  };
  h.start(run);
  run.thread("giver", [&h] { crew::inject(h, h.jobs[0]); });
}

// A thief takes two of three jobs. The first keeps it busy until the others
// have run, which a third worker must find.
void steal_against_park(execution& run) {
  auto& h = run.make<home>(3);
  auto others = [&h] {
    return h.jobs[2].done && h.jobs[3].done;
  };
  h.jobs[0].body = [&h, others] {
    weak::wait_until(others);
    h.stop();
  };
  h.jobs[1].body = [others] {
    weak::wait_until(others);
  };
  h.jobs[2].body = h.jobs[3].body = [] {
  };
  for (int i = 1; i <= 3; ++i)
    h.workers[0].ready.push(h.jobs[i]);
  h.start(run, &h.jobs[0]);
}

// A busy worker adds a timer: the poller must wait for it and not for ever.
void timer_against_park(execution& run) {
  auto& h = run.make<home>(2);
  h.timer.body = [] {
  };
  h.jobs[0].body = [&h] {
    h.add_timer(2);
    weak::wait_until([&h] { return h.timer.done; });
    h.stop();
  };
  h.start(run, &h.jobs[0]);
}

// A worker looks at the sockets in passing, then it is busy until there is an
// event: meanwhile another one must wait for that.
void look_against_park(execution& run) {
  auto& h = run.make<home>(2);
  h.jobs[0].body = [&h] {
    h.reactor.happen();
    weak::wait_until([&h] { return h.jobs[1].done; });
    h.stop();
  };
  h.jobs[1].body = [] {
  };
  h.on_event = {&h.jobs[1]};
  h.workers[0].polls = true;
  h.workers[0].ready.push(h.jobs[0]);
  h.start(run);
}

// The poller comes back with an event that keeps it busy until the next one.
void event_against_park(execution& run) {
  auto& h = run.make<home>(2);
  h.jobs[0].body = [&h] {
    h.reactor.happen();
    weak::wait_until([&h] { return h.jobs[1].done; });
    h.stop();
  };
  h.jobs[1].body = [] {
  };
  h.on_event = {&h.jobs[0], &h.jobs[1]};
  h.reactor.happen();
  h.start(run);
}

// The same with three: each event keeps one busy until the last one.
void events_against_park(execution& run) {
  auto& h = run.make<home>(3);
  for (int i = 0; i < 2; ++i)
    h.jobs[i].body = [&h, i] {
      h.reactor.happen();
      weak::wait_until([&h] { return h.jobs[2].done; });
      if (i == 0)
        h.stop();
    };
  h.jobs[2].body = [] {
  };
  h.on_event = {&h.jobs[0], &h.jobs[1], &h.jobs[2]};
  h.reactor.happen();
  h.start(run);
}

// What is too much to go through: a part of it, and many at random.
constexpr weak::options sampled{.limit = 20'000};

} // namespace

TEST_CASE("parking: no injected job is lost as a worker goes to wait",
          "[parking]") {
  weak::check_holds(inject_against_poll);
  weak::check_holds(inject_against_sleep);
  weak::check_holds(two_inject);
}

TEST_CASE("parking: no pushed job waits for a busy worker", "[parking]") {
  weak::check_holds(push_against_park);
  weak::check_holds(push_against_unwatched, sampled);
}

TEST_CASE("parking: no stolen job waits for a busy worker", "[parking]") {
  weak::check_holds(steal_against_park, sampled);
}

TEST_CASE("parking: no timer is missed by the poller", "[parking]") {
  weak::check_holds(timer_against_park);
}

TEST_CASE("parking: somebody waits for events while somebody is idle",
          "[parking]") {
  weak::check_holds(look_against_park, sampled);
  weak::check_holds(inject_against_next_poller, sampled);
  weak::check_holds(event_against_park, sampled);
  weak::check_holds(events_against_park, sampled);
}

TEST_CASE("crew: each memory order of stealing is needed", "[parking]") {
  CHECK(weak::check_orders("stealing", {steal_against_park}, {"spinlock.hpp"},
                           sampled)
        == 2);
}

TEST_CASE("parking: each of its memory orders is needed", "[parking]") {
  CHECK(weak::check_orders("wake-up of idle workers",
                           {inject_against_poll, inject_against_sleep,
                            inject_against_next_poller, look_against_park,
                            push_against_unwatched},
                           {"parking.hpp"}, sampled)
        == 6);
}
