#include "runtime/schedule.hpp"

#include <array>
#include <stdexcept>

namespace troupe::detail {

namespace {

constexpr std::string_view version = "t1.";
constexpr std::string_view digits
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t all_bytes = 1530; // 2,040 digits

using bytes = std::vector<std::uint8_t>;

void put(bytes& out, std::uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(number | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(number));
}

class reader {
public:
  explicit reader(const bytes& from) noexcept : from_(from) {}

  std::uint64_t number() {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t next = byte();
      result |= std::uint64_t{next & 0x7fu} << shift;
      if (next < 0x80)
        return result;
    }
    throw std::invalid_argument("a number in the schedule is too long");
  }

  std::uint8_t byte() {
    if (place_ == from_.size())
      throw std::invalid_argument("the schedule is cut off");
    return from_[place_++];
  }

  std::size_t left() const noexcept {
    return from_.size() - place_;
  }

private:
  const bytes& from_;
  std::size_t place_ = 0;
};

std::string text_of_bytes(const bytes& from) {
  std::string text{version};
  for (std::size_t i = 0; i < from.size(); i += 3) {
    std::uint32_t group = std::uint32_t{from[i]} << 16;
    if (i + 1 < from.size())
      group |= std::uint32_t{from[i + 1]} << 8;
    if (i + 2 < from.size())
      group |= from[i + 2];
    std::size_t count = std::min<std::size_t>(3, from.size() - i) + 1;
    for (std::size_t k = 0; k < count; ++k)
      text += digits[group >> (18 - 6 * k) & 63];
  }
  return text;
}

bytes bytes_of_text(std::string_view text) {
  if (text.substr(0, version.size()) != version)
    throw std::invalid_argument("not a schedule of this version of troupe: '"
                                + std::string{text.substr(0, 20)} + "'");
  text.remove_prefix(version.size());
  bytes out;
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (char letter : text) {
    std::size_t value = digits.find(letter);
    if (value == std::string_view::npos)
      throw std::invalid_argument("a schedule has no '" + std::string(1, letter)
                                  + "' in it");
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::uint8_t>(group >> bits));
    }
  }
  return out;
}

// The fault points of a plan, behind the digits: ".accept.connect".
std::string text_of_faults(const run_plan& plan) {
  std::string text;
  for (const std::string& each : plan.faults)
    text += '.' + (each == "*" ? "-" : each);
  return text;
}

std::vector<std::string> faults_of_text(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    text.remove_prefix(1);
    std::size_t end = std::min(text.find('.'), text.size());
    std::string name{text.substr(0, end)};
    names.push_back(name == "-" ? "*" : name);
    check_fault_name(names.back());
    text.remove_prefix(end);
  }
  return names;
}

} // namespace

std::string encode(const run_plan& plan) {
  std::string faults = text_of_faults(plan);
  constexpr std::size_t most_names = 1'000;
  if (faults.size() > most_names)
    throw std::invalid_argument("the names of the faults are too long");
  std::size_t most_bytes = all_bytes - faults.size();
  bytes out;
  put(out, plan.seed);
  put(out, plan.odds);
  put(out, plan.most_steps);
  bytes choices;
  std::uint64_t before = 0;
  for (const deviation& each : plan.deviations) {
    if (choices.size() > most_bytes)
      break;
    put(choices, each.place - before);
    put(choices, each.taken);
    before = each.place;
  }
  bool fits = plan.replays && out.size() + choices.size() + 10 <= most_bytes;
  out.push_back(fits);
  if (fits) {
    put(out, plan.deviations.size());
    out.insert(out.end(), choices.begin(), choices.end());
  } else {
    out.push_back(static_cast<std::uint8_t>(plan.how.kind));
    put(out, plan.how.depth);
    put(out, plan.how.length);
    put(out, plan.how.fair_after);
  }
  std::size_t room = most_bytes - out.size();
  out.insert(
    out.end(), plan.checks.begin(),
    plan.checks.begin()
      + static_cast<std::ptrdiff_t>(std::min(room, plan.checks.size())));
  return text_of_bytes(out) + faults;
}

run_plan decode(std::string_view text) {
  std::size_t end = std::min(text.find('.', version.size()), text.size());
  bytes all = bytes_of_text(text.substr(0, end));
  reader in{all};
  run_plan plan;
  plan.faults = faults_of_text(text.substr(end));
  plan.seed = in.number();
  plan.odds = static_cast<unsigned>(in.number());
  plan.most_steps = in.number();
  plan.replays = in.byte() != 0;
  if (plan.replays) {
    std::uint64_t count = in.number();
    std::uint64_t place = 0;
    for (; count > 0; --count) {
      place += in.number();
      plan.deviations.push_back(
        {place, static_cast<std::uint32_t>(in.number())});
    }
  } else {
    std::uint8_t kind = in.byte();
    if (kind > static_cast<std::uint8_t>(strategy_kind::exhaustive))
      throw std::invalid_argument("the schedule names no strategy");
    plan.how.kind = static_cast<strategy_kind>(kind);
    plan.how.depth = static_cast<unsigned>(in.number());
    plan.how.length = in.number();
    plan.how.fair_after = in.number();
  }
  while (in.left() > 0)
    plan.checks.push_back(in.byte());
  return plan;
}

} // namespace troupe::detail
