#pragma once

#include <troupe/detail/wire.hpp>

#include <string>

namespace troupe::detail {

// Counts up when what follows changes; nodes of different versions refuse each
// other.
inline constexpr std::uint32_t protocol_version = 1;

// What one node says to another; the first byte of a message.
enum class frame : std::uint8_t {
  hello = 1, // "troupe", version, name, whom we want, nonce, certificate
  welcome,   // the same, and a signature
  proof,     // the caller's signature
  ready,     //
  refuse,    // why
  ping,      //
  bye,       // why
  request,   // number, name, verb, payload
  answer,    // number, status, payload
  cancel,    // number
  tell,      // name, verb, payload
  undo,      // name, verb, payload
  release,   // number of the request whose grant goes back
};

// The first byte of an answer.
enum class status : std::uint8_t {
  done,      // payload
  failed,    // family, code, text
  cancelled, // message
  lost,      // why; never sent
};

// What kind of exception an answer carries.
enum class family : std::uint8_t { troupe, system, other };

template <class... Parts>
std::string make_frame(frame kind, const Parts&... parts) {
  std::string bytes;
  wire_writer to{bytes};
  to.number(kind);
  (to.value(parts), ...);
  return bytes;
}

inline std::string make_text(status kind, std::string_view text) {
  std::string bytes;
  wire_writer to{bytes};
  to.number(kind);
  to.text(text);
  return bytes;
}

} // namespace troupe::detail
