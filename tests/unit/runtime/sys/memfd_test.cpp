// Files in memory: what they may become.
#include "runtime/sys/memfd.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

using namespace coracle;

namespace {

mode_t mode_of(const sys::Fd& fd) {
  struct stat status = {};
  REQUIRE(::fstat(fd.get(), &status) == 0);
  return status.st_mode & 0777U;
}

}  // namespace

TEST_CASE("memfd: a program's can be executed and sealed") {
  const auto program = sys::make_memfd("program", sys::MemfdUse::program);
  REQUIRE(program.has_value());
  CHECK((mode_of(*program) & 0111U) != 0);
  CHECK(::fcntl(program->get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) == 0);
}

TEST_CASE("memfd: data cannot be executed where the kernel can see to that") {
  const auto data = sys::make_memfd("data", sys::MemfdUse::data);
  REQUIRE(data.has_value());
  const bool old_kernel = (mode_of(*data) & 0111U) != 0;
  CHECK((old_kernel || ::fchmod(data->get(), 0755) != 0));
}
