#include "actors/nodes/basp_guard.hpp"
#include "actors/nodes/connection_gate.hpp"
#include "support/basp.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <vector>

using namespace troupe::detail;
using namespace std::chrono_literals;

namespace {

std::string node(char machine) {
  return std::string("\0\0\x3e\x9a\xab\x9b\xac\x79", 8) + big_endian(77, 4)
       + std::string(20, machine);
}

basp_terms make_terms() {
  basp_terms x;
  x.me = node('m');
  x.text_head = basp_message("@<>+@str", {});
  x.app_ids = "apps";
  x.no_interface = "none";
  x.no_context = big_endian(0, 2) + basp_size(3) + "@<>";
  x.question = "question";
  x.question_to = 1000;
  x.version = 3;
  x.plain_message = basp_plain;
  x.max_sources = 2;
  return x;
}

const std::string me = node('m');
const std::string peer = node('p');
const std::string hello = basp_frame({basp::client_handshake}, peer);
const std::string welcome = basp_frame(
  {basp::server_handshake, 0, 3}, peer + "apps" + big_endian(7, 8) + "none");

basp_header to(std::uint64_t target, std::uint64_t source = 5) {
  return {basp::direct_message, 0, basp_plain, source, target};
}

struct watched {
  basp_terms terms = make_terms();
  reachable_actors actors;
  node_claims claims;
  basp_guard guard;

  explicit watched(bool called = true)
    : guard(terms, actors, claims, called, "mine") {
    actors.open(9, 100);
  }

  // What is let through of these bytes, if no more than `piece` come at a time;
  // "dropped" if the peer is to be.
  std::string pass(std::string_view left, std::size_t piece = 1000) {
    std::string output;
    char room[16];
    while (!left.empty() || guard.ready() > 0) {
      std::size_t count = std::min(piece, left.size());
      if (guard.ready() > 0) {
        output.append(room, guard.take(room, sizeof room));
        continue;
      }
      if (guard.passing() > 0) {
        count = std::min(count, guard.passing());
        output += left.substr(0, count);
        guard.passed(count);
      } else {
        auto stage = guard.stage();
        count = std::min(count, stage.size());
        std::copy_n(left.begin(), count, stage.begin());
        if (!guard.staged(count))
          return "dropped";
      }
      left.remove_prefix(count);
    }
    return output;
  }
};

} // namespace

TEST_CASE("guard: what nodes of ours say passes, in pieces of any size") {
  for (bool called : {true, false})
    for (std::size_t piece : {1, 2, 31, 32, 33, 1000}) {
      watched x{called};
      CHECK_FALSE(x.guard.settled());
      std::string between = peer + me;
      std::string talk
        = (called ? hello + basp_frame({basp::client_handshake, 2}, peer)
                  : welcome)
        + basp_frame(to(9), basp_text("hi"))
        + basp_frame(to(9), basp_text(std::string(100, 'x')))
        + basp_frame(to(9), basp_text(""))
        + basp_frame({basp::monitor_message, 0, 0, 0, 9}, between)
        + basp_frame({basp::down_message, 0, 0, 5, 0},
                     between + std::string(9, '\1') + x.terms.no_context);
      CHECK(x.pass(talk, piece) == talk);
      CHECK(x.guard.settled());
      // What CAF asks everybody gets no further.
      basp_header asks{basp::direct_message, 1, basp_plain, 5, 1000};
      CHECK(x.pass(basp_frame(asks, "question"), piece).empty());
      std::string more = basp_frame(to(9), basp_text("more"));
      CHECK(x.pass(more, piece) == more);
    }
}

TEST_CASE("guard: who announces too much is dropped by the header") {
  for (std::uint32_t size : {0xffffffffU, 0x7fffffffU, 1000U, 118U, 0U}) {
    watched x;
    CHECK(x.pass(hello) == hello);
    CHECK(x.pass(basp_frame(to(9), {}, size)) == "dropped");
  }
  watched x;
  CHECK(x.pass(basp_frame({basp::client_handshake}, {}, 1 << 30)) == "dropped");
  CHECK(x.pass(hello) != hello);
}

TEST_CASE("guard: a text is as long as its frame") {
  for (auto text :
       {basp_message("@<>+@str", basp_size(9) + "short"),
        basp_message("@<>+@str", basp_size(1) + "longer"),
        basp_message("@<>+@str", "\xff\xff\xff\xff\xff\xff"),
        basp_message("@<>+@str", std::string("\x80\x80\x80\x80\x80\x80", 6)),
        basp_message("@<>+@i32", big_endian(1, 4)), std::string(20, '\0')}) {
    watched x;
    CHECK(x.pass(hello) == hello);
    CHECK(x.pass(basp_frame(to(9), text)) == "dropped");
  }
}

TEST_CASE("guard: actors that have ended are still reached for a while") {
  watched x;
  CHECK(x.pass(hello) == hello);
  x.actors.end(9);
  CHECK(x.pass(basp_frame(to(9), basp_text("hi"))) != "dropped");
  for (std::uint64_t id = 100; id < 5000; ++id) {
    x.actors.open(id, 10);
    x.actors.end(id);
  }
  CHECK(x.pass(basp_frame(to(9), basp_text("hi"))) == "dropped");
}

TEST_CASE("guard: a link is reached by the node at its other end") {
  watched x;
  x.actors.open(10, 100, peer);
  x.actors.open(11, 100, node('q'));
  CHECK(x.pass(hello) == hello);
  CHECK(x.pass(basp_frame(to(10), basp_text("hi"))) != "dropped");
  CHECK(x.pass(basp_frame(to(11), basp_text("hi"))) == "dropped");
}

TEST_CASE("guard: a peer has as many actors as it may") {
  watched x;
  CHECK(x.pass(hello) == hello);
  auto from = [](std::uint64_t id) {
    return basp_frame(to(9, id), basp_text("hi"));
  };
  CHECK(x.pass(from(1) + from(2) + from(1)) != "dropped");
  CHECK(
    x.pass(basp_frame({basp::down_message, 0, 0, 1, 0},
                      peer + me + std::string(9, '\1') + x.terms.no_context))
    != "dropped");
  CHECK(x.pass(from(3)) != "dropped");
  CHECK(x.pass(from(4)) == "dropped");
}

TEST_CASE("guard: a node is who said so first, while he is there") {
  basp_terms terms = make_terms();
  reachable_actors actors;
  node_claims claims;
  auto is_let_in = [&](basp_guard& guard) {
    auto stage = guard.stage();
    std::copy_n(hello.begin(), stage.size(), stage.begin());
    if (!guard.staged(stage.size()))
      return false;
    stage = guard.stage();
    std::copy_n(hello.begin() + 32, stage.size(), stage.begin());
    return guard.staged(stage.size());
  };
  {
    basp_guard first{terms, actors, claims, true, "one"};
    basp_guard again{terms, actors, claims, true, "one"};
    basp_guard thief{terms, actors, claims, true, "two"};
    CHECK(is_let_in(first));
    CHECK(is_let_in(again));
    CHECK_FALSE(is_let_in(thief));
    CHECK(claims.certificate_of(peer) == "one");
  }
  CHECK(claims.certificate_of(peer).empty());
  basp_guard next{terms, actors, claims, true, "two"};
  CHECK(is_let_in(next));
}

TEST_CASE("gate: strangers make room for the next, guests do not") {
  std::vector<int> dropped;
  auto gate = std::make_shared<connection_gate>(
    70, 0ns, [&](int socket) { dropped.push_back(socket); });
  std::vector<std::unique_ptr<connection_gate::place>> places;
  for (int i = 0; i < 64; ++i)
    places.push_back(connection_gate::enter(gate, i, true));
  CHECK(dropped.empty());
  places[0]->settle("guest");
  places.push_back(connection_gate::enter(gate, 64, true));
  CHECK(dropped.empty());
  places.push_back(connection_gate::enter(gate, 65, true));
  CHECK(dropped == std::vector{1});
  for (auto& x : places)
    x->settle("guest");
  for (int i = 66; i < 71; ++i) {
    places.push_back(connection_gate::enter(gate, i, true));
    places.back()->settle("guest");
  }
  CHECK_FALSE(connection_gate::enter(gate, 71, true));
  // Who was called by us is not counted, but has to settle.
  places.push_back(connection_gate::enter(gate, 72, false));
  gate->drop_late();
  CHECK(dropped == std::vector{1, 72});
  CHECK(gate->size() == places.size());
  places.clear();
  CHECK(gate->size() == 0);
}

TEST_CASE("gate: a peer is dropped with all its connections, nobody else") {
  std::vector<int> dropped;
  auto gate = std::make_shared<connection_gate>(
    70, 1h, [&](int socket) { dropped.push_back(socket); });
  std::vector<std::unique_ptr<connection_gate::place>> places;
  for (int i = 0; i < 6; ++i)
    places.push_back(connection_gate::enter(gate, i, i % 2 == 0));
  for (std::size_t i = 0; i < 5; ++i)
    places[i]->settle(i < 3 ? "one" : "two");
  gate->drop_peer("one");
  gate->drop_peer("one");
  CHECK(dropped == std::vector{0, 1, 2});
}
