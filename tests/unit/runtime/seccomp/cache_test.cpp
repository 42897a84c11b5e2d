// Filters kept between commands: what is taken from a file, and what is not believed.
#include "runtime/seccomp/cache.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/runtime/seccomp/docker_profile.hpp"

namespace fs = std::filesystem;
using namespace coracle;
using namespace coracle::seccomp;

namespace {

// A directory for filters that is gone with the test.
class Kept {
 public:
  Kept() {
    std::string name = "/tmp/coracle-filters-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    parent_ = name;
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() { fs::remove_all(parent_); }

  std::string path() const { return parent_ + "/filters"; }

  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(path())) found.push_back(entry.path());
    return found;
  }

  // The one file's bytes.
  std::string text() const {
    REQUIRE(files().size() == 1);
    std::ifstream in(files().front(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void write(const std::string& text) const {
    REQUIRE(files().size() == 1);
    std::ofstream(files().front(), std::ios::binary | std::ios::trunc) << text;
  }

  // The last instruction answers otherwise: whoever reads the file shows it.
  void mark() const {
    std::string changed = text();
    changed.back() = static_cast<char>(changed.back() ^ 1);
    write(changed);
  }

 private:
  std::string parent_;
};

Filter filter_from(const Kept& kept, const oci::Seccomp& config,
                   UnknownSyscalls unknown = UnknownSyscalls::warn) {
  auto filter = compile_cached(config, unknown, kept.path());
  REQUIRE(filter);
  return *std::move(filter);
}

bool same_program(const Filter& one, const Filter& other) {
  return std::ranges::equal(one.program, other.program,
                            [](const sock_filter& a, const sock_filter& b) {
                              return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
                            });
}

bool is_compiled(const Filter& filter, const oci::Seccomp& config) {
  const auto expected = compile(config);
  REQUIRE(expected);
  return same_program(filter, *expected) && filter.flags == expected->flags &&
         filter.notifies == expected->notifies && filter.warnings == expected->warnings;
}

}  // namespace

TEST_CASE("seccomp cache: a filter read from its file is the one that was compiled") {
  const Kept kept;
  oci::Seccomp config = docker_profile();
  config.syscalls.front().names.push_back("not_a_system_call");  // a warning is kept too
  CHECK(is_compiled(filter_from(kept, config), config));
  CHECK(is_compiled(filter_from(kept, config), config));
  CHECK(kept.files().size() == 1);
}

TEST_CASE("seccomp cache: the second time the file is what counts") {
  const Kept kept;
  const oci::Seccomp config = docker_profile();
  filter_from(kept, config);
  kept.mark();
  CHECK_FALSE(is_compiled(filter_from(kept, config), config));
}

TEST_CASE("seccomp cache: a profile that differs in any field gets a filter of its own") {
  const Kept kept;
  const oci::Seccomp config = docker_profile();
  filter_from(kept, config);
  kept.mark();
  std::vector<oci::Seccomp> others(7, config);
  others[0].default_errno_ret = 2;
  others[1].default_action = oci::SeccompAction::log;
  others[2].architectures.pop_back();
  others[3].flags.emplace();
  others[4].syscalls.front().errno_ret.reset();
  others[4].syscalls.front().action = oci::SeccompAction::trap;
  others[5].syscalls.front().names.pop_back();
  others[6].syscalls.pop_back();
  for (const oci::Seccomp& other : others) CHECK(is_compiled(filter_from(kept, other), other));
  CHECK_FALSE(
      compile_cached(docker_profile(), UnknownSyscalls::warn, kept.path())->program.empty());
}

TEST_CASE("seccomp cache: whether unknown system calls are refused belongs to the profile") {
  const Kept kept;
  oci::Seccomp config = docker_profile();
  config.syscalls.front().names.push_back("not_a_system_call");
  filter_from(kept, config);
  CHECK_FALSE(compile_cached(config, UnknownSyscalls::refuse, kept.path()));
}

TEST_CASE("seccomp cache: the listener is no part of a filter, and still checked") {
  const Kept kept;
  oci::Seccomp config = docker_profile();
  config.syscalls.push_back(
      {.names = {"mkdir"}, .action = oci::SeccompAction::notify, .errno_ret = {}, .args = {}});
  config.listener_path = "/run/agent";
  filter_from(kept, config);
  kept.mark();
  config.listener_path = "/run/other";
  config.listener_metadata = "of another container";
  CHECK_FALSE(is_compiled(filter_from(kept, config), config));
  config.listener_path.clear();
  CHECK_FALSE(compile_cached(config, UnknownSyscalls::warn, kept.path()));
}

TEST_CASE("seccomp cache: a file that was cut or holds something else is compiled anew") {
  const Kept kept;
  const oci::Seccomp config = docker_profile();
  filter_from(kept, config);
  const std::string whole = kept.text();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{3}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    kept.write(whole.substr(0, size));
    CHECK(is_compiled(filter_from(kept, config), config));
    CHECK(kept.text() == whole);
  }
  kept.write(std::string(whole.size(), '\xff'));
  CHECK(is_compiled(filter_from(kept, config), config));
}

TEST_CASE("seccomp cache: a directory that others may write is not believed") {
  const Kept kept;
  const oci::Seccomp config = docker_profile();
  filter_from(kept, config);
  kept.mark();
  REQUIRE(::chmod(kept.path().c_str(), 0770) == 0);
  CHECK(is_compiled(filter_from(kept, config), config));
}

TEST_CASE("seccomp cache: without a directory the filter is compiled all the same") {
  const oci::Seccomp config = docker_profile();
  const auto filter =
      compile_cached(config, UnknownSyscalls::warn, "/proc/no-such-directory/filters");
  REQUIRE(filter);
  CHECK(is_compiled(*filter, config));
}
