#include <troupe/loop.hpp>
#include <troupe/stream.hpp>
#include <troupe/task.hpp>

#include "actors/nodes/link.hpp"
#include "runtime/loop_core.hpp"

#include <map>
#include <optional>
#include <utility>

// How nodes talk in a simulation: over streams of its network. A message is its
// length in four bytes, then itself. No message is empty, so the length 0 says
// that the link ends on purpose.

namespace troupe::detail {

namespace {

constexpr std::size_t prefix_size = 4;

std::string prefix_of(std::size_t size) {
  std::string bytes(prefix_size, '\0');
  for (std::size_t i = 0; i < prefix_size; ++i)
    bytes[i] = static_cast<char>(size >> 8 * (prefix_size - 1 - i));
  return bytes;
}

std::size_t size_in(const std::string& prefix) {
  std::size_t size = 0;
  for (char each : prefix)
    size = size << 8 | static_cast<unsigned char>(each);
  return size;
}

// The tasks of a transport, each known by a number as long as its frame lives.
class task_list {
public:
  explicit task_list(loop_core& home) : home_(&home), in_(copy_context()) {}

  // In the frame of a task.
  class entry {
  public:
    explicit entry(std::shared_ptr<task_list> list)
      : list_(std::move(list)), number_(++list_->last_) {}

    entry(const entry&) = delete;

    ~entry() {
      list_->leave(number_);
    }

    void begin(coro<void> body) {
      auto& tasks = list_->tasks_;
      tasks.emplace(number_, any_task{});
      auto task = event_loop{*list_->home_}.create_task(
        std::move(body), {.name = "link", .context = list_->in_});
      if (auto mine = tasks.find(number_); mine != tasks.end())
        mine->second = task;
    }

  private:
    std::shared_ptr<task_list> list_;
    std::uint64_t number_;
  };

  void cancel_all() {
    auto all = tasks_; // a cancelled one may leave
    for (auto& [number, task] : all)
      if (task)
        task.cancel();
  }

  // Calls `done` when no task is left.
  void when_empty(std::function<void()> done) {
    if (tasks_.empty())
      done();
    else
      done_ = std::move(done);
  }

  loop_core& home() const noexcept {
    return *home_;
  }

private:
  void leave(std::uint64_t number) {
    if (tasks_.erase(number) > 0 && tasks_.empty() && done_)
      std::exchange(done_, nullptr)();
  }

  ref<loop_core> home_;
  context in_; // of the host
  std::map<std::uint64_t, any_task> tasks_;
  std::uint64_t last_ = 0;
  std::function<void()> done_;
};

// -- links --------------------------------------------------------------------

// One end of a connection. When its user leaves, the other end is told, and
// what was sent still arrives: reading goes on until the other end has left as
// well, or does not say so in time.
class wire_end : public std::enable_shared_from_this<wire_end> {
public:
  wire_end(loop_core& home, stream_reader in, stream_writer out,
           std::chrono::nanoseconds limit)
    : home_(&home), reader_(std::move(in)), writer_(std::move(out)),
      limit_(limit) {}

  wire_end(const wire_end&) = delete;

  ~wire_end() {
    abort();
  }

  void send(const std::string& bytes) {
    if (left_ || writer_.is_closing())
      return;
    std::string prefix = prefix_of(bytes.size());
    std::string_view pieces[] = {prefix, bytes};
    writer_.writelines(std::span<const std::string_view>{pieces});
  }

  void leave() {
    user = nullptr;
    if (writer_.is_closing() || std::exchange(left_, true))
      return;
    writer_.write(prefix_of(0));
    writer_.write_eof();
    if (home_->closed())
      return;
    give_up_ = event_loop{*home_}.call_later(limit_, [weak = weak_from_this()] {
      if (auto self = weak.lock())
        self->abort();
    });
  }

  void abort() noexcept {
    if (auto timer = std::exchange(give_up_, std::nullopt))
      timer->cancel();
    if (!writer_.is_closing())
      writer_.abort();
  }

  // Reads until the end.
  static coro<void> attend(std::shared_ptr<wire_end> self,
                           std::shared_ptr<task_list::entry>) {
    std::string why = "the connection broke";
    bool cancelled = false;
    try {
      co_await read(self);
      why = "it ended the connection";
    } catch (const cancelled_error&) {
      cancelled = true;
    } catch (const std::exception&) {
      // The end of the stream without a word, or a reset.
    }
    self->abort();
    if (auto told = std::exchange(self->user, nullptr))
      told->on_lost(why);
    if (cancelled)
      throw cancelled_error();
  }

  std::shared_ptr<link_user> user;

private:
  static coro<void> read(std::shared_ptr<wire_end> self) {
    for (;;) {
      std::string prefix = co_await self->reader_.readexactly(prefix_size);
      std::size_t size = size_in(prefix);
      if (size == 0)
        co_return;
      std::string bytes = co_await self->reader_.readexactly(size);
      if (auto user = self->user)
        user->on_bytes(std::move(bytes));
    }
  }

  ref<loop_core> home_;
  stream_reader reader_;
  stream_writer writer_;
  std::chrono::nanoseconds limit_;
  std::optional<timer_handle> give_up_;
  bool left_ = false;
};

class simulated_link final : public node_link {
public:
  simulated_link(std::shared_ptr<wire_end> end,
                 std::shared_ptr<task_list> tasks)
    : end_(std::move(end)), tasks_(std::move(tasks)) {}

  ~simulated_link() override {
    if (attended_)
      close();
    else
      end_->abort();
  }

  void attach(std::shared_ptr<link_user> user) override {
    end_->user = std::move(user);
    attend();
  }

  void send(std::string bytes) override {
    end_->send(bytes);
  }

  void close() noexcept override {
    end_->leave();
    attend();
  }

private:
  void attend() {
    if (std::exchange(attended_, true))
      return;
    auto entry = std::make_shared<task_list::entry>(tasks_);
    entry->begin(wire_end::attend(end_, entry));
  }

  std::shared_ptr<wire_end> end_;
  std::shared_ptr<task_list> tasks_;
  bool attended_ = false;
};

// -- the transport ------------------------------------------------------------

class simulated_transport final : public transport {
public:
  simulated_transport(loop_core& home, const transport_plan& plan)
    : plan_(plan), links_(std::make_shared<task_list>(home)),
      calls_(std::make_shared<task_list>(home)) {}

  ~simulated_transport() override {
    if (give_up_)
      give_up_->cancel();
    calls_->cancel_all();
    links_->cancel_all();
  }

  coro<std::uint16_t> listen(std::string host, std::uint16_t port,
                             accept_function accept) override {
    auto take
      = [accept = std::move(accept), links = links_,
         limit = plan_.loss_limit](stream_reader in, stream_writer out) {
          accept(make_link(std::move(in), std::move(out), links, limit));
        };
    auto starting = start_server(std::move(take), std::move(host), port);
    server_ = co_await std::move(starting);
    co_return server_->sockets().front().getsockname().port;
  }

  void connect(const std::string& host, std::uint16_t port,
               connect_function done) override {
    auto entry = std::make_shared<task_list::entry>(calls_);
    entry->begin(
      call(host, port, std::move(done), links_, plan_.loss_limit, entry));
  }

  void close(std::function<void()> done) noexcept override {
    if (server_)
      server_->close();
    calls_->cancel_all();
    calls_->when_empty(
      [links = links_, done = std::move(done)] { links->when_empty(done); });
    if (!links_->home().closed())
      give_up_ = event_loop{links_->home()}.call_later(
        plan_.stop_limit / 2, [links = links_] { links->cancel_all(); });
  }

private:
  static std::shared_ptr<node_link> make_link(stream_reader in,
                                              stream_writer out,
                                              std::shared_ptr<task_list> links,
                                              std::chrono::nanoseconds limit) {
    auto end = std::make_shared<wire_end>(links->home(), std::move(in),
                                          std::move(out), limit);
    return std::make_shared<simulated_link>(std::move(end), std::move(links));
  }

  static coro<void> call(std::string host, std::uint16_t port,
                         connect_function done,
                         std::shared_ptr<task_list> links,
                         std::chrono::nanoseconds limit,
                         std::shared_ptr<task_list::entry>) {
    std::string problem;
    std::shared_ptr<node_link> link;
    try {
      auto opening = open_connection(std::move(host), port);
      auto [reader, writer] = co_await std::move(opening);
      link = make_link(reader, writer, links, limit);
    } catch (const std::exception& failed) {
      problem = failed.what();
    }
    done(std::move(link), std::move(problem));
  }

  transport_plan plan_;
  std::shared_ptr<task_list> links_;
  std::shared_ptr<task_list> calls_;
  std::optional<server> server_;
  std::optional<timer_handle> give_up_;
};

} // namespace

std::unique_ptr<transport>
make_simulated_transport(loop_core& home, const transport_plan& plan) {
  return std::make_unique<simulated_transport>(home, plan);
}

} // namespace troupe::detail
