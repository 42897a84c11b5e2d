// A child in our memory.
#include "runtime/sys/vfork.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "runtime/sys/files.hpp"
#include "tests/support/summary.hpp"

using namespace coracle::sys;

namespace {

// valgrind, for one, has no clone3(2).
bool kernel_has_it() {
  const auto raw = raw_vfork({}, [](void*) noexcept { ::_exit(0); }, nullptr);
  if (raw) Child(raw->pid, PidFd(::dup(raw->pidfd.get())));
  return raw.has_value();
}

}  // namespace

TEST_CASE("vfork: what the child wrote is there when we go on, and it has ended by then") {
  if (!kernel_has_it()) return coracle::test::skip_case("no clone3(2) with CLONE_VM here");
  std::string text = "ours";
  auto cloned = vfork_process({}, [&]() noexcept {
    text += ", and a text of the child's that is too long to lie in the string itself";
    ::_exit(7);
  });
  REQUIRE(cloned.has_value());
  CHECK(text.ends_with("in the string itself"));
  const auto exit = cloned->child.wait();
  REQUIRE(exit.has_value());
  CHECK(exit->status == 7);
  CHECK_FALSE(exit->signaled);
}

TEST_CASE("vfork: the child's descriptors are its own") {
  const auto file = open_file("/dev/null", O_RDONLY);
  REQUIRE(file.has_value());
  auto cloned = vfork_process({}, [&]() noexcept {
    Fd own = in_own_table(*file);
    own.reset();
    ::_exit(::fcntl(file->get(), F_GETFD) < 0 ? 0 : 1);
  });
  REQUIRE(cloned.has_value());
  CHECK(cloned->child.wait()->status == 0);
  CHECK(::fcntl(file->get(), F_GETFD) >= 0);
}

TEST_CASE("vfork: one that is refused is a copy, told where it was born") {
  const auto no_cgroup = open_file("/dev/null", O_RDONLY);
  REQUIRE(no_cgroup.has_value());
  auto cloned = vfork_process({.cgroup = &*no_cgroup}, []() noexcept { ::_exit(5); });
  REQUIRE(cloned.has_value());
  CHECK_FALSE(cloned->born_in_cgroup);
  CHECK(cloned->child.wait()->status == 5);
}
