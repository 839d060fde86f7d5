#pragma once

#include "models/item.hpp"
#include "models/model.hpp"

#include <map>

namespace models {

// Who is woken for an item takes it when it goes on; who is woken for a place
// sends then. Without a capacity each receiver that waits is a place, and a
// receiver that comes later takes the item from the first sender itself.
class channel_model : public model {
public:
  explicit channel_model(int capacity) : capacity_(capacity) {}

  int call(step what) override {
    switch (what.what) {
      case word::try_send:
        if (closed_)
          return shut;
        return has_room() ? insert(item_of(what)), yes : no;
      case word::try_receive:
        return receive();
      default:
        closed_ = true;
        turn_away(senders_);
        admit();
        return nothing;
    }
  }

  view look() const override {
    return {long(items_.size()), long(senders_.size()), long(receivers_.size()),
            closed_};
  }

private:
  enum class fate { nothing, taken, turned_away };

  bool sends(int who) const {
    return asks(who).what == word::send;
  }

  bool has_item() const {
    return items_.size() > promised_items_;
  }

  bool has_room() const {
    std::size_t places
      = capacity_ > 0 ? capacity_ : receivers_.size() + promised_items_;
    return items_.size() + promised_places_ < places;
  }

  // An item, `shut` or `no`.
  int receive() {
    if (has_item())
      return take();
    if (capacity_ == 0 && !senders_.empty()) {
      int sender = take_first(senders_);
      fates_[sender] = fate::taken;
      wake(sender);
      return item_of(asks(sender));
    }
    return closed_ && items_.empty() ? shut : no;
  }

  void ask(int who) override {
    if (!sends(who)) {
      int result = receive();
      if (result != no)
        return end(who, result);
    } else if (closed_) {
      return end(who, shut);
    } else if (has_room()) {
      insert(item_of(asks(who)));
      return end(who, nothing);
    }
    (sends(who) ? senders_ : receivers_).push_back(who);
    wait(who);
  }

  void go_on(int who) override {
    fate what = fates_[who];
    if (what != fate::nothing)
      return end(who, what == fate::taken ? nothing : shut);
    --(sends(who) ? promised_places_ : promised_items_);
    if (!sends(who))
      end(who, take());
    else if (closed_)
      end(who, shut);
    else
      insert(item_of(asks(who))), end(who, nothing);
  }

  void leave(int who) override {
    remove(sends(who) ? senders_ : receivers_, who);
  }

  void give_back(int who) override {
    if (fates_[who] != fate::nothing)
      return;
    --(sends(who) ? promised_places_ : promised_items_);
    admit();
  }

  // What was taken was sent: the cancellation comes after that.
  void cancelled(int who) override {
    if (fates_[who] == fate::taken)
      tell(who, nothing);
    end_silently(who, true);
  }

  void insert(int item) {
    items_.push_back(item);
    admit();
  }

  int take() {
    int item = items_.front();
    items_.pop_front();
    admit();
    return item;
  }

  void admit() {
    for (; !receivers_.empty() && has_item(); ++promised_items_)
      wake(take_first(receivers_));
    for (; !senders_.empty() && has_room(); ++promised_places_)
      wake(take_first(senders_));
    if (closed_ && items_.empty())
      turn_away(receivers_);
  }

  void turn_away(line& from) {
    for (; !from.empty(); wake(take_first(from)))
      fates_[from.front()] = fate::turned_away;
  }

  std::size_t capacity_;
  std::deque<int> items_;
  line senders_;
  line receivers_;
  std::size_t promised_items_ = 0;
  std::size_t promised_places_ = 0;
  std::map<int, fate> fates_;
  bool closed_ = false;
};

} // namespace models
