// A producer with a queue of work, and workers in processes of their own. The
// queue has room for a few pieces only, so the producer never runs ahead.
// Run `distributed_work_queue --name producer --count 20`, then
// `distributed_work_queue --name anna`, `--name bert` and so on. All end when
// the work is done.
// Prints: Node 'producer' at 127.0.0.1:4242
//         20 pieces done, sum of squares 2870
// and:    anna did 11 pieces

#include <troupe/remote.hpp>
#include <troupe/troupe.hpp>

#include "distributed_options.hpp"

#include <exception>
#include <iostream>
#include <string>

//! [work]
struct piece {
  int number = 0;
  long square = 0;
};

// How it travels, as CAF asks for.
template <class Inspector>
auto inspect(Inspector& f, piece& x) {
  return f(x.number, x.square);
}
//! [work]

//! [producer]
troupe::coro<void> produce(settings given) {
  troupe::node_options options = given.node();
  options.host = given.host;
  options.port = given.port;
  troupe::node here = co_await troupe::node::start(options);
  troupe::queue<piece> work{4};
  troupe::queue<piece> done;
  here.publish("work", work);
  here.publish("done", done);
  std::cout << "Node 'producer' at " << options.host << ':' << here.port()
            << std::endl;
  for (int n = 1; n <= given.count; ++n) {
    piece next{.number = n};
    co_await work.put(next);
  }
  work.shutdown(); // the workers take what is left
  long sum = 0;
  for (int n = 1; n <= given.count; ++n)
    sum += (co_await done.get()).square;
  std::cout << given.count << " pieces done, sum of squares " << sum << '\n';
}
//! [producer]

//! [worker]
troupe::coro<void> help(settings given) {
  troupe::node_options options = given.node();
  troupe::peer there = co_await troupe::connect(given.address(), options);
  auto work = co_await troupe::remote<troupe::queue<piece>>(there, "work");
  auto done = co_await troupe::remote<troupe::queue<piece>>(there, "done");
  int pieces = 0;
  try {
    for (;; ++pieces) {
      piece next = co_await work.get();
      next.square = long{next.number} * next.number;
      co_await done.put(next);
    }
  } catch (const troupe::queue_shut_down&) {
    // No more work.
  } catch (const troupe::node_lost_error&) {
    // The producer had all it wanted and has gone.
  }
  std::cout << given.name << " did " << pieces << " pieces\n";
}
//! [worker]

int main(int argc, char** argv) {
  settings given = read_settings(argc, argv, "producer");
  try {
    if (given.name == "producer")
      troupe::run(produce(given));
    else
      troupe::run(help(given));
  } catch (const std::exception& problem) {
    std::cerr << "distributed_work_queue: " << problem.what() << '\n';
    return 1;
  }
}
