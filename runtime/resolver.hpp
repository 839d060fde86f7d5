#pragma once

#include <asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::detail {

// Resolves a name with `getaddrinfo`; blocks. An empty host stands for all
// interfaces (`passive`) or for this machine.
// @param family  0, 4 or 6.
// @throws std::system_error  if the name has no address.
std::vector<asio::ip::tcp::endpoint>
resolve(const std::string& host, std::uint16_t port, int family, bool passive);

// @throws std::system_error  that no host has this name.
[[noreturn]] void throw_unknown_host(const std::string& host);

// The endpoint of an address in numbers, without a look-up.
bool parse_address(const std::string& host, std::uint16_t port, int family,
                   std::vector<asio::ip::tcp::endpoint>& found);

} // namespace troupe::detail
