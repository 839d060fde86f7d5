// Wrong timers, channels and connections.

#include "bugs/bank.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>

using namespace troupe;
using namespace std::chrono_literals;

namespace bugs {

namespace {

// -- an op is answered twice --------------------------------------------------

// Like the races of cobalt#167: the timer does not know of the answer that is
// on its way.
template <bool Right>
class two_faced_channel {
public:
  class receive_op final : public detail::op {
  public:
    explicit receive_op(two_faced_channel& from) noexcept : from_(from) {}

    bool ready(detail::frame_base&) const noexcept {
      return false;
    }

    void resume() {
      from_.waiter_ = nullptr;
      check_cancelled();
    }

    bool start() override {
      from_.waiter_ = this;
      return true;
    }

    bool request_cancel(const std::string&) override {
      return false;
    }

    void withdraw() noexcept override {
      from_.waiter_ = nullptr;
    }

    std::string describe() const override {
      return "<receive>";
    }

  private:
    two_faced_channel& from_;
  };

  receive_op receive() {
    return receive_op{*this};
  }

  // The message, or the time limit.
  void answer() {
    if (!waiter_)
      return;
    detail::op& waiter = *waiter_;
    if (Right)
      waiter_ = nullptr;
    waiter.answer();
  }

private:
  detail::op* waiter_ = nullptr;
};

template <bool Right>
coro<void> send(two_faced_channel<Right>& channel) {
  co_await sleep(1s);
  co_await spin(3);
  channel.answer();
}

template <bool Right>
coro<void> double_answer() {
  two_faced_channel<Right> channel;
  auto sender = create_task(send(channel), "sender");
  auto limit = get_running_loop().call_later(1s, [&] { channel.answer(); });
  co_await channel.receive();
  co_await sender;
  limit.cancel();
}

// -- a timer fires after its cancellation -------------------------------------

// Like the batches of due timers in hand-written wheels: what is in one is not
// looked at again.
template <bool Right>
class alarm_list {
public:
  struct entry {
    bool cancelled = false;
    bool rang = false;
  };

  std::shared_ptr<entry> add() {
    entries_.push_back(std::make_shared<entry>());
    return entries_.back();
  }

  void cancel(const std::shared_ptr<entry>& x) {
    if (x->rang)
      return;
    x->cancelled = true;
    std::erase(entries_, x);
  }

  coro<void> ring() {
    auto due = std::exchange(entries_, {});
    for (const auto& each : due) {
      if (Right && each->cancelled)
        continue;
      test::require(!each->cancelled, "a cancelled timer does not ring");
      each->rang = true;
      co_await sleep(0s);
    }
  }

private:
  std::vector<std::shared_ptr<entry>> entries_;
};

template <bool Right>
coro<void> cancel_entry(alarm_list<Right>& alarms,
                        std::shared_ptr<typename alarm_list<Right>::entry> x) {
  co_await sleep(1s);
  co_await spin(6);
  alarms.cancel(x);
}

template <bool Right>
coro<void> late_timer() {
  alarm_list<Right> alarms;
  alarms.add();
  alarms.add();
  auto last = alarms.add();
  auto canceller = create_task(cancel_entry(alarms, last), "canceller");
  co_await sleep(1s);
  co_await alarms.ring();
  co_await canceller;
}

// -- a read is answered after the close ---------------------------------------

// Like the completions of Asio that are on their way when a socket is closed.
template <bool Right>
class careless_connection
  : public std::enable_shared_from_this<careless_connection<Right>> {
public:
  coro<std::string> read() {
    std::string got = std::exchange(incoming_, {});
    if (!got.empty() || closed_)
      co_return got;
    reader_ = future<std::string>::make();
    auto turn = reader_;
    got = co_await turn;
    co_return got;
  }

  // As the system's completion: a turn later.
  void arrive(std::string data) {
    get_running_loop().call_soon(
      [self = this->shared_from_this(), data] { self->take(data); });
  }

  void close() {
    closed_ = true;
    if (reader_ && !reader_.done())
      reader_.set_result(std::string{});
  }

private:
  void take(const std::string& data) {
    if (Right && closed_)
      return;
    if (!reader_)
      incoming_ += data;
    else
      std::exchange(reader_, {}).set_result(data);
  }

  bool closed_ = false;
  std::string incoming_;
  future<std::string> reader_;
};

template <bool Right>
coro<void> read_all(std::shared_ptr<careless_connection<Right>> connection) {
  for (;;) {
    auto got = co_await connection->read();
    if (got.empty())
      break;
  }
}

template <bool Right>
coro<void> arrive_after(std::shared_ptr<careless_connection<Right>> connection,
                        int turns) {
  co_await spin(turns);
  connection->arrive("x");
}

template <bool Right>
coro<void> late_read() {
  auto connection = std::make_shared<careless_connection<Right>>();
  auto reader = create_task(read_all(connection), "reader");
  auto wire = create_task(arrive_after(connection, 3), "wire");
  co_await spin(7);
  connection->close();
  co_await wire;
  co_await reader;
}

// -- two writers interleave ---------------------------------------------------

// Like two writers of one asio stream: a message is written in pieces.
template <bool Right>
class shared_pipe {
public:
  coro<void> write(char letter) {
    while (Right && busy_)
      co_await sleep(1ms);
    busy_ = true;
    for (int i = 0; i < 3; ++i) {
      sent_ += letter;
      co_await sleep(0s);
    }
    busy_ = false;
  }

  const std::string& sent() const {
    return sent_;
  }

private:
  bool busy_ = false;
  std::string sent_;
};

template <bool Right>
coro<void> write_after(shared_pipe<Right>& pipe, int turns, char letter) {
  co_await spin(turns);
  co_await pipe.write(letter);
}

template <bool Right>
coro<void> mixed_writers() {
  shared_pipe<Right> pipe;
  auto a = create_task(write_after(pipe, 0, 'a'), "a");
  auto b = create_task(write_after(pipe, 5, 'b'), "b");
  co_await a;
  co_await b;
  test::require(pipe.sent() == "aaabbb" || pipe.sent() == "bbbaaa",
                "messages do not mix");
}

// -- a time limit wins over a result that came first --------------------------

// Like libcoro#355: the item was handed out, and is lost.
template <bool Right>
class limited_box {
public:
  coro<std::optional<int>> take(std::chrono::seconds limit) {
    bool late = false;
    auto turn = future<int>::make();
    waiter_ = turn;
    auto timer = get_running_loop().call_later(limit, [&late, turn] {
      late = true;
      turn.cancel();
    });
    std::optional<int> got;
    try {
      got = co_await turn;
    } catch (const cancelled_error&) {
    }
    timer.cancel();
    if (!Right && late)
      got.reset();
    co_return got;
  }

  // False if nobody takes it.
  bool put(int item) {
    if (!waiter_ || waiter_.done())
      return false;
    waiter_.set_result(item);
    return true;
  }

private:
  future<int> waiter_;
};

template <bool Right>
coro<void> put_after(limited_box<Right>& box, bool& given) {
  co_await sleep(1s);
  co_await spin(2);
  given = box.put(1);
}

template <bool Right>
coro<void> wrong_winner() {
  limited_box<Right> box;
  bool given = false;
  auto giver = create_task(put_after(box, given), "giver");
  auto got = co_await box.take(1s);
  co_await giver;
  test::require(got.has_value() == given, "what was given was taken");
}

} // namespace

std::vector<seeded_bug> wire_bugs() {
  return {
    {"channel: an op is answered twice", "cobalt#167", "broken rule",
     among_others<double_answer<false>>, among_others<double_answer<true>>},
    {"timers: one fires after its cancellation", "timer wheels", "exception",
     among_others<late_timer<false>>, among_others<late_timer<true>>},
    {"connection: a read is answered after the close", "asio's completions",
     "unhandled", among_others<late_read<false>>,
     among_others<late_read<true>>},
    {"pipe: two writers interleave", "asio streams", "exception",
     among_others<mixed_writers<false>>, among_others<mixed_writers<true>>},
    {"box: a time limit wins over the result", "libcoro#355", "exception",
     among_others<wrong_winner<false>>, among_others<wrong_winner<true>>}};
}

} // namespace bugs
