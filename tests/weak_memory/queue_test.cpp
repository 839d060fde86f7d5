#include "runtime/ready_queue.hpp"
#include "weak_memory/orders.hpp"
#include "weak_memory/workshop.hpp"

using troupe::detail::waiting;
using weak::execution;
using weak::require;

namespace {

struct guarded {
  weak::spinlock lock;
  weak::plain<int> count = 0;
};

void three_in_a_lock(execution& run) {
  auto& room = run.make<guarded>();
  for (int i = 0; i < 3; ++i)
    run.thread("visitor", [&room] {
      room.lock.lock();
      ++room.count;
      room.lock.unlock();
    });
  run.at_end([&room] { require(room.count == 3, "two were in"); });
}

struct injected {
  weak::injection_queue queue;
  weak::job jobs[3];
  weak::ready_queue taken[2];

  void inject(int number) {
    jobs[number].content = number + 1;
    require(queue.push(jobs[number]), "an open queue refused a job");
  }

  void take(int taker) {
    queue.take(taken[taker]);
    while (weak::job* one = taken[taker].pop()) {
      require(one->content > 0, "a job was taken twice");
      one->content = 0;
    }
  }
};

void two_inject_two_take(execution& run) {
  auto& s = run.make<injected>();
  run.thread("anna", [&s] {
    s.inject(0);
    s.inject(1);
  });
  run.thread("bert", [&s] { s.inject(2); });
  run.thread("taker", [&s] {
    s.take(0);
    s.take(0);
  });
  run.thread("another", [&s] { s.take(1); });
  run.at_end([&s] {
    s.take(0);
    for (auto& one : s.jobs)
      require(one.content == 0, "a job was lost");
  });
}

void order_is_kept(execution& run) {
  auto& s = run.make<injected>();
  run.thread("pusher", [&s] {
    for (int i = 0; i < 3; ++i)
      s.inject(i);
  });
  auto take = [&s] {
    s.queue.take(s.taken[0]);
  };
  run.thread("taker", take);
  run.at_end([&s, take] {
    take();
    for (int i = 1; i <= 3; ++i)
      require(s.taken[0].pop()->content == i, "they changed places");
  });
}

// A loop that closes as threads come back to it: each job is taken by the loop,
// or is the thread's again.
void inject_against_close(execution& run) {
  auto& s = run.make<injected>();
  auto come_back = [&s](int number) {
    s.jobs[number].content = number + 1;
    if (!s.queue.push(s.jobs[number])) {
      require(s.jobs[number].content > 0, "a refused job was taken");
      s.jobs[number].content = 0;
    }
  };
  run.thread("anna", [come_back] {
    come_back(0);
    come_back(1);
  });
  run.thread("bert", [come_back] { come_back(2); });
  run.thread("loop", [&s] {
    s.take(0);
    s.queue.close(s.taken[0]);
    s.take(0);
    require(s.queue.empty(), "a closed queue has jobs");
  });
  run.at_end([&s] {
    s.take(0);
    for (auto& one : s.jobs)
      require(one.content == 0, "a job was lost");
  });
}

// One worker that waits, and others that give it jobs or a signal.
struct lone_loop {
  weak::injection_queue queue;
  weak::ready_queue ready;
  weak::doorbell bell;
  weak::reactor reactor;
  weak::reactor sleep; // a semaphore is one without events
  weak::job jobs[3];

  void wait() {
    waiting how = bell.listen();
    if (queue.empty()) {
      if (how == waiting::in_reactor)
        reactor.wait(weak::never);
      else if (how == waiting::asleep)
        sleep.wait(weak::never);
    }
    bell.leave();
  }

  void inject(int number) {
    jobs[number].content = 1;
    require(queue.push(jobs[number]), "an open queue refused a job");
    waiting how = bell.ring();
    if (how == waiting::in_reactor)
      reactor.interrupt();
    else if (how == waiting::asleep)
      sleep.interrupt();
  }

  void signal() {
    reactor.happen();
    if (bell.move_to_reactor())
      sleep.interrupt();
  }

  void run(int count) {
    while (count > 0) {
      queue.take(ready);
      while (weak::job* one = ready.pop()) {
        one->content = 0;
        --count;
      }
      if (count == 0)
        break;
      wait();
    }
  }

  void run_until_signal() {
    while (!bell.uses_reactor() || reactor.take_events() == 0)
      wait();
  }
};

void inject_against_wait(execution& run) {
  auto& s = run.make<lone_loop>();
  run.thread("loop", [&s] { s.run(2); });
  run.thread("giver", [&s] {
    s.inject(0);
    s.inject(1);
  });
}

void inject_against_wait_in_reactor(execution& run) {
  auto& s = run.make<lone_loop>();
  run.thread("loop", [&s] {
    static_cast<void>(s.bell.move_to_reactor());
    s.run(2);
  });
  run.thread("giver", [&s] {
    s.inject(0);
    s.inject(1);
  });
}

void signal_against_wait(execution& run) {
  auto& s = run.make<lone_loop>();
  run.thread("loop", [&s] { s.run_until_signal(); });
  run.thread("handler", [&s] { s.signal(); });
}

void two_inject_against_wait(execution& run) {
  auto& s = run.make<lone_loop>();
  run.thread("loop", [&s] { s.run(2); });
  run.thread("anna", [&s] { s.inject(0); });
  run.thread("bert", [&s] { s.inject(1); });
}

} // namespace

TEST_CASE("spinlock: one at a time is in it, and sees those before",
          "[spinlock]") {
  weak::check_holds(three_in_a_lock);
}

TEST_CASE("spinlock: each of its memory orders is needed", "[spinlock]") {
  CHECK(weak::check_orders("spinlock, claim of a coordinator",
                           {three_in_a_lock}, {"spinlock.hpp"})
        == 2);
}

TEST_CASE("injection_queue: each job is taken once, in order",
          "[injection_queue]") {
  weak::check_holds(two_inject_two_take);
  weak::check_holds(order_is_kept);
}

TEST_CASE("injection_queue: a job that comes as it closes is taken or refused",
          "[injection_queue]") {
  weak::check_holds(inject_against_close);
}

TEST_CASE("doorbell: a loop that goes to wait misses no job", "[doorbell]") {
  weak::check_holds(inject_against_wait);
  weak::check_holds(inject_against_wait_in_reactor);
  weak::check_holds(two_inject_against_wait);
}

TEST_CASE("doorbell: a loop that goes to sleep misses no signal",
          "[doorbell]") {
  weak::check_holds(signal_against_wait);
}

TEST_CASE("doorbell: each memory order of injecting is needed",
          "[injection_queue][doorbell]") {
  CHECK(weak::check_orders("injection queue, doorbell",
                           {inject_against_wait, inject_against_wait_in_reactor,
                            signal_against_wait, two_inject_against_wait,
                            two_inject_two_take, inject_against_close},
                           {"ready_queue.hpp", "parking.hpp"})
        >= 8);
}
