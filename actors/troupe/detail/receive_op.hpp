#pragma once

#include <troupe/detail/message.hpp>
#include <troupe/detail/op.hpp>
#include <troupe/time_limit.hpp>

#include <optional>
#include <type_traits>

namespace troupe {

template <class R>
class reply;

} // namespace troupe

namespace troupe::detail {

class inbox_alarm;

// A wait for the mailbox that may have a limit.
class inbox_op : public op {
public:
  bool request_cancel(const std::string& message) final;
  void withdraw() noexcept final;

protected:
  friend class inbox;

  explicit inbox_op(time_limit limit) noexcept : limit_(limit) {}

  inbox_op(inbox_op&& other) noexcept
    : op(std::move(other)), limit_(other.limit_) {}

  ~inbox_op() {
    if (alarm_)
      drop_alarm();
  }

  // Waits from now on; called by `start`.
  void wait_at(class inbox& box);

  std::string limit_text() const;
  class inbox& box() const;

  time_limit limit_;
  bool over_ = false; // the time
  inbox_alarm* alarm_ = nullptr;
  std::uint64_t serial_ = 0;

private:
  void drop_alarm() noexcept;
};

// Waits for the first message that one of the types fits.
class receive_op_base : public inbox_op {
public:
  bool ready(frame_base& frame);
  bool start() override;
  std::string describe() const override;
  const task_base* waits_behind() const noexcept override;

protected:
  friend class inbox;

  receive_op_base(const message_type* const* wanted, std::size_t count,
                  time_limit limit) noexcept
    : inbox_op(limit), wanted_(wanted), count_(count) {}

  receive_op_base(receive_op_base&&) noexcept = default;

  ~receive_op_base() {
    if (got_)
      give_up();
  }

  // The message; null if the time is over.
  message* finish();

  const message_type* const* wanted_; // null: any
  std::size_t count_;
  message* got_ = nullptr;
  std::size_t which_ = 0;

private:
  bool fits(const message& x) noexcept;
  void give_up() noexcept;
};

// Frees a message, and answers a request that nobody answered.
class message_holder {
public:
  explicit message_holder(message* held) noexcept : held_(held) {}

  message_holder(message_holder&& other) noexcept : held_(other.detach()) {}

  ~message_holder() {
    if (held_)
      held_->discard();
  }

  message_holder& operator=(message_holder&&) = delete;

  explicit operator bool() const noexcept {
    return held_ != nullptr;
  }

  message& operator*() const noexcept {
    return *held_;
  }

  message* detach() noexcept {
    return std::exchange(held_, nullptr);
  }

private:
  message* held_;
};

// -- handlers -----------------------------------------------------------------

template <class R, class First, class... Args>
struct handler_shape {
  using result = R;
  using reply_type = void;
  using values = std::tuple<stored_t<First>, stored_t<Args>...>;
};

template <class R, class X, class... Args>
struct handler_shape<R, reply<X>, Args...> {
  using result = R;
  using reply_type = reply<X>;
  using values = std::tuple<stored_t<Args>...>;
};

template <class F>
struct handler_traits : handler_traits<decltype(&F::operator())> {};

template <class R, class... Args>
struct handler_traits<R (*)(Args...)> : handler_shape<R, Args...> {};

template <class R, class... Args>
struct handler_traits<R (*)(Args...) noexcept> : handler_shape<R, Args...> {};

template <class R>
struct handler_traits<R (*)()> {
  using result = R;
  using reply_type = void;
  using values = std::tuple<>;
};

template <class R, class C, class... Args>
struct handler_traits<R (C::*)(Args...)> : handler_traits<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct handler_traits<R (C::*)(Args...) const>
  : handler_traits<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct handler_traits<R (C::*)(Args...) noexcept>
  : handler_traits<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct handler_traits<R (C::*)(Args...) const noexcept>
  : handler_traits<R (*)(Args...)> {};

// Copies the values of a message of CAF.
template <class... Ts, std::size_t... Is>
std::tuple<Ts...> copied_values(const message& from, std::tuple<Ts...>*,
                                std::index_sequence<Is...>) {
  return std::tuple<Ts...>{*static_cast<const Ts*>(from.value(Is))...};
}

template <class... Ts>
constexpr bool all_copied(std::tuple<Ts...>*) {
  return (std::is_copy_constructible_v<Ts> && ...);
}

// Calls a handler with the values, and answers with its result.
template <class F, class Values>
void call_handler(F& handler, message_holder& held, Values& values) {
  using traits = handler_traits<F>;
  using result = typename traits::result;
  using reply_type = typename traits::reply_type;
  if constexpr (!std::is_void_v<reply_type>) {
    reply_type handle{(*held).asked() ? (*held).asked() : nullptr};
    auto own = std::move(values);
    if ((*held).asked())
      held.detach();
    std::apply(
      [&](auto&... xs) { handler(std::move(handle), std::move(xs)...); }, own);
  } else if constexpr (std::is_void_v<result>) {
    std::apply([&](auto&... xs) { handler(std::move(xs)...); }, values);
    if (request* asked = (*held).asked()) {
      held.detach();
      asked->answer(nullptr, nullptr);
    }
  } else {
    using kept = stored_t<result>;
    kept got = std::apply(
      [&](auto&... xs) -> kept { return handler(std::move(xs)...); }, values);
    if (request* asked = (*held).asked()) {
      held.detach();
      asked->answer(&value_type_of<kept>, &got);
    }
  }
}

// Called in a catch handler: true if the exception became the answer.
bool answer_with_exception(message_holder& held) noexcept;

template <class F>
void handle_message(F& handler, message* taken) {
  using values = typename handler_traits<F>::values;
  message_holder held{taken};
  try {
    if (void* own = taken->tuple()) {
      call_handler(handler, held, *static_cast<values*>(own));
    } else if constexpr (all_copied(static_cast<values*>(nullptr))) {
      auto copies
        = copied_values(*taken, static_cast<values*>(nullptr),
                        std::make_index_sequence<std::tuple_size_v<values>>{});
      call_handler(handler, held, copies);
    }
  } catch (...) {
    if (!answer_with_exception(held))
      throw;
  }
}

template <class... Handlers>
inline const message_type* const wanted_by[sizeof...(Handlers)] = {&type_of(
  static_cast<typename handler_traits<Handlers>::values*>(nullptr))...};

template <class... Handlers>
class receive_op final : public receive_op_base {
public:
  template <class... Fs>
  explicit receive_op(time_limit limit, Fs&&... handlers)
    : receive_op_base(wanted_by<Handlers...>, sizeof...(Handlers), limit),
      handlers_(std::forward<Fs>(handlers)...) {}

  // False if the time is over.
  bool resume() {
    message* taken = finish();
    if (!taken)
      return false;
    call(taken, std::index_sequence_for<Handlers...>{});
    return true;
  }

private:
  template <std::size_t... Is>
  void call(message* taken, std::index_sequence<Is...>) {
    std::size_t which = which_;
    static_cast<void>(
      ((which == Is ? (handle_message(std::get<Is>(handlers_), taken), true)
                    : false)
       || ...));
  }

  std::tuple<Handlers...> handlers_;
};

template <class T>
inline const message_type* const wanted_value[1] = {&message_type_of<T>};

// Waits for a message of one value.
template <class T, bool Limited>
class receive_value_op final : public receive_op_base {
public:
  explicit receive_value_op(time_limit limit)
    : receive_op_base(wanted_value<T>, 1, limit) {}

  std::conditional_t<Limited, std::optional<T>, T> resume() {
    message* taken = finish();
    if constexpr (Limited)
      if (!taken)
        return std::nullopt;
    message_holder held{taken};
    void* own = taken->tuple();
    if constexpr (std::is_copy_constructible_v<T>) // others fit ours alone
      if (!own)
        return T(*static_cast<const T*>(taken->value(0)));
    return std::get<0>(std::move(*static_cast<std::tuple<T>*>(own)));
  }
};

// -- asking -------------------------------------------------------------------

// Sends a request and waits for its answer.
class ask_op_base : public inbox_op {
public:
  bool ready(frame_base& frame) noexcept;
  bool start() override;
  std::string describe() const override;
  const task_base* blocked_by() const noexcept override;
  const task_base* waits_behind() const noexcept override;

protected:
  friend class inbox;

  ask_op_base(address to, local_request* what, time_limit limit) noexcept
    : inbox_op(limit), to_(std::move(to)), request_(what) {}

  ask_op_base(ask_op_base&& other) noexcept
    : inbox_op(std::move(other)), to_(std::move(other.to_)),
      request_(std::exchange(other.request_, nullptr)) {}

  ~ask_op_base() {
    if (watches_)
      stop_watching();
    delete request_;
    delete got_;
  }

  // The answered request, or throws.
  local_request& finish();

  address to_;
  local_request* request_;       // not sent yet
  local_request* got_ = nullptr; // came back
  const local_request* sent_ = nullptr;
  bool watches_ = false; // monitors an actor of CAF until it answers

private:
  void stop_watching() noexcept;
};

template <class R>
class ask_op final : public ask_op_base {
public:
  ask_op(address to, local_request* what, time_limit limit) noexcept
    : ask_op_base(std::move(to), what, limit) {}

  R resume() {
    auto& answered = static_cast<request_for<R>&>(finish());
    if constexpr (!std::is_void_v<R>)
      return std::move(answered.result.get());
  }
};

} // namespace troupe::detail
