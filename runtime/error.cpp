#include <troupe/error.hpp>

#include "runtime/trace.hpp"

#include <cstdlib>
#include <typeinfo>
#include <utility>

#include <cxxabi.h>

namespace troupe {

namespace {

class category final : public std::error_category {
public:
  const char* name() const noexcept override {
    return "troupe";
  }

  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::invalid_state:
        return "the future is not in the needed state";
      case errc::timeout:
        return "the deadline passed";
      case errc::no_running_loop:
        return "no running event loop";
      case errc::no_running_task:
        return "no running task";
      case errc::loop_running:
        return "the event loop is running";
      case errc::loop_closed:
        return "the event loop is closed";
      case errc::loop_stopped:
        return "the event loop stopped before the future was done";
      case errc::wrong_loop:
        return "the object belongs to another event loop";
      case errc::wrong_thread:
        return "called from a foreign thread";
      case errc::awaited_twice:
        return "the coroutine was already awaited";
      case errc::awaits_itself:
        return "a task cannot await itself";
      case errc::concurrent_read:
        return "another read waits on the stream";
      case errc::incomplete_read:
        return "the stream ended too early";
      case errc::limit_overrun:
        return "the limit of the reader was exceeded";
      case errc::connection_closed:
        return "the connection is closed";
      case errc::server_closed:
        return "the server is closed";
      case errc::executor_shut_down:
        return "the executor was shut down";
      case errc::not_supported:
        return "the object cannot do this";
      case errc::several_errors:
        return "several errors";
      case errc::not_acquired:
        return "nobody holds the lock";
      case errc::too_often:
        return "more was given back than had been taken";
      case errc::queue_empty:
        return "the queue is empty";
      case errc::queue_full:
        return "the queue is full";
      case errc::queue_shut_down:
        return "the queue was shut down";
      case errc::broken_barrier:
        return "the barrier is broken";
      case errc::channel_closed:
        return "the channel was closed";
      case errc::node_lost:
        return "node lost";
      case errc::node_refused:
        return "refused by a node";
      case errc::bad_identity:
        return "wrong certificate or key";
      case errc::not_published:
        return "not published";
      case errc::failed_remotely:
        return "failed on another node";
      case errc::bad_message:
        return "bad message";
      case errc::actor_ended:
        return "the actor has ended";
      case errc::no_answer:
        return "the request was not answered";
      case errc::mailbox_full:
        return "the mailbox is full";
      case errc::exit_signalled:
        return "another actor ended this one";
      case errc::restarted_too_often:
        return "the supervisor has restarted too often";
    }
    return "unknown error";
  }

  std::error_condition
  default_error_condition(int code) const noexcept override {
    if (static_cast<errc>(code) == errc::timeout)
      return std::errc::timed_out;
    return {code, *this};
  }
};

} // namespace

namespace detail {

std::string type_name(const std::type_info& type) {
  int status = 0;
  char* clear = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string name = status == 0 ? clear : type.name();
  std::free(clear);
  return name;
}

} // namespace detail

const std::error_category& troupe_category() noexcept {
  static const category the_category;
  return the_category;
}

std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), troupe_category()};
}

error::error(errc code, std::string text)
  : std::system_error(make_error_code(code)), text_(std::move(text)) {}

const char* error::what() const noexcept {
  return text_.c_str();
}

invalid_state_error::invalid_state_error(std::string text)
  : error(errc::invalid_state, std::move(text)) {}

actor_ended_error::actor_ended_error(std::string text)
  : error(errc::actor_ended, std::move(text)) {}

no_answer_error::no_answer_error(std::string text)
  : error(errc::no_answer, std::move(text)) {}

mailbox_full_error::mailbox_full_error(std::string text)
  : error(errc::mailbox_full, std::move(text)) {}

exit_error::exit_error(std::string reason)
  : error(errc::exit_signalled, std::move(reason)) {}

timeout_error::timeout_error(std::string text)
  : error(errc::timeout, std::move(text)) {}

incomplete_read_error::incomplete_read_error(std::string got, std::size_t want)
  : error(errc::incomplete_read,
          std::to_string(got.size()) + " bytes read on a total of "
            + (want ? std::to_string(want) : "undefined") + " expected bytes"),
    partial(std::move(got)), expected(want) {}

limit_overrun_error::limit_overrun_error(std::string text, std::size_t scanned)
  : error(errc::limit_overrun, std::move(text)), consumed(scanned) {}

queue_empty::queue_empty(std::string text)
  : error(errc::queue_empty, std::move(text)) {}

queue_full::queue_full(std::string text)
  : error(errc::queue_full, std::move(text)) {}

queue_shut_down::queue_shut_down(std::string text)
  : error(errc::queue_shut_down, std::move(text)) {}

broken_barrier_error::broken_barrier_error(std::string text)
  : error(errc::broken_barrier, std::move(text)) {}

channel_closed::channel_closed(std::string text)
  : error(errc::channel_closed, std::move(text)) {}

node_lost_error::node_lost_error(std::string node, std::string text)
  : error(errc::node_lost, std::move(text)), node_(std::move(node)) {}

remote_error::remote_error(std::string text)
  : error(errc::failed_remotely, std::move(text)) {}

exception_group::exception_group(std::string text,
                                 std::vector<std::exception_ptr> errors)
  : error(errc::several_errors,
          text + " (" + std::to_string(errors.size())
            + (errors.size() == 1 ? " sub-exception)" : " sub-exceptions)")),
    message_(std::move(text)), errors_(std::move(errors)) {}

cancelled_error::cancelled_error(std::string message)
  : message_(std::move(message)) {}

std::string describe(const std::exception_ptr& problem) {
  if (!problem)
    return "no exception";
  try {
    std::rethrow_exception(problem);
  } catch (const std::exception& e) {
    return detail::type_name(typeid(e)) + ": " + e.what();
  } catch (const cancelled_error& e) {
    return e.message().empty() ? "troupe::cancelled_error"
                               : "troupe::cancelled_error: " + e.message();
  } catch (const system_exit& e) {
    return "troupe::system_exit: " + std::to_string(e.status());
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type ? detail::type_name(*type) : "unknown exception";
  }
}

} // namespace troupe
