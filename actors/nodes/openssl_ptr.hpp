#pragma once

#include <cstdio>
#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace troupe::detail {

template <auto Free>
struct freeing {
  template <class T>
  void operator()(T* x) const noexcept {
    Free(x);
  }
};

// What OpenSSL gives, and frees by a function of its own.
using ssl_ptr = std::unique_ptr<SSL, freeing<SSL_free>>;
using ssl_settings_ptr = std::unique_ptr<SSL_CTX, freeing<SSL_CTX_free>>;
using bio_ptr = std::unique_ptr<BIO, freeing<BIO_free_all>>;
using bio_method_ptr = std::unique_ptr<BIO_METHOD, freeing<BIO_meth_free>>;
using certificate_ptr = std::unique_ptr<X509, freeing<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freeing<EVP_PKEY_free>>;
using store_ptr = std::unique_ptr<X509_STORE, freeing<X509_STORE_free>>;
using check_ptr = std::unique_ptr<X509_STORE_CTX, freeing<X509_STORE_CTX_free>>;
using digest_ptr = std::unique_ptr<EVP_MD_CTX, freeing<EVP_MD_CTX_free>>;
using file_ptr = std::unique_ptr<std::FILE, freeing<std::fclose>>;

} // namespace troupe::detail
