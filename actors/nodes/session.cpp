#include "actors/nodes/session.hpp"

#include <troupe/error.hpp>

#include "actors/nodes/frames.hpp"

namespace troupe::detail {

std::shared_ptr<exhibit> node_state::find(std::string_view name) const {
  std::lock_guard lock{mutex};
  auto found = published.find(name);
  return found == published.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<session>> node_state::all_sessions() const {
  std::lock_guard lock{mutex};
  std::vector<std::shared_ptr<session>> all;
  for (const auto& [number, each] : sessions)
    all.push_back(each);
  return all;
}

session::session(std::shared_ptr<node_state> node,
                 std::shared_ptr<node_link> link, role mine)
  : node_(std::move(node)), link_(std::move(link)), role_(mine),
    last_heard_(node_->home->now()), last_sent_(node_->home->now()),
    born_(node_->home->now()),
    nonce_(node_->me ? random_bytes(32) : std::string{}),
    agreed_(*node_->home) {}

// -- what comes ---------------------------------------------------------------

void session::on_bytes(std::string bytes) {
  last_heard_.store(node_->home->now(), std::memory_order_relaxed);
  arrive({std::move(bytes), false});
}

void session::on_lost(std::string why) {
  arrive({std::move(why), true});
}

void session::arrive(arrival what) {
  {
    std::lock_guard lock{inbox_mutex_};
    inbox_.push_back(std::move(what));
    if (std::exchange(draining_, true))
      return;
  }
  drain_soon();
}

// A callback, so that a simulation knows whose it is.
void session::drain_soon() {
  auto drain = [self = shared_from_this()] {
    self->drain();
  };
  auto* item
    = new callback_of<decltype(drain)>(*node_->home, {}, std::move(drain));
  item->context = node_->in.state();
  if (!node_->home->try_inject(*item))
    item->release();
}

void session::drain() {
  std::vector<arrival> batch;
  {
    std::lock_guard lock{inbox_mutex_};
    batch.swap(inbox_);
  }
  for (arrival& what : batch) {
    if (lost())
      break;
    if (what.lost) {
      end(std::move(what.bytes));
      break;
    }
    try {
      handle(what.bytes);
    } catch (const std::exception& problem) {
      reject(problem.what());
    }
  }
  {
    std::lock_guard lock{inbox_mutex_};
    if (inbox_.empty()) {
      draining_ = false;
      return;
    }
  }
  drain_soon(); // others have a turn in between
}

void session::handle(const std::string& bytes) {
  if (bytes.size() > node_->max_message)
    throw_bad_message("it is longer than max_message");
  wire_reader in{bytes};
  auto kind = in.number<frame>();
  bool agreed;
  {
    std::lock_guard lock{mutex_};
    agreed = agreed_already_;
  }
  if (!agreed) {
    bool caller = role_ == role::caller;
    if (kind == frame::hello && !caller)
      return on_hello(in);
    if (kind == frame::welcome && caller)
      return on_welcome(in);
    if (kind == frame::proof && !caller)
      return on_proof(in);
    if (kind == frame::ready && caller && !peer_name().empty())
      return agree();
    if (kind == frame::refuse)
      return on_refuse(in);
    if (kind == frame::bye)
      return end(in.text());
    throw_bad_message("it comes before the handshake");
  }
  switch (kind) {
    case frame::ping:
      return;
    case frame::request:
      return on_request(in);
    case frame::answer:
      return on_answer(in);
    case frame::cancel:
      return on_cancel(in);
    case frame::tell:
      return on_tell(in, false);
    case frame::undo:
      return on_tell(in, true);
    case frame::release:
      return on_release(in);
    case frame::bye:
      return end(in.text());
    default:
      throw_bad_message("it is of no known kind");
  }
}

void session::send(std::string bytes) {
  last_sent_.store(node_->home->now(), std::memory_order_relaxed);
  link_->send(std::move(bytes));
}

// -- the end ------------------------------------------------------------------

void session::leave(std::string why) {
  send(make_frame(frame::bye, why));
  end(std::move(why));
}

void session::give_up(std::string why) {
  break_off_if_silent();
  end(std::move(why));
}

// Whoever connects again after this is to get a connection that works.
void session::break_off_if_silent() {
  if (node_->home->now() - last_heard_.load() > node_->loss_limit.count())
    link_->break_off();
}

void session::reject(std::string why) {
  {
    std::lock_guard lock{mutex_};
    refused_ = !agreed_already_;
  }
  end(std::move(why));
}

void session::end(std::string why) {
  decltype(pending_) pending;
  decltype(servants_) servants;
  decltype(grants_) grants;
  decltype(watchers_) watchers;
  {
    std::lock_guard lock{mutex_};
    if (std::exchange(ended_, true))
      return;
    why_ = why;
    pending.swap(pending_);
    servants = servants_; // they still finish
    grants.swap(grants_);
    watchers.swap(watchers_);
  }
  auto self = shared_from_this();
  link_->close();
  set_unless_done(agreed_, why.empty() ? std::string{"it is lost"} : why);
  for (auto& [number, question] : pending)
    set_unless_done(question.answer, make_text(status::lost, why));
  for (auto& [number, servant] : servants)
    if (servant.task)
      servant.task.cancel();
  for (auto& [number, give_back] : grants)
    give_back();
  for (auto& watcher : watchers)
    set_unless_done(watcher);
  std::lock_guard lock{node_->mutex};
  node_->sessions.erase(number_);
  auto guest = node_->guests.find(guest_);
  if (!guest_.empty() && --guest->second == 0)
    node_->guests.erase(guest);
}

std::string session::peer_name() const {
  std::lock_guard lock{mutex_};
  return peer_;
}

bool session::lost() const {
  std::lock_guard lock{mutex_};
  return ended_;
}

bool session::refused() const {
  std::lock_guard lock{mutex_};
  return refused_;
}

std::string session::why_lost() const {
  std::lock_guard lock{mutex_};
  return why_;
}

future<void> session::when_lost() {
  future<void> told{*node_->home};
  std::lock_guard lock{mutex_};
  if (ended_)
    set_unless_done(told);
  else
    watchers_.push_back(told);
  return told;
}

void session::throw_lost() const {
  std::lock_guard lock{mutex_};
  throw node_lost_error(peer_, "node '" + peer_ + "' is lost: " + why_);
}

// -- the watch ----------------------------------------------------------------

void session::watch() {
  auto pause = node_->heartbeat / 4;
  std::int64_t due = node_->home->now() + pause.count();
  event_loop{*node_->home}.call_later(pause, [weak = weak_from_this(), due] {
    if (auto self = weak.lock())
      self->tick(due);
  });
}

void session::tick(std::int64_t due) {
  if (lost())
    return;
  std::int64_t now = node_->home->now();
  std::int64_t beat = node_->heartbeat.count();
  std::int64_t limit = node_->loss_limit.count();
  // If we were held up ourselves, what the peer sent may just wait for us.
  if (now - due > beat)
    last_heard_.store(std::max(last_heard_.load(), now - limit + beat));
  bool agreed;
  bool shows_life;
  {
    std::lock_guard lock{mutex_};
    agreed = agreed_already_;
    shows_life = agreed || proved_;
  }
  if (!agreed && now - born_ > node_->handshake_limit.count()) {
    break_off_if_silent();
    return leave("the handshake took too long");
  }
  // Before, the other end has no reason to show life.
  std::int64_t silence = now - last_heard_.load();
  if (agreed && silence > limit) {
    link_->break_off();
    return end("nothing was heard of it for "
               + std::to_string(silence / 1'000'000) + " ms");
  }
  if (shows_life && now - last_sent_.load() >= beat)
    send(make_frame(frame::ping));
  watch();
}

} // namespace troupe::detail
