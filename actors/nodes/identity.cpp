#include "actors/nodes/identity.hpp"

#include <troupe/error.hpp>

#include "actors/nodes/openssl_ptr.hpp"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace troupe::detail {

namespace {

[[noreturn]] void fail(const std::string& text) {
  throw error(errc::bad_identity, text);
}

file_ptr open(const std::string& path, const char* what) {
  file_ptr file{std::fopen(path.c_str(), "r")};
  if (!file)
    fail(std::string{"cannot read the "} + what + " of a node, " + path);
  return file;
}

certificate_ptr parse(const std::string& pem) {
  bio_ptr from{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  return certificate_ptr{
    PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)};
}

bool is_for(X509& certificate, const std::string& name) {
  return X509_check_host(&certificate, name.data(), name.size(), 0, nullptr)
      == 1;
}

class files final : public identity {
public:
  files(const std::string& name, const std::string& certificate,
        const std::string& key, const std::string& authority) {
    certificate_ptr mine{PEM_read_X509(open(certificate, "certificate").get(),
                                       nullptr, nullptr, nullptr)};
    if (!mine)
      fail("no certificate in PEM format in " + certificate);
    key_.reset(
      PEM_read_PrivateKey(open(key, "key").get(), nullptr, nullptr, nullptr));
    if (!key_)
      fail("no private key in PEM format in " + key);
    if (X509_check_private_key(mine.get(), key_.get()) != 1)
      fail("the key in " + key + " is not that of the certificate in "
           + certificate);
    if (!is_for(*mine, name))
      fail("the certificate in " + certificate + " is not for a node named '"
           + name + "'");
    store_.reset(X509_STORE_new());
    open(authority, "authority's certificate");
    if (X509_STORE_load_file(store_.get(), authority.c_str()) != 1)
      fail("no certificate in PEM format in " + authority);

    bio_ptr to{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(to.get(), mine.get());
    char* data = nullptr;
    auto size = BIO_get_mem_data(to.get(), &data);
    pem_.assign(data, static_cast<std::size_t>(size));
  }

  const std::string& certificate() const override {
    return pem_;
  }

  std::string sign(std::string_view text) const override {
    digest_ptr digest{EVP_MD_CTX_new()};
    auto* from = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr,
                           key_.get())
          != 1
        || EVP_DigestSign(digest.get(), nullptr, &size, from, text.size()) != 1)
      fail("the key of a node cannot sign");
    std::string signature(size, '\0');
    auto* to = reinterpret_cast<unsigned char*>(signature.data());
    if (EVP_DigestSign(digest.get(), to, &size, from, text.size()) != 1)
      fail("the key of a node cannot sign");
    signature.resize(size);
    return signature;
  }

  std::string check(const std::string& certificate, const std::string& name,
                    std::string_view text,
                    std::string_view signature) const override {
    certificate_ptr theirs = parse(certificate);
    if (!theirs)
      return "it has shown no certificate";
    check_ptr check{X509_STORE_CTX_new()};
    X509_STORE_CTX_init(check.get(), store_.get(), theirs.get(), nullptr);
    if (X509_verify_cert(check.get()) != 1)
      return std::string{"its certificate is not good: "}
           + X509_verify_cert_error_string(
               X509_STORE_CTX_get_error(check.get()));
    if (!is_for(*theirs, name))
      return "it calls itself '" + name
           + "', but its certificate is not for that name";
    digest_ptr digest{EVP_MD_CTX_new()};
    if (EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr,
                             X509_get0_pubkey(theirs.get()))
          != 1
        || EVP_DigestVerify(
             digest.get(),
             reinterpret_cast<const unsigned char*>(signature.data()),
             signature.size(),
             reinterpret_cast<const unsigned char*>(text.data()), text.size())
             != 1)
      return "it has not got the key of its certificate";
    return {};
  }

private:
  key_ptr key_;
  store_ptr store_;
  std::string pem_;
};

} // namespace

std::shared_ptr<identity> identity::load(const std::string& name,
                                         const std::string& certificate,
                                         const std::string& key,
                                         const std::string& authority) {
  return std::make_shared<files>(name, certificate, key, authority);
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(count))
      != 1)
    fail("the system has no random numbers");
  return bytes;
}

} // namespace troupe::detail
