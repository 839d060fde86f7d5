#include <troupe/remote.hpp>

namespace troupe {

namespace {

// Takes up a grant; gives it back at once if nobody can have it any more.
detail::remote_grant take_up(const peer& there,
                             const detail::peer_answer& answer,
                             std::uint64_t token) {
  detail::remote_grant grant{there, answer.number, token};
  if (answer.late)
    detail::throw_late(answer); // and the grant goes back
  return grant;
}

[[noreturn]] void throw_not_held(const char* what) {
  throw error(errc::not_acquired,
              std::string{"release of "} + what
                + ", which was not acquired through this handle or was "
                  "released before; release it once for each acquire");
}

template <class Guards>
void release_first(Guards& guards, const char* what) {
  if (guards.empty())
    throw_not_held(what);
  auto first = std::move(guards.front());
  guards.erase(guards.begin());
}

coro<remote_lock_guard> lock_at(peer there, coro<detail::peer_answer> asking) {
  detail::peer_answer answer = co_await std::move(asking);
  auto token = detail::from_wire<std::uint64_t>(answer.bytes);
  co_return remote_lock_guard{take_up(there, answer, token)};
}

coro<std::optional<remote_lock_guard>>
try_lock_at(peer there, coro<detail::peer_answer> asking) {
  detail::peer_answer answer = co_await std::move(asking);
  auto token = detail::from_wire<std::uint64_t>(answer.bytes);
  std::optional<remote_lock_guard> held;
  if (token != 0)
    held.emplace(take_up(there, answer, token));
  else if (answer.late)
    detail::throw_late(answer);
  co_return held;
}

template <class Guards>
coro<std::uint64_t> keep_lock(coro<remote_lock_guard> locking,
                              std::shared_ptr<Guards> held) {
  remote_lock_guard guard = co_await std::move(locking);
  std::uint64_t token = guard.token();
  held->push_back(std::move(guard));
  co_return token;
}

coro<remote_semaphore_guard> permit_at(peer there,
                                       coro<detail::peer_answer> asking) {
  detail::peer_answer answer = co_await std::move(asking);
  co_return remote_semaphore_guard{take_up(there, answer, 0)};
}

template <class Guards>
coro<bool> keep_permit(coro<remote_semaphore_guard> taking,
                       std::shared_ptr<Guards> held) {
  remote_semaphore_guard guard = co_await std::move(taking);
  held->push_back(std::move(guard));
  co_return true;
}

} // namespace

coro<void> detail::check_kind(peer there, std::string name, std::string kind) {
  peer_answer answer = co_await ask_peer(there.session(), name, 0, {});
  if (answer.late)
    throw_late(answer);
  if (answer.bytes != kind)
    throw error(errc::not_published, "'" + name + "' on node '" + there.name()
                                       + "' is a " + answer.bytes + ", not a "
                                       + kind);
}

// -- lock ---------------------------------------------------------------------

void remote_lock_guard::release() {
  if (grant_.released())
    throw_not_held("a remote_lock_guard");
  grant_.release();
}

coro<remote_lock_guard> remote_lock::scoped() const {
  return lock_at(peer_, ask(detail::lock_verb::acquire));
}

coro<std::optional<remote_lock_guard>> remote_lock::try_scoped() const {
  return try_lock_at(peer_, ask(detail::lock_verb::try_acquire));
}

coro<std::uint64_t> remote_lock::acquire() {
  return keep_lock(scoped(), held_);
}

void remote_lock::release() {
  release_first(*held_, "a remote lock");
}

coro<bool> remote_lock::locked() const {
  return look<bool>(*this, detail::lock_verb::locked);
}

// -- semaphore ----------------------------------------------------------------

void remote_semaphore_guard::release() {
  if (grant_.released())
    throw_not_held("a remote_semaphore_guard");
  grant_.release();
}

coro<remote_semaphore_guard> remote_semaphore::scoped() const {
  return permit_at(peer_, ask(detail::semaphore_verb::acquire));
}

coro<bool> remote_semaphore::acquire() {
  return keep_permit(scoped(), held_);
}

void remote_semaphore::release() {
  if (held_->empty())
    tell(detail::semaphore_verb::release);
  else
    release_first(*held_, "a remote semaphore");
}

coro<bool> remote_semaphore::locked() const {
  return look<bool>(*this, detail::semaphore_verb::locked);
}

// -- event --------------------------------------------------------------------

coro<bool> remote_event::wait() const {
  return look<bool>(*this, detail::event_verb::wait);
}

void remote_event::set() const {
  tell(detail::event_verb::set);
}

void remote_event::clear() const {
  tell(detail::event_verb::clear);
}

coro<bool> remote_event::is_set() const {
  return look<bool>(*this, detail::event_verb::is_set);
}

} // namespace troupe
