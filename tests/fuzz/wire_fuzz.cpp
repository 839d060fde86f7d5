#include <troupe/detail/wire.hpp>

#include "fuzz.hpp"

#include <deque>
#include <map>
#include <stdexcept>

// Values that come from peers: what is read can be written, and is then the
// same again; what is refused is refused in order.

using namespace troupe::detail;

namespace {

struct leaf {
  int number = 0;
  std::string text;
};

template <class Inspector>
auto inspect(Inspector& f, leaf& x) {
  return f(x.number, x.text);
}

// Holds itself: nested as deeply as the peer likes, if it may.
struct tree {
  leaf value;
  std::vector<tree> branches;
};

template <class Inspector>
auto inspect(Inspector& f, tree& x) {
  return f(x.value, x.branches);
}

using everything
  = std::tuple<bool, double, std::string, std::vector<leaf>,
               std::map<std::string, std::optional<std::vector<std::int8_t>>>,
               std::array<std::uint16_t, 3>, std::chrono::milliseconds,
               std::deque<std::tuple<char, std::optional<leaf>>>>;

template <class T>
std::string written(const T& x) {
  std::string bytes;
  wire_writer{bytes}.value(x);
  return bytes;
}

template <class T>
void try_as(std::string_view bytes) {
  T first;
  try {
    wire_reader in{bytes};
    in.value(first);
    in.end();
  } catch (const std::exception&) {
    return;
  }
  std::string again = written(first);
  T second;
  wire_reader in{again};
  in.value(second);
  in.end();
  fuzz_check(written(second) == again, "what was read can be written and read");
  fuzz_check(again.size() <= bytes.size(), "nothing was added");
}

} // namespace

std::vector<std::string> fuzz_seeds() {
  tree deep{.value = {1, "root"}, .branches = {}};
  for (int i = 0; i < 10; ++i) {
    tree next{.value = {i, "x"}, .branches = {deep, {}}};
    deep = std::move(next);
  }
  everything all{true,
                 2.5,
                 "text",
                 {{1, "one"}, {2, "two"}},
                 {{"a", std::vector<std::int8_t>{1, 2}}, {"b", std::nullopt}},
                 {1, 2, 3},
                 std::chrono::milliseconds{7},
                 {{'x', leaf{3, "three"}}, {'y', std::nullopt}}};
  return {'\0' + written(deep), '\1' + written(all),
          '\2' + written(std::vector<std::vector<std::string>>{{"a", "b"}, {}}),
          '\0' + std::string(2000, '\1')};
}

void fuzz(const std::string& input) {
  if (input.empty())
    return;
  std::string_view bytes = std::string_view{input}.substr(1);
  switch (input[0]) {
    case 0:
      return try_as<tree>(bytes);
    case 1:
      return try_as<everything>(bytes);
    default:
      return try_as<std::vector<std::vector<std::string>>>(bytes);
  }
}
