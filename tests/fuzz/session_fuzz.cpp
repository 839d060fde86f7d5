#include <troupe/node.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>

#include "actors/nodes/frames.hpp"
#include "fuzz.hpp"
#include "support/memory_link.hpp"
#include "support/nonsense.hpp"

#include <map>
#include <optional>

// The messages of a session. The first byte of an input says whether the
// handshake is done for it; then come messages, each after its size. Whatever a
// peer says, when it has gone the lock is free and nobody waits.

using namespace troupe;
using namespace troupe::detail;

namespace {

template <class T>
void publish(node_state& state, const char* name, T x) {
  using exhibit = typename exhibit_class<T>::type;
  state.published.emplace(name, std::make_shared<exhibit>(std::move(x)));
}

coro<int> count_all(std::map<std::string, std::optional<std::vector<int>>> x,
                    std::tuple<double, std::string>) {
  co_return static_cast<int>(x.size());
}

std::vector<std::string> handshake() {
  std::string none;
  return {make_frame(frame::hello, std::string{"troupe"}, protocol_version,
                     std::string{"fuzzer"}, none, none, none),
          make_frame(frame::proof, none)};
}

std::string pack(bool agreed, const std::vector<std::string>& messages) {
  std::string bytes(1, agreed ? '\1' : '\0');
  for (const auto& x : messages) {
    bytes += static_cast<char>(x.size());
    bytes += static_cast<char>(x.size() >> 8);
    bytes += x;
  }
  return bytes;
}

std::vector<std::string> unpack(std::string_view bytes) {
  std::vector<std::string> messages;
  while (bytes.size() >= 2 && messages.size() < 50) {
    auto byte = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
    };
    std::size_t size = byte(0) | byte(1) << 8;
    bytes.remove_prefix(2);
    messages.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  return messages;
}

coro<void> talk(std::vector<std::string> messages) {
  auto [one, two] = memory_link::make_pair();
  auto state = make_state("called", nullptr);
  lock guard;
  publish(*state, "line", queue<std::vector<std::string>>{3});
  publish(*state, "lock", guard);
  publish(*state, "event", event{});
  publish(*state, "rooms", semaphore{2});
  publish(*state, "count", count_all);
  auto there = std::make_shared<session>(state, two, session::role::called);
  two->attach(there);
  there->begin({});
  for (const auto& bytes : messages) {
    one->send(bytes);
    co_await sleep(std::chrono::nanoseconds{0});
  }
  for (int i = 0; i < 5; ++i)
    co_await sleep(std::chrono::nanoseconds{0});
  there->end("the input is over");
  for (int i = 0; i < 10; ++i)
    co_await sleep(std::chrono::nanoseconds{0});
  fuzz_check(there->lost(), "a session has ended");
  fuzz_check(!guard.locked(), "what a lost peer held is free");
  fuzz_check(all_tasks().size() == 1, "nobody waits for a lost peer");
  for (const auto& bytes : one->sent)
    fuzz_check(bytes.size() <= 64 * 1024, "it says nothing long");
}

} // namespace

std::vector<std::string> fuzz_seeds() {
  auto ask = [](std::uint64_t number, std::string name, std::uint8_t verb,
                std::string payload = {}) {
    return make_frame(frame::request, number, name, verb) + payload;
  };
  auto payload = [](const auto& x) {
    std::string bytes;
    wire_writer{bytes}.value(x);
    return bytes;
  };
  std::vector<std::string> item{"one", "two"};
  std::map<std::string, std::optional<std::vector<int>>> all{
    {"a", std::vector{1, 2, 3}}, {"b", std::nullopt}};
  std::tuple<double, std::string> pair{1.5, "x"};
  std::string name = "line";
  std::vector<std::string> visit{
    ask(1, "line", 0),
    ask(2, "line", 1, payload(item)),
    ask(3, "line", 3),
    ask(4, "line", 3),
    make_frame(frame::cancel, std::uint64_t{4}),
    ask(5, "lock", 1),
    ask(6, "lock", 1),
    make_frame(frame::release, std::uint64_t{5}),
    ask(7, "lock", 2),
    ask(8, "event", 1),
    make_frame(frame::tell, std::string{"event"}, std::uint8_t{3}),
    ask(9, "rooms", 1),
    make_frame(frame::tell, std::string{"rooms"}, std::uint8_t{4}),
    ask(10, "count", 1, payload(all) + payload(pair)),
    ask(11, "line", 5),
    make_frame(frame::tell, name, std::uint8_t{7}),
    make_frame(frame::undo, name, std::uint8_t{1}),
    make_frame(frame::ping),
    make_frame(frame::answer, std::uint64_t{1}, std::uint8_t{0}),
  };
  std::vector<std::string> seeds{pack(true, visit), pack(false, handshake())};
  auto both = handshake();
  both.insert(both.end(), visit.begin(), visit.end());
  seeds.push_back(pack(false, both));
  for (const auto& x : visit)
    seeds.push_back(pack(true, {x, ask(20, "lock", 1), x}));
  for (const auto& x : nonsense_frames())
    if (x.size() < 1000)
      seeds.push_back(pack(true, {ask(1, "lock", 1), x}));
  return seeds;
}

void fuzz(const std::string& input) {
  auto messages = unpack(std::string_view{input}.substr(input.empty() ? 0 : 1));
  if (!input.empty() && input[0] & 1) {
    auto first = handshake();
    messages.insert(messages.begin(), first.begin(), first.end());
  }
  run([&]() -> coro<void> {
    // Complaints about peers are not what this is about.
    get_running_loop().set_exception_handler(
      [](event_loop&, const error_context&) {});
    return talk(std::move(messages));
  });
}
