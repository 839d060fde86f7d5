#include <troupe/detail/message.hpp>

#include "actors/inbox.hpp"
#include "actors/task_actor.hpp"
#include "runtime/trace.hpp"

namespace troupe::detail {

bool same_type(const message_type& x, const message_type& y) noexcept {
  if (x.count != y.count)
    return false;
  for (std::size_t i = 0; i < x.count; ++i)
    if (*x.values[i]->id != *y.values[i]->id)
      return false;
  return true;
}

std::string text_of(const message_type& x) {
  std::string text = "(";
  for (std::size_t i = 0; i < x.count; ++i) {
    text += i > 0 ? ", " : "";
    text += *x.values[i]->id == typeid(std::string)
            ? "std::string"
            : type_name(*x.values[i]->id);
  }
  return text + ')';
}

// -- messages -----------------------------------------------------------------

bool message::is_like(const message_type& wanted) const noexcept {
  return type && same_type(*type, wanted);
}

std::string message::text() const {
  return type ? text_of(*type) : "(of CAF)";
}

void request::discard() noexcept {
  fail(std::make_exception_ptr(
    no_answer_error("the request " + text()
                    + " was dropped without an answer; answer each "
                      "request, or keep its reply until you do")));
}

void local_request::answer(const value_type* given, void* value) noexcept {
  const value_type* wanted = result_type();
  if (!wanted) {
    take(nullptr); // whoever asks for nothing takes anything
  } else if (given && *given->id == *wanted->id) {
    try {
      take(value);
    } catch (...) {
      problem = std::current_exception();
    }
  } else {
    const value_type* types[] = {given, wanted};
    problem = std::make_exception_ptr(no_answer_error(
      "the request " + text() + " was answered with "
      + (given ? text_of(message_type{types, 1}) : "nothing") + ", but "
      + text_of(message_type{types + 1, 1}) + " was asked for"));
  }
  send_back();
}

void local_request::fail(std::exception_ptr what) noexcept {
  problem = std::move(what);
  send_back();
}

void local_request::send_back() noexcept {
  ref<future_core> to = std::move(asker);
  loop_core& home = to->home();
  if (this_worker && &this_worker->home == &home && home.dropping()) {
    delete this;
    return;
  }
  what = message_kind::answer;
  static_cast<task_base&>(*to).deliver(*this);
}

// -- addresses ----------------------------------------------------------------

std::string describe(const address& x) {
  if (x.task)
    return static_cast<const task_base&>(*x.task).name();
  return x.other ? x.other->describe() : "nobody";
}

std::string sender_name(loop_core& home, const message& what) {
  if (what.sender == 0)
    return "somebody else";
  auto task = home.find_task(what.sender);
  return task ? static_cast<const task_base&>(*task).name()
              : "Task-" + std::to_string(what.sender);
}

void post(const address& to, message& what) {
  if (to.task)
    static_cast<task_base&>(*to.task).deliver(what);
  else if (to.other)
    to.other->tell(what);
  else
    what.discard();
}

void count_dead_letter(loop_core& home, const message& what,
                       const std::string& receiver) noexcept {
  constexpr std::int64_t interval = 1'000'000'000;
  auto& dead = home.dead_letters;
  auto all = dead.all.fetch_add(1, std::memory_order_relaxed) + 1;
  std::int64_t now = home.now();
  std::int64_t next = dead.next_report.load(std::memory_order_relaxed);
  if ((next != 0 && now < next)
      || !dead.next_report.compare_exchange_strong(next, now + interval,
                                                   std::memory_order_relaxed))
    return;
  auto before = dead.reported.exchange(all, std::memory_order_relaxed);
  home.report({.message = std::to_string(all - before)
                        + " message(s) to actors that have ended were "
                          "dropped; the last, "
                        + what.text() + " from " + sender_name(home, what)
                        + ", was for " + receiver});
}

} // namespace troupe::detail
