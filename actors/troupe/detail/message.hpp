#pragma once

#include <troupe/detail/future_core.hpp>
#include <troupe/detail/pool.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <typeinfo>

namespace troupe::detail {

// -- types --------------------------------------------------------------------

// One value of a message, as CAF's side needs it.
struct value_type {
  const std::type_info* id;
  std::size_t size;
  std::size_t align;
  void (*copy)(void* to, const void* from); // null if it cannot be copied
  void (*destroy)(void*) noexcept;
};

template <class T>
constexpr void (*copier_of() noexcept)(void*, const void*) {
  if constexpr (std::is_copy_constructible_v<T>)
    return [](void* to, const void* from) {
      ::new (to) T(*static_cast<const T*>(from));
    };
  else
    return nullptr;
}

template <class T>
inline const value_type value_type_of{&typeid(T), sizeof(T), alignof(T),
                                      copier_of<T>(), [](void* x) noexcept {
                                        static_cast<T*>(x)->~T();
                                      }};

struct message_type {
  const value_type* const* values;
  std::size_t count;
};

template <class... Ts>
inline const value_type* const value_types_of[sizeof...(Ts) + 1]
  = {&value_type_of<Ts>..., nullptr};

template <class... Ts>
inline const message_type message_type_of{value_types_of<Ts...>, sizeof...(Ts)};

template <class... Ts>
inline const message_type& type_of(std::tuple<Ts...>*) noexcept {
  return message_type_of<Ts...>;
}

bool same_type(const message_type& x, const message_type& y) noexcept;

// `(int, std::string)`.
std::string text_of(const message_type& x);

// What a value is kept as: text as a string, integers as CAF names them.
template <class T>
struct stored {
  using type = T;
};

template <class T>
  requires(std::is_same_v<T, const char*> || std::is_same_v<T, char*>
           || std::is_same_v<T, std::string_view>)
struct stored<T> {
  using type = std::string;
};

template <>
struct stored<long long> {
  using type = std::int64_t;
};

template <>
struct stored<unsigned long long> {
  using type = std::uint64_t;
};

template <class T>
using stored_t = typename stored<std::decay_t<T>>::type;

// -- messages -----------------------------------------------------------------

enum class message_kind : std::uint8_t {
  user,    // for `receive`
  answer,  // a request that comes back
  signal,  // monitors, links, exits
  ring,    // the time of an await is over
  foreign, // of CAF, not looked at yet
};

class request;

// What one actor sends to another: one block of memory with its values.
class message : public letter {
public:
  message(message_kind kind, const message_type* type) noexcept
    : letter(letter_kind::message), what(kind), type(type) {}

  virtual ~message() = default;

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  // True if the values are of these types.
  bool is(const message_type& wanted) const noexcept {
    return type == &wanted || is_like(wanted);
  }

  // The std::tuple of the values; null if they are CAF's.
  virtual void* tuple() noexcept {
    return nullptr;
  }

  virtual const void* value(std::size_t) const noexcept {
    return nullptr;
  }

  // Null if no answer is expected.
  virtual request* asked() noexcept {
    return nullptr;
  }

  // Nobody takes it: frees it. A request is answered with an error.
  virtual void discard() noexcept {
    delete this;
  }

  virtual std::string text() const;

  message_kind what;
  bool urgent = false;
  bool bounded = false;           // took room in a bounded mailbox
  const message_type* const type; // null if it is CAF's
  std::uint64_t sender = 0;       // the number of the task; 0: somebody else

private:
  virtual bool is_like(const message_type& wanted) const noexcept;
};

// A message that wants one answer. `answer` and `fail` give the block away.
class request : public message {
public:
  using message::message;

  // `given` is null for void.
  virtual void answer(const value_type* given, void* value) noexcept = 0;
  virtual void fail(std::exception_ptr problem) noexcept = 0;

  // A reply handle has it from now on.
  virtual void defer() noexcept {}

  request* asked() noexcept override {
    return this;
  }

  void discard() noexcept override;
};

// A message of ours with its values.
template <class Base, class... Ts>
class typed final : public Base {
public:
  template <class... Args>
  explicit typed(Args&&... args)
    : Base(message_kind::user, &message_type_of<Ts...>),
      values_(std::forward<Args>(args)...) {}

private:
  void* tuple() noexcept override {
    return &values_;
  }

  const void* value(std::size_t index) const noexcept override {
    const void* found = nullptr;
    std::size_t i = 0;
    std::apply(
      [&](const Ts&... each) {
        ((found = i++ == index ? static_cast<const void*>(&each) : found), ...);
      },
      values_);
    return found;
  }

  std::tuple<Ts...> values_;
};

// A request of one of our tasks. It comes back as its answer.
class local_request : public request {
public:
  using request::request;

  void answer(const value_type* given, void* value) noexcept final;
  void fail(std::exception_ptr problem) noexcept final;

  void defer() noexcept final {
    deferred = true;
  }

  // The answer as it is expected; null for void.
  virtual const value_type* result_type() const noexcept = 0;

  // Takes a value of that type: moves it, or copies it.
  virtual void take(void* value) = 0;
  virtual void copy(const void* value) = 0;

  void send_back() noexcept;

  ref<future_core> asker;
  std::uint64_t serial = 0;
  std::exception_ptr problem;
  bool deferred = false; // a reply handle has it
};

template <class R>
class request_for : public local_request {
public:
  using local_request::local_request;

  const value_type* result_type() const noexcept override {
    if constexpr (std::is_void_v<R>)
      return nullptr;
    else
      return &value_type_of<R>;
  }

  void take([[maybe_unused]] void* value) override {
    if constexpr (std::is_void_v<R>)
      result.emplace();
    else
      result.emplace(std::move(*static_cast<R*>(value)));
  }

  void copy([[maybe_unused]] const void* value) override {
    if constexpr (std::is_void_v<R>)
      result.emplace();
    else if constexpr (std::is_copy_constructible_v<R>)
      result.emplace(*static_cast<const R*>(value));
  }

  result_slot<R> result;
};

// -- addresses ----------------------------------------------------------------

class task_cell;

// An actor that is no task of ours: one of CAF.
class foreign_actor {
public:
  virtual void retain() noexcept = 0;
  virtual void release() noexcept = 0;

  // These take the message.
  virtual void tell(message& what) = 0;
  virtual void ask(task_cell& from, local_request& what) = 0;

  // True if watching is asked of it by signals, as of a task of ours; then it
  // sends signals, too.
  virtual bool takes_signals() const noexcept {
    return false;
  }

  virtual void monitor(task_cell& from) = 0;
  virtual void demonitor(task_cell& from) = 0;
  virtual void link(task_cell& from) = 0;
  virtual void unlink(task_cell& from) = 0;
  virtual void exit(const std::string& reason, bool kill) = 0;
  virtual std::string describe() const = 0;

  // Equal for two that name the same actor.
  virtual const void* identity() const noexcept = 0;

protected:
  ~foreign_actor() = default;
};

// Where a message goes.
struct address {
  ref<future_core> task;
  ref<foreign_actor> other;

  explicit operator bool() const noexcept {
    return task || other;
  }

  // One of CAF, which watches and is watched in its own way.
  bool is_caf() const noexcept {
    return other && !other->takes_signals();
  }

  friend bool operator==(const address& x, const address& y) noexcept {
    return x.task == y.task
        && (x.other == y.other
            || (x.other && y.other
                && x.other->identity() == y.other->identity()));
  }
};

std::string describe(const address& x);

} // namespace troupe::detail
