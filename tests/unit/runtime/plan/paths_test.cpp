// Container and host paths as text.
#include "runtime/plan/paths.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace coracle::plan;

TEST_CASE("container path: a clean path stays as it is") {
  CHECK(container_path("/") == "/");
  CHECK(container_path("/dev/pts") == "/dev/pts");
  CHECK(container_path("/a..b/.c") == "/a..b/.c");
}

TEST_CASE("container path: dots and needless slashes go") {
  CHECK(container_path("//dev/./pts//") == "/dev/pts");
  CHECK(container_path("/dev/../proc") == "/proc");
}

TEST_CASE("container path: nothing leads above the root") {
  CHECK(container_path("/../../etc") == "/etc");
  CHECK(container_path("../..") == "/");
}

TEST_CASE("container path: a relative path starts at the root") {
  CHECK(container_path("data/x") == "/data/x");
  CHECK(container_path("") == "/");
}

TEST_CASE("host path: an absolute path ignores the bundle") {
  CHECK(host_path("/srv//data/", "/bundle") == "/srv/data");
  CHECK(host_path("/", "/bundle") == "/");
}

TEST_CASE("host path: a relative path starts at the bundle") {
  CHECK(host_path("rootfs", "/bundle") == "/bundle/rootfs");
  CHECK(host_path(".", "/bundle/") == "/bundle");
}

TEST_CASE("host path: two dots stay for the kernel, which knows the links") {
  CHECK(host_path("/srv/link/../data", "/bundle") == "/srv/link/../data");
  CHECK(host_path("../data", "/bundle") == "/bundle/../data");
}

TEST_CASE("has_nul: finds a NUL anywhere") {
  CHECK_FALSE(has_nul("/a"));
  CHECK(has_nul(std::string_view("/a\0b", 4)));
}
