#include "actors/nodes/byte_channel.hpp"

#include <troupe/error.hpp>

#include "actors/nodes/openssl_ptr.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace troupe::detail {

namespace {

// -- sockets ------------------------------------------------------------------

bool is_for_later(ssize_t result) noexcept {
  return result < 0
      && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

// As read and write of a channel.
std::size_t receive_some(int socket, char* to, std::size_t room) {
  ssize_t result = ::recv(socket, to, room, 0);
  if (is_for_later(result))
    return 0;
  if (result <= 0)
    throw connection_broken{};
  return static_cast<std::size_t>(result);
}

std::size_t send_some(int socket, const char* from, std::size_t count) {
  ssize_t result = ::send(socket, from, count, MSG_NOSIGNAL);
  if (is_for_later(result))
    return 0;
  if (result < 0)
    throw connection_broken{};
  return static_cast<std::size_t>(result);
}

// -- plain text ---------------------------------------------------------------

// Reads ahead: a small message is one system call.
class plain_channel final : public byte_channel {
public:
  explicit plain_channel(int socket) : socket_(socket) {}

  std::size_t read(char* to, std::size_t room) override {
    if (from_ == end_) {
      if (room >= size)
        return receive_some(socket_, to, room);
      ahead_.resize(size);
      from_ = end_ = 0;
      end_ = receive_some(socket_, ahead_.data(), size);
    }
    room = std::min(room, end_ - from_);
    std::memcpy(to, ahead_.data() + from_, room);
    from_ += room;
    return room;
  }

  std::size_t write(const char* from, std::size_t count) override {
    return send_some(socket_, from, count);
  }

  bool pending() const override {
    return from_ != end_;
  }

  std::string certificate() const override {
    return {};
  }

  bool open() const override {
    return true;
  }

private:
  static constexpr std::size_t size = 4096;

  const int socket_;
  std::vector<char> ahead_;
  std::size_t from_ = 0;
  std::size_t end_ = 0;
};

// -- TLS ----------------------------------------------------------------------

std::string digest_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  if (!certificate
      || X509_digest(certificate, EVP_sha256(), bytes.data(), &size) != 1)
    return {};
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

// A socket for OpenSSL that raises no signals, which its own one does.
int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int bio_read(BIO* bio, char* to, int room) {
  BIO_clear_retry_flags(bio);
  try {
    auto size
      = receive_some(socket_of(bio), to, static_cast<std::size_t>(room));
    if (size != 0)
      return static_cast<int>(size);
    BIO_set_retry_read(bio);
    return -1;
  } catch (const connection_broken&) {
    return 0;
  }
}

int bio_write(BIO* bio, const char* from, int count) {
  BIO_clear_retry_flags(bio);
  try {
    auto size
      = send_some(socket_of(bio), from, static_cast<std::size_t>(count));
    if (size != 0)
      return static_cast<int>(size);
    BIO_set_retry_write(bio);
    return -1;
  } catch (const connection_broken&) {
    return -1;
  }
}

long bio_control(BIO*, int what, long, void*) {
  return what == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
  static const bio_method_ptr method = [] {
    bio_method_ptr made{BIO_meth_new(BIO_get_new_index(), "troupe socket")};
    BIO_meth_set_read(made.get(), bio_read);
    BIO_meth_set_write(made.get(), bio_write);
    BIO_meth_set_ctrl(made.get(), bio_control);
    return made;
  }();
  return method.get();
}

// OpenSSL's errors are those of the thread: before each call those of other
// connections are cleared, or they would be taken for its own.
class tls_channel final : public byte_channel {
public:
  tls_channel(SSL_CTX* settings, int socket, bool called)
    : ssl_(SSL_new(settings)) {
    BIO* bio = BIO_new(socket_method());
    if (!ssl_ || !bio)
      throw connection_broken{};
    BIO_set_data(bio,
                 reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    if (called) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
      shake_hands(); // says hello
    }
  }

  std::size_t read(char* to, std::size_t room) override {
    if (!open_ && !shake_hands())
      return 0;
    ERR_clear_error();
    return done(SSL_read(ssl_.get(), to, clip(room)));
  }

  // Before the handshake is done, what is to be sent waits here and not in CAF,
  // which would try again and again.
  std::size_t write(const char* from, std::size_t count) override {
    if (!open_) {
      if (early_.size() + count > early_limit)
        throw connection_broken{};
      early_.append(from, count);
      return count;
    }
    ERR_clear_error();
    return count == 0 ? 0 : done(SSL_write(ssl_.get(), from, clip(count)));
  }

  bool pending() const override {
    return SSL_pending(ssl_.get()) > 0;
  }

  std::string certificate() const override {
    certificate_ptr theirs{SSL_get1_peer_certificate(ssl_.get())};
    return digest_of(theirs.get());
  }

  bool open() const override {
    return open_;
  }

private:
  static constexpr std::size_t early_limit = 4096;

  static int clip(std::size_t count) noexcept {
    return static_cast<int>(std::min<std::size_t>(count, 1 << 20));
  }

  // A handshake and what waits for it fit into the send buffer of a new socket;
  // where they do not, somebody plays with us.
  bool shake_hands() {
    ERR_clear_error();
    int result = SSL_do_handshake(ssl_.get());
    if (result != 1) {
      if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ)
        throw connection_broken{};
      return false;
    }
    open_ = true;
    if (!early_.empty() && write(early_.data(), early_.size()) != early_.size())
      throw connection_broken{};
    early_ = {};
    return true;
  }

  std::size_t done(int result) {
    if (result > 0)
      return static_cast<std::size_t>(result);
    int why = SSL_get_error(ssl_.get(), result);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
      throw connection_broken{};
    return 0;
  }

  ssl_ptr ssl_;
  std::string early_;
  bool open_ = false;
};

[[noreturn]] void fail(const std::string& text) {
  ERR_clear_error();
  throw error(errc::bad_identity, text);
}

class openssl_settings final : public tls_settings {
public:
  explicit openssl_settings(const link_security& files)
    : settings_(SSL_CTX_new(TLS_method())) {
    SSL_CTX* x = settings_.get();
    if (!x || SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION) != 1
        || SSL_CTX_set_cipher_list(x, "HIGH:!aNULL:!MD5") != 1)
      fail("OpenSSL cannot do TLS 1.2");
    if (SSL_CTX_use_certificate_chain_file(x, files.certificate.c_str()) != 1)
      fail("cannot use the certificate in " + files.certificate);
    if (SSL_CTX_use_PrivateKey_file(x, files.key.c_str(), SSL_FILETYPE_PEM)
        != 1)
      fail("cannot use the key in " + files.key);
    if (SSL_CTX_load_verify_file(x, files.authority.c_str()) != 1)
      fail("cannot use the certificate in " + files.authority);
    SSL_CTX_set_verify(x, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       nullptr);
    // No session is taken up again, which would not look at certificates.
    SSL_CTX_set_options(x, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(x, 0);
    SSL_CTX_set_mode(x, SSL_MODE_ENABLE_PARTIAL_WRITE
                          | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                          | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(x, 32 * 1024);
  }

  std::unique_ptr<byte_channel> make_channel(int socket, bool called) override {
    return std::make_unique<tls_channel>(settings_.get(), socket, called);
  }

private:
  ssl_settings_ptr settings_;
};

} // namespace

std::unique_ptr<byte_channel> make_plain_channel(int socket) {
  return std::make_unique<plain_channel>(socket);
}

std::shared_ptr<tls_settings> tls_settings::load(const link_security& files) {
  return std::make_shared<openssl_settings>(files);
}

std::string digest_of(const std::string& certificate) {
  bio_ptr from{
    BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size()))};
  certificate_ptr read{
    PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)};
  return digest_of(read.get());
}

} // namespace troupe::detail
