#pragma once

#include <troupe/detail/durations.hpp>
#include <troupe/link.hpp>

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

/// Whom a supervisor restarts when a child has ended unasked.
/// @par Source
/// The strategies of OTP's `supervisor`.
enum class restart_strategy : std::uint8_t {
  one_for_one,  ///< The child alone.
  one_for_all,  ///< All children; the others are stopped first.
  rest_for_one, ///< The child, and all that were started after it.
};

/// After which ends a child is restarted.
/// @par Source
/// The restart types of OTP's `supervisor`.
enum class restart_type : std::uint8_t {
  permanent, ///< After each end.
  transient, ///< After an exception; not after a normal end or a cancellation.
  temporary, ///< Never; it leaves the tree when it ends.
};

/// How long a supervisor waits before it restarts a child: `first` after the
/// first failure, each time `factor` times as long, at most `most`. A child
/// that has run for `calm` begins anew.
struct backoff {
  /// The first wait; zero restarts at once.
  std::chrono::nanoseconds first{0};
  /// By what each wait is multiplied, at least 1.
  double factor = 2;
  /// The longest wait.
  std::chrono::nanoseconds most = std::chrono::seconds{30};
  /// After this time without a failure the next wait is `first` again.
  std::chrono::nanoseconds calm = std::chrono::seconds{60};
};

/// What a child runs: any copyable function without parameters that returns a
/// `coro<void>`. Each life of the child has a copy of its own, kept until the
/// coroutine has ended.
class child_body {
public:
  /// Holds no function; a supervisor refuses it.
  child_body() noexcept = default;

  /// Holds the function.
  template <class F>
    requires(!std::is_same_v<F, child_body>) && std::copy_constructible<F>
         && std::is_same_v<std::invoke_result_t<F&>, coro<void>>
  child_body(F function) : body_(new holder_of<F>(std::move(function))) {}

  /// Copies the function.
  child_body(const child_body& other)
    : body_(other.body_ != nullptr ? other.body_->copy() : nullptr) {}

  /// Takes the function over.
  child_body(child_body&& other) noexcept
    : body_(std::exchange(other.body_, nullptr)) {}

  /// Holds the function that `other` holds.
  child_body& operator=(child_body other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }

  ~child_body() {
    delete body_;
  }

  /// True if there is a function.
  explicit operator bool() const noexcept {
    return body_ != nullptr;
  }

  /// Makes the coroutine; it may refer to this object.
  coro<void> operator()() {
    return body_->make();
  }

private:
  class holder {
  public:
    virtual ~holder() = default;
    virtual holder* copy() const = 0;
    virtual coro<void> make() = 0;
  };

  template <class F>
  class holder_of final : public holder {
  public:
    explicit holder_of(F function) : function_(std::move(function)) {}

    holder* copy() const override {
      return new holder_of(function_);
    }

    coro<void> make() override {
      return function_();
    }

  private:
    F function_;
  };

  holder* body_ = nullptr;
};

/// What a supervisor knows of a child.
struct child_spec {
  /// The name in the tree, and of its task.
  std::string name;
  /// Makes the coroutine that the child runs: called anew for each start, so
  /// that nothing of an earlier life is left. A nested supervisor is
  /// `[] { return supervise(…); }`.
  child_body body;
  /// After which ends it is restarted.
  restart_type restart = restart_type::permanent;
  /// How long it may take to end once it is cancelled. After that it is
  /// reported, and cancelled again; a coroutine is never torn down by force.
  std::chrono::nanoseconds shutdown = std::chrono::seconds{5};
  /// How long to wait before a restart.
  backoff wait = {};
};

/// How a supervisor works.
struct supervisor_options {
  /// Whom it restarts.
  restart_strategy strategy = restart_strategy::one_for_one;
  /// With more than this many restarts within `period` it gives up.
  std::size_t max_restarts = 1;
  /// See `max_restarts`.
  std::chrono::nanoseconds period = std::chrono::seconds{5};
  /// True: it ends when its last child has ended for good.
  bool ends_with_children = false;
};

/// A supervisor has restarted too often and gives up; `reason` is why the last
/// child ended.
class restart_intensity_error : public error {
public:
  /// @param text  which supervisor, which child and how often.
  /// @param why   why the child ended the last time.
  restart_intensity_error(std::string text, exit_reason why);

  /// Why the child ended the last time.
  exit_reason reason;
};

/// Starts the children in their order, restarts those that end unasked, and
/// stops them in reverse order when it is cancelled or gives up. It is a
/// coroutine like any other: a task runs it, and it may be the child of another
/// supervisor. It ends only when all its children have ended.
/// @param how       strategy and intensity.
/// @param children  in the order of their start.
/// @throws restart_intensity_error  if it gives up.
/// @throws std::invalid_argument    if a child has no body; none is started.
/// @par Cancellation
/// The children are stopped first.
/// @par Source
/// OTP's `supervisor`.
coro<void> supervise(supervisor_options how, std::vector<child_spec> children);

/// One child as it is now.
struct child_info {
  /// The name in the tree.
  std::string name;
  /// The task of its present life; empty between two lives.
  actor_ref actor;
  /// How often it was restarted.
  std::size_t restarts = 0;
  /// True while its task runs.
  bool running = false;
};

/// Adds a child to a running supervisor, and starts it.
/// @param supervisor  a task that runs `supervise`.
/// @returns  from the await: the child's task.
/// @throws std::invalid_argument  from the await, if the child has no body.
[[nodiscard]] coro<actor_ref> start_child(actor_ref supervisor,
                                          child_spec child);

/// Stops a child and takes it out of the tree.
/// @returns  from the await: false if there is no child of that name.
[[nodiscard]] coro<bool> stop_child(actor_ref supervisor, std::string name);

/// Returns the children of a supervisor, in the order of their start.
[[nodiscard]] coro<std::vector<child_info>> children_of(actor_ref supervisor);

/// Returns the tree below a supervisor as text, a line for each child, nested
/// ones below their supervisors. From any task or callback of its loop.
std::string supervision_tree(const actor_ref& supervisor);

} // namespace troupe
