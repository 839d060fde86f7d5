#pragma once

#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

// Catches what the process writes to standard error, from making it to its
// end.
class captured_standard_error {
public:
  captured_standard_error()
    : file_(::memfd_create("standard error", 0)), original_(::dup(2)) {
    if (file_ < 0 || original_ < 0)
      throw std::runtime_error("cannot capture standard error");
    flush();
    ::dup2(file_, 2);
  }

  captured_standard_error(const captured_standard_error&) = delete;
  captured_standard_error& operator=(const captured_standard_error&) = delete;

  ~captured_standard_error() {
    flush();
    ::dup2(original_, 2);
    ::close(original_);
    ::close(file_);
  }

  // Returns what was written up to now.
  std::string text() const {
    flush();
    std::string all;
    char part[4096];
    for (off_t at = 0;;) {
      auto got = ::pread(file_, part, sizeof part, at);
      if (got <= 0)
        return all;
      all.append(part, static_cast<std::size_t>(got));
      at += got;
    }
  }

private:
  static void flush() {
    std::cerr.flush();
    std::clog.flush();
    std::fflush(stderr);
  }

  int file_;
  int original_;
};
