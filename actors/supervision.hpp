#pragma once

#include <troupe/supervisor.hpp>

#include "actors/inbox.hpp"
#include "actors/task_actor.hpp"

#include <deque>
#include <memory>
#include <mutex>

namespace troupe::detail {

// Guards the trees: their lists change seldom, and are read to print them.
extern std::mutex trees;

// -- protocol -----------------------------------------------------------------

struct add_child {
  std::shared_ptr<child_spec> spec;
};

struct remove_child {
  std::string name;
};

struct list_children {};

// -- supervisor ---------------------------------------------------------------

// One run of `supervise`. Each child is monitored; its end comes as a message.
class supervision {
public:
  supervision(const supervisor_options& how, std::vector<child_spec> specs)
    : how_(how), owner_(running_cell("supervise()")),
      outer_(owner_.box().tree) {
    for (const auto& spec : specs)
      need_body(spec);
    std::lock_guard lock{trees};
    for (auto& spec : specs)
      children_.push_back(std::make_unique<child>(std::move(spec)));
    owner_.box().tree = this;
  }

  ~supervision() {
    std::lock_guard lock{trees};
    owner_.box().tree = outer_;
  }

  supervision(const supervision&) = delete;
  supervision& operator=(const supervision&) = delete;

  coro<void> serve();

  coro<void> stop_all() {
    for (std::size_t i = children_.size(); i-- > 0;)
      co_await stop(*children_[i]);
  }

  // Inside the lock.
  std::string text(std::size_t depth) const;

  std::string title() const {
    const char* names[] = {"one_for_one", "one_for_all", "rest_for_one"};
    return std::string{names[static_cast<int>(how_.strategy)]};
  }

  static supervision* tree_of(const any_task& x) {
    auto* cell = static_cast<task_cell*>(x.core());
    inbox* box = cell ? cell->known_box() : nullptr;
    return box ? box->tree : nullptr;
  }

private:
  struct child {
    explicit child(child_spec what) : spec(std::move(what)) {}

    child_spec spec;
    task<void> life;
    monitor_id id = 0;
    bool running = false;
    bool waits = false; // for its restart
    exit_reason why;
    std::int64_t restart_at = 0;
    std::int64_t started_at = 0;
    std::chrono::nanoseconds last_wait{-1};
    std::size_t restarts = 0;
  };

  struct removal {
    reply<bool> answer;
    std::string name;
  };

  static void need_body(const child_spec& spec);

  // Keeps the function as long as the coroutine that it made.
  static coro<void> live(child_body body) {
    co_await body();
  }

  std::int64_t now() const noexcept {
    return owner_.home().now();
  }

  void start(child& x);

  void note_end(const down& x);

  bool wants_restart(const child& x) const noexcept;

  coro<void> handle_end(child& x);

  // The one rule of intensity: with this restart no more than `max_restarts`
  // are within `period`.
  void count_restart(const child& x);

  std::chrono::nanoseconds next_wait(child& x);

  void wait(child& x, std::int64_t when) {
    std::lock_guard lock{trees};
    x.waits = true;
    x.restart_at = when;
  }

  void start_due();

  time_limit until_restart() const;

  // Cancels a child until it has ended. Never throws: a request to end the
  // supervisor waits until the child has ended.
  coro<void> stop(child& x);

  std::size_t index_of(const child& x) const noexcept {
    std::size_t i = 0;
    while (children_[i].get() != &x)
      ++i;
    return i;
  }

  void forget(child& x);

  bool anybody_left() const noexcept;

  actor_ref add(child_spec& spec);

  coro<void> remove_first();

  std::vector<child_info> list() const;

  const supervisor_options how_;
  task_cell& owner_;
  supervision* const outer_;
  std::vector<std::unique_ptr<child>> children_;
  std::deque<child*> ended_;
  std::deque<removal> leaving_;
  std::deque<std::int64_t> times_; // of restarts
  std::exception_ptr asked_to_end_;
};

} // namespace troupe::detail
