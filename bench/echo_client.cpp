// Loads an echo server with 64-byte requests and tells what they cost it.
//
//     bench_echo_client PID PORT load CONNECTIONS DEPTH SECONDS
//     bench_echo_client PID PORT idle CONNECTIONS
//
// `load` keeps DEPTH requests on their way on each connection: one write of
// DEPTH x 64 bytes, then a wait for as many bytes to come back. Prints
//
//     {"requests": ..., "seconds": ..., "cpu_ns": ..., "user_ns": ...,
//      "sys_ns": ..., "p50_us": ..., "p99_us": ...}
//
// where the times in ns are those of the server for each request. `idle` opens
// connections, does one ping-pong on each, and prints by how many bytes for
// each the server has grown: {"connections": ..., "bytes": ...}.
//
// A plain epoll loop: whatever is measured with it is the server's cost.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using steady_clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t request_size = 64;
constexpr double warm_up_seconds = 0.3;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// -- the server, seen from outside --------------------------------------------

struct cpu_use {
  double total_ns = 0;
  double user_ns = 0;
  double sys_ns = 0;
};

// The total is exact and summed over the threads; user and sys are counted in
// ticks of the clock.
cpu_use cpu_of(const std::string& process) {
  cpu_use result;
  std::error_code gone;
  for (auto& thread :
       std::filesystem::directory_iterator(process + "/task", gone)) {
    double ns = 0;
    std::ifstream(thread.path() / "schedstat") >> ns;
    result.total_ns += ns;
  }
  std::ifstream file(process + "/stat");
  std::string line;
  std::getline(file, line);
  // The name may hold blanks; behind its bracket utime is number 12.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    fields >> skipped;
  double user = 0;
  double sys = 0;
  fields >> user >> sys;
  double ns_per_tick = 1e9 / static_cast<double>(sysconf(_SC_CLK_TCK));
  result.user_ns = user * ns_per_tick;
  result.sys_ns = sys * ns_per_tick;
  return result;
}

double resident_bytes_of(const std::string& process) {
  double total = 0;
  double resident = 0;
  std::ifstream(process + "/statm") >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// -- connections --------------------------------------------------------------

int connect_to(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0)
    fail("socket");
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address)
      < 0)
    fail("connect");
  int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void allow_many_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// -- load ---------------------------------------------------------------------

struct connection {
  int socket = -1;
  std::size_t missing = 0; // bytes that have not come back
  steady_clock::time_point sent;
};

class load {
public:
  load(std::uint16_t port, int connections, int depth)
    : poll_(epoll_create1(EPOLL_CLOEXEC)),
      depth_(static_cast<std::uint64_t>(depth)),
      message_(depth_ * request_size, 'x'),
      connections_(static_cast<std::size_t>(connections)) {
    for (auto& each : connections_) {
      each.socket = connect_to(port);
      fcntl(each.socket, F_SETFL, O_NONBLOCK);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &each;
      epoll_ctl(poll_, EPOLL_CTL_ADD, each.socket, &event);
    }
    for (auto& each : connections_)
      send(each);
  }

  // Returns how many requests have been answered.
  std::uint64_t run(double seconds) {
    std::uint64_t before = answered_;
    auto end = steady_clock::now() + std::chrono::duration<double>(seconds);
    std::array<epoll_event, 256> events;
    while (steady_clock::now() < end) {
      int count = epoll_wait(poll_, events.data(), events.size(), 100);
      for (int i = 0; i < count; ++i)
        receive(*static_cast<connection*>(
          events[static_cast<std::size_t>(i)].data.ptr));
    }
    return answered_ - before;
  }

  void forget_latencies() {
    latencies_us_.clear();
  }

  double latency_us(double quantile) {
    if (latencies_us_.empty())
      return 0;
    auto at = static_cast<std::ptrdiff_t>(
      quantile * static_cast<double>(latencies_us_.size() - 1));
    auto place = latencies_us_.begin() + at;
    std::nth_element(latencies_us_.begin(), place, latencies_us_.end());
    return *place;
  }

private:
  void send(connection& to) {
    to.sent = steady_clock::now();
    to.missing = message_.size();
    if (write(to.socket, message_.data(), message_.size())
        != static_cast<ssize_t>(message_.size()))
      fail("write");
  }

  void receive(connection& from) {
    std::array<char, 16384> buffer;
    ssize_t size = read(from.socket, buffer.data(), buffer.size());
    if (size < 0 && errno == EAGAIN)
      return;
    if (size <= 0)
      fail("read");
    from.missing -= static_cast<std::size_t>(size);
    if (from.missing == 0) {
      answered_ += depth_;
      std::chrono::duration<float, std::micro> took
        = steady_clock::now() - from.sent;
      latencies_us_.push_back(took.count());
      send(from);
    }
  }

  int poll_;
  std::uint64_t depth_;
  std::string message_;
  std::vector<connection> connections_;
  std::vector<float> latencies_us_;
  std::uint64_t answered_ = 0;
};

void measure_load(const std::string& server, std::uint16_t port,
                  int connections, int depth, double seconds) {
  load clients(port, connections, depth);
  clients.run(warm_up_seconds);
  clients.forget_latencies();
  cpu_use before = cpu_of(server);
  auto start = steady_clock::now();
  auto requests = static_cast<double>(clients.run(seconds));
  std::chrono::duration<double> took = steady_clock::now() - start;
  cpu_use after = cpu_of(server);
  std::printf("{\"requests\": %.0f, \"seconds\": %.3f, \"cpu_ns\": %.1f, "
              "\"user_ns\": %.1f, \"sys_ns\": %.1f, \"p50_us\": %.1f, "
              "\"p99_us\": %.1f}\n",
              requests, took.count(),
              (after.total_ns - before.total_ns) / requests,
              (after.user_ns - before.user_ns) / requests,
              (after.sys_ns - before.sys_ns) / requests,
              clients.latency_us(0.5), clients.latency_us(0.99));
}

// -- idle ---------------------------------------------------------------------

void ping(int socket) {
  std::array<char, request_size> buffer{};
  if (write(socket, buffer.data(), buffer.size())
      != static_cast<ssize_t>(buffer.size()))
    fail("write");
  std::size_t got = 0;
  while (got < buffer.size()) {
    ssize_t size = read(socket, buffer.data(), buffer.size() - got);
    if (size <= 0)
      fail("read");
    got += static_cast<std::size_t>(size);
  }
}

void measure_idle(const std::string& server, std::uint16_t port,
                  int connections) {
  ping(connect_to(port)); // so that the server is warm
  double before = resident_bytes_of(server);
  for (int i = 0; i < connections; ++i)
    ping(connect_to(port)); // stays open until we end
  double grown = resident_bytes_of(server) - before;
  std::printf("{\"connections\": %d, \"bytes\": %.1f}\n", connections,
              grown / connections);
}

} // namespace

int main(int argc, char** argv) {
  std::string_view what = argc > 3 ? argv[3] : "";
  if (!(what == "load" && argc == 7) && !(what == "idle" && argc == 5)) {
    std::fprintf(stderr,
                 "usage: %s PID PORT load CONNECTIONS DEPTH SECONDS\n"
                 "       %s PID PORT idle CONNECTIONS\n",
                 argv[0], argv[0]);
    return 2;
  }
  allow_many_files();
  std::string server = std::string("/proc/") + argv[1];
  auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  int connections = std::atoi(argv[4]);
  if (what == "idle")
    measure_idle(server, port, connections);
  else
    measure_load(server, port, connections, std::atoi(argv[5]),
                 std::atof(argv[6]));
}
