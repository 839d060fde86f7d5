#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// What a fuzz target defines. With libFuzzer it is led by what it covers;
// without, main.cpp gives it its seeds and mutations of them.

// Inputs that get far.
std::vector<std::string> fuzz_seeds();

// Does it with an input; a fault ends the program.
void fuzz(const std::string& input);

// Ends the program if something is not as it has to be.
inline void fuzz_check(bool good, const char* what) {
  if (good)
    return;
  std::fprintf(stderr, "fuzzing: not so: %s\n", what);
  std::abort();
}
