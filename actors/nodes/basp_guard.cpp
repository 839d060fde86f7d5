#include "actors/nodes/basp_guard.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::detail {

// -- whom a peer may reach, and who it may be ---------------------------------

void reachable_actors::open(std::uint64_t id, std::size_t longest,
                            std::string node) {
  std::lock_guard lock{mutex_};
  open_[id] = {longest, std::move(node)};
}

void reachable_actors::end(std::uint64_t id) {
  std::lock_guard lock{mutex_};
  ended_.push_back(id);
  if (ended_.size() > remembered) {
    open_.erase(ended_.front());
    ended_.pop_front();
  }
}

std::size_t reachable_actors::longest(std::uint64_t id,
                                      const std::string& node) const {
  std::lock_guard lock{mutex_};
  auto found = open_.find(id);
  if (found == open_.end())
    return 0;
  const actor& x = found->second;
  return x.node.empty() || x.node == node ? x.longest : 0;
}

bool node_claims::take(const std::string& node,
                       const std::string& certificate) {
  std::lock_guard lock{mutex_};
  auto [found, added] = claims_.try_emplace(node);
  if (added)
    found->second.certificate = certificate;
  if (found->second.certificate != certificate)
    return false;
  ++found->second.connections;
  return true;
}

void node_claims::give_back(const std::string& node) {
  std::lock_guard lock{mutex_};
  auto found = claims_.find(node);
  if (found != claims_.end() && --found->second.connections == 0)
    claims_.erase(found);
}

std::string node_claims::certificate_of(const std::string& node) const {
  std::lock_guard lock{mutex_};
  auto found = claims_.find(node);
  return found == claims_.end() ? std::string{} : found->second.certificate;
}

// -- the guard ----------------------------------------------------------------

namespace {

constexpr std::uint8_t to_a_name = 1; // flags of a header
constexpr std::uint8_t this_one = 2;
constexpr std::size_t longest_size = 5; // bytes of a size

template <class T>
T number_at(const char* from) noexcept {
  T x = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    x = static_cast<T>(x << 8 | static_cast<unsigned char>(from[i]));
  return x;
}

bool is_nothing(std::string_view bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](char byte) { return byte == 0; });
}

} // namespace

basp_guard::basp_guard(const basp_terms& terms, const reachable_actors& actors,
                       node_claims& claims, bool called,
                       std::string certificate)
  : terms_(terms), actors_(actors), claims_(claims), called_(called),
    certificate_(std::move(certificate)) {}

basp_guard::~basp_guard() {
  if (!peer_.empty())
    claims_.give_back(peer_);
}

std::span<char> basp_guard::stage() noexcept {
  if (ready() + passing_ > 0)
    return {};
  return std::span{stage_}.subspan(have_, want_ - have_);
}

bool basp_guard::staged(std::size_t count) {
  have_ += count;
  if (have_ < want_)
    return true;
  if (have_ == header_size) {
    now_ = read_header();
    if (!on_header())
      return false;
    if (have_ < want_)
      return true;
  }
  return on_payload();
}

std::size_t basp_guard::take(char* to, std::size_t count) noexcept {
  count = std::min(count, ready());
  std::memcpy(to, stage_.data() + taken_, count);
  taken_ += count;
  if (ready() == 0)
    restart();
  return count;
}

void basp_guard::passed(std::size_t count) noexcept {
  passing_ -= count;
}

void basp_guard::restart() noexcept {
  have_ = ready_ = taken_ = 0;
  want_ = header_size;
}

// -- frames -------------------------------------------------------------------

basp_guard::header basp_guard::read_header() const noexcept {
  const char* from = stage_.data();
  return {
    static_cast<kind>(from[0]),          number_at<std::uint8_t>(from + 3),
    number_at<std::uint32_t>(from + 4),  number_at<std::uint64_t>(from + 8),
    number_at<std::uint64_t>(from + 16), number_at<std::uint64_t>(from + 24)};
}

// What is to come on the stage, by what a header says.
bool basp_guard::on_header() {
  const header& x = now_;
  std::size_t expected = 0;
  if (stage_[1] != 0 || stage_[2] != 0)
    return false;
  if (peer_.empty() && x.operation > kind::client_handshake)
    return false;
  switch (x.operation) {
    case kind::server_handshake:
      if (called_ || !peer_.empty() || x.flags != 0 || x.data != terms_.version
          || x.source != 0 || x.target != 0)
        return false;
      expected = terms_.me.size() + terms_.app_ids.size()
               + sizeof(std::uint64_t) + terms_.no_interface.size();
      break;
    case kind::client_handshake:
      // CAF says it again when it has decided for this connection.
      if (!called_ || ++greetings_ > 2
          || x.flags != (greetings_ == 1 ? 0 : this_one) || x.data != 0
          || x.source != 0 || x.target != 0)
        return false;
      expected = terms_.me.size();
      break;
    case kind::direct_message:
      return on_message();
    case kind::monitor_message:
      if (x.flags != 0 || x.data != 0 || x.source != 0
          || actors_.longest(x.target, peer_) == 0)
        return false;
      expected = 2 * terms_.me.size();
      break;
    case kind::down_message:
      if (x.flags != 0 || x.data != 0 || x.source == 0 || x.target != 0)
        return false;
      expected = 2 * terms_.me.size() + 1 + sizeof(std::uint64_t)
               + terms_.no_context.size();
      break;
    default:
      return false;
  }
  want_ = header_size + expected;
  return x.payload == expected && want_ <= stage_.size();
}

bool basp_guard::on_message() {
  const header& x = now_;
  if (x.data != terms_.plain_message || x.source == 0)
    return false;
  if (x.flags == to_a_name) {
    want_ = header_size + terms_.question.size();
    return x.target == terms_.question_to && x.payload == terms_.question.size()
        && want_ <= stage_.size();
  }
  std::size_t longest = actors_.longest(x.target, peer_);
  std::size_t head = terms_.text_head.size();
  if (x.flags != 0 || longest == 0 || x.payload <= head
      || x.payload > longest + head + longest_size)
    return false;
  if (sources_.size() >= terms_.max_sources && !sources_.contains(x.source))
    return false;
  sources_.insert(x.source);
  want_ = header_size + std::min<std::size_t>(x.payload, head + longest_size);
  return want_ <= stage_.size();
}

bool basp_guard::on_payload() {
  std::string_view payload{stage_.data() + header_size, have_ - header_size};
  switch (now_.operation) {
    case kind::server_handshake:
      if (!on_server_handshake(payload))
        return false;
      settled_ = true;
      break;
    case kind::client_handshake:
      if (!claim(payload))
        return false;
      break;
    case kind::direct_message:
      if (now_.flags == to_a_name)
        return on_question(payload);
      if (!on_text(payload))
        return false;
      settled_ = true;
      break;
    case kind::monitor_message:
      if (!is_between_us(payload))
        return false;
      break;
    case kind::down_message:
      if (!on_down(payload))
        return false;
      break;
    default:
      break;
  }
  ready_ = have_;
  return true;
}

bool basp_guard::on_server_handshake(std::string_view payload) {
  auto node = payload.substr(0, terms_.me.size());
  payload.remove_prefix(node.size());
  return payload.starts_with(terms_.app_ids)
      && payload.ends_with(terms_.no_interface)
      && number_at<std::uint64_t>(payload.data() + terms_.app_ids.size()) != 0
      && claim(node);
}

// One text without senders in between, as long as the header says.
bool basp_guard::on_text(std::string_view head) {
  if (!head.starts_with(terms_.text_head))
    return false;
  std::size_t at = terms_.text_head.size();
  std::uint64_t size = 0;
  for (int shift = 0;; shift += 7) {
    if (at == head.size() || shift == 7 * longest_size)
      return false;
    auto byte = static_cast<unsigned char>(head[at++]);
    size |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80)
      break;
  }
  if (at + size != now_.payload || size > actors_.longest(now_.target, peer_))
    return false;
  passing_ = now_.payload - head.size();
  return true;
}

// Nodes of CAF ask each other what they can spawn. We do not tell.
bool basp_guard::on_question(std::string_view payload) noexcept {
  restart();
  return payload == terms_.question;
}

bool basp_guard::on_down(std::string_view payload) {
  auto nodes = 2 * terms_.me.size();
  sources_.erase(now_.source);
  return is_between_us(payload.substr(0, nodes))
      && payload.ends_with(terms_.no_context);
}

bool basp_guard::is_between_us(std::string_view nodes) const noexcept {
  return nodes.starts_with(peer_) && nodes.ends_with(terms_.me);
}

// A node is its kind, which all have in common, its process, and its machine.
bool basp_guard::claim(std::string_view node) {
  constexpr std::size_t common = 8;
  constexpr std::size_t process = 4;
  if (!peer_.empty())
    return node == peer_;
  if (node == terms_.me || node.size() < common + process
      || node.substr(0, common) != terms_.me.substr(0, common)
      || is_nothing(node.substr(common, process))
      || is_nothing(node.substr(common + process)))
    return false;
  std::string name{node};
  if (!claims_.take(name, certificate_))
    return false;
  peer_ = std::move(name);
  return true;
}

} // namespace troupe::detail
