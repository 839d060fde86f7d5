#pragma once

#include <troupe/caf.hpp>
#include <troupe/loop.hpp>

#include <caf/event_based_actor.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

// An actor that does what it is made with, and ends when it is sent a number.
class puppet : public caf::event_based_actor {
public:
  using play = std::function<void(puppet&)>;

  puppet(caf::actor_config& config, play begin)
    : event_based_actor(config), begin_(std::move(begin)) {}

  caf::behavior make_behavior() override {
    begin_(*this);
    return {[this](int) {
      quit();
    }};
  }

  // Asks, and goes on when the answer is there.
  template <class... Ask>
  void ask_for(const caf::actor& whom, std::function<void()> next,
               Ask... what) {
    request(whom, caf::infinite, std::move(what)...)
      .then(std::move(next),
            [this](const caf::error& why) { note_error(why); });
  }

  void note_error(const caf::error& why) {
    errors.push_back(system().render(why));
  }

  std::vector<std::string> errors;

private:
  play begin_;
};

inline caf::actor play(puppet::play begin) {
  return troupe::system_of(troupe::get_running_loop())
    .spawn<puppet>(std::move(begin));
}
