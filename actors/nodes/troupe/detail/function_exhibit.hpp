#pragma once

#include <troupe/detail/exhibits.hpp>

#include <tuple>

namespace troupe::detail {

// What a callable that returns a coroutine takes and gives.
template <class F>
struct signature_of;
template <class R, class... Args>
struct signature_of<coro<R> (*)(Args...)> {
  using type = R(std::decay_t<Args>...);
};
template <class C, class R, class... Args>
struct signature_of<coro<R> (C::*)(Args...)> {
  using type = R(std::decay_t<Args>...);
};
template <class C, class R, class... Args>
struct signature_of<coro<R> (C::*)(Args...) const> {
  using type = R(std::decay_t<Args>...);
};
template <class F>
  requires requires { &F::operator(); }
struct signature_of<F> : signature_of<decltype(&F::operator())> {};

template <class F>
concept has_signature = requires { typename signature_of<F>::type; };

enum class function_verb : std::uint8_t { call = 1 };

template <class R, class... Args>
struct kind_of<R(Args...)> {
  static std::string text() {
    return "function from " + wire_name_of<std::tuple<Args...>>() + " to "
         + wire_name_of<R>();
  }
};

template <class F, class Signature>
class function_exhibit;

// Each call is a task of its own.
template <class F, class R, class... Args>
class function_exhibit<F, R(Args...)> final : public exhibit {
public:
  explicit function_exhibit(F function) : function_(std::move(function)) {}

  std::string kind() const override {
    return kind_of<R(Args...)>::text();
  }

  coro<std::string> ask(std::uint8_t verb, std::string payload,
                        visit&) override {
    if (static_cast<function_verb>(verb) != function_verb::call)
      throw_bad_message("a function can be called, nothing else");
    auto given = from_wire<std::tuple<Args...>>(payload);
    payload = {};
    auto body = std::apply(
      [this](Args&... args) { return function_(std::move(args)...); }, given);
    if constexpr (std::is_void_v<R>) {
      co_await std::move(body);
      co_return std::string{};
    } else {
      R result = co_await std::move(body);
      co_return to_wire(result);
    }
  }

private:
  F function_;
};

template <has_signature F>
struct exhibit_class<F> {
  using type = function_exhibit<F, typename signature_of<F>::type>;
};

} // namespace troupe::detail
