#pragma once

#include "models/item.hpp"
#include "models/model.hpp"

#include <map>

namespace models {

// What a select may wait for, in the order of its arms.
enum source { from_queue, from_channel, from_lock, from_event, sources };

// Whether the task of this step waits for a source: of several, or of one.
inline bool waits_for(step what, int from) {
  if (what.what == word::select)
    return (what.number % 15 + 1) >> from & 1;
  constexpr word alone[]
    = {word::get, word::receive, word::acquire, word::wait};
  return what.what == alone[from];
}

inline int result_of(int from, int item) {
  return from * 10'000 + item;
}

// A task stands in the line of each of its sources. It has what was granted to
// it first, and gives back what was granted to it until it goes on.
class select_model : public model {
public:
  explicit select_model(int) {}

  int call(step what) override {
    switch (what.what) {
      case word::put_nowait:
        return put(from_queue, what);
      case word::try_send:
        return put(from_channel, what);
      case word::get_nowait:
        return has(from_queue) ? take(from_queue) : no;
      case word::try_receive:
        return has(from_channel) ? take(from_channel) : no;
      case word::try_acquire:
        return has(from_lock) ? take(from_lock), yes : no;
      case word::release:
        if (!held_)
          return refused;
        held_ = false;
        return grant(from_lock), nothing;
      default:
        set_ = what.what == word::set;
        return grant(from_event), nothing;
    }
  }

  view look() const override {
    return {long(items_[0].size()), long(items_[1].size()),
            held_ * 2 + set_,       long(lines_[0].size() + lines_[1].size()),
            long(lines_[2].size()), long(lines_[3].size())};
  }

private:
  bool has(int from) const {
    if (from == from_event)
      return set_;
    if (from == from_lock)
      return !held_ && promised_[from] == 0;
    return items_[from].size() > promised_[from];
  }

  int take(int from) {
    if (from == from_lock)
      held_ = true;
    if (from == from_lock || from == from_event)
      return result_of(from, 0);
    int item = items_[from].front();
    items_[from].pop_front();
    return result_of(from, item);
  }

  int put(int from, step what) {
    items_[from].push_back(item_of(what));
    grant(from);
    return from == from_queue ? nothing : yes;
  }

  void grant(int from) {
    while (!lines_[from].empty() && has(from)) {
      int who = take_first(lines_[from]);
      ++promised_[from];
      granted_[who].push_back(from);
      if (granted_[who].size() == 1)
        wake(who);
    }
  }

  void take_back(int from) {
    --promised_[from];
    grant(from);
  }

  void quit_lines(int who) {
    for (line& each : lines_)
      std::erase(each, who);
  }

  void ask(int who) override {
    for (int from = 0; from < sources; ++from)
      if (waits_for(asks(who), from) && has(from))
        return end(who, take(from));
    for (int from = 0; from < sources; ++from)
      if (waits_for(asks(who), from))
        lines_[from].push_back(who);
    wait(who);
  }

  void go_on(int who) override {
    quit_lines(who);
    int winner = granted_[who].front();
    for (int from = 0; from < sources; ++from)
      if (from != winner && std::ranges::count(granted_[who], from))
        take_back(from);
    --promised_[winner];
    end(who, take(winner));
  }

  void leave(int who) override {
    quit_lines(who);
  }

  void cancel_woken(int who) override {
    quit_lines(who);
  }

  void give_back(int who) override {
    std::ranges::sort(granted_[who]);
    for (int from : granted_[who])
      take_back(from);
  }

  std::deque<int> items_[sources];
  line lines_[sources];
  std::size_t promised_[sources] = {};
  std::map<int, std::vector<int>> granted_;
  bool held_ = false;
  bool set_ = false;
};

} // namespace models
