// The other end of a remote workload: this program once more, as a process of
// its own that serves until it is killed.

#pragma once

#include "measure.hpp"

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace bench {

/// Starts `PROGRAM serve`, which prints the port that it listens at.
class other_process {
public:
  other_process() {
    int ends[2];
    if (pipe(ends) != 0)
      throw std::runtime_error("no pipe");
    id_ = fork();
    if (id_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      close(ends[1]);
      execl("/proc/self/exe", "bench", "serve", nullptr);
      _exit(127);
    }
    close(ends[1]);
    std::FILE* said = fdopen(ends[0], "r");
    unsigned port = 0;
    bool ready = said && std::fscanf(said, "%u", &port) == 1;
    if (said)
      std::fclose(said);
    if (!ready || clock_getcpuclockid(id_, &clock_) != 0)
      throw std::runtime_error("the other process did not start");
    port_ = static_cast<std::uint16_t>(port);
  }

  other_process(const other_process&) = delete;

  ~other_process() {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }

  std::uint16_t port() const noexcept {
    return port_;
  }

  /// CPU time that it has taken, all threads together.
  double cpu_ns() const {
    timespec now{};
    clock_gettime(clock_, &now);
    return static_cast<double>(now.tv_sec) * 1e9
         + static_cast<double>(now.tv_nsec);
  }

private:
  pid_t id_ = 0;
  clockid_t clock_ = 0;
  std::uint16_t port_ = 0;
};

/// Measures both processes.
class pair_watch {
public:
  explicit pair_watch(const other_process& other)
    : other_(other), before_(other.cpu_ns()) {}

  spent elapsed() const {
    spent all = mine_.elapsed();
    all.cpu_ns += other_.cpu_ns() - before_;
    return all;
  }

private:
  const other_process& other_;
  double before_;
  stopwatch mine_;
};

/// Says in `serve` where it listens.
inline void say_port(std::uint16_t port) {
  std::printf("%u\n", static_cast<unsigned>(port));
  std::fflush(stdout);
}

} // namespace bench
