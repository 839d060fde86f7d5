#pragma once

#include "actors/nodes/link.hpp"

#include <memory>
#include <string>

namespace troupe::detail {

// A connection's bytes, in plain text or through TLS. Never blocks.
class byte_channel {
public:
  virtual ~byte_channel() = default;

  // How many bytes came or went: 0 if none now.
  // @throws connection_broken  at the end, or if something is wrong.
  virtual std::size_t read(char* to, std::size_t room) = 0;
  virtual std::size_t write(const char* from, std::size_t count) = 0;

  // True if there are bytes that the socket will not tell of.
  virtual bool pending() const = 0;

  // The peer's certificate, as a digest; empty without, or before it is known.
  virtual std::string certificate() const = 0;

  // True when bytes may be believed to come from the peer.
  virtual bool open() const = 0;
};

struct connection_broken {};

std::unique_ptr<byte_channel> make_plain_channel(int socket);

// What all TLS connections of a node have in common: TLS 1.2 or later, and
// certificates of one authority at both ends.
class tls_settings {
public:
  virtual ~tls_settings() = default;

  // Reads the files.
  // @throws error  (`errc::bad_identity`)
  static std::shared_ptr<tls_settings> load(const link_security& files);

  virtual std::unique_ptr<byte_channel> make_channel(int socket, bool called)
    = 0;
};

// The digest by which a certificate in PEM format is known; empty if it is
// none.
std::string digest_of(const std::string& certificate);

} // namespace troupe::detail
