#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

// What this process holds: descriptors, threads, memory.

inline std::size_t count_entries(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator{folder})
    ++count;
  return count;
}

inline std::size_t open_descriptors() {
  return count_entries("/proc/self/fd");
}

inline std::size_t running_threads() {
  // The thread sanitizer adds a thread of its own to the first one.
  [[maybe_unused]] static const bool begun = [] {
    std::thread{[] {
    }}.join();
    return true;
  }();
  return count_entries("/proc/self/task");
}

// Waits until no more than `count` threads run: one that was joined is listed
// a little longer.
inline std::size_t settled_threads(std::size_t count) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (running_threads() > count && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  return running_threads();
}

// Resident memory in bytes.
inline std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Lifts the limit of descriptors as far as the system lets it.
inline void want_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Takes all descriptors that the process may still open.
class descriptor_shortage {
public:
  descriptor_shortage() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    int probe = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    rlimit tight = before_;
    tight.rlim_cur = static_cast<rlim_t>(probe) + 32;
    ::setrlimit(RLIMIT_NOFILE, &tight);
    for (int taken = probe; taken >= 0;
         taken = ::open("/dev/null", O_RDONLY | O_CLOEXEC))
      taken_.push_back(taken);
  }

  descriptor_shortage(const descriptor_shortage&) = delete;
  descriptor_shortage& operator=(const descriptor_shortage&) = delete;

  ~descriptor_shortage() {
    end();
  }

  void end() {
    for (int taken : taken_)
      ::close(taken);
    taken_.clear();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

private:
  rlimit before_{};
  std::vector<int> taken_;
};
