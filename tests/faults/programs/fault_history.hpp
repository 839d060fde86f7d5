#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

// One line of a history, in JSON. Its texts need no escapes.
class entry {
public:
  explicit entry(std::string_view event) {
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    std::chrono::duration<double> seconds = now;
    line_ = "{\"time\":" + std::to_string(seconds.count());
    add("event", event);
  }

  template <std::integral T>
  entry& add(std::string_view name, T value) {
    key(name);
    line_ += std::to_string(value);
    return *this;
  }

  entry& add(std::string_view name, std::string_view value) {
    key(name);
    line_ += '"';
    for (char letter : value)
      line_ += letter == '"' || letter == '\\' || letter < ' ' ? ' ' : letter;
    line_ += '"';
    return *this;
  }

  std::string line() const {
    return line_ + "}\n";
  }

private:
  void key(std::string_view name) {
    line_ += ",\"";
    line_ += name;
    line_ += "\":";
  }

  std::string line_;
};

// A file of entries. What was written stays, also when the process is killed:
// each line is one call of the system.
class history {
public:
  explicit history(const std::string& path)
    : file_(
        open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (file_ < 0)
      throw std::runtime_error("cannot write " + path);
  }

  history(const history&) = delete;

  ~history() {
    close(file_);
  }

  void write(const entry& what) {
    std::string line = what.line();
    if (::write(file_, line.data(), line.size())
        != static_cast<ssize_t>(line.size()))
      throw std::runtime_error("cannot write the history");
  }

private:
  int file_;
};
