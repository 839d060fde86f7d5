#pragma once

// A program of the differential test. <name>.cpp holds
//
//     PROGRAM(gather_order) {
//       troupe::run(...);
//     }
//
// and gather_order.py prints what it must print.

#include <map>
#include <string>

using program = void (*)();

/// The programs by name.
inline std::map<std::string, program>& programs() {
  static std::map<std::string, program> all;
  return all;
}

#define PROGRAM(name)                                                          \
  static void name();                                                          \
  static const bool name##_added = programs().emplace(#name, name).second;     \
  static void name()
