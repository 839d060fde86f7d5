// Runs the program that the first argument names.

#include "differential/program.hpp"

#include <cstring>

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);
  auto& programs = differential::programs();
  if (argc == 2 && !std::strcmp(argv[1], "--list")) {
    for (const auto& [name, run] : programs)
      std::puts(name.c_str());
    return 0;
  }
  if (argc >= 2) {
    if (auto found = programs.find(argv[1]); found != programs.end()) {
      found->second(differential::arguments(argv + 2, argv + argc));
      return 0;
    }
  }
  std::fputs("usage: differential NAME [ARGUMENT...]\n"
             "       differential --list\n",
             stderr);
  return 2;
}
