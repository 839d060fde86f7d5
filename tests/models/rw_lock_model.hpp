#pragma once

#include "models/model.hpp"

namespace models {

// Readers and writers stand in one line, and the first goes on as soon as it
// may. It holds the lock from then, also if it has not gone on.
class rw_lock_model : public model {
public:
  explicit rw_lock_model(int) {}

  int call(step what) override {
    switch (what.what) {
      case word::try_read:
      case word::try_write: {
        bool writes = what.what == word::try_write;
        if (!line_.empty() || !is_free_for(writes))
          return no;
        hold(writes);
        return yes;
      }
      case word::release_read:
        if (readers_ == 0)
          return refused;
        break;
      default:
        if (!writing_)
          return refused;
    }
    release(what.what == word::release_write);
    return nothing;
  }

  view look() const override {
    long writers = std::count_if(line_.begin(), line_.end(),
                                 [this](int who) { return writes(who); });
    return {readers_, writing_, static_cast<long>(line_.size()) - writers,
            writers};
  }

private:
  bool writes(int who) const {
    return asks(who).what == word::write;
  }

  bool is_free_for(bool writes) const {
    return !writing_ && (!writes || readers_ == 0);
  }

  void hold(bool writes) {
    writes ? writing_ = true : ++readers_;
  }

  // Somebody else may have released it meanwhile.
  void release(bool writes) {
    if (writes)
      writing_ = false;
    else if (readers_ > 0)
      --readers_;
    admit();
  }

  void admit() {
    while (!line_.empty() && is_free_for(writes(line_.front()))) {
      hold(writes(line_.front()));
      wake(take_first(line_));
    }
  }

  void ask(int who) override {
    if (line_.empty() && is_free_for(writes(who))) {
      hold(writes(who));
      end(who, nothing);
    } else {
      line_.push_back(who);
      wait(who);
    }
  }

  void go_on(int who) override {
    end(who, nothing);
  }

  void leave(int who) override {
    remove(line_, who);
    admit();
  }

  void give_back(int who) override {
    release(writes(who));
  }

  line line_;
  long readers_ = 0;
  bool writing_ = false;
};

} // namespace models
