// What the benchmark programs share: a stopwatch for CPU and wall time, the
// search for a good number of operations, and the line that is printed.
//
//     bench_x WORKLOAD [N]    runs one workload and prints one line of JSON
//     bench_x echo PORT       serves until SIGTERM; prints "ready PORT"

#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <span>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

namespace bench {

/// What a timed region has cost.
struct spent {
  double cpu_ns = 0;
  double wall_ns = 0;

  spent& operator+=(const spent& other) {
    cpu_ns += other.cpu_ns;
    wall_ns += other.wall_ns;
    return *this;
  }
};

/// Starts when it is made. CPU time is that of all threads of the process.
class stopwatch {
public:
  spent elapsed() const {
    return {read(CLOCK_PROCESS_CPUTIME_ID) - cpu_,
            read(CLOCK_MONOTONIC) - wall_};
  }

private:
  static double read(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<double>(now.tv_sec) * 1e9
         + static_cast<double>(now.tv_nsec);
  }

  double wall_ = read(CLOCK_MONOTONIC);
  double cpu_ = read(CLOCK_PROCESS_CPUTIME_ID);
};

/// Bytes of this process that are in memory now.
inline std::size_t resident_bytes() {
  unsigned long total = 0;
  unsigned long resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu %lu", &total, &resident) != 2)
      resident = 0;
    std::fclose(file);
  }
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// The most bytes of this process that have been in memory.
inline std::size_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

/// The delay of sleep number `i` in the workload `sleeps`: 0 to 100 ms.
inline std::chrono::microseconds nth_delay(std::uint64_t i) {
  return std::chrono::microseconds{i * 7919 % 100'000};
}

/// One line of the table of a program.
struct workload {
  /// How its operations are counted.
  enum kind {
    calibrated, ///< as many as take about 0.4 s
    fixed,      ///< `n`, once, in a fresh process
    resident    ///< `n`; the figure is bytes, not time
  };

  std::string_view name;
  kind how = calibrated;
  std::uint64_t n = 0;
  spent (*time)(std::uint64_t n) = nullptr;
  std::size_t (*bytes)(std::uint64_t n) = nullptr;
};

// Grows the number of operations until a run is long enough to tell how many
// fit into 0.4 s. The runs are the warm-up too.
inline std::uint64_t calibrate(spent (*time)(std::uint64_t)) {
  constexpr double enough = 40e6;
  constexpr double target = 400e6;
  std::uint64_t n = 16;
  for (;;) {
    double wall = std::max(time(n).wall_ns, 1.0);
    double factor = (wall < enough ? 1.2 * enough : target) / wall;
    auto next = static_cast<std::uint64_t>(static_cast<double>(n)
                                           * std::clamp(factor, 1.0, 50.0));
    if (wall >= enough)
      return next;
    n = next + 1;
  }
}

/// Runs the workload that the command line names; the result of `main`.
inline int run(const char* peer,
               std::initializer_list<std::span<const workload>> tables,
               void (*serve_echo)(std::uint16_t port), int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s WORKLOAD [N] | echo PORT\n", argv[0]);
    return 2;
  }
  std::string_view name = argv[1];
  std::uint64_t n = 0;
  if (argc == 3) {
    const char* end = argv[2] + std::strlen(argv[2]);
    if (std::from_chars(argv[2], end, n).ptr != end) {
      std::fprintf(stderr, "not a number: %s\n", argv[2]);
      return 2;
    }
  }
  if (name == "echo") {
    serve_echo(static_cast<std::uint16_t>(n));
    return 0;
  }
  const workload* found = nullptr;
  for (auto table : tables)
    for (auto& each : table)
      if (each.name == name)
        found = &each;
  if (!found) {
    std::printf(R"({"workload": "%s", "peer": "%s", "na": true})"
                "\n",
                argv[1], peer);
    return 0;
  }
  if (found->how != workload::calibrated)
    n = n ? n : found->n;
  else if (n)
    found->time(n / 10 + 1); // warm-up
  else
    n = calibrate(found->time);
  double count = static_cast<double>(n);
  std::printf(R"({"workload": "%s", "peer": "%s", "n": %llu, )", argv[1], peer,
              static_cast<unsigned long long>(n));
  if (found->how == workload::resident) {
    auto bytes = static_cast<double>(found->bytes(n));
    std::printf("\"bytes\": %.1f}\n", bytes / count);
  } else {
    std::size_t before = resident_bytes();
    spent all = found->time(n);
    std::size_t peak = peak_bytes();
    std::printf("\"cpu_ns\": %.2f, \"wall_ns\": %.2f, \"peak\": %.1f}\n",
                all.cpu_ns / count, all.wall_ns / count,
                static_cast<double>(peak - std::min(before, peak)) / count);
  }
  return 0;
}

} // namespace bench
