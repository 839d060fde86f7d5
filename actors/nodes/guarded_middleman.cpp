#include "actors/nodes/guarded_middleman.hpp"

#include <caf/actor_cast.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/detail/socket_guard.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/basp/header.hpp>
#include <caf/io/basp/version.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>
#include <caf/scoped_execution_unit.hpp>

#include <algorithm>
#include <chrono>
#include <set>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace troupe::detail {

namespace {

namespace net = caf::io::network;

using rules_ptr = std::shared_ptr<connection_rules>;

// -- the bytes of CAF's protocol ----------------------------------------------

// By CAF's own serializer, so that we need not know how it writes.
template <class... Parts>
std::string bytes_by_caf(caf::actor_system& system, const Parts&... parts) {
  caf::scoped_execution_unit unit{&system};
  std::vector<char> bytes;
  caf::binary_serializer sink{&unit, bytes};
  sink(const_cast<Parts&>(parts)...);
  return {bytes.begin(), bytes.end()};
}

basp_terms make_terms(caf::actor_system& system, const transport_plan& plan) {
  std::vector<caf::strong_actor_ptr> no_stages;
  basp_terms terms;
  terms.me = bytes_of(system, system.node());
  terms.text_head
    = bytes_by_caf(system, no_stages, caf::make_message(std::string{}));
  terms.text_head.pop_back(); // the size, 0
  terms.app_ids
    = bytes_by_caf(system, std::vector<std::string>{"generic-caf-app"});
  terms.no_interface = bytes_by_caf(system, std::set<std::string>{});
  terms.no_context = bytes_by_caf(system, caf::message{});
  terms.question
    = bytes_by_caf(system, no_stages,
                   caf::make_message(caf::sys_atom::value, caf::get_atom::value,
                                     std::string{"info"}));
  terms.question_to = static_cast<std::uint64_t>(caf::atom("SpawnServ"));
  terms.version = caf::io::basp::version;
  terms.plain_message = caf::make_message_id().integer_value();
  terms.max_sources = plan.max_peers + connection_gate::most_strangers;
  static_assert(caf::io::basp::header_size == basp_guard::header_size);
  return terms;
}

// -- one connection -----------------------------------------------------------

// How a stream of CAF reads and writes.
class guarded_bytes {
public:
  guarded_bytes(rules_ptr rules, std::unique_ptr<byte_channel> channel,
                std::unique_ptr<connection_gate::place> place, bool called)
    : rules_(std::move(rules)), channel_(std::move(channel)),
      place_(std::move(place)), called_(called) {}

  net::rw_state read_some(std::size_t& count, net::native_socket, void* to,
                          std::size_t room) {
    count = 0;
    try {
      count = read(static_cast<char*>(to), room);
      return net::rw_state::success;
    } catch (const connection_broken&) {
      return net::rw_state::failure;
    }
  }

  net::rw_state write_some(std::size_t& count, net::native_socket,
                           const void* from, std::size_t size) {
    count = 0;
    try {
      count = channel_->write(static_cast<const char*>(from), size);
      return net::rw_state::success;
    } catch (const connection_broken&) {
      return net::rw_state::failure;
    }
  }

  bool must_read_more(net::native_socket, std::size_t) {
    return (guard_ && guard_->ready() > 0) || channel_->pending();
  }

private:
  std::size_t read(char* to, std::size_t room) {
    if (!guard_) {
      // Only now it is known who the peer is.
      char first = 0;
      std::size_t count = channel_->read(&first, 1);
      if (count == 0)
        return 0;
      guard_ = std::make_unique<basp_guard>(rules_->terms, rules_->actors,
                                            rules_->claims, called_,
                                            channel_->certificate());
      guard_->stage().front() = first;
      guard_->staged(1);
    }
    for (;;) {
      if (guard_->ready() > 0)
        return guard_->take(to, room);
      if (guard_->passing() > 0) {
        std::size_t count
          = channel_->read(to, std::min(room, guard_->passing()));
        guard_->passed(count);
        return count;
      }
      auto stage = guard_->stage();
      std::size_t count = channel_->read(stage.data(), stage.size());
      if (count == 0)
        return 0;
      if (!guard_->staged(count))
        throw connection_broken{};
      if (guard_->settled() && !settled_) {
        settled_ = true;
        place_->settle(guard_->peer());
      }
    }
  }

  const rules_ptr rules_;
  const std::unique_ptr<byte_channel> channel_;
  const std::unique_ptr<connection_gate::place> place_;
  const bool called_;
  std::unique_ptr<basp_guard> guard_;
  bool settled_ = false;
};

class guarded_scribe final : public caf::io::scribe {
public:
  guarded_scribe(net::default_multiplexer& multiplexer,
                 net::native_socket socket, rules_ptr rules,
                 std::unique_ptr<byte_channel> channel,
                 std::unique_ptr<connection_gate::place> place, bool called)
    : scribe(net::conn_hdl_from_socket(socket)),
      stream_(multiplexer, socket, std::move(rules), std::move(channel),
              std::move(place), called) {}

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!std::exchange(started_, true))
      stream_.start(this);
  }

  void ack_writes(bool enable) override {
    stream_.ack_writes(enable);
  }

  std::vector<char>& wr_buf() override {
    return stream_.wr_buf();
  }

  std::vector<char>& rd_buf() override {
    return stream_.rd_buf();
  }

  void graceful_shutdown() override {
    caf::intrusive_ptr<guarded_scribe> alive{this};
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  void flush() override {
    stream_.flush(this);
  }

  std::string addr() const override {
    auto found = net::remote_addr_of_fd(stream_.fd());
    return found ? *found : std::string{};
  }

  std::uint16_t port() const override {
    auto found = net::remote_port_of_fd(stream_.fd());
    return found ? *found : 0;
  }

  void add_to_loop() override {
    stream_.activate(this);
  }

  // CAF tells a stream that it is out of the loop only if it was in it. One
  // that is closed as soon as it is opened would hold itself for ever.
  void remove_from_loop() override {
    stream_.passivate();
    if ((stream_.eventbf() & net::input_mask) == 0)
      stream_.removed_from_loop(net::operation::read);
  }

private:
  net::stream_impl<guarded_bytes> stream_;
  bool started_ = false;
};

// What no session watches for the moment: the system looks whether the other
// end is still there, and gives up what it does not confirm.
void watch_idle(net::native_socket socket, std::chrono::nanoseconds limit) {
  auto set = [socket](int level, int what, int value) {
    setsockopt(socket, level, what, &value, sizeof value);
  };
  limit = std::min<std::chrono::nanoseconds>(limit, std::chrono::hours{1});
  auto seconds = std::chrono::ceil<std::chrono::seconds>(limit).count();
  auto ms = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
  set(IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(seconds));
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(ms));
  set(IPPROTO_TCP, TCP_KEEPINTVL, 1);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
}

// Null if there is no room, or nothing to say.
caf::io::scribe_ptr make_scribe(net::default_multiplexer& multiplexer,
                                net::native_socket socket,
                                const rules_ptr& rules, bool called) {
  caf::detail::socket_guard closing{socket};
  net::nonblocking(socket, true);
  watch_idle(socket, rules->loss_limit);
  auto place = connection_gate::enter(rules->gate, socket, called);
  if (!place)
    return nullptr;
  try {
    auto channel = rules->tls ? rules->tls->make_channel(socket, called)
                              : make_plain_channel(socket);
    auto made = caf::make_counted<guarded_scribe>(
      multiplexer, socket, rules, std::move(channel), std::move(place), called);
    closing.release();
    return made;
  } catch (const connection_broken&) {
    place.reset(); // before its socket is closed
    return nullptr;
  }
}

// -- the actor ----------------------------------------------------------------

class guarded_doorman final : public net::doorman_impl {
public:
  guarded_doorman(net::default_multiplexer& multiplexer,
                  net::native_socket socket, rules_ptr rules)
    : net::doorman_impl(multiplexer, socket), rules_(std::move(rules)) {}

  bool new_connection() override {
    auto& multiplexer = acceptor_.backend();
    auto socket = acceptor_.accepted_socket();
    if (detached()) { // but not yet out of the loop
      net::close_socket(socket);
      return false;
    }
    auto made = make_scribe(multiplexer, socket, rules_, true);
    if (!made)
      return true;
    auto handle = made->hdl();
    parent()->add_scribe(std::move(made));
    return doorman::new_connection(&multiplexer, handle);
  }

private:
  const rules_ptr rules_;
};

class guarded_middleman final : public caf::io::middleman_actor_impl {
public:
  guarded_middleman(caf::actor_config& config, caf::actor broker,
                    rules_ptr rules)
    : middleman_actor_impl(config, std::move(broker)),
      rules_(std::move(rules)) {}

  const char* name() const override {
    return "troupe.middleman";
  }

protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host,
                                             std::uint16_t port) override {
    auto socket = net::new_tcp_connection(host, port);
    if (!socket)
      return std::move(socket.error());
    auto made = make_scribe(multiplexer(), *socket, rules_, false);
    if (!made)
      return caf::sec::cannot_connect_to_node;
    return made;
  }

  caf::expected<caf::io::doorman_ptr> open(std::uint16_t port, const char* host,
                                           bool reuse) override {
    auto socket = net::new_tcp_acceptor_impl(port, host, reuse);
    if (!socket)
      return std::move(socket.error());
    return caf::make_counted<guarded_doorman>(multiplexer(), *socket, rules_);
  }

private:
  net::default_multiplexer& multiplexer() {
    return static_cast<net::default_multiplexer&>(
      system().middleman().backend());
  }

  const rules_ptr rules_;
};

// Looks now and then who is late.
caf::behavior watch_gate(caf::event_based_actor* self,
                         std::shared_ptr<connection_gate> gate,
                         caf::timespan pause) {
  self->delayed_send(self, pause, caf::tick_atom::value);
  return {[=](caf::tick_atom) {
    gate->drop_late();
    self->delayed_send(self, pause, caf::tick_atom::value);
  }};
}

} // namespace

std::shared_ptr<connection_rules> make_rules(caf::actor_system& system,
                                             const transport_plan& plan) {
  auto rules = std::make_shared<connection_rules>();
  rules->terms = make_terms(system, plan);
  rules->max_message = plan.max_message;
  rules->loss_limit = plan.loss_limit;
  rules->gate = std::make_shared<connection_gate>(
    plan.max_peers + connection_gate::most_strangers, plan.connect_limit,
    [](int socket) { net::shutdown_both(socket); });
  if (plan.security.on())
    rules->tls = tls_settings::load(plan.security);
  auto pause = std::chrono::duration_cast<caf::timespan>(plan.connect_limit / 4)
             + std::chrono::milliseconds{1};
  system.spawn<caf::hidden>(watch_gate, rules->gate, pause);
  return rules;
}

caf::actor spawn_guarded_middleman(caf::actor_system& system,
                                   std::shared_ptr<connection_rules> rules) {
  auto broker
    = system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  auto made = system.spawn<guarded_middleman, caf::detached + caf::hidden>(
    std::move(broker), std::move(rules));
  return caf::actor_cast<caf::actor>(made);
}

std::string bytes_of(caf::actor_system& system, const caf::node_id& node) {
  return bytes_by_caf(system, node);
}

} // namespace troupe::detail
