#include <troupe/error.hpp>

#include "actors/nodes/frames.hpp"
#include "actors/nodes/session.hpp"

// What a peer asks of us: each request is a task.

namespace troupe::detail {

namespace {

std::string failed(family kind, int code, const std::string& text) {
  std::string bytes;
  wire_writer to{bytes};
  to.number(status::failed);
  to.number(kind);
  to.number(static_cast<std::int32_t>(code));
  to.text(text);
  return bytes;
}

std::string failed(errc code, const std::string& text) {
  return failed(family::troupe, static_cast<int>(code), text);
}

// The exception that is handled now, for another node.
std::string current_failure() {
  try {
    throw;
  } catch (const error& problem) {
    return failed(family::troupe, problem.code().value(), problem.what());
  } catch (const std::system_error& problem) {
    bool portable = problem.code().category() == std::generic_category()
                 || problem.code().category() == std::system_category();
    if (portable)
      return failed(family::system, problem.code().value(), problem.what());
    return failed(family::other, 0, describe(std::current_exception()));
  } catch (const cancelled_there& end) {
    return make_text(status::cancelled, end.message);
  } catch (...) {
    return failed(family::other, 0, describe(std::current_exception()));
  }
}

} // namespace

class session::visit_of final : public visit {
public:
  visit_of(session& peer, std::uint64_t number) noexcept
    : peer_(peer), number_(number) {}

  void hold(std::function<void()> release) override {
    peer_.hold(number_, std::move(release));
  }

  bool peer_cancelled() const override {
    std::lock_guard lock{peer_.mutex_};
    auto found = peer_.servants_.find(number_);
    return found != peer_.servants_.end() && found->second.cancelled;
  }

  bool peer_lost() const override {
    return peer_.lost();
  }

  std::string peer_name() const override {
    return peer_.peer_name();
  }

private:
  session& peer_;
  std::uint64_t number_;
};

void session::on_request(wire_reader& in) {
  auto number = in.number<std::uint64_t>();
  std::string name = in.text();
  auto verb = in.number<std::uint8_t>();
  auto what = node_->find(name);
  std::string problem;
  if (!what)
    problem
      = failed(errc::not_published, "nothing is published as '" + name + "'");
  {
    std::lock_guard lock{mutex_};
    // Or one of both would be forgotten.
    if (servants_.contains(number) || grants_.contains(number))
      throw_bad_message("its number is taken");
    if (what && servants_.size() >= node_->max_requests)
      problem = failed(errc::node_refused, "too many requests at a time");
    else if (what)
      servants_.emplace(number, servant{what, {}, false, false});
  }
  if (!problem.empty()) {
    finish(number, problem);
    return;
  }
  task_options options;
  options.eager_start = 1;
  options.context = node_->in;
  any_task task = event_loop{*node_->home}.create_task(
    serve(shared_from_this(), number, std::move(what), verb,
          std::string{in.rest()}),
    options);
  bool late;
  {
    std::lock_guard lock{mutex_};
    auto found = servants_.find(number);
    if (found == servants_.end())
      return;
    found->second.task = task;
    late = ended_;
  }
  if (late)
    task.cancel();
}

coro<void> session::serve(std::shared_ptr<session> self, std::uint64_t number,
                          std::shared_ptr<exhibit> what, std::uint8_t verb,
                          std::string payload) {
  visit_of from{*self, number};
  std::string answer;
  bool done = false;
  try {
    if (verb == 0)
      answer = what->kind();
    else
      answer = co_await what->ask(verb, std::move(payload), from);
    answer.insert(answer.begin(), static_cast<char>(status::done));
    done = true;
  } catch (const cancelled_error& stop) {
    answer = self->cancelled_answer(number, stop.message());
  } catch (...) {
    answer = current_failure();
  }
  if (!self->finish(number, answer) && done)
    what->undo(verb, std::string_view{answer}.substr(1));
}

std::string session::cancelled_answer(std::uint64_t number,
                                      const std::string& message) const {
  std::lock_guard lock{mutex_};
  auto found = servants_.find(number);
  if (found != servants_.end() && found->second.cancelled)
    return make_text(status::cancelled, message);
  if (found != servants_.end() && found->second.withdrawn)
    return failed(errc::not_published, "it was withdrawn");
  return failed(errc::node_lost, "the node is stopping");
}

bool session::finish(std::uint64_t number, const std::string& answer) {
  {
    std::lock_guard lock{mutex_};
    servants_.erase(number);
    if (ended_)
      return false;
  }
  std::string bytes;
  wire_writer to{bytes};
  to.number(frame::answer);
  to.number(number);
  bytes += answer;
  send(std::move(bytes));
  return true;
}

void session::hold(std::uint64_t number, std::function<void()> give_back) {
  {
    std::lock_guard lock{mutex_};
    if (!ended_) {
      grants_.emplace(number, std::move(give_back));
      return;
    }
  }
  give_back();
}

void session::on_cancel(wire_reader& in) {
  auto number = in.number<std::uint64_t>();
  any_task task;
  {
    std::lock_guard lock{mutex_};
    auto found = servants_.find(number);
    if (found == servants_.end())
      return; // the answer is on its way
    found->second.cancelled = true;
    task = found->second.task;
  }
  task.cancel();
}

void session::on_tell(wire_reader& in, bool undo) {
  std::string name = in.text();
  auto verb = in.number<std::uint8_t>();
  auto what = node_->find(name);
  if (!what)
    return;
  try {
    if (undo)
      what->undo(verb, in.rest());
    else
      what->tell(verb, in.rest());
  } catch (const std::exception& problem) {
    node_->home->report({.message = "what node '" + peer_name() + "' told '"
                                  + name + "' failed: " + problem.what(),
                         .exception = std::current_exception()});
  }
}

void session::on_release(wire_reader& in) {
  auto number = in.number<std::uint64_t>();
  std::function<void()> give_back;
  {
    std::lock_guard lock{mutex_};
    auto found = grants_.find(number);
    if (found == grants_.end())
      return;
    give_back = std::move(found->second);
    grants_.erase(found);
  }
  give_back();
}

void session::withdraw(const std::shared_ptr<exhibit>& what) {
  std::vector<any_task> tasks;
  {
    std::lock_guard lock{mutex_};
    for (auto& [number, servant] : servants_)
      if (servant.what == what) {
        servant.withdrawn = true;
        tasks.push_back(servant.task);
      }
  }
  for (const any_task& task : tasks)
    if (task)
      task.cancel();
}

} // namespace troupe::detail
