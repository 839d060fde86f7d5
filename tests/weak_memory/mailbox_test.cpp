#include <troupe/detail/mailbox.hpp>

#include "weak_memory/orders.hpp"

using troupe::detail::pushed;
using weak::execution;
using weak::require;

namespace {

struct note {
  explicit note(int what = 1) : content(what) {}

  weak::plain<note*> next = nullptr;
  weak::plain<int> content;
};

using mailbox = troupe::detail::basic_mailbox<note, weak::atomics>;

// A task as the mailbox sees it: whoever has it may touch its data.
struct sleeper {
  mailbox box;
  note notes[3];
  weak::plain<int> handled = 0;
  weak::plain<int> runs = 0;
  weak::plain<int> ended = 0;

  void handle(note* first) {
    while (first) {
      note* next = first->next;
      handled = handled + first->content;
      first->content = 0;
      first = next;
    }
  }

  void run() {
    ++runs;
    do
      handle(box.take(false));
    while (!box.try_block(false));
  }

  void send(note& one) {
    one.content = 1;
    if (box.push(one, false) == pushed::activate)
      run();
  }
};

void push_against_block(execution& run) {
  auto& task = run.make<sleeper>();
  run.thread("task", [&task] { task.run(); });
  run.thread("pusher", [&task] {
    task.send(task.notes[0]);
    task.send(task.notes[1]);
  });
  run.at_end([&task] { require(task.handled == 2, "a letter was lost"); });
}

void two_pushers(execution& run) {
  auto& task = run.make<sleeper>();
  run.thread("task", [&task] { task.run(); });
  for (int i = 0; i < 2; ++i)
    run.thread(i ? "bert" : "anna", [&task, i] { task.send(task.notes[i]); });
  run.at_end([&task] { require(task.handled == 2, "a letter was lost"); });
}

// Each letter is read by the task, or stays with its sender.
void close_against_push(execution& run) {
  auto& task = run.make<sleeper>();
  auto end = [&task] {
    ++task.ended;
    task.handle(task.box.take(false));
    task.handle(task.box.close(false));
  };
  run.thread("task", [&task, end] {
    task.runs = 1;
    if (!task.box.try_block(false))
      end();
  });
  for (int i = 0; i < 2; ++i)
    run.thread(i ? "bert" : "anna", [&task, i, end] {
      note& mine = task.notes[i];
      switch (task.box.push(mine, false)) {
        case pushed::activate:
          end();
          break;
        case pushed::closed:
          require(mine.content == 1, "a letter was read and given back");
          mine.content = 0;
          break;
        case pushed::queued:
          break;
      }
    });
  run.at_end([&task] {
    require(task.ended == 1, "it did not end once");
    require(task.notes[0].content == 0 && task.notes[1].content == 0,
            "a letter was lost");
  });
}

// A sleeper is activated in place, without a letter, or by one.
void claim_against_push(execution& run) {
  auto& task = run.make<sleeper>();
  run.thread("task", [&task] { task.run(); });
  run.thread("pusher", [&task] { task.send(task.notes[0]); });
  run.thread("claimer", [&task] {
    if (task.box.claim(false))
      task.run();
  });
  run.at_end([&task] { require(task.handled == 1, "a letter was lost"); });
}

// As in task_base: a request to cancel is settled by whoever sent it; the task
// runs, once, when its op was answered.
struct cancelled_task : sleeper {
  note answer{10};
  note request{1};

  void run() {
    for (;;) {
      handle(box.take(false));
      if (handled >= 10) {
        ++ended;
        handle(box.close(false));
        return;
      }
      if (box.try_block(false))
        return;
    }
  }

  void settle() {
    do {
      handle(box.take(false));
      if (handled >= 10)
        return run();
    } while (!box.try_block(false));
  }
};

void settle_against_run(execution& run) {
  auto& task = run.make<cancelled_task>();
  run.thread("task", [&task] { task.run(); });
  run.thread("owner", [&task] {
    if (task.box.push(task.answer, false) == pushed::activate)
      task.run();
  });
  run.thread("asker", [&task] {
    switch (task.box.push(task.request, false)) {
      case pushed::activate:
        return task.settle();
      case pushed::closed:
        task.request.content = 0;
        return;
      case pushed::queued:
        return;
    }
  });
  run.at_end([&task] {
    require(task.ended == 1, "it did not end once");
    require(task.request.content == 0, "the request was lost");
  });
}

} // namespace

TEST_CASE("mailbox: no push is lost as the task goes to sleep", "[mailbox]") {
  weak::check_holds(push_against_block);
  weak::check_holds(two_pushers);
}

TEST_CASE("mailbox: closing takes a letter or leaves it to its sender",
          "[mailbox]") {
  weak::check_holds(close_against_push);
}

TEST_CASE("mailbox: a claim and a push wake a sleeper once", "[mailbox]") {
  weak::check_holds(claim_against_push);
}

TEST_CASE("mailbox: a settled request and an answer end a task once",
          "[mailbox]") {
  weak::check_holds(settle_against_run);
}

TEST_CASE("mailbox: each memory order of claiming in place is needed",
          "[mailbox]") {
  CHECK(weak::check_orders("claim of a sleeping task",
                           {claim_against_push, settle_against_run},
                           {"mailbox.hpp"})
        >= 2);
}

TEST_CASE("mailbox: each of its memory orders is needed", "[mailbox]") {
  CHECK(weak::check_orders("mailbox",
                           {push_against_block, two_pushers, close_against_push,
                            claim_against_push, settle_against_run},
                           {"mailbox.hpp"})
        >= 6);
}
