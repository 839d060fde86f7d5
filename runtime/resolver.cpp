#include "runtime/resolver.hpp"

#include <algorithm>
#include <cstring>
#include <system_error>

#include <netdb.h>
#include <sys/socket.h>

namespace troupe::detail {

namespace {

class resolver_category final : public std::error_category {
public:
  const char* name() const noexcept override {
    return "getaddrinfo";
  }

  std::string message(int code) const override {
    return ::gai_strerror(code);
  }
};

const std::error_category& category() {
  static const resolver_category the_category;
  return the_category;
}

} // namespace

void throw_unknown_host(const std::string& host) {
  throw std::system_error(EAI_NONAME, category(),
                          "cannot resolve host '" + host + "'");
}

bool parse_address(const std::string& host, std::uint16_t port, int family,
                   std::vector<asio::ip::tcp::endpoint>& found) {
  asio::error_code failed;
  auto address = asio::ip::make_address(host, failed);
  if (failed || (family == 4 && !address.is_v4())
      || (family == 6 && !address.is_v6()))
    return false;
  found.emplace_back(address, port);
  return true;
}

std::vector<asio::ip::tcp::endpoint>
resolve(const std::string& host, std::uint16_t port, int family, bool passive) {
  ::addrinfo hints{};
  hints.ai_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = passive ? AI_PASSIVE : 0;
  ::addrinfo* list = nullptr;
  std::string service = std::to_string(port);
  int code = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                           service.c_str(), &hints, &list);
  if (code == EAI_SYSTEM)
    throw std::system_error(errno, std::system_category(),
                            "cannot resolve host '" + host + "'");
  if (code != 0)
    throw std::system_error(code, category(),
                            "cannot resolve host '" + host + "'");
  std::vector<asio::ip::tcp::endpoint> found;
  for (::addrinfo* x = list; x; x = x->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (x->ai_addrlen > endpoint.capacity())
      continue;
    endpoint.resize(x->ai_addrlen);
    std::memcpy(endpoint.data(), x->ai_addr, x->ai_addrlen);
    if (std::find(found.begin(), found.end(), endpoint) == found.end())
      found.push_back(endpoint);
  }
  ::freeaddrinfo(list);
  return found;
}

} // namespace troupe::detail
