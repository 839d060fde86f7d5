#include "actors/supervision.hpp"

#include <algorithm>
#include <stdexcept>

namespace troupe {

namespace detail {

constinit std::mutex trees;

coro<void> supervision::serve() {
  for (auto& each : children_)
    start(*each);
  while (!how_.ends_with_children || anybody_left()) {
    if (!ended_.empty()) {
      child* next = ended_.front();
      ended_.pop_front();
      co_await handle_end(*next);
    } else if (!leaving_.empty()) {
      co_await remove_first();
    } else {
      start_due();
      time_limit limit = until_restart();
      co_await receive_for(
        limit, [this](const down& x) { note_end(x); },
        [this](const add_child& x) { return add(*x.spec); },
        [this](reply<bool> answer, remove_child x) {
          leaving_.push_back({std::move(answer), std::move(x.name)});
        },
        [this](list_children) { return list(); });
    }
    if (asked_to_end_)
      std::rethrow_exception(asked_to_end_);
  }
}

std::string supervision::text(std::size_t depth) const {
  std::string lines;
  for (const auto& each : children_) {
    lines += std::string(2 * depth, ' ') + each->spec.name + ": ";
    lines += each->running ? "runs"
           : each->waits   ? "waits for its restart"
                           : "ended";
    if (each->restarts > 0)
      lines += ", restarted " + std::to_string(each->restarts) + " times";
    const supervision* below = each->running ? tree_of(each->life) : nullptr;
    if (below)
      lines += ", " + below->title();
    lines += '\n';
    if (below)
      lines += below->text(depth + 1);
  }
  return lines;
}

void supervision::start(child& x) {
  auto made = create_task(live(x.spec.body), x.spec.name);
  {
    std::lock_guard lock{trees};
    x.life = std::move(made);
    x.running = true;
    x.waits = false;
  }
  x.started_at = now();
  x.id = monitor(x.life);
}

void supervision::note_end(const down& x) {
  for (auto& each : children_)
    if (each->running && each->id == x.id) {
      std::lock_guard lock{trees};
      each->running = false;
      each->why = x.reason;
      ended_.push_back(each.get());
    }
}

bool supervision::wants_restart(const child& x) const noexcept {
  switch (x.spec.restart) {
    case restart_type::permanent:
      return true;
    case restart_type::transient:
      return !x.why.normal() && !x.why.cancelled();
    default:
      return false;
  }
}

coro<void> supervision::handle_end(child& x) {
  if (!wants_restart(x)) {
    if (x.spec.restart == restart_type::temporary)
      forget(x);
    co_return;
  }
  count_restart(x);
  std::int64_t when = now() + next_wait(x).count();
  ++x.restarts;
  std::size_t first = index_of(x);
  std::size_t last = first;
  if (how_.strategy == restart_strategy::one_for_all)
    first = 0;
  if (how_.strategy != restart_strategy::one_for_one)
    last = children_.size() - 1;
  for (std::size_t i = last + 1; i-- > first;)
    co_await stop(*children_[i]);
  if (asked_to_end_)
    co_return;
  for (std::size_t i = last + 1; i-- > first;) {
    child& each = *children_[i];
    std::erase(ended_, &each); // it was stopped with the others
    if (each.spec.restart == restart_type::temporary)
      forget(each);
    else
      wait(each, when);
  }
}

void supervision::count_restart(const child& x) {
  std::int64_t oldest = now() - how_.period.count();
  while (!times_.empty() && times_.front() < oldest)
    times_.pop_front();
  if (times_.size() >= how_.max_restarts)
    throw restart_intensity_error(
      owner_.name() + ": " + x.spec.name + " ended (" + to_string(x.why)
        + "), and there were " + std::to_string(times_.size())
        + " restarts within the period; the supervisor gives up",
      x.why);
  times_.push_back(now());
}

std::chrono::nanoseconds supervision::next_wait(child& x) {
  const backoff& how = x.spec.wait;
  bool calm = now() - x.started_at >= how.calm.count();
  double next = static_cast<double>(how.first.count());
  if (!calm && x.last_wait.count() >= 0)
    next = static_cast<double>(x.last_wait.count()) * how.factor;
  next = std::min(next, static_cast<double>(how.most.count()));
  x.last_wait = std::chrono::nanoseconds{static_cast<std::int64_t>(next)};
  return x.last_wait;
}

void supervision::start_due() {
  for (auto& each : children_)
    if (each->waits && each->restart_at <= now())
      start(*each);
}

time_limit supervision::until_restart() const {
  const child* next = nullptr;
  for (const auto& each : children_)
    if (each->waits && (!next || each->restart_at < next->restart_at))
      next = each.get();
  if (!next)
    return {};
  return std::chrono::nanoseconds{
    std::max<std::int64_t>(next->restart_at - now(), 1)};
}

coro<void> supervision::stop(child& x) {
  bool reported = false;
  auto patience = std::max<std::chrono::nanoseconds>(
    x.spec.shutdown, std::chrono::milliseconds{1});
  while (x.running) {
    x.life.cancel("stopped by its supervisor");
    std::int64_t until = now() + patience.count();
    while (x.running && now() < until) {
      time_limit left = std::chrono::nanoseconds{until - now()};
      try {
        co_await receive_for(left, [this](const down& y) { note_end(y); });
      } catch (const cancelled_error&) {
        asked_to_end_ = std::current_exception();
      }
    }
    if (x.running && !std::exchange(reported, true))
      owner_.home().report(
        {.message = owner_.name() + ": the child " + x.spec.name
                  + " did not end in its shutdown time after it was "
                    "cancelled; it is cancelled again",
         .future = to_string(x.life)});
  }
  if (x.waits) {
    std::lock_guard lock{trees};
    x.waits = false;
  }
}

void supervision::forget(child& x) {
  std::lock_guard lock{trees};
  std::erase(ended_, &x);
  children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index_of(x)));
}

bool supervision::anybody_left() const noexcept {
  for (const auto& each : children_)
    if (each->running || each->waits)
      return true;
  return !ended_.empty();
}

void supervision::need_body(const child_spec& spec) {
  if (!spec.body)
    throw std::invalid_argument(
      "the child '" + spec.name
      + "' of a supervisor has no body; give it a function that returns "
        "coro<void>");
}

actor_ref supervision::add(child_spec& spec) {
  need_body(spec);
  auto made = std::make_unique<child>(std::move(spec));
  child& added = *made;
  {
    std::lock_guard lock{trees};
    children_.push_back(std::move(made));
  }
  start(added);
  return added.life;
}

coro<void> supervision::remove_first() {
  removal next = std::move(leaving_.front());
  leaving_.pop_front();
  auto found
    = std::find_if(children_.begin(), children_.end(), [&](const auto& each) {
        return each->spec.name == next.name;
      });
  bool known = found != children_.end();
  if (known) {
    child& leaving = **found;
    co_await stop(leaving);
    forget(leaving);
  }
  next.answer.set_result(known);
}

std::vector<child_info> supervision::list() const {
  std::vector<child_info> all;
  for (const auto& each : children_)
    all.push_back({.name = each->spec.name,
                   .actor = each->running ? actor_ref{each->life} : actor_ref{},
                   .restarts = each->restarts,
                   .running = each->running});
  return all;
}

} // namespace detail

restart_intensity_error::restart_intensity_error(std::string text,
                                                 exit_reason why)
  : error(errc::restarted_too_often, std::move(text)), reason(std::move(why)) {}

coro<void> supervise(supervisor_options how, std::vector<child_spec> children) {
  detail::supervision mine{how, std::move(children)};
  std::exception_ptr why;
  try {
    co_await mine.serve();
  } catch (...) {
    why = std::current_exception();
  }
  co_await mine.stop_all();
  if (why)
    std::rethrow_exception(why);
}

coro<actor_ref> start_child(actor_ref supervisor, child_spec child) {
  detail::add_child request{std::make_shared<child_spec>(std::move(child))};
  auto added = co_await ask<actor_ref>(supervisor, nullptr, request);
  co_return added;
}

coro<bool> stop_child(actor_ref supervisor, std::string name) {
  detail::remove_child request;
  request.name = std::move(name);
  bool known = co_await ask<bool>(supervisor, nullptr, request);
  co_return known;
}

coro<std::vector<child_info>> children_of(actor_ref supervisor) {
  detail::list_children request;
  auto all
    = co_await ask<std::vector<child_info>>(supervisor, nullptr, request);
  co_return all;
}

std::string supervision_tree(const actor_ref& supervisor) {
  std::lock_guard lock{detail::trees};
  if (!supervisor.at().task)
    return {};
  any_task top{supervisor.at().task};
  detail::supervision* tree = detail::supervision::tree_of(top);
  if (!tree)
    return to_string(supervisor) + ": no supervisor\n";
  return to_string(supervisor) + ": " + tree->title() + '\n' + tree->text(1);
}

} // namespace troupe
