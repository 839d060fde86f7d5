#include <troupe/detail/stand_in.hpp>
#include <troupe/error.hpp>
#include <troupe/timeout.hpp>

#include "actors/nodes/frames.hpp"
#include "actors/nodes/session.hpp"

// What we ask of a peer, and its answers.

namespace troupe::detail {

namespace {

[[noreturn]] void throw_failure(wire_reader& in, const std::string& peer) {
  auto kind = in.number<family>();
  int code = in.number<std::int32_t>();
  std::string text = in.text() + " (on node '" + peer + "')";
  if (kind == family::system)
    throw std::system_error(code, std::generic_category(), text);
  if (kind != family::troupe)
    throw remote_error(text);
  switch (static_cast<errc>(code)) {
    case errc::queue_shut_down:
      throw queue_shut_down(text);
    case errc::timeout:
      throw timeout_error(text);
    case errc::invalid_state:
      throw invalid_state_error(text);
    case errc::broken_barrier:
      throw broken_barrier_error(text);
    case errc::actor_ended:
      throw actor_ended_error(text);
    case errc::no_answer:
      throw no_answer_error(text);
    case errc::mailbox_full:
      throw mailbox_full_error(text);
    case errc::exit_signalled:
      throw exit_error(text);
    default:
      throw error(static_cast<errc>(code), text);
  }
}

} // namespace

session::question session::ask(std::string_view name, std::uint8_t verb,
                               std::string_view payload) {
  question mine{0, future<std::string>{*node_->home}};
  {
    std::unique_lock lock{mutex_};
    if (ended_) {
      lock.unlock();
      throw_lost();
    }
    mine.number = ++last_number_;
    pending_.emplace(mine.number, pending{mine.answer, {}, false});
  }
  std::string bytes;
  wire_writer to{bytes};
  to.number(frame::request);
  to.number(mine.number);
  to.text(name);
  to.number(verb);
  bytes += payload;
  send(std::move(bytes));
  return mine;
}

bool session::ask_to_cancel(std::uint64_t number, future<std::string>& next,
                            std::string& answer, bool first) {
  next = future<std::string>{*node_->home};
  {
    std::lock_guard lock{mutex_};
    auto found = pending_.find(number);
    if (found == pending_.end()) {
      answer = make_text(status::lost, why_);
      return false;
    }
    if (!found->second.late.empty()) {
      answer = std::move(found->second.late);
      pending_.erase(found);
      return false;
    }
    found->second.answer = next;
  }
  if (first)
    send(make_frame(frame::cancel, number));
  return true;
}

void session::leave_question(std::uint64_t number) {
  {
    std::lock_guard lock{mutex_};
    auto found = pending_.find(number);
    if (found == pending_.end())
      return;
    if (!found->second.late.empty()) {
      pending_.erase(found);
      return;
    }
    found->second.left = true; // until the peer has answered
  }
  send(make_frame(frame::cancel, number));
}

void session::on_answer(wire_reader& in) {
  auto number = in.number<std::uint64_t>();
  future<std::string> waiting;
  {
    std::lock_guard lock{mutex_};
    auto found = pending_.find(number);
    if (found == pending_.end())
      throw_bad_message("it answers what was not asked");
    if (found->second.left) {
      pending_.erase(found);
      return;
    }
    if (found->second.answer.done()) { // cancelled
      found->second.late = in.rest();
      return;
    }
    waiting = found->second.answer;
    // Between this look and the next line it may be cancelled, by another
    // worker. So the answer stays until somebody has it.
    found->second.late = in.rest();
  }
  set_unless_done(waiting, std::string{in.rest()});
  std::lock_guard lock{mutex_};
  auto found = pending_.find(number);
  if (found != pending_.end() && !waiting.cancelled())
    pending_.erase(found);
}

std::string session::open_answer(const std::string& answer) const {
  wire_reader in{answer};
  switch (in.number<status>()) {
    case status::done:
      return std::string{in.rest()};
    case status::failed:
      throw_failure(in, peer_name());
    case status::cancelled:
      throw cancelled_error(in.text());
    default:
      throw_lost();
  }
}

void session::tell(std::string_view name, std::uint8_t verb,
                   std::string_view payload) {
  if (lost())
    throw_lost();
  std::string bytes;
  wire_writer to{bytes};
  to.number(frame::tell);
  to.text(name);
  to.number(verb);
  bytes += payload;
  send(std::move(bytes));
}

void session::undo(std::string_view name, std::uint8_t verb,
                   std::string_view payload) {
  std::string bytes;
  wire_writer to{bytes};
  to.number(frame::undo);
  to.text(name);
  to.number(verb);
  bytes += payload;
  send(std::move(bytes));
}

void session::release(std::uint64_t number) {
  send(make_frame(frame::release, number));
}

coro<peer_answer> ask_peer(std::shared_ptr<session> peer, std::string name,
                           std::uint8_t verb, std::string payload) {
  session::question mine = peer->ask(name, verb, payload);
  payload = {};
  peer_answer result;
  result.number = mine.number;
  std::string answer;
  bool cancelled = false;
  for (bool waiting = true; waiting;) {
    try {
      answer = co_await mine.answer;
      waiting = false;
    } catch (const cancelled_error& stop) {
      if (!cancelled)
        result.message = stop.message();
    }
    if (!waiting)
      break;
    if (!mine.answer.cancel() && !mine.answer.cancelled()) {
      // It had come when the task was cancelled.
      answer = mine.answer.result();
      cancelled = true;
      break;
    }
    waiting = peer->ask_to_cancel(mine.number, mine.answer, answer, !cancelled);
    cancelled = true;
  }
  if (cancelled) {
    auto how = static_cast<status>(answer.at(0));
    if (how != status::done)
      throw cancelled_error(result.message);
    result.late = true;
  }
  result.bytes = peer->open_answer(answer);
  co_return result;
}

namespace {

struct question_scope {
  session& peer;
  std::uint64_t number;

  ~question_scope() {
    peer.leave_question(number);
  }
};

} // namespace

coro<std::string> ask_or_leave(std::shared_ptr<session> peer, std::string name,
                               std::uint8_t verb, std::string payload,
                               time_limit limit) {
  session::question mine = peer->ask(name, verb, payload);
  payload = {};
  question_scope asked{*peer, mine.number};
  std::string answer;
  try {
    if (limit)
      answer = co_await wait_for(mine.answer, limit);
    else
      answer = co_await mine.answer;
  } catch (const timeout_error&) {
    throw timeout_error("ask of '" + name + "' on node '" + peer->peer_name()
                        + "': no answer in time");
  }
  co_return peer->open_answer(answer);
}

void tell_peer(session& peer, std::string_view name, std::uint8_t verb,
               std::string_view payload) {
  peer.tell(name, verb, payload);
}

void undo_at_peer(session& peer, std::string_view name, std::uint8_t verb,
                  std::string_view payload) {
  if (!peer.lost())
    peer.undo(name, verb, payload);
}

void release_at_peer(session& peer, std::uint64_t number) noexcept {
  if (!peer.lost())
    peer.release(number);
}

void throw_late(const peer_answer& answer) {
  throw cancelled_error(answer.message);
}

void cancel_later(const peer_answer& answer) {
  any_task me = current_task();
  me.uncancel();
  me.cancel(answer.message);
}

void throw_bad_message(const char* what) {
  throw error(errc::bad_message,
              std::string{"a message of another node makes no sense: "} + what);
}

} // namespace troupe::detail
