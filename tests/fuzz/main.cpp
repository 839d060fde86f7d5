#include "fuzz.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#ifdef TROUPE_LIBFUZZER

extern "C" {

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                             std::size_t room);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}

// Now and then begins with a seed.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                    std::size_t room, unsigned number) {
  static const auto seeds = fuzz_seeds();
  if (size < 2 || number % 64 == 0) {
    const auto& seed = seeds[number / 64 % seeds.size()];
    size = std::min(seed.size(), room);
    std::memcpy(data, seed.data(), size);
  }
  return LLVMFuzzerMutate(data, size, room);
}
}

#else

namespace {

using engine = std::mt19937_64;

std::size_t below(engine& random, std::size_t end) {
  return end == 0 ? 0 : random() % end;
}

// One change of some bytes, as fuzzers make them.
void mutate(std::string& x, engine& random) {
  static constexpr unsigned char odd[]{0, 1, 0x7f, 0x80, 0xff};
  std::size_t at = below(random, x.size());
  switch (below(random, 7)) {
    case 0:
      if (!x.empty())
        x[at] = static_cast<char>(random());
      break;
    case 1:
      if (!x.empty())
        x[at] = static_cast<char>(odd[below(random, std::size(odd))]);
      break;
    case 2:
      if (!x.empty())
        x[at] = static_cast<char>(x[at] ^ (1 << below(random, 8)));
      break;
    case 3:
      x.insert(at, 1 + below(random, 8), static_cast<char>(random()));
      break;
    case 4:
      x.erase(at, 1 + below(random, 8));
      break;
    case 5: // something again
      x.insert(at, x.substr(below(random, x.size()), below(random, 64)));
      break;
    default:
      x.resize(at);
  }
}

} // namespace

// fuzz_x [inputs [first seed]]
int main(int count, char** words) {
  std::size_t inputs = count > 1 ? std::stoul(words[1]) : 100'000;
  engine random{count > 2 ? std::stoul(words[2]) : 1};
  const auto seeds = fuzz_seeds();
  for (const auto& seed : seeds)
    fuzz(seed);
  fuzz({});
  for (std::size_t i = 0; i < inputs; ++i) {
    std::string input = seeds[below(random, seeds.size())];
    for (auto n = below(random, 8); n > 0; --n)
      mutate(input, random);
    fuzz(input);
  }
  std::printf("%zu seeds and %zu mutations: nothing wrong\n", seeds.size(),
              inputs);
}

#endif
