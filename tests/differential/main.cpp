// Runs the program that the first argument names.

#include "differential/program.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  if (argc == 2) {
    if (auto found = programs().find(argv[1]); found != programs().end()) {
      found->second();
      return 0;
    }
  }
  std::fputs("usage: differential_programs NAME, one of\n", stderr);
  for (const auto& [name, run] : programs())
    std::fprintf(stderr, "  %s\n", name.c_str());
  return 2;
}
