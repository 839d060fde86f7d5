#pragma once

#include <troupe/node.hpp>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include <unistd.h>

// Certificates in a folder that goes with this object.
class certificates {
public:
  certificates() {
    auto pattern = std::filesystem::temp_directory_path() / "troupe-XXXXXX";
    std::string path = pattern;
    if (!mkdtemp(path.data()))
      throw std::runtime_error("no temporary folder");
    folder_ = path;
  }

  certificates(const certificates&) = delete;

  ~certificates() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // Makes the certificate of a node, by the authority of this name.
  void make(const std::string& authority, const std::string& name,
            int days = 1) const {
    auto script = std::filesystem::path(__FILE__).parent_path()
                / "../../scripts/make-certificates";
    std::string line = "TROUPE_DAYS=" + std::to_string(days) + " '"
                     + script.string() + "' '" + (folder_ / authority).string()
                     + "' '" + name + "'";
    if (std::system(line.c_str()) != 0)
      throw std::runtime_error("cannot make certificates");
  }

  std::string file(const std::string& authority,
                   const std::string& name) const {
    return folder_ / authority / name;
  }

  // Options of a node with its certificate; it trusts its own authority.
  troupe::node_options node(const std::string& authority, std::string name,
                            int port = -1) const {
    troupe::node_options options;
    options.port = port;
    options.certificate = file(authority, name + ".pem");
    options.key = file(authority, name + ".key");
    options.authority = file(authority, "authority.pem");
    options.name = std::move(name);
    return options;
  }

private:
  std::filesystem::path folder_;
};
