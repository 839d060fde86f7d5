#include <troupe/error.hpp>

#include "actors/nodes/byte_channel.hpp"
#include "actors/nodes/frames.hpp"
#include "actors/nodes/session.hpp"

// The handshake proves names to each other. TLS below it lets in only who has a
// certificate of the common authority; a signature over both names and both
// nonces says which one, and its certificate has to be that of TLS, so that
// nobody can stand in between.

namespace troupe::detail {

namespace {

constexpr std::string_view magic = "troupe";

constexpr std::string_view too_many = "it has as many connections as it may";

std::string show(const identity* me) {
  return me ? me->certificate() : std::string{};
}

} // namespace

// Counts a session of somebody who called. False if he has as many as he may.
// The node's mutex is held.
bool session::enter(std::string guest) {
  auto found = node_->guests.find(guest);
  std::size_t count = found == node_->guests.end() ? 0 : found->second;
  if (count >= node_->max_sessions)
    return false;
  node_->guests[guest] = count + 1;
  guest_ = std::move(guest);
  return true;
}

// Empty, or why the node does not take it.
std::string session::join() {
  std::string guest;
  if (role_ == role::called)
    guest = link_->certificate().value_or(std::string{});
  std::lock_guard lock{node_->mutex};
  if (node_->stopped)
    return "it is stopping";
  if (node_->sessions.size() >= node_->max_peers)
    return "it has as many peers as it may";
  if (!guest.empty() && !enter(guest))
    return std::string{too_many};
  number_ = ++node_->last_session;
  node_->sessions.emplace(number_, shared_from_this());
  return {};
}

bool session::begin(std::string expected) {
  std::string refusal = join();
  if (!refusal.empty()) {
    link_->send(make_frame(frame::refuse, refusal));
    link_->close();
    return false;
  }
  watch();
  if (role_ == role::caller)
    send(make_frame(frame::hello, std::string{magic}, protocol_version,
                    node_->name, expected, nonce_, show(node_->me.get())));
  return true;
}

void session::check_version(wire_reader& in) {
  if (in.text() != magic)
    throw_bad_message("it is no handshake of troupe");
  auto version = in.number<std::uint32_t>();
  if (version != protocol_version)
    throw error(errc::node_refused,
                "it speaks version " + std::to_string(version)
                  + " of the protocol, and this node version "
                  + std::to_string(protocol_version));
}

std::string session::statement(role of) const {
  std::string text;
  wire_writer to{text};
  bool mine = of == role_;
  to.text(of == role::caller ? "troupe caller" : "troupe called");
  to.number(protocol_version);
  to.text(mine ? node_->name : peer_);
  to.text(mine ? peer_ : node_->name);
  to.text(mine ? nonce_ : peer_nonce_);
  to.text(mine ? peer_nonce_ : nonce_);
  return text;
}

// Empty if the peer is who it says. Who passes the signature of another on has
// another certificate at his end of TLS.
std::string session::check_peer(role of, const std::string& name,
                                const std::string& signature) const {
  std::string wrong
    = node_->me->check(peer_certificate_, name, statement(of), signature);
  if (!wrong.empty())
    return wrong;
  auto below = link_->certificate();
  if (below && *below != digest_of(peer_certificate_))
    return "it is not at the other end of the connection";
  return {};
}

void session::on_hello(wire_reader& in) {
  std::string wanted;
  std::string signature;
  try {
    check_version(in);
  } catch (const error& problem) {
    return refuse(problem.what());
  }
  {
    std::lock_guard lock{mutex_};
    if (!peer_.empty())
      throw_bad_message("it says hello twice");
    peer_ = in.text();
    wanted = in.text();
    peer_nonce_ = in.text();
    peer_certificate_ = in.text();
    in.end();
    if (peer_.empty())
      throw_bad_message("it has no name");
  }
  if (!wanted.empty() && wanted != node_->name)
    return refuse("it asks for node '" + wanted + "', and this one is '"
                  + node_->name + "'");
  if (node_->me)
    signature = node_->me->sign(statement(role::called));
  send(make_frame(frame::welcome, std::string{magic}, protocol_version,
                  node_->name, nonce_, show(node_->me.get()), signature));
}

void session::on_welcome(wire_reader& in) {
  check_version(in);
  std::string name = in.text();
  if (name.empty())
    throw_bad_message("it has no name");
  {
    std::lock_guard lock{mutex_};
    peer_ = name;
    peer_nonce_ = in.text();
    peer_certificate_ = in.text();
  }
  std::string signature = in.text();
  in.end();
  std::string proof;
  if (node_->me) {
    std::string wrong = check_peer(role::called, name, signature);
    if (!wrong.empty())
      return refuse(wrong);
    proof = node_->me->sign(statement(role::caller));
  }
  send(make_frame(frame::proof, proof));
  std::lock_guard lock{mutex_};
  proved_ = true;
}

void session::on_proof(wire_reader& in) {
  std::string name = peer_name();
  if (name.empty())
    throw_bad_message("it comes before a hello");
  std::string signature = in.text();
  in.end();
  if (node_->me) {
    std::string wrong = check_peer(role::caller, name, signature);
    if (!wrong.empty())
      return refuse(wrong);
  }
  {
    std::unique_lock lock{node_->mutex};
    bool ended = !node_->sessions.contains(number_);
    if (guest_.empty() && !ended && !enter(name)) {
      lock.unlock();
      return refuse(std::string{too_many});
    }
  }
  send(make_frame(frame::ready));
  agree();
}

void session::agree() {
  {
    std::lock_guard lock{mutex_};
    agreed_already_ = true;
  }
  set_unless_done(agreed_, std::string{});
}

void session::refuse(const std::string& why) {
  send(make_frame(frame::refuse, why));
  reject(why);
}

void session::on_refuse(wire_reader& in) {
  reject("it refuses: " + in.text());
}

} // namespace troupe::detail
