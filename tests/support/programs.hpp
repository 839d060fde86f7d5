#pragma once

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

// Another program, in a process of its own, that says things line by line. It
// hears the end of its input when this process ends. Can be made at any time,
// also while a loop runs.
class program {
public:
  template <class... Arguments>
  explicit program(std::string path, Arguments... arguments) {
    std::vector<std::string> words{std::move(path), std::move(arguments)...};
    std::vector<char*> pointers;
    for (std::string& word : words)
      pointers.push_back(word.data());
    pointers.push_back(nullptr);
    int input[2];
    int output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    int problem = posix_spawn(&id_, pointers[0], &actions, nullptr,
                              pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    input_ = input[1];
    output_ = output[0];
    if (problem != 0)
      throw std::runtime_error("cannot start " + words[0]);
  }

  program(const program&) = delete;

  ~program() {
    kill();
    close(input_);
    close(output_);
  }

  // Waits for the next line; empty if the program has ended.
  std::string hear() {
    std::string line;
    char next = 0;
    while (read(output_, &next, 1) == 1 && next != '\n')
      line += next;
    return line;
  }

  void kill() {
    if (id_ <= 0)
      return;
    ::kill(id_, SIGKILL);
    while (waitpid(id_, nullptr, 0) < 0 && errno == EINTR)
      ;
    id_ = 0;
  }

private:
  pid_t id_ = 0;
  int input_ = -1;
  int output_ = -1;
};
