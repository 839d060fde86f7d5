#include "actors/coordinator.hpp"

#include <troupe/error.hpp>

namespace troupe::detail {

// -- an op --------------------------------------------------------------------

bool wait_op::request_cancel(const std::string&) {
  if (!owner_->take_out(*this))
    return false;
  answer_cancelled();
  return true;
}

void wait_op::give_back() {
  owner_->take_back(*this);
}

bool wait_op::retract() noexcept {
  return owner_->take_out(*this);
}

void wait_op::withdraw() noexcept {
  retract();
}

std::string wait_op::describe() const {
  return owner_->describe();
}

const task_base* wait_op::blocked_by() const noexcept {
  return owner_->blocker(*this, false);
}

const task_base* wait_op::waits_behind() const noexcept {
  return owner_->blocker(*this, true);
}

// A frame that is dropped may hold an answer that nobody took up.
void wait_op::end_wait() noexcept {
  if (state_ == wait_state::answered)
    owner_->take_back(*this);
  owner_->drop(exclusive());
}

// -- a coordinator ------------------------------------------------------------

coordinator::~coordinator() {
  if (actor_)
    drop_actor(actor_);
  if (loop_core* home = home_.load(std::memory_order_relaxed))
    home->release();
}

bool coordinator::take_out(wait_op& waiter) noexcept {
  turn mine{*this, !waiter.exclusive()};
  if (waiter.state_ != wait_state::in_line)
    return false;
  line_of(waiter).leave(waiter);
  waiter.state_ = wait_state::over;
  on_leave(waiter, mine);
  return true;
}

void coordinator::take_back(wait_op& waiter) noexcept {
  turn mine{*this, !waiter.exclusive()};
  if (waiter.state_ != wait_state::answered)
    return;
  waiter.state_ = wait_state::over;
  on_return(waiter, mine);
}

void coordinator::on_leave(wait_op&, turn&) noexcept {}

void coordinator::on_return(wait_op&, turn&) noexcept {}

const task_base* coordinator::blocker(const wait_op&, bool) const noexcept {
  return nullptr;
}

void coordinator::join(wait_line& line, wait_op& waiter) {
  loop_core* here = &waiter.task_->home();
  if (home() != here)
    throw error(errc::wrong_loop,
                text()
                  + " is bound to a different event loop, on which a task "
                    "waited for it; make one for each loop");
  bound_ = true;
  line.join(waiter);
  hold(waiter.exclusive());
}

// -- whose it is --------------------------------------------------------------

// Whoever comes first binds the coordinator to a loop. The next loop may have
// it when the one before does not run, unless somebody waited there: as in
// asyncio.
bool coordinator::enter_first(loop_core* here) const {
  loop_core* home = this->home();
  if (!here) {
    if (home && home->exclusive() && home->running())
      throw error(errc::wrong_thread,
                  describe()
                    + " was used from a foreign thread while its loop "
                      "runs; use loop.call_soon_threadsafe()");
    return true;
  }
  if (home && home != here && home->running())
    throw error(errc::wrong_loop,
                describe()
                  + " is in use by a different event loop, which runs; "
                    "make one for each loop");
  turn mine{*this, true};
  home = this->home();
  if (home != here && !bound_) {
    here->retain();
    home_.store(here, std::memory_order_release);
    if (home)
      home->release();
  }
  return !here->exclusive();
}

void coordinator::last_handle_gone() noexcept {
  loop_core* home = home_.load(std::memory_order_relaxed);
  if (home && home->exclusive() && !home->here()) {
    // What is held is counted by the loop's thread.
    class farewell final : public job {
    public:
      explicit farewell(coordinator& left) noexcept : left_(left) {}

      void run() override {
        left_.last_handle_gone();
        delete this;
      }

    private:
      coordinator& left_;
    };
    auto* request = new farewell(*this);
    if (home->try_inject(*request))
      return;
    delete request;
  }
  if (held_ == 0)
    delete this;
  else
    orphan_ = true;
}

// -- looking ------------------------------------------------------------------

bool coordinator::shared() const noexcept {
  loop_core* home = this->home();
  return !home || !home->exclusive();
}

std::string coordinator::describe() const {
  turn mine{*this, shared()};
  return text();
}

std::string coordinator::text_of(const char* kind,
                                 const std::string& state) const {
  return '<' + title_of(kind, name_) + ' ' + state + '>';
}

std::string coordinator::title_of(const char* kind, std::string_view name) {
  std::string title = kind;
  if (!name.empty())
    title.append(" '").append(name) += '\'';
  return title;
}

std::string coordinator::count_of(std::size_t count, const char* what) {
  return count == 0 ? std::string{} : ", " + std::to_string(count) + ' ' + what;
}

} // namespace troupe::detail
