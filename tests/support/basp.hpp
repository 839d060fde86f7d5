#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The protocol of CAF's middleman, as bytes.

enum class basp : std::uint8_t {
  server_handshake,
  client_handshake,
  direct_message,
  routed_message,
  monitor_message,
  down_message,
  heartbeat,
};

inline std::string big_endian(std::uint64_t x, int size) {
  std::string bytes;
  while (size-- > 0)
    bytes += static_cast<char>(x >> 8 * size);
  return bytes;
}

inline std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t x = 0;
  for (char byte : bytes)
    x = x << 8 | static_cast<unsigned char>(byte);
  return x;
}

struct basp_header {
  basp operation = basp::heartbeat;
  std::uint8_t flags = 0;
  std::uint64_t data = 0;
  std::uint64_t source = 0;
  std::uint64_t target = 0;
};

constexpr std::uint64_t basp_plain = std::uint64_t{1} << 60;

inline std::string basp_frame(const basp_header& x, const std::string& payload,
                              std::uint32_t announced) {
  return big_endian(static_cast<std::uint64_t>(x.operation), 1)
       + big_endian(0, 2) + big_endian(x.flags, 1) + big_endian(announced, 4)
       + big_endian(x.data, 8) + big_endian(x.source, 8)
       + big_endian(x.target, 8) + payload;
}

inline std::string basp_frame(const basp_header& x,
                              const std::string& payload = {}) {
  return basp_frame(x, payload, static_cast<std::uint32_t>(payload.size()));
}

// A size as CAF writes it.
inline std::string basp_size(std::size_t x) {
  std::string bytes;
  for (; x >= 0x80; x >>= 7)
    bytes += static_cast<char>(x | 0x80);
  return bytes + static_cast<char>(x);
}

// A message of CAF without stages: the names of its types, then their values.
inline std::string basp_message(const std::string& types,
                                const std::string& values) {
  return big_endian(0, 3) + basp_size(types.size()) + types + values;
}

inline std::string basp_text(const std::string& text) {
  return basp_message("@<>+@str", basp_size(text.size()) + text);
}
