#pragma once

#include <troupe/node.hpp>

#include "support/basp.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// Memory of a process in KiB.
inline long memory_of(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/status"};
  std::string word;
  while (file >> word)
    if (word == "VmRSS:") {
      long size = 0;
      file >> size;
      return size;
    }
  return -1;
}

// Lets a test have more than a thousand sockets.
inline void allow_many_sockets() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  setrlimit(RLIMIT_NOFILE, &files);
}

// A connection to a node by hand, on this machine: it says what it likes.
class raw_peer {
public:
  explicit raw_peer(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    std::signal(SIGPIPE, SIG_IGN);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("no connection");
    timeval limit{.tv_sec = 30, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }

  // Through TLS, with the certificate of these options.
  raw_peer(int port, const troupe::node_options& files) : raw_peer(port) {
    settings_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_use_certificate_chain_file(settings_, files.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(settings_, files.key.c_str(), SSL_FILETYPE_PEM);
    ssl_ = SSL_new(settings_);
    SSL_set_fd(ssl_, socket_);
    SSL_connect(ssl_); // what fails is seen when we read
  }

  raw_peer(raw_peer&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      settings_(std::exchange(other.settings_, nullptr)),
      ssl_(std::exchange(other.ssl_, nullptr)) {}

  raw_peer& operator=(raw_peer&&) = delete;

  ~raw_peer() {
    SSL_free(ssl_);
    SSL_CTX_free(settings_);
    if (socket_ >= 0)
      close(socket_);
  }

  void send(const std::string& bytes) {
    if (ssl_)
      SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    else if (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0)
      dropped_ = true;
  }

  // The next bytes; fewer at the end of the connection.
  std::string read(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
      auto* to = bytes.data() + have;
      errno = 0; // the end of a connection leaves it as it was
      long got = ssl_ ? SSL_read(ssl_, to, static_cast<int>(count - have))
                      : recv(socket_, to, count - have, 0);
      if (got <= 0) {
        late_ = errno == EAGAIN;
        dropped_ = !late_;
        break;
      }
      have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
  }

  // Waits until the node ends the connection; false if it does not.
  bool is_dropped() {
    while (!dropped_ && !late_)
      read(1);
    return dropped_;
  }

private:
  int socket_ = -1;
  SSL_CTX* settings_ = nullptr;
  SSL* ssl_ = nullptr;
  bool dropped_ = false;
  bool late_ = false;
};

// One that has said hello to CAF, and knows whom it may talk to.
struct basp_peer {
  raw_peer line;
  std::string them; // their node
  std::string me;
  std::uint64_t gateway = 0;

  // `number` tells one such node from another.
  basp_peer(raw_peer connected, std::uint32_t number)
    : line(std::move(connected)) {
    auto [header, payload] = next();
    if (payload.size() < 32)
      throw std::runtime_error("it does not say hello");
    them = payload.substr(0, 32);
    gateway = from_big_endian(payload.substr(payload.size() - 9, 8));
    me = them.substr(0, 8) + big_endian(number, 4) + std::string(20, 'x');
    line.send(basp_frame({basp::client_handshake}, me));
  }

  struct frame {
    std::string header;
    std::string payload;
  };

  // The next frame; empty at the end.
  frame next() {
    frame x;
    x.header = line.read(32);
    if (x.header.size() == 32)
      x.payload = line.read(from_big_endian(x.header.substr(4, 4)));
    return x;
  }

  // The next frame of a kind that is not for an actor with a name; empty at the
  // end.
  frame await(basp kind) {
    frame x = next();
    while (x.header.size() == 32
           && (x.header[0] != static_cast<char>(kind) || x.header[3] != 0))
      x = next();
    return x;
  }

  void text(std::uint64_t target, const std::string& bytes,
            std::uint64_t source = 77) {
    line.send(basp_frame({basp::direct_message, 0, basp_plain, source, target},
                         basp_text(bytes)));
  }
};
