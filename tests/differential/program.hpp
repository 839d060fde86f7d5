#pragma once

// A program of the differential test. <name>.cpp holds
//
//     PROGRAM(01_first_step) {
//       troupe::run(...);
//     }
//
// and 01_first_step.py prints what it must print.

#include <map>
#include <string>

using program = void (*)();

/// The programs by name.
inline std::map<std::string, program>& programs() {
  static std::map<std::string, program> all;
  return all;
}

#define PROGRAM(name)                                                          \
  static void program_##name();                                                \
  static const bool added_##name                                               \
    = programs().emplace(#name, program_##name).second;                        \
  static void program_##name()
