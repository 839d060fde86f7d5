#include <troupe/node.hpp>
#include <troupe/timeout.hpp>

#include "actors/nodes/node_core.hpp"

#include <charconv>
#include <future>
#include <stdexcept>

namespace troupe {

namespace detail {

namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void check_plain(const std::string& host) {
  if (!is_loopback(host))
    throw error(errc::bad_identity,
                "plain_text is for connections within this machine, and " + host
                  + " is not on it: use certificate, key and authority");
}

link_security check_security(const node_options& options) {
  int files = !options.certificate.empty() + !options.key.empty()
            + !options.authority.empty();
  if (options.plain_text) {
    if (files > 0)
      throw error(errc::bad_identity,
                  "a node has either certificates or plain_text, not both");
    check_plain(options.host);
  } else if (files < 3) {
    const char* missing = options.certificate.empty() ? "certificate"
                        : options.key.empty()         ? "key"
                                                      : "authority";
    throw error(errc::bad_identity,
                std::string{"a node needs certificate, key and authority, and "}
                  + missing
                  + " is not set: scripts/make-certificates makes them; "
                    "plain_text = true does without on this machine");
  }
  return {options.certificate, options.key, options.authority};
}

endpoint parse(const std::string& address) {
  auto colon = address.rfind(':');
  endpoint parsed;
  if (colon != std::string::npos) {
    const char* end = address.data() + address.size();
    auto [stop, problem]
      = std::from_chars(address.data() + colon + 1, end, parsed.port);
    if (problem == std::errc{} && stop == end && parsed.port != 0)
      parsed.host = address.substr(0, colon);
  }
  if (parsed.host.size() > 2 && parsed.host.front() == '[')
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  if (parsed.host.empty())
    throw std::invalid_argument("'" + address
                                + "' is no address of a node; write host:port");
  return parsed;
}

[[noreturn]] void throw_stopped() {
  throw error(errc::not_supported, "the node was stopped");
}

// What a transport found, or why it found nothing.
struct found_link {
  std::shared_ptr<node_link> link;
  std::string problem;
};

} // namespace

// -- the node -----------------------------------------------------------------

node_core::node_core(loop_core& home, const node_options& options)
  : state_(std::make_shared<node_state>(home)), plain_text_(options.plain_text),
    connect_limit_(options.connect_limit), stop_limit_(options.stop_limit) {
  if (options.name.empty())
    throw std::invalid_argument("a node needs a name");
  if (options.heartbeat <= options.heartbeat.zero())
    throw std::invalid_argument("the heartbeat of a node must be above 0");
  transport_plan plan;
  plan.security = check_security(options);
  plan.loss_limit = options.loss_limit > options.loss_limit.zero()
                    ? options.loss_limit
                    : 3 * options.heartbeat;
  plan.stop_limit = options.stop_limit;
  plan.connect_limit = options.connect_limit;
  plan.max_message = options.max_message;
  plan.max_peers = options.max_peers;
  node_state& state = *state_;
  state.in = copy_context();
  state.name = options.name;
  state.heartbeat = options.heartbeat;
  state.loss_limit = plan.loss_limit;
  state.handshake_limit = options.connect_limit;
  state.max_message = options.max_message;
  state.max_requests = options.max_requests;
  state.max_peers = options.max_peers;
  state.max_sessions = options.max_sessions;
  if (home.simulation()) {
    transport_ = make_simulated_transport(home, plan); // without certificates
    return;
  }
  if (plan.security.on())
    state.me = identity::load(options.name, options.certificate, options.key,
                              options.authority);
  transport_ = make_caf_transport(plan);
}

node_core::~node_core() {
  if (linked)
    state_->home->remove_resource(*this);
  stop_now();
}

coro<std::shared_ptr<node_core>> node_core::start(loop_core& home,
                                                  node_options options) {
  auto made = std::make_shared<node_core>(home, options);
  home.add_resource(*made);
  if (options.port >= 0)
    co_await listen(made, options);
  co_return made;
}

coro<void> node_core::listen(std::shared_ptr<node_core> self,
                             node_options options) {
  auto accept = [state = self->state_](std::shared_ptr<node_link> link) {
    auto there = std::make_shared<session>(state, link, session::role::called);
    if (there->begin({}))
      link->attach(there);
  };
  try {
    auto opening = self->transport_->listen(
      options.host, static_cast<std::uint16_t>(options.port),
      std::move(accept));
    self->port_ = co_await std::move(opening);
  } catch (const std::exception& problem) {
    throw error(errc::not_supported,
                "node '" + options.name + "' cannot listen at " + options.host
                  + ":" + std::to_string(options.port) + ": " + problem.what());
  }
}

coro<std::shared_ptr<session>>
node_core::attempt(std::shared_ptr<node_core> self, endpoint to,
                   std::string name, std::string expected) {
  future<found_link> linked{*self->state_->home};
  self->begin_connect(
    to, [linked](std::shared_ptr<node_link> link, std::string why) {
      set_unless_done(linked, found_link{std::move(link), std::move(why)});
    });
  found_link found = co_await linked;
  auto throw_unreachable = [&name](const std::string& why) {
    throw node_lost_error(name,
                          "node '" + name + "' cannot be reached: " + why);
  };
  if (!found.link)
    throw_unreachable(found.problem);
  auto there = std::make_shared<session>(self->state_, found.link,
                                         session::role::caller);
  found.link->attach(there);
  if (!there->begin(expected)) {
    std::lock_guard lock{self->state_->mutex};
    if (self->state_->stopped)
      throw_stopped();
    throw error(errc::node_refused, "the node has as many peers as it may");
  }
  std::string problem;
  try {
    problem = co_await there->agreed();
  } catch (...) {
    there->give_up("connecting was given up");
    throw;
  }
  if (there->refused())
    throw error(errc::node_refused, "node '" + name + "': " + problem);
  if (!problem.empty())
    throw_unreachable(problem);
  co_return there;
}

coro<std::shared_ptr<session>>
node_core::connect(std::shared_ptr<node_core> self, std::string address,
                   std::string expected) {
  endpoint to = parse(address);
  if (self->plain_text_)
    check_plain(to.host);
  std::string name = expected.empty() ? address : expected;
  try {
    auto trying = attempt(self, std::move(to), name, std::move(expected));
    co_return co_await wait_for(std::move(trying), self->connect_limit_);
  } catch (const timeout_error&) {
    throw timeout_error("connecting to node '" + name + "' took too long");
  }
}

void node_core::leave_all() {
  {
    std::lock_guard lock{state_->mutex};
    state_->stopped = true;
  }
  for (const auto& there : state_->all_sessions())
    there->leave("node '" + state_->name + "' was stopped");
  // Only now: until it hears that we left, no peer is to hear that something
  // is not published.
  decltype(state_->published) published;
  std::lock_guard lock{state_->mutex};
  published.swap(state_->published);
}

// It may be stopped meanwhile, on another worker.
void node_core::begin_connect(const endpoint& to,
                              transport::connect_function done) {
  std::lock_guard lock{transport_mutex_};
  if (!transport_)
    throw_stopped();
  transport_->connect(to.host, to.port, std::move(done));
}

coro<void> node_core::stop(std::shared_ptr<node_core> self) {
  self->leave_all();
  auto last = self->take_transport();
  if (!last)
    co_return;
  future<bool> gone{*self->state_->home};
  last->close([gone] { set_unless_done(gone, true); });
  try {
    co_await wait_for(gone, self->stop_limit_);
  } catch (const timeout_error&) {
    self->state_->home->report(
      {.message = "node '" + self->state_->name
                + "' did not stop in time; its threads are given up"});
  }
}

void node_core::stop_now() noexcept {
  try {
    leave_all();
    auto last = take_transport();
    if (!last)
      return;
    auto gone = std::make_shared<std::promise<void>>();
    last->close([gone] { gone->set_value(); });
    if (state_->home->simulation())
      return; // without threads, and time does not pass in here
    gone->get_future().wait_for(stop_limit_);
  } catch (...) {
    // Nobody is left to be told.
  }
}

void node_core::on_loop_close() noexcept {
  stop_now();
}

} // namespace detail

// -- handles ------------------------------------------------------------------

coro<node> node::start(node_options options) {
  auto& home = detail::need_running_loop("node::start()");
  auto starting = detail::node_core::start(home, std::move(options));
  auto core = co_await std::move(starting);
  co_return node{core};
}

void node::publish_any(std::string_view name,
                       std::shared_ptr<detail::exhibit> what) const {
  if (name.empty())
    throw std::invalid_argument("publish: the name is empty");
  auto& state = *core_->state();
  std::lock_guard lock{state.mutex};
  if (state.stopped)
    throw error(errc::not_supported, "publish: the node was stopped");
  if (!state.published.emplace(name, std::move(what)).second)
    throw std::invalid_argument("publish: '" + std::string{name}
                                + "' is taken; withdraw it first");
}

bool node::withdraw(std::string_view name) const {
  auto& state = *core_->state();
  std::shared_ptr<detail::exhibit> what;
  {
    std::lock_guard lock{state.mutex};
    auto found = state.published.find(name);
    if (found == state.published.end())
      return false;
    what = std::move(found->second);
    state.published.erase(found);
  }
  for (const auto& there : state.all_sessions())
    there->withdraw(what);
  return true;
}

coro<peer> node::connect(std::string address, std::string expected) const {
  auto core = core_;
  auto there = co_await detail::node_core::connect(core, std::move(address),
                                                   std::move(expected));
  co_return peer{core, there};
}

std::uint16_t node::port() const noexcept {
  return core_->port();
}

const std::string& node::name() const noexcept {
  return core_->state()->name;
}

coro<void> node::stop() const {
  return detail::node_core::stop(core_);
}

std::string peer::name() const {
  return there_->peer_name();
}

bool peer::lost() const {
  return there_->lost();
}

std::string peer::why_lost() const {
  return there_->why_lost();
}

coro<void> peer::wait_lost() const {
  auto told = there_->when_lost();
  co_await told;
}

void peer::close() const {
  there_->leave("it closed the connection");
}

coro<peer> connect(std::string address, node_options options) {
  node mine = co_await node::start(std::move(options));
  peer there = co_await mine.connect(std::move(address));
  co_return there;
}

} // namespace troupe
