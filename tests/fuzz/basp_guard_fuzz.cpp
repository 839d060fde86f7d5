#include "actors/nodes/basp_guard.hpp"
#include "fuzz.hpp"
#include "support/basp.hpp"

#include <algorithm>

// What a connection of CAF may carry. The first byte of an input says who has
// connected and in what pieces the bytes come; the rest is what a peer says.
// Checked is what is taken on, by rules that are written down again here.

using namespace troupe::detail;

namespace {

constexpr std::uint64_t gateway = 9;
constexpr std::uint64_t link_id = 12;
constexpr std::size_t longest = 500;

std::string node(char machine) {
  return std::string("\0\0\x3e\x9a\xab\x9b\xac\x79", 8) + big_endian(77, 4)
       + std::string(20, machine);
}

const basp_terms& terms() {
  static const basp_terms made = [] {
    basp_terms x;
    x.me = node('m');
    x.text_head = basp_message("@<>+@str", {});
    x.app_ids = basp_size(1) + basp_size(6) + "troupe";
    x.no_interface = std::string(1, '\0');
    x.no_context = big_endian(0, 2) + basp_size(3) + "@<>";
    x.question
      = basp_message("@<>+@atom+@atom+@str", big_endian(1, 8) + big_endian(2, 8)
                                               + basp_size(4) + "info");
    x.question_to = 0xabcdef;
    x.version = 3;
    x.plain_message = basp_plain;
    x.max_sources = 4;
    return x;
  }();
  return made;
}

// Whole frames that were let through.
void check_output(std::string_view bytes, bool called) {
  bool greeted = false;
  while (bytes.size() >= 32) {
    auto operation = static_cast<basp>(bytes[0]);
    auto flags = bytes[3];
    auto size = from_big_endian(bytes.substr(4, 4));
    auto target = from_big_endian(bytes.substr(24, 8));
    fuzz_check(size <= longest + 64, "no frame is long");
    fuzz_check(operation < basp::heartbeat
                 && operation != basp::routed_message,
               "only what our transport uses is let through");
    if (operation == basp::server_handshake)
      fuzz_check(!called && !greeted, "a server says hello once, to a client");
    if (operation == basp::client_handshake)
      fuzz_check(called, "a client says hello to a server");
    if (operation > basp::client_handshake)
      fuzz_check(greeted, "first comes a handshake");
    if (operation == basp::direct_message)
      fuzz_check(flags == 0 && (target == gateway || target == link_id),
                 "messages go to actors that are to be reached");
    greeted = true;
    bytes.remove_prefix(32);
    auto payload = bytes.substr(0, size);
    if (operation == basp::direct_message
        && payload.size() >= terms().text_head.size())
      fuzz_check(payload.starts_with(terms().text_head),
                 "a message is one text");
    bytes.remove_prefix(payload.size());
  }
}

} // namespace

std::vector<std::string> fuzz_seeds() {
  std::string me = node('p');
  std::string them = terms().me;
  std::string between = me + them;
  basp_header text{basp::direct_message, 0, basp_plain, 5, gateway};
  basp_header answer = text;
  answer.target = link_id;
  std::string talk
    = basp_frame(text, basp_text("hello"))
    + basp_frame({basp::monitor_message, 0, 0, 0, link_id}, between)
    + basp_frame(answer, basp_text(std::string(300, 'x')))
    + basp_frame({basp::direct_message, 1, basp_plain, 5, 0xabcdef},
                 terms().question)
    + basp_frame({basp::down_message, 0, 0, 5, 0},
                 between + std::string(9, '\x01') + terms().no_context)
    + basp_frame(answer, basp_text(std::string(longest, 'y')));
  std::string client = basp_frame({basp::client_handshake}, me)
                     + basp_frame({basp::client_handshake, 2}, me);
  std::string server = basp_frame({basp::server_handshake, 0, 3},
                                  me + terms().app_ids + big_endian(7, 8)
                                    + std::string(1, '\0'));
  std::vector<std::string> all;
  for (char pieces : {'\x01', '\x07', '\x41', '\x7f'})
    all.push_back(std::string(1, pieces) + client + talk);
  for (char pieces : {'\x00', '\x06', '\x7e'})
    all.push_back(std::string(1, pieces) + server + talk);
  return all;
}

void fuzz(const std::string& input) {
  reachable_actors actors;
  actors.open(gateway, 200);
  actors.open(link_id, longest);
  node_claims claims;
  auto mode = static_cast<unsigned char>(input.empty() ? 0 : input[0]);
  bool called = mode & 1;
  std::size_t piece = 1 + mode / 2;
  std::string_view left = input;
  left.remove_prefix(std::min<std::size_t>(1, left.size()));
  basp_guard guard{terms(), actors, claims, called, "certificate"};
  std::string output;
  char room[64];
  while (!left.empty() || guard.ready() > 0) {
    std::size_t count = std::min(piece, left.size());
    if (guard.ready() > 0) {
      count = guard.take(room, std::min(piece, sizeof room));
      fuzz_check(count > 0, "what is ready can be taken");
      output.append(room, count);
    } else if (guard.passing() > 0) {
      count = std::min(count, guard.passing());
      output += left.substr(0, count);
      left.remove_prefix(count);
      guard.passed(count);
    } else {
      auto stage = guard.stage();
      fuzz_check(!stage.empty(), "there is room for what comes");
      count = std::min(count, stage.size());
      std::copy_n(left.begin(), count, stage.begin());
      left.remove_prefix(count);
      if (!guard.staged(count))
        break;
    }
  }
  check_output(output, called);
}
