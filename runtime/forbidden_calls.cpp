#include "runtime/forbidden_calls.hpp"

#include <troupe/detail/pool.hpp>

#include "runtime/simulator.hpp"

#include <cstdlib>

#if defined(__linux__) && defined(__GLIBC__)                                   \
  && (defined(__x86_64__) || defined(__aarch64__))                             \
  && !defined(TROUPE_POOL_OFF)

#  include <atomic>
#  include <cstring>
#  include <ctime>
#  include <random>

#  include <dlfcn.h>
#  include <elf.h>
#  include <link.h>
#  include <pthread.h>
#  include <sys/mman.h>
#  include <sys/random.h>
#  include <sys/socket.h>
#  include <sys/time.h>
#  include <unistd.h>

namespace troupe::detail {

namespace {

// The run fails; what that needs of the system itself is allowed.
void note(const char* call, const char* instead) {
  if (simulator* sim = this_step) [[unlikely]] {
    this_step = nullptr;
    sim->forbid(call, instead);
    this_step = sim;
  }
}

constexpr const char* clocks
  = "troupe::test::time() or the loop's time(), which are virtual";
constexpr const char* sleeps = "co_await troupe::sleep(...), which is virtual";
constexpr const char* chance = "troupe::test::random()";

// The functions of the system, found when watching begins.
struct originals {
  int (*clock_gettime)(clockid_t, timespec*);
  int (*gettimeofday)(timeval*, void*);
  time_t (*time)(time_t*);
  int (*pthread_create)(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                        void*);
  int (*socket)(int, int, int);
  ssize_t (*getrandom)(void*, size_t, unsigned);
  int (*getentropy)(void*, size_t);
  unsigned (*random_device)(void*);
  int (*nanosleep)(const timespec*, timespec*);
  int (*clock_nanosleep)(clockid_t, int, const timespec*, timespec*);
} real;

int watched_clock_gettime(clockid_t which, timespec* now) {
  note("clock_gettime() or a clock of std::chrono", clocks);
  return real.clock_gettime(which, now);
}

int watched_gettimeofday(timeval* now, void* zone) {
  note("gettimeofday()", clocks);
  return real.gettimeofday(now, zone);
}

time_t watched_time(time_t* now) {
  note("time()", clocks);
  return real.time(now);
}

// Nobody has to wait for the end of a run that has failed.
int watched_nanosleep(const timespec* wanted, timespec* left) {
  if (!this_step)
    return real.nanosleep(wanted, left);
  note("nanosleep() or std::this_thread::sleep_for()", sleeps);
  return 0;
}

int watched_clock_nanosleep(clockid_t which, int flags, const timespec* wanted,
                            timespec* left) {
  if (!this_step)
    return real.clock_nanosleep(which, flags, wanted, left);
  note("clock_nanosleep()", sleeps);
  return 0;
}

int watched_pthread_create(pthread_t* made, const pthread_attr_t* how,
                           void* (*function)(void*), void* argument) {
  note("pthread_create() or std::thread",
       "co_await troupe::to_thread(...), which runs as a step of the "
       "simulation");
  return real.pthread_create(made, how, function, argument);
}

int watched_socket(int family, int type, int protocol) {
  note("socket()",
       "troupe::open_connection() and troupe::start_server(), which use the "
       "simulated network");
  return real.socket(family, type, protocol);
}

ssize_t watched_getrandom(void* bytes, size_t size, unsigned flags) {
  note("getrandom()", chance);
  return real.getrandom(bytes, size, flags);
}

int watched_getentropy(void* bytes, size_t size) {
  note("getentropy()", chance);
  return real.getentropy(bytes, size);
}

unsigned watched_random_device(void* self) {
  note("std::random_device", chance);
  return real.random_device(self);
}

struct watched_call {
  const char* name;
  void* replacement;
  void* found; // the system's, or null
};

template <class F>
watched_call watch(const char* name, F* replacement, F*& original) {
  void* found = ::dlsym(RTLD_DEFAULT, name);
  std::memcpy(&original, &found, sizeof found);
  return {name, reinterpret_cast<void*>(replacement), found};
}

// -- the tables of calls ------------------------------------------------------

#  if defined(__x86_64__)
constexpr unsigned slot_types[] = {R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT};
#  else
constexpr unsigned slot_types[] = {R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT};
#  endif

struct all_calls {
  const watched_call* begin;
  const watched_call* end;
};

// Slots in a part that was made read-only after the start are opened for the
// time of a write.
void replace(ElfW(Addr) slot, void* replacement, bool read_only) noexcept {
  auto page_size = static_cast<ElfW(Addr)>(::sysconf(_SC_PAGESIZE));
  auto* page = reinterpret_cast<void*>(slot / page_size * page_size);
  if (read_only && ::mprotect(page, page_size, PROT_READ | PROT_WRITE) != 0)
    return;
  std::atomic_ref<void*>{*reinterpret_cast<void**>(slot)}.store(
    replacement, std::memory_order_relaxed);
  if (read_only)
    ::mprotect(page, page_size, PROT_READ);
}

int watch_object(dl_phdr_info* object, std::size_t, void* data) {
  const auto& calls = *static_cast<const all_calls*>(data);
  const ElfW(Dyn)* dynamic = nullptr;
  ElfW(Addr) fixed = 0;
  ElfW(Addr) fixed_end = 0;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    ElfW(Addr) where = object->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_DYNAMIC) {
      dynamic = reinterpret_cast<const ElfW(Dyn)*>(where);
    } else if (part.p_type == PT_GNU_RELRO) {
      fixed = where;
      fixed_end = where + part.p_memsz;
    }
  }
  if (!dynamic)
    return 0;
  // The loader has made addresses of these; only the kernel's own object keeps
  // offsets, and calls nobody.
  ElfW(Addr) tables[2] = {};
  std::size_t sizes[2] = {};
  const ElfW(Sym)* symbols = nullptr;
  const char* names = nullptr;
  for (; dynamic->d_tag != DT_NULL; ++dynamic) {
    ElfW(Addr) value = dynamic->d_un.d_ptr;
    switch (dynamic->d_tag) {
      case DT_JMPREL:
        tables[0] = value;
        break;
      case DT_PLTRELSZ:
        sizes[0] = dynamic->d_un.d_val;
        break;
      case DT_RELA:
        tables[1] = value;
        break;
      case DT_RELASZ:
        sizes[1] = dynamic->d_un.d_val;
        break;
      case DT_SYMTAB:
        symbols = reinterpret_cast<const ElfW(Sym)*>(value);
        break;
      case DT_STRTAB:
        names = reinterpret_cast<const char*>(value);
        break;
      default:
        break;
    }
  }
  for (int table : {0, 1}) {
    if (tables[table] < object->dlpi_addr || !symbols || !names)
      continue;
    auto* each = reinterpret_cast<const ElfW(Rela)*>(tables[table]);
    auto* end = each + sizes[table] / sizeof *each;
    for (; each != end; ++each) {
      unsigned type = ELF64_R_TYPE(each->r_info);
      if (type != slot_types[0] && type != slot_types[1])
        continue;
      const char* name = names + symbols[ELF64_R_SYM(each->r_info)].st_name;
      for (auto* call = calls.begin; call != calls.end; ++call)
        if (call->found && std::strcmp(name, call->name) == 0) {
          ElfW(Addr) slot = object->dlpi_addr + each->r_offset;
          replace(slot, call->replacement, slot >= fixed && slot < fixed_end);
        }
    }
  }
  return 0;
}

bool watch_all() noexcept {
  const watched_call calls[] = {
    watch("clock_gettime", watched_clock_gettime, real.clock_gettime),
    watch("gettimeofday", watched_gettimeofday, real.gettimeofday),
    watch("time", watched_time, real.time),
    watch("pthread_create", watched_pthread_create, real.pthread_create),
    watch("socket", watched_socket, real.socket),
    watch("getrandom", watched_getrandom, real.getrandom),
    watch("getentropy", watched_getentropy, real.getentropy),
    watch("_ZNSt13random_device9_M_getvalEv", watched_random_device,
          real.random_device),
    watch("nanosleep", watched_nanosleep, real.nanosleep),
    watch("clock_nanosleep", watched_clock_nanosleep, real.clock_nanosleep),
  };
  all_calls all{std::begin(calls), std::end(calls)};
  ::dl_iterate_phdr(watch_object, &all);
  return true;
}

} // namespace

bool watch_forbidden_calls() noexcept {
  static const bool watches = watch_all();
  return watches;
}

} // namespace troupe::detail

#else

namespace troupe::detail {

bool watch_forbidden_calls() noexcept {
  return false;
}

} // namespace troupe::detail

#endif
