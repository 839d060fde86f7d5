#pragma once

#include <troupe/thread_pool.hpp>
#include <troupe/troupe.hpp>

#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>

// What the programs of the fault tests have in common: options, and a driver
// that talks to them line by line.

class settings {
public:
  // Pairs of `--name value`, from the argument `first` on.
  settings(int argc, char** argv, int first) {
    for (int i = first; i + 1 < argc; i += 2)
      values_[argv[i]] = argv[i + 1];
  }

  std::string text(const std::string& name) const {
    auto found = values_.find("--" + name);
    return found == values_.end() ? std::string{} : found->second;
  }

  int number(const std::string& name) const {
    return std::atoi(text(name).c_str());
  }

private:
  std::map<std::string, std::string> values_;
};

inline void say(const std::string& line) {
  std::cout << line << std::endl;
}

// The next line that the driver writes; empty when it has ended.
inline troupe::coro<std::optional<std::string>> next_command() {
  auto read = [] {
    std::optional<std::string> line{std::in_place};
    if (!std::getline(std::cin, *line))
      line.reset();
    return line;
  };
  auto line = co_await troupe::to_thread(read);
  co_return line;
}
