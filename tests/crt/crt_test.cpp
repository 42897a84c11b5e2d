// What a program finds at main(): the start that coracle has instead of the C library's own
// (runtime/crt/) must leave nothing out.  Where a build has the C library's, the same holds.
#include <doctest/doctest.h>
#include <elf.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/support/summary.hpp"

namespace {

volatile int initialised = 42;
int made_before_main = 0;
struct BeforeMain {
  BeforeMain() { ++made_before_main; }
} before_main;

thread_local std::string of_this_thread = "fresh";

// The status of a child that runs `body`.
int status_of(const std::function<void()>& body) {
  std::fflush(nullptr);  // else its exit(3) would print once more
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::close(STDERR_FILENO);
    ::signal(SIGABRT, SIG_DFL);  // doctest's
    body();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

std::uintptr_t of_control_block(std::size_t offset) {
  std::uintptr_t value = 0;
  asm("movq %%fs:(%1), %0" : "=r"(value) : "r"(offset));
  return value;
}

[[gnu::noinline, gnu::stack_protect]] void overrun(std::size_t size) {
  volatile char buffer[16] = {};
  volatile char* const begin = buffer;
  for (std::size_t i = 0; i < size; ++i) begin[i] = 'x';
}

struct Mapping {
  std::string permissions;
  unsigned long inode = 0;  // 0: of no file
};

// The mapping of this process that holds `address`.  proc_pid_maps(5)
Mapping mapping_at(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::array<char, 5> permissions{};
    unsigned long inode = 0;
    REQUIRE(std::sscanf(line.c_str(), "%lx-%lx %4s %*s %*s %lu", &begin, &end, permissions.data(),
                        &inode) == 4);
    if (begin <= wanted && wanted < end) return {.permissions = permissions.data(), .inode = inode};
  }
  FAIL("no mapping holds the address");
  return {};
}

struct WithTable {
  virtual ~WithTable() = default;
  virtual int number() const { return 7; }
};

void at_exit_touches(int* written) {
  static int* where;
  where = written;
  std::atexit([] { std::ignore = ::write(*where, "e", 1); });
}

}  // namespace

TEST_CASE("crt: constructors of objects have run before main, once") {
  CHECK(made_before_main == 1);
}

TEST_CASE("crt: environment and auxiliary vector are there") {
  REQUIRE(environ != nullptr);
  CHECK(::getauxval(AT_PAGESZ) == static_cast<unsigned long>(::sysconf(_SC_PAGESIZE)));
  CHECK(::getauxval(AT_SECURE) == 0);
  CHECK(std::string(program_invocation_short_name) == "crt_tests");
  ::setenv("CORACLE_CRT", "set", 1);
  CHECK(std::string(::getenv("CORACLE_CRT")) == "set");
}

TEST_CASE("crt: what a signal needs of a stack is known") {
  CHECK(::sysconf(_SC_MINSIGSTKSZ) > 0);
  CHECK(::sysconf(_SC_SIGSTKSZ) >= ::sysconf(_SC_MINSIGSTKSZ));
  CHECK(::sysconf(_SC_THREAD_STACK_MIN) > 0);
}

TEST_CASE("crt: each thread has variables of its own") {
  of_this_thread += ", used";
  std::string seen;
  std::thread([&] { seen = of_this_thread; }).join();
  CHECK(seen == "fresh");
  CHECK(of_this_thread == "fresh, used");
}

TEST_CASE("crt: what a thread throws is caught there") {
  std::string caught;
  std::thread([&] {
    try {
      throw std::runtime_error("thrown");
    } catch (const std::exception& error) {
      caught = error.what();
    }
  }).join();
  CHECK(caught == "thrown");
}

TEST_CASE("crt: memory is copied and set as it should be, however large") {
  for (const std::size_t size : {1UL, 15UL, 16UL, 33UL, 255UL, 2047UL, 2049UL, 65'537UL, 786'431UL,
                                 786'433UL, 1'048'577UL, 5'000'011UL, 33'554'433UL}) {
    CAPTURE(size);
    std::vector<unsigned char> bytes(size + 64);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<unsigned char>(i * 7 % 251);
    const std::vector<unsigned char> before = bytes;
    std::memmove(bytes.data() + 33, bytes.data(), size);
    CHECK(std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(size),
                     bytes.begin() + 33));
    std::memmove(bytes.data(), bytes.data() + 33, size);
    CHECK(std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(size),
                     bytes.begin()));
    std::vector<unsigned char> copy(size);
    std::memcpy(copy.data(), before.data() + 1, size);
    CHECK(std::equal(copy.begin(), copy.end(), before.begin() + 1));
    std::memset(copy.data(), 0x5a, size);
    CHECK(std::count(copy.begin(), copy.end(), 0x5a) == static_cast<std::ptrdiff_t>(size));
  }
}

TEST_CASE("crt: a function that overruns its stack is ended") {
  CHECK(status_of([] { overrun(8); }) == 0);
  const int status = status_of([] { overrun(64); });
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

#ifdef __x86_64__
TEST_CASE("crt: the guards are the kernel's random bytes") {
  std::array<std::uintptr_t, 2> random{};
  std::memcpy(random.data(), reinterpret_cast<const void*>(::getauxval(AT_RANDOM)), sizeof random);
  CHECK(of_control_block(0x28) == (random[0] & ~std::uintptr_t{0xff}));
  CHECK(of_control_block(0x30) == random[1]);
  CHECK(random[1] != 0);
}
#endif

TEST_CASE("crt: what only relocation writes is read-only") {
  const WithTable object;
  const void* table = nullptr;
  std::memcpy(&table, &object, sizeof table);
  CHECK(object.number() == 7);
  CHECK(mapping_at(table).permissions == "r--p");
#ifdef CORACLE_STARTS_UNASKED
  CHECK(mapping_at(table).inode == 0);
#endif
}

TEST_CASE("crt: what was initialised has its value, may be changed, and is of no file") {
  CHECK(initialised == 42);
  initialised = 43;
  CHECK(initialised == 43);
  CHECK(mapping_at(const_cast<const int*>(&initialised)).permissions == "rw-p");
#ifdef CORACLE_STARTS_UNASKED
  CHECK(mapping_at(const_cast<const int*>(&initialised)).inode == 0);
#endif
}

TEST_CASE("crt: what was registered runs at exit") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const int status = status_of([&] {
    at_exit_touches(&ends[1]);
    std::exit(3);
  });
  CHECK(WEXITSTATUS(status) == 3);
  ::close(ends[1]);
  char read = 0;
  CHECK(::read(ends[0], &read, 1) == 1);
  ::close(ends[0]);
}
