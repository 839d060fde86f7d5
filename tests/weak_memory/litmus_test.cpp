// What the checker must allow and forbid: the known small programs.

#include "support/test.hpp"
#include "weak_memory/atomics.hpp"

using weak::execution;
using enum std::memory_order;

namespace {

using location = weak::atomic<int>;

struct shared {
  location x{0};
  location y{0};
  weak::plain<int> data{0};
  int seen[4] = {};
};

// True if an execution ends in what `wanted` says.
template <class Program, class Wanted>
bool allows(Program program, Wanted wanted) {
  auto found = weak::explore(
    [&](execution& run) {
      auto& s = run.make<shared>();
      program(run, s);
      run.at_end([&s, &wanted] { weak::require(!wanted(s), "wanted"); });
    },
    {.limit = 1'000'000});
  INFO(found.failure);
  CHECK((!found.failure.empty() || found.complete));
  CHECK((found.failure.empty() || found.failure.rfind("wanted", 0) == 0));
  return !found.failure.empty();
}

bool races(const weak::scenario& program) {
  auto found = weak::explore(program);
  CHECK((!found.failure.empty() || found.complete));
  return found.failure.rfind("data race", 0) == 0;
}

} // namespace

TEST_CASE("weak memory: a message is passed by release and acquire alone",
          "[litmus]") {
  auto passing = [](std::memory_order store, std::memory_order load) {
    return [=](execution& run) {
      auto& s = run.make<shared>();
      run.thread("writer", [&s, store] {
        s.data = 1;
        s.x.store(1, store);
      });
      run.thread("reader", [&s, load] {
        if (s.x.load(load) == 1)
          weak::require(s.data == 1, "old data");
      });
    };
  };
  CHECK_FALSE(races(passing(release, acquire)));
  CHECK_FALSE(races(passing(seq_cst, seq_cst)));
  CHECK(races(passing(relaxed, acquire)));
  CHECK(races(passing(release, relaxed)));
}

TEST_CASE("weak memory: a message is passed by fences", "[litmus]") {
  auto passing = [](std::memory_order before, std::memory_order after) {
    return [=](execution& run) {
      auto& s = run.make<shared>();
      run.thread("writer", [&s, before] {
        s.data = 1;
        weak::atomics::fence(before);
        s.x.store(1, relaxed);
      });
      run.thread("reader", [&s, after] {
        if (s.x.load(relaxed) == 1) {
          weak::atomics::fence(after);
          weak::require(s.data == 1, "old data");
        }
      });
    };
  };
  CHECK_FALSE(races(passing(release, acquire)));
  CHECK_FALSE(races(passing(seq_cst, seq_cst)));
  CHECK(races(passing(acquire, acquire)));
  CHECK(races(passing(release, release)));
}

TEST_CASE("weak memory: sequentially consistent fences order no plain data",
          "[litmus]") {
  CHECK(races([](execution& run) {
    auto& s = run.make<shared>();
    run.thread("one", [&s] {
      s.data = 1;
      weak::atomics::fence(seq_cst);
    });
    run.thread("two", [&s] {
      weak::atomics::fence(seq_cst);
      s.data = 2;
    });
  }));
}

TEST_CASE("weak memory: stores are buffered unless all is seq_cst",
          "[litmus]") {
  auto buffering = [](std::memory_order store, std::memory_order load,
                      std::memory_order fence) {
    return allows(
      [=](execution& run, shared& s) {
        run.thread("one", [&s, store, load, fence] {
          s.x.store(1, store);
          weak::atomics::fence(fence);
          s.seen[0] = s.y.load(load);
        });
        run.thread("two", [&s, store, load, fence] {
          s.y.store(1, store);
          weak::atomics::fence(fence);
          s.seen[1] = s.x.load(load);
        });
      },
      [](shared& s) { return s.seen[0] == 0 && s.seen[1] == 0; });
  };
  CHECK(buffering(relaxed, relaxed, relaxed));
  CHECK(buffering(release, acquire, acq_rel));
  CHECK(buffering(seq_cst, acquire, relaxed));
  CHECK(buffering(release, seq_cst, relaxed));
  CHECK_FALSE(buffering(seq_cst, seq_cst, relaxed));
  CHECK_FALSE(buffering(relaxed, relaxed, seq_cst));
}

TEST_CASE("weak memory: two readers disagree unless all is seq_cst",
          "[litmus]") {
  auto disagree = [](std::memory_order store, std::memory_order load,
                     std::memory_order fence = relaxed) {
    return allows(
      [=](execution& run, shared& s) {
        run.thread("write x", [&s, store] { s.x.store(1, store); });
        run.thread("write y", [&s, store] { s.y.store(1, store); });
        run.thread("read x", [&s, load, fence] {
          s.seen[0] = s.x.load(load);
          weak::atomics::fence(fence);
          s.seen[1] = s.y.load(load);
        });
        run.thread("read y", [&s, load, fence] {
          s.seen[2] = s.y.load(load);
          weak::atomics::fence(fence);
          s.seen[3] = s.x.load(load);
        });
      },
      [](shared& s) {
        return s.seen[0] == 1 && s.seen[1] == 0 && s.seen[2] == 1
            && s.seen[3] == 0;
      });
  };
  CHECK(disagree(relaxed, relaxed));
  CHECK(disagree(release, acquire));
  CHECK_FALSE(disagree(seq_cst, seq_cst));
  CHECK_FALSE(disagree(relaxed, relaxed, seq_cst));
}

TEST_CASE("weak memory: one location never goes back", "[litmus]") {
  auto reads = [](execution& run, shared& s) {
    run.thread("writer", [&s] {
      s.x.store(1, relaxed);
      s.x.store(2, relaxed);
    });
    run.thread("reader", [&s] {
      s.seen[0] = s.x.load(relaxed);
      s.seen[1] = s.x.load(relaxed);
    });
  };
  CHECK(allows(reads, [](shared& s) { return s.seen[1] == 1; }));
  CHECK_FALSE(allows(reads, [](shared& s) { return s.seen[0] > s.seen[1]; }));

  // Nor do two readers see two writers in different orders.
  auto agree = [](execution& run, shared& s) {
    run.thread("one", [&s] { s.x.store(1, relaxed); });
    run.thread("two", [&s] { s.x.store(2, relaxed); });
    for (int i = 0; i < 4; i += 2)
      run.thread("reader", [&s, i] {
        s.seen[i] = s.x.load(relaxed);
        s.seen[i + 1] = s.x.load(relaxed);
      });
  };
  CHECK_FALSE(allows(agree, [](shared& s) {
    return s.seen[0] == 1 && s.seen[1] == 2 && s.seen[2] == 2 && s.seen[3] == 1;
  }));
}

TEST_CASE("weak memory: stores to two locations may settle in either order",
          "[litmus]") {
  auto crossed = [](std::memory_order how) {
    return allows(
      [how](execution& run, shared& s) {
        run.thread("one", [&s, how] {
          s.x.store(1, how);
          s.y.store(2, how);
        });
        run.thread("two", [&s, how] {
          s.y.store(1, how);
          s.x.store(2, how);
        });
      },
      [](shared& s) {
        return s.x.load(relaxed) == 1 && s.y.load(relaxed) == 1;
      });
  };
  CHECK(crossed(relaxed));
  CHECK(crossed(release));
  CHECK_FALSE(crossed(seq_cst));
}

TEST_CASE("weak memory: an exchange goes on with a release sequence",
          "[litmus]") {
  auto passing = [](bool by_exchange) {
    return [=](execution& run) {
      auto& s = run.make<shared>();
      run.thread("writer", [&s] {
        s.data = 1;
        s.x.store(1, release);
      });
      run.thread("between", [&s, by_exchange] {
        int one = 1;
        if (by_exchange)
          s.x.compare_exchange_strong(one, 2, relaxed, relaxed);
        else if (s.x.load(relaxed) == 1)
          s.x.store(2, relaxed);
      });
      run.thread("reader", [&s] {
        if (s.x.load(acquire) == 2)
          weak::require(s.data == 1, "old data");
      });
    };
  };
  CHECK_FALSE(races(passing(true)));
  CHECK(races(passing(false)));
}

TEST_CASE("weak memory: what happened before goes on through a third thread",
          "[litmus]") {
  auto passing = [](std::memory_order second) {
    return [=](execution& run) {
      auto& s = run.make<shared>();
      run.thread("first", [&s] {
        s.data = 1;
        s.x.store(1, release);
      });
      run.thread("second", [&s, second] {
        if (s.x.load(acquire) == 1)
          s.y.store(1, second);
      });
      run.thread("third", [&s] {
        if (s.y.load(acquire) == 1)
          weak::require(s.data == 1, "old data");
      });
    };
  };
  CHECK_FALSE(races(passing(release)));
  CHECK(races(passing(relaxed)));
}

TEST_CASE("weak memory: exchanges take each value once", "[litmus]") {
  auto adding = [](execution& run, shared& s) {
    for (int i = 0; i < 3; ++i)
      run.thread("adder", [&s, i] { s.seen[i] = s.x.fetch_add(1, relaxed); });
  };
  CHECK(allows(adding, [](shared& s) { return s.seen[2] == 0; }));
  CHECK_FALSE(allows(adding, [](shared& s) {
    return s.seen[0] == s.seen[1] || s.seen[1] == s.seen[2]
        || s.x.load(relaxed) != 3;
  }));
}

TEST_CASE("weak memory: a failed exchange may see an old value", "[litmus]") {
  CHECK(allows(
    [](execution& run, shared& s) {
      run.thread("writer", [&s] {
        s.x.store(1, relaxed);
        s.x.store(2, relaxed);
        s.y.store(1, relaxed);
      });
      run.thread("exchanger", [&s] {
        s.seen[0] = s.y.load(relaxed);
        s.seen[1] = 7;
        s.x.compare_exchange_strong(s.seen[1], 3, relaxed, relaxed);
      });
    },
    [](shared& s) { return s.seen[0] == 1 && s.seen[1] == 1; }));
}
