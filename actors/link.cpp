#include <troupe/link.hpp>

#include "actors/inbox.hpp"
#include "actors/task_actor.hpp"

#include <algorithm>
#include <memory>

namespace troupe {

namespace detail {

// -- watching -----------------------------------------------------------------

namespace {

template <class List>
auto find_id(List& list, monitor_id which) {
  return std::find_if(list.begin(), list.end(),
                      [which](const auto& x) { return x.id == which; });
}

} // namespace

address inbox::own_address() const noexcept {
  return {ref<future_core>{&owner_}, nullptr};
}

monitor_id inbox::monitor(const address& target) {
  monitor_id id = ++serial_;
  watched_.push_back({target, id});
  if (target.is_caf()) {
    target.other->monitor(owner_);
  } else {
    auto* note = new signal(signal::sort::monitor, own_address());
    note->id = id;
    post(target, *note);
  }
  return id;
}

void inbox::demonitor(monitor_id which) {
  auto found = find_id(watched_, which);
  if (found != watched_.end()) {
    address target = std::move(found->who);
    watched_.erase(found);
    if (target.is_caf()) {
      target.other->demonitor(owner_);
    } else {
      auto* note = new signal(signal::sort::demonitor, own_address());
      note->id = which;
      post(target, *note);
    }
    return;
  }
  owner_.look_at_letters();
  auto is_it = [which](message& x) {
    return x.type == &message_type_of<down>
        && std::get<0>(*static_cast<std::tuple<down>*>(x.tuple())).id == which;
  };
  if (message* late = normal_.take_first(is_it)) {
    --size_;
    delete late;
  }
}

void inbox::link(const address& target) {
  if (target.is_caf()) {
    target.other->link(owner_);
    return;
  }
  if (std::find(links_.begin(), links_.end(), target) != links_.end())
    return;
  links_.push_back(target);
  post(target, *new signal(signal::sort::link, own_address()));
}

void inbox::unlink(const address& target) noexcept {
  if (target.is_caf()) {
    target.other->unlink(owner_);
    return;
  }
  if (std::erase(links_, target) > 0)
    post(target, *new signal(signal::sort::unlink, own_address()));
}

bool inbox::take_signal(signal& what) {
  std::unique_ptr<signal> held{&what};
  switch (what.which) {
    case signal::sort::monitor:
      watchers_.push_back({std::move(what.from), what.id});
      return false;
    case signal::sort::demonitor: {
      auto found = std::find_if(watchers_.begin(), watchers_.end(),
                                [&](const watcher& x) {
                                  return x.id == what.id && x.who == what.from;
                                });
      if (found != watchers_.end())
        watchers_.erase(found);
      return false;
    }
    case signal::sort::link:
      if (std::find(links_.begin(), links_.end(), what.from) == links_.end())
        links_.push_back(std::move(what.from));
      return false;
    case signal::sort::unlink:
      std::erase(links_, what.from);
      return false;
    case signal::sort::exit:
      std::erase(links_, what.from);
      return exit(what.from, what.reason, what.kill);
    case signal::sort::down: {
      auto found = find_id(watched_, what.id);
      if (found == watched_.end())
        return false; // taken back
      watched_.erase(found);
      return add(*new typed<message, down>(
        down{actor_ref{std::move(what.from)}, what.reason, what.id}));
    }
  }
  return false;
}

bool inbox::foreign_down(const void* identity, const exit_reason& why) {
  bool ended = false;
  if (asker_ && asker_->watches_ && asker_->to_.other->identity() == identity) {
    asker_->request_->problem = std::make_exception_ptr(
      actor_ended_error("ask of " + describe(asker_->to_)
                        + ", which has ended: " + to_string(why)));
    asker_->got_ = std::exchange(asker_->request_, nullptr);
    ended = end_wait(*asker_);
  }
  for (;;) {
    auto found
      = std::find_if(watched_.begin(), watched_.end(), [&](const watched& x) {
          return x.who.other && x.who.other->identity() == identity;
        });
    if (found == watched_.end())
      return ended;
    watched gone = std::move(*found);
    watched_.erase(found);
    if (add(*new typed<message, down>(
          down{actor_ref{std::move(gone.who)}, why, gone.id})))
      ended = true;
  }
}

bool inbox::exit(const address& who, const exit_reason& why, bool kill) {
  if (traps_ && !kill)
    return add(
      *new typed<message, exit_signal>(exit_signal{actor_ref{who}, why}));
  if (why.normal() || owner_.done())
    return false;
  exit_ = why;
  std::string text = to_string(why);
  owner_.cancel((who ? describe(who) + " has ended: " : "exit message: ")
                + text);
  return false;
}

} // namespace detail

// -- public -------------------------------------------------------------------

bool exit_reason::cancelled() const noexcept {
  if (!problem_)
    return false;
  try {
    std::rethrow_exception(problem_);
  } catch (const cancelled_error&) {
    return true;
  } catch (...) {
    return false;
  }
}

void exit_reason::rethrow() const {
  if (problem_)
    std::rethrow_exception(problem_);
}

std::string to_string(const exit_reason& x) {
  return x.normal() ? "a normal end" : describe(x.exception());
}

monitor_id monitor(const actor_ref& target) {
  detail::check_target(target.at(), "monitor");
  return detail::running_cell("monitor()").box().monitor(target.at());
}

void demonitor(monitor_id which) {
  detail::running_cell("demonitor()").box().demonitor(which);
}

void link(const actor_ref& target) {
  detail::check_target(target.at(), "link");
  auto& mine = detail::running_cell("link()");
  if (target.at().task.get() != &mine)
    mine.box().link(target.at());
}

void unlink(const actor_ref& target) {
  detail::running_cell("unlink()").box().unlink(target.at());
}

bool trap_exit(bool on) {
  return detail::running_cell("trap_exit()").box().trap(on);
}

void send_exit(const actor_ref& target, std::string reason) {
  detail::check_target(target.at(), "send_exit");
  if (target.at().other) {
    target.at().other->exit(reason, false);
    return;
  }
  detail::address from;
  if (detail::this_task)
    from.task = detail::ref<detail::future_core>{detail::this_task};
  auto* note = new detail::signal(detail::signal::sort::exit, std::move(from));
  note->reason = std::make_exception_ptr(exit_error(std::move(reason)));
  detail::post(target.at(), *note);
}

} // namespace troupe
