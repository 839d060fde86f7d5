#pragma once

#include <troupe/run.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <regex>
#include <string>
#include <utility>

// Numbers and places are not compared.
inline std::string plain(std::string text) {
  text = std::regex_replace(text, std::regex{"Task-[0-9]+"}, "Task-N");
  return std::regex_replace(text, std::regex{R"( \([a-z_]+\.cpp:[0-9]+\))"},
                            "");
}

inline void expect(const char* misuse, std::string text, const char* expected) {
  INFO(misuse);
  text = plain(std::move(text));
  CHECK(text == expected);
}

// What `body` throws in a task.
template <class F>
std::string in_task(F body) {
  return text_of_error([&body] { troupe::run(body()); });
}
