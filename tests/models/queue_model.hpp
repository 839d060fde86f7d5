#pragma once

#include "models/item.hpp"
#include "models/model.hpp"

#include <set>

namespace models {

// Who is woken for an item takes it when it goes on, and who is woken for room
// puts then; until then nobody else gets what is promised to them.
class queue_model : public model {
public:
  queue_model(int size, order by) : size_(size), order_(by) {}

  int call(step what) override {
    switch (what.what) {
      case word::put_nowait:
        return shut_ ? shut : has_room() ? put(what) : no;
      case word::get_nowait:
        return has_item() ? take() : shut_ && items_.empty() ? shut : no;
      case word::task_done:
        return unfinished_ == 0 ? refused : finish(1);
      default:
        return shut_down(what.what == word::shut_down_now);
    }
  }

  view look() const override {
    long gets = long(lines_[getting].size()),
         puts = long(lines_[putting].size());
    return {long(items_.size()), !has_item(), !has_room(), gets, puts,
            unfinished_};
  }

private:
  enum { getting, putting, joining };

  int purpose(int who) const {
    word what = asks(who).what;
    return what == word::get ? getting : what == word::put ? putting : joining;
  }

  bool has_item() const {
    return items_.size() > promised_[getting];
  }

  bool has_room() const {
    return size_ == 0 || items_.size() + promised_[putting] < size_;
  }

  void ask(int who) override {
    int what = purpose(who);
    if (shut_ && (what == putting || (what == getting && items_.empty()))) {
      end(who, shut);
    } else if (what == getting && has_item()) {
      end(who, take());
    } else if (what == putting && has_room()) {
      end(who, put(asks(who)));
    } else if (what == joining && unfinished_ == 0) {
      end(who, nothing);
    } else {
      lines_[what].push_back(who);
      wait(who);
    }
  }

  void go_on(int who) override {
    forget_promise(who);
    bool away = sent_away_.contains(who);
    if (away || purpose(who) == joining)
      end(who, away ? shut : nothing);
    else
      ask(who); // what was promised is there
  }

  void leave(int who) override {
    remove(lines_[purpose(who)], who);
  }

  void give_back(int who) override {
    forget_promise(who);
    keep_promises();
  }

  void forget_promise(int who) {
    promised_[purpose(who)] -= !sent_away_.contains(who);
  }

  int put(step what) {
    items_.push_back(item_of(what));
    ++unfinished_;
    keep_promises();
    return nothing;
  }

  int take() {
    auto next = next_of(items_, order_);
    int item = *next;
    items_.erase(next);
    keep_promises();
    return item;
  }

  int shut_down(bool now) {
    shut_ = true;
    finish(now ? std::min<long>(unfinished_, items_.size()) : 0);
    items_.resize(now ? 0 : items_.size());
    send_away(lines_[putting]);
    keep_promises();
    return nothing;
  }

  void keep_promises() {
    while (!lines_[getting].empty() && has_item())
      promise(getting);
    while (!lines_[putting].empty() && has_room())
      promise(putting);
    if (shut_ && items_.empty())
      send_away(lines_[getting]);
  }

  int finish(long count) {
    unfinished_ -= count;
    while (unfinished_ == 0 && !lines_[joining].empty())
      promise(joining);
    return nothing;
  }

  void promise(int what) {
    wake(take_first(lines_[what]));
    ++promised_[what];
  }

  void send_away(line& from) {
    for (; !from.empty(); wake(take_first(from)))
      sent_away_.insert(from.front());
  }

  std::size_t size_; // 0: no limit
  order order_;
  std::vector<int> items_; // in the order in which they were put
  line lines_[3];
  std::size_t promised_[3] = {};
  std::set<int> sent_away_; // they get nothing but the news of the end
  long unfinished_ = 0;
  bool shut_ = false;
};

} // namespace models
