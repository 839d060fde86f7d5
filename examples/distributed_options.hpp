#pragma once

#include <troupe/node.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

// What the distributed examples have in common on their command lines.

//! [options]
// Without certificates a node must say so, and talks on this machine only. With
// a folder that `scripts/make-certificates` made it uses those of its name.
inline troupe::node_options node_named(std::string name,
                                       const std::string& certificates) {
  troupe::node_options options;
  options.name = name;
  if (certificates.empty()) {
    options.plain_text = true;
  } else {
    options.certificate = certificates + "/" + name + ".pem";
    options.key = certificates + "/" + name + ".key";
    options.authority = certificates + "/authority.pem";
  }
  return options;
}
//! [options]

struct settings {
  std::string name;
  std::string host = "127.0.0.1";
  int port = 4242;
  std::string certificates = {};
  int count = 5;
  double interval = 0.2;

  std::string address() const {
    return host + ":" + std::to_string(port);
  }

  troupe::node_options node() const {
    return node_named(name, certificates);
  }
};

// Ends the program if the command line makes no sense.
inline settings read_settings(int argc, char** argv, std::string name) {
  settings read{.name = std::move(name)};
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string_view option = argv[i];
    const char* value = argv[i + 1];
    if (option == "--name")
      read.name = value;
    else if (option == "--host")
      read.host = value;
    else if (option == "--port")
      read.port = std::atoi(value);
    else if (option == "--certificates")
      read.certificates = value;
    else if (option == "--count")
      read.count = std::atoi(value);
    else if (option == "--interval")
      read.interval = std::atof(value);
    else
      argc = 0;
  }
  if (argc % 2 == 0) {
    std::cerr << "usage: " << argv[0]
              << " [--name TEXT] [--host ADDRESS] [--port N]"
                 " [--certificates FOLDER] [--count N] [--interval SECONDS]\n";
    std::exit(2);
  }
  return read;
}
