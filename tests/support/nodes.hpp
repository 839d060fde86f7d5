#pragma once

#include <troupe/node.hpp>
#include <troupe/remote.hpp>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

// Options of a node without certificates; it listens if there is a port.
inline troupe::node_options plain_node(std::string name, int port = -1) {
  troupe::node_options options;
  options.name = std::move(name);
  options.port = port;
  options.plain_text = true;
  return options;
}

inline std::string address_of(const troupe::node& x) {
  return "127.0.0.1:" + std::to_string(x.port());
}

// A process of its own that runs `body(*this)`. Made before any loop runs, so
// that there is no other thread to be lost in the fork.
class child_process {
public:
  template <class F>
  explicit child_process(F body) {
    int to_parent[2];
    if (pipe(to_parent) != 0)
      throw std::runtime_error("no pipe");
    id_ = fork();
    pipe_ = to_parent[id_ == 0];
    close(to_parent[id_ != 0]);
    if (id_ != 0)
      return;
    int status = 1;
    try {
      body(*this);
      status = 0;
    } catch (...) {
    }
    _exit(status);
  }

  child_process(const child_process&) = delete;

  ~child_process() {
    signal(SIGKILL);
    wait();
    close(pipe_);
  }

  // In the child: tells the parent something.
  void say(const std::string& line) {
    std::string text = line + "\n";
    if (write(pipe_, text.data(), text.size()) < 0)
      _exit(2);
  }

  // In the parent: waits for the next line; empty if the child has ended.
  std::string hear() {
    std::string line;
    char next = 0;
    while (read(pipe_, &next, 1) == 1 && next != '\n')
      line += next;
    return line;
  }

  std::string address() {
    return "127.0.0.1:" + hear();
  }

  pid_t id() const {
    return id_;
  }

  void signal(int number) {
    if (id_ > 0)
      kill(id_, number);
  }

  void wait() {
    if (id_ > 0)
      waitpid(std::exchange(id_, 0), nullptr, 0);
  }

private:
  pid_t id_ = 0;
  int pipe_ = -1;
};
