// What each coordinator understands as messages of CAF.

#include <troupe/barrier.hpp>
#include <troupe/caf.hpp>
#include <troupe/condition.hpp>
#include <troupe/error.hpp>
#include <troupe/event.hpp>
#include <troupe/lock.hpp>
#include <troupe/rate_limiter.hpp>
#include <troupe/rw_lock.hpp>
#include <troupe/semaphore.hpp>

#include <mutex>

namespace troupe {

namespace detail {

// -- what an actor holds ------------------------------------------------------

bool holdings::add(std::shared_ptr<void> held) {
  std::lock_guard guard{busy_};
  if (closed_)
    return false;
  held_.push_back(std::move(held));
  return true;
}

std::shared_ptr<void> holdings::take() noexcept {
  std::lock_guard guard{busy_};
  if (held_.empty())
    return nullptr;
  std::shared_ptr<void> first = std::move(held_.front());
  held_.erase(held_.begin());
  return first;
}

bool holdings::empty() const noexcept {
  std::lock_guard guard{busy_};
  return held_.empty();
}

void holdings::close() noexcept {
  std::vector<std::shared_ptr<void>> dropped; // after the lock
  std::lock_guard guard{busy_};
  closed_ = true;
  dropped.swap(held_);
}

namespace {

template <class T>
bool is(const caf::message& request) {
  return request.match_elements<T>();
}

// The number after the verb.
template <class T>
bool is_counted(const caf::message& request) {
  return request.match_elements<T, std::uint64_t>();
}

std::size_t count_in(const caf::message& request) {
  return static_cast<std::size_t>(request.get_as<std::uint64_t>(1));
}

// A plain call, and an answer without a value.
template <class F>
answering after(F call) {
  call();
  co_return caf::message{};
}

// Awaits an op, and keeps the guard that it gives for the actor.
template <class Op>
answering keep_guard(Op granted, holdings_ptr mine) {
  auto guard = co_await std::move(granted);
  auto kept = std::make_shared<decltype(guard)>(std::move(guard));
  mine->add(std::move(kept));
  co_return caf::message{};
}

// Gives back what the actor acquired first; `otherwise` if that is nothing.
template <class Guard, class F>
answering give_back(holdings_ptr mine, F otherwise) {
  if (auto kept = mine->take())
    static_cast<Guard*>(kept.get())->release();
  else
    otherwise();
  co_return caf::message{};
}

template <class Op>
answering wait_for_op(Op pending) {
  static_cast<void>(co_await std::move(pending));
  co_return caf::message{};
}

// -- the doors ----------------------------------------------------------------

class lock_door final : public door {
public:
  explicit lock_door(const lock& x) : lock_(x) {}

  std::optional<answering> open(caf::message& request,
                                holdings_ptr mine) override {
    if (is<messages::acquire>(request))
      return keep_guard(lock_.scoped(), std::move(mine));
    if (is<messages::release>(request))
      return give_back<lock_guard>(std::move(mine),
                                   [x = lock_]() mutable { x.release(); });
    return std::nullopt;
  }

private:
  lock lock_;
};

class semaphore_door final : public door {
public:
  explicit semaphore_door(const semaphore& x) : permits_(x) {}

  std::optional<answering> open(caf::message& request,
                                holdings_ptr mine) override {
    if (is<messages::acquire>(request))
      return keep_guard(permits_.scoped(), std::move(mine));
    if (is<messages::release>(request))
      return give_back<semaphore_guard>(
        std::move(mine), [x = permits_]() mutable { x.release(); });
    return std::nullopt;
  }

private:
  semaphore permits_;
};

class rw_lock_door final : public door {
public:
  explicit rw_lock_door(const rw_lock& x) : lock_(x) {}

  std::optional<answering> open(caf::message& request,
                                holdings_ptr mine) override {
    if (is<messages::read>(request))
      return keep_guard(lock_.scoped_read(), std::move(mine));
    if (is<messages::write>(request))
      return keep_guard(lock_.scoped_write(), std::move(mine));
    if (is<messages::release>(request))
      return give_back<rw_lock_guard>(std::move(mine), [x = lock_] {
        throw error(errc::not_acquired,
                    "release of " + to_string(x)
                      + " by an actor that does not hold it; release it once "
                        "for each read and write");
      });
    return std::nullopt;
  }

private:
  rw_lock lock_;
};

class condition_door final : public door {
public:
  explicit condition_door(const condition& x) : changed_(x) {}

  std::optional<answering> open(caf::message& request,
                                holdings_ptr mine) override {
    if (is<messages::acquire>(request))
      return keep_guard(changed_.scoped(), std::move(mine));
    if (is<messages::release>(request))
      return give_back<lock_guard>(std::move(mine),
                                   [x = changed_]() mutable { x.release(); });
    if (is<messages::wait>(request))
      return wait_for_op(changed_.wait());
    if (is<messages::notify>(request))
      return after([x = changed_]() mutable { x.notify(); });
    if (is_counted<messages::notify>(request))
      return after(
        [x = changed_, n = count_in(request)]() mutable { x.notify(n); });
    if (is<messages::notify_all>(request))
      return after([x = changed_]() mutable { x.notify_all(); });
    return std::nullopt;
  }

private:
  condition changed_;
};

answering tell_whether_set(event x) {
  co_return caf::make_message(x.is_set());
}

class event_door final : public door {
public:
  explicit event_door(const event& x) : event_(x) {}

  std::optional<answering> open(caf::message& request, holdings_ptr) override {
    if (is<messages::wait>(request))
      return wait_for_op(event_.wait());
    if (is<messages::set>(request))
      return after([x = event_]() mutable { x.set(); });
    if (is<messages::clear>(request))
      return after([x = event_]() mutable { x.clear(); });
    if (is<messages::is_set>(request))
      return tell_whether_set(event_);
    return std::nullopt;
  }

private:
  event event_;
};

answering wait_at_barrier(barrier x) {
  std::size_t place = co_await x.wait();
  co_return caf::make_message(static_cast<std::uint64_t>(place));
}

class barrier_door final : public door {
public:
  explicit barrier_door(const barrier& x) : barrier_(x) {}

  std::optional<answering> open(caf::message& request, holdings_ptr) override {
    if (is<messages::wait>(request))
      return wait_at_barrier(barrier_);
    if (is<messages::reset>(request))
      return after([x = barrier_]() mutable { x.reset(); });
    if (is<messages::abort>(request))
      return after([x = barrier_]() mutable { x.abort(); });
    return std::nullopt;
  }

private:
  barrier barrier_;
};

answering take_tokens(rate_limiter x, std::size_t count) {
  co_await x.acquire(count);
  co_return caf::message{};
}

class limiter_door final : public door {
public:
  explicit limiter_door(const rate_limiter& x) : limiter_(x) {}

  std::optional<answering> open(caf::message& request, holdings_ptr) override {
    if (is<messages::acquire>(request))
      return take_tokens(limiter_, 1);
    if (is_counted<messages::acquire>(request))
      return take_tokens(limiter_, count_in(request));
    return std::nullopt;
  }

private:
  rate_limiter limiter_;
};

answering join_queue(any_queue x) {
  co_await x.join();
  co_return caf::message{};
}

} // namespace

std::optional<answering> open_queue(const any_queue& items,
                                    caf::message& request) {
  if (is<messages::task_done>(request))
    return after([x = items]() mutable { x.task_done(); });
  if (is<messages::join>(request))
    return join_queue(items);
  if (is<messages::shutdown>(request))
    return after([x = items]() mutable { x.shutdown(); });
  if (request.match_elements<messages::shutdown, bool>())
    return after([x = items, now = request.get_as<bool>(1)]() mutable {
      x.shutdown(now);
    });
  return std::nullopt;
}

std::optional<answering> open_channel(const any_channel& items,
                                      caf::message& request) {
  if (is<messages::close>(request))
    return after([x = items]() mutable { x.close(); });
  return std::nullopt;
}

} // namespace detail

caf::actor lock::actor() const {
  return detail::actor_of(core(), std::make_unique<detail::lock_door>(*this));
}

caf::actor semaphore::actor() const {
  return detail::actor_of(core(),
                          std::make_unique<detail::semaphore_door>(*this));
}

caf::actor rw_lock::actor() const {
  return detail::actor_of(core(),
                          std::make_unique<detail::rw_lock_door>(*this));
}

caf::actor condition::actor() const {
  return detail::actor_of(core(),
                          std::make_unique<detail::condition_door>(*this));
}

caf::actor event::actor() const {
  return detail::actor_of(core(), std::make_unique<detail::event_door>(*this));
}

caf::actor barrier::actor() const {
  return detail::actor_of(core(),
                          std::make_unique<detail::barrier_door>(*this));
}

caf::actor rate_limiter::actor() const {
  return detail::actor_of(core(),
                          std::make_unique<detail::limiter_door>(*this));
}

} // namespace troupe
