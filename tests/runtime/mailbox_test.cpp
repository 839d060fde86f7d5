#include <troupe/detail/mailbox.hpp>

#include "support/test.hpp"

#include <atomic>
#include <deque>
#include <thread>
#include <vector>

using namespace troupe::detail;

namespace {

struct note : letter {
  note(int sender, int number)
    : letter(letter_kind::message), sender(sender), number(number) {}

  int sender;
  int number;
};

std::vector<int> numbers_of(letter* first) {
  std::vector<int> numbers;
  for (; first; first = first->next)
    numbers.push_back(static_cast<note*>(first)->number);
  return numbers;
}

} // namespace

TEST_CASE("mailbox: gives letters back in the order of the pushes",
          "[mailbox]") {
  for (bool exclusive : {true, false}) {
    INFO("exclusive: " << exclusive);
    mailbox box;
    std::deque<note> notes;
    CHECK_FALSE(box.has_letters());
    CHECK(box.take(exclusive) == nullptr);
    for (int i = 0; i < 5; ++i)
      CHECK(box.push(notes.emplace_back(0, i), exclusive)
            == pushed::queued); // a new actor is active
    CHECK(box.has_letters());
    CHECK(numbers_of(box.take(exclusive)) == std::vector{0, 1, 2, 3, 4});
    CHECK_FALSE(box.has_letters());
  }
}

TEST_CASE("mailbox: the first push to a sleeper says that it must be woken",
          "[mailbox]") {
  for (bool exclusive : {true, false}) {
    INFO("exclusive: " << exclusive);
    mailbox box;
    note first{0, 1};
    note second{0, 2};
    REQUIRE(box.try_block(exclusive));
    CHECK_FALSE(box.has_letters());
    CHECK(box.push(first, exclusive) == pushed::activate);
    CHECK(box.push(second, exclusive) == pushed::queued);
    CHECK(numbers_of(box.take(exclusive)) == std::vector{1, 2});
  }
}

TEST_CASE("mailbox: with letters in it the actor cannot sleep", "[mailbox]") {
  for (bool exclusive : {true, false}) {
    INFO("exclusive: " << exclusive);
    mailbox box;
    note only{0, 1};
    box.push(only, exclusive);
    CHECK_FALSE(box.try_block(exclusive));
    CHECK(numbers_of(box.take(exclusive)) == std::vector{1});
    CHECK(box.try_block(exclusive));
  }
}

TEST_CASE("mailbox: only a sleeper can be claimed", "[mailbox]") {
  for (bool exclusive : {true, false}) {
    INFO("exclusive: " << exclusive);
    mailbox box;
    note only{0, 1};
    CHECK_FALSE(box.claim(exclusive));
    REQUIRE(box.try_block(exclusive));
    CHECK(box.claim(exclusive));
    CHECK_FALSE(box.claim(exclusive)); // awake now
    CHECK(box.push(only, exclusive) == pushed::queued);
    CHECK_FALSE(box.claim(exclusive));
    box.take(exclusive);
  }
}

TEST_CASE("mailbox: closed it takes nothing and gives back what it had",
          "[mailbox]") {
  for (bool exclusive : {true, false}) {
    INFO("exclusive: " << exclusive);
    mailbox box;
    note first{0, 1};
    note second{0, 2};
    note late{0, 3};
    box.push(first, exclusive);
    box.push(second, exclusive);
    CHECK(numbers_of(box.close(exclusive)) == std::vector{1, 2});
    CHECK(box.push(late, exclusive) == pushed::closed);
    CHECK_FALSE(box.has_letters());
    CHECK(box.take(exclusive) == nullptr);
    CHECK(box.close(exclusive) == nullptr);
    CHECK_FALSE(box.try_block(exclusive));
    CHECK_FALSE(box.claim(exclusive));
  }
}

TEST_CASE("mailbox: a sleeper can be closed", "[mailbox]") {
  for (bool exclusive : {true, false}) {
    INFO("exclusive: " << exclusive);
    mailbox box;
    note late{0, 1};
    REQUIRE(box.try_block(exclusive));
    CHECK(box.close(exclusive) == nullptr);
    CHECK(box.push(late, exclusive) == pushed::closed);
  }
}

TEST_CASE("mailbox: many writers lose nothing and wake the reader each time",
          "[mailbox]") {
  constexpr int writers = 4;
  constexpr int each = 50'000;
  mailbox box;
  std::vector<std::deque<note>> notes(writers);
  std::atomic<int> wake_ups{0};
  std::atomic<int> refused{0};

  for (int writer = 0; writer < writers; ++writer)
    for (int i = 0; i < each; ++i)
      notes[static_cast<std::size_t>(writer)].emplace_back(writer, i);
  std::vector<std::thread> threads;
  for (auto& mine : notes)
    threads.emplace_back([&] {
      for (auto& next : mine) {
        auto what = box.push(next, false);
        wake_ups += what == pushed::activate;
        refused += what == pushed::closed;
      }
    });

  // The reader sleeps whenever it can, and goes on when somebody woke it.
  std::vector<int> expected(writers, 0);
  int received = 0;
  int out_of_order = 0;
  int sleeps = 0;
  bool awake = true;
  while (received < writers * each) {
    if (!awake) {
      awake = wake_ups == sleeps;
      if (!awake)
        std::this_thread::yield();
      continue;
    }
    for (auto* next = box.take(false); next;) {
      auto* one = static_cast<note*>(next);
      next = next->next;
      auto& want = expected[static_cast<std::size_t>(one->sender)];
      out_of_order += one->number != want++;
      ++received;
    }
    if (received < writers * each && box.try_block(false)) {
      ++sleeps;
      awake = false;
    }
  }
  for (auto& thread : threads)
    thread.join();

  CHECK(received == writers * each);
  CHECK(out_of_order == 0);
  CHECK(refused == 0);
  CHECK(wake_ups == sleeps);
}

TEST_CASE("mailbox: one of many claims a sleeper", "[mailbox]") {
  mailbox box;
  int unfair = 0;
  for (int round = 0; round < 200; ++round) {
    box.try_block(false);
    std::atomic<int> claims{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
      threads.emplace_back([&] { claims += box.claim(false); });
    for (auto& thread : threads)
      thread.join();
    unfair += claims != 1;
  }
  CHECK(unfair == 0);
}
