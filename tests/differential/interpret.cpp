// Runs the random programs of fuzz.py: the twin of its class Machine, step by
// step. What a program is, is told there.

#include "differential/program.hpp"

#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <set>
#include <sstream>

using namespace differential;
using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct step {
  std::string name;
  std::vector<int> arguments;
  char mode = 0; // 0: a step that needs no await
};

using steps = std::vector<step>;

struct listing {
  int seed = 0;
  int futures = 0;
  std::string watchdog;
  std::vector<steps> tasks;
  std::vector<steps> subs;
  std::vector<steps> callbacks;
};

std::vector<listing> read(std::istream& in) {
  std::vector<listing> all;
  steps* body = nullptr;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    std::string first;
    words >> first;
    if (first == "program") {
      auto& x = all.emplace_back();
      words >> x.seed >> x.futures >> x.watchdog;
    } else if (first == "task") {
      body = &all.back().tasks.emplace_back();
    } else if (first == "sub") {
      body = &all.back().subs.emplace_back();
    } else if (first == "callback") {
      body = &all.back().callbacks.emplace_back();
    } else if (first != "end") {
      auto& x = body->emplace_back();
      x.name = first;
      for (std::string word; words >> word;) {
        if (std::isalpha(static_cast<unsigned char>(word[0])))
          x.mode = word[0];
        else
          x.arguments.push_back(std::stoi(word));
      }
    }
  }
  return all;
}

context_var<int> variable{"variable", 0};

struct boom : std::runtime_error {
  explicit boom(int value) : std::runtime_error(std::to_string(value)) {}
};

class machine {
public:
  explicit machine(const listing& program)
    : program_(program), tasks_(program.tasks.size()) {}

  void run() {
    loop_.set_exception_handler(
      [](event_loop&, const error_context& what) { on_error(what); });
    base_ = loop_.time() - 2000s;
    for (int i = 0; i < program_.futures; ++i)
      futures_.push_back(loop_.create_future<int>());
    spawn(0);
    watch();
    while (!main_ended()) {
    }
    while (anything_left()) {
      cancel_all();
      auto drain
        = loop_.create_task(this->drain(), task_options{.name = "drain"});
      while (!drain.done()) {
        try {
          loop_.run_until_complete(drain);
        } catch (const error&) {
          say("stopped");
        }
      }
    }
    for (std::size_t k = 0; k < tasks_.size(); ++k)
      do_state(static_cast<int>(k));
    for (int f = 0; f < program_.futures; ++f)
      say("statef", f, state_of(futures_[f]));
    loop_.close();
  }

private:
  // What runs, and the variable that it sees, stand before every line.
  template <class... Xs>
  void say(const Xs&... words) {
    auto running = loop_.is_running() ? current_task() : any_task{};
    print(running ? running.get_name() : "-", variable.get(), words...);
  }

  static std::string text_of(const std::exception_ptr& problem) {
    try {
      std::rethrow_exception(problem);
    } catch (const std::exception& e) {
      return e.what();
    }
  }

  static void on_error(const error_context& what) {
    if (!what.handle.empty())
      print("handler", text_of(what.exception));
  }

  bool main_ended() {
    try {
      int value = loop_.run_until_complete(tasks_[0]);
      say("main returned", value);
    } catch (const boom& e) {
      say("main failed", e);
    } catch (const cancelled_error&) {
      say("main was cancelled");
    } catch (const error& e) {
      if (e.code() != errc::loop_stopped)
        throw;
      say("stopped");
      return false;
    }
    return true;
  }

  coro<void> drain() {
    for (int i = 0; i < 5; ++i)
      co_await sleep(0s);
  }

  bool anything_left() {
    for (const auto& t : tasks_)
      if (t && !t.done())
        return true;
    return false;
  }

  void cancel_all() {
    for (std::size_t k = 0; k < tasks_.size(); ++k)
      if (tasks_[k] && !tasks_[k].done())
        say("left", k, tasks_[k].cancel("left"));
  }

  void watch() {
    ++ticks_;
    if (ticks_ >= 50 && ticks_ % 10 == 0)
      cancel_all();
    if (program_.watchdog == "soon")
      loop_.call_soon([this] { watch(); });
    else
      loop_.call_later(shortest, [this] { watch(); });
  }

  // -- tasks ------------------------------------------------------------------

  void spawn(int k) {
    self_cancelled_.erase(k);
    tasks_[k] = loop_.create_task(
      body_of(k), task_options{.name = "t" + std::to_string(k)});
  }

  coro<int> body_of(int k) {
    say("begins");
    auto value = co_await all(k, program_.tasks[k]);
    say("ends");
    co_return value.value_or(0);
  }

  coro<std::optional<int>> all(int k, const steps& body) {
    for (const auto& x : body) {
      if (x.name == "return") {
        say("return", x.arguments[0]);
        co_return x.arguments[0];
      }
      if (x.mode)
        co_await one(k, x);
      else
        now(x);
    }
    co_return std::nullopt;
  }

  static std::string words_of(const step& x) {
    std::string words = x.name;
    for (int argument : x.arguments)
      words += " " + std::to_string(argument);
    return words;
  }

  struct leaving {
    machine& home;
    std::string words;
    bool told;

    ~leaving() {
      if (told)
        home.say(words, "left");
    }
  };

  coro<void> one(int k, const step& x) {
    auto words = words_of(x);
    say(words);
    leaving end{*this, words, x.mode == 'f'};
    std::exception_ptr cancelled;
    try {
      co_await perform(k, x);
      say(words, "ok");
    } catch (const cancelled_error& e) {
      if (std::string_view{"caryu"}.find(x.mode) == std::string_view::npos)
        throw;
      if (e.message().empty())
        say(words, "cut", tasks_[k].cancelling());
      else
        say(words, "cut", e, tasks_[k].cancelling());
      if (x.mode == 'u' && !self_cancelled_.contains(k))
        say("uncancel", tasks_[k].uncancel());
      cancelled = std::current_exception();
    } catch (const boom& e) {
      if (x.mode != 'e' && x.mode != 'a')
        throw;
      say(words, "caught", e);
    }
    if (!cancelled)
      co_return;
    if (x.mode == 'y') {
      co_await sleep(0s);
      say("cleaned");
    }
    if (x.mode == 'r' || x.mode == 'y')
      std::rethrow_exception(cancelled);
  }

  coro<void> perform(int k, const step& x) {
    const auto& a = x.arguments;
    if (x.name == "yield") {
      co_await sleep(0s);
    } else if (x.name == "nap") {
      co_await sleep(shortest);
    } else if (x.name == "await") {
      int got = co_await futures_[a[0]];
      say("got", got);
    } else if (x.name == "join") {
      co_await join(k, a[0]);
    } else if (x.name == "call") {
      auto got = co_await all(k, program_.subs[a[0]]);
      say("called", got.value_or(0));
    } else if (x.name == "iter") {
      auto source = numbers(a[0]);
      while (auto i = co_await source.next()) {
        say("item", *i);
        if (*i == a[1])
          break;
      }
      co_await source.aclose();
    } else if (x.name == "raise") {
      throw boom(a[0]);
    } else {
      throw cancelled_error(std::to_string(a[0])); // giveup
    }
  }

  coro<void> join(int k, int other) {
    auto t = tasks_[other];
    // Tasks that await each other in a circle never end.
    if (!t || other <= k) {
      say("no");
      co_return;
    }
    try {
      int got = co_await t;
      say("joined", got);
    } catch (const cancelled_error&) {
      // Only the first who asks gets the message in Python 3.11.
      if (t.cancelled())
        throw cancelled_error{};
      throw;
    }
  }

  async_generator<int> numbers(int count) {
    struct guard {
      machine& home;
      ~guard() {
        home.say("generator left");
      }
    } end{*this};
    for (int i = 0; i < count; ++i) {
      if (i % 2)
        co_await sleep(0s);
      co_yield i;
    }
  }

  // -- what needs no await
  // ---------------------------------------------------------------------------

  auto callback(int c) {
    return [this, c] {
      say("callback", c);
      for (const auto& x : program_.callbacks[c])
        now(x);
    };
  }

  bool spend() {
    return --budget_ >= 0;
  }

  void now(const step& x) {
    const auto& a = x.arguments;
    if (x.name == "say")
      say("say");
    else if (x.name == "set")
      do_set(a[0], a[1]);
    else if (x.name == "fail")
      do_fail(a[0], a[1]);
    else if (x.name == "cancelf")
      say("cancelf", a[0], futures_[a[0]].cancel(std::to_string(a[1])));
    else if (x.name == "spawn")
      do_spawn(a[0]);
    else if (x.name == "again")
      do_again(a[0]);
    else if (x.name == "renew")
      do_renew(a[0]);
    else if (x.name == "short")
      do_short(a[0]);
    else if (x.name == "cancel")
      do_cancel(a[0], a[1]);
    else if (x.name == "soon")
      do_soon(a[0]);
    else if (x.name == "late")
      do_late(a[0], a[1]);
    else if (x.name == "drop")
      do_drop(a[0]);
    else if (x.name == "done")
      do_done(a[0], a[1]);
    else if (x.name == "donet")
      do_donet(a[0], a[1]);
    else if (x.name == "undone")
      do_undone(a[0]);
    else if (x.name == "ctx")
      do_ctx(a[0]);
    else if (x.name == "count")
      say("count", all_tasks(loop_).size());
    else if (x.name == "state")
      do_state(a[0]);
    else if (x.name == "statef")
      say("statef", a[0], state_of(futures_[a[0]]));
    else if (x.name == "stop")
      do_stop();
    else
      do_boom(a[0]);
  }

  void do_set(int f, int value) {
    try {
      futures_[f].set_result(value);
      say("set", f, value);
    } catch (const invalid_state_error&) {
      say("set", f, "invalid");
    }
  }

  void do_fail(int f, int value) {
    try {
      futures_[f].set_exception(boom(value));
      say("fail", f, value);
    } catch (const invalid_state_error&) {
      say("fail", f, "invalid");
    }
  }

  void do_spawn(int k) {
    if (tasks_[k])
      return;
    spawn(k);
    say("spawn", k);
  }

  void do_again(int k) {
    if (k == 0 || !tasks_[k] || !tasks_[k].done() || !spend())
      return;
    spawn(k);
    say("again", k);
  }

  void do_renew(int f) {
    if (!futures_[f].done())
      return;
    if (!futures_[f].cancelled())
      futures_[f].exception();
    futures_[f] = loop_.create_future<int>();
    say("renew", f);
  }

  void do_cancel(int k, int value) {
    const auto& t = tasks_[k];
    if (!t)
      return;
    auto me = current_task();
    int before = me ? me.cancelling() : 0;
    bool asked = t.cancel(std::to_string(value));
    say("cancel", k, asked, t.cancelling());
    if (me && me.cancelling() > before)
      self_cancelled_.insert(std::stoi(me.get_name().substr(1)));
  }

  void do_soon(int c) {
    if (!spend())
      return;
    say("soon", c);
    handles_.push_back(loop_.call_soon(callback(c)));
  }

  void do_late(int c, int seconds) {
    if (!spend())
      return;
    say("late", c, seconds);
    ++deadlines_; // no two are equal
    handles_.push_back(loop_.call_at(base_ + std::chrono::seconds{seconds}
                                       + std::chrono::milliseconds{deadlines_},
                                     callback(c)));
  }

  void do_short(int c) {
    if (!spend())
      return;
    say("short", c);
    handles_.push_back(loop_.call_later(shortest, callback(c)));
  }

  void do_drop(int n) {
    if (handles_.empty())
      return;
    auto i = static_cast<std::size_t>(n) % handles_.size();
    say("drop", i, handles_[i].cancelled());
    handles_[i].cancel();
  }

  void add(const any_future& target, int c) {
    registered_.emplace_back(target, target.add_done_callback(callback(c)));
  }

  void do_done(int f, int c) {
    if (!spend())
      return;
    say("done", f, c);
    add(futures_[f], c);
  }

  void do_donet(int k, int c) {
    if (!tasks_[k] || !spend())
      return;
    say("donet", k, c);
    add(tasks_[k], c);
  }

  void do_undone(int n) {
    if (registered_.empty())
      return;
    auto i = static_cast<std::size_t>(n) % registered_.size();
    const auto& [target, number] = registered_[i];
    say("undone", i, target.remove_done_callback(number));
  }

  void do_ctx(int value) {
    variable.set(value);
    say("ctx");
  }

  static std::string state_of(const future<int>& x) {
    if (!x.done())
      return "pending";
    if (x.cancelled())
      return "cancelled";
    if (auto problem = x.exception())
      return "failed " + text_of(problem);
    return "returned " + std::to_string(x.result());
  }

  void do_state(int k) {
    if (const auto& t = tasks_[k])
      say("state", k, state_of(t), t.cancelling());
  }

  void do_stop() {
    say("stop");
    loop_.stop();
  }

  void do_boom(int value) {
    say("boom", value);
    throw boom(value);
  }

  const listing& program_;
  event_loop loop_ = new_event_loop();
  loop_time base_;
  std::vector<future<int>> futures_;
  std::vector<task<int>> tasks_;
  std::vector<handle> handles_;
  std::vector<std::pair<any_future, std::uint64_t>> registered_;
  std::set<int> self_cancelled_;
  int budget_ = 150; // callbacks that may still be asked for
  int ticks_ = 0;
  int deadlines_ = 0;
};

} // namespace

PROGRAM(interpret) {
  std::ifstream in{args.at(0)};
  for (const auto& program : read(in)) {
    print("program", program.seed);
    machine{program}.run();
  }
}
