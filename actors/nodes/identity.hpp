#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace troupe::detail {

// What a node shows to prove its name: a certificate of the common authority,
// and signatures by its key. TLS has checked by then that the peer has some
// certificate of that authority; this says which one.
class identity {
public:
  // Reads the files.
  // @throws error  (`errc::bad_identity`) that says which file is wrong and
  //                how, or that the certificate is not for `name`.
  static std::shared_ptr<identity> load(const std::string& name,
                                        const std::string& certificate,
                                        const std::string& key,
                                        const std::string& authority);

  virtual ~identity() = default;

  // The certificate, for the peer.
  virtual const std::string& certificate() const = 0;

  virtual std::string sign(std::string_view text) const = 0;

  // Empty if `certificate` is of the authority, valid now and for `name`, and
  // `signature` is of its key; else what is wrong.
  virtual std::string check(const std::string& certificate,
                            const std::string& name, std::string_view text,
                            std::string_view signature) const
    = 0;
};

// Bytes that nobody can guess.
std::string random_bytes(std::size_t count);

} // namespace troupe::detail
