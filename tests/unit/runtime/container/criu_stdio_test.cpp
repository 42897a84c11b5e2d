// Stdio between dump and restore.
#include "runtime/container/criu_stdio.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <doctest/doctest.h>

using namespace coracle;
using namespace coracle::container;

namespace {

struct Directory {
  std::string path = "/tmp/coracle-unit-XXXXXX";
  sys::Fd fd;

  Directory() {
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    fd = sys::Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~Directory() {
    ::unlinkat(fd.get(), "descriptors.json", 0);
    ::rmdir(path.c_str());
  }
};

}  // namespace

TEST_CASE("descriptors.json: pipes and files of the host are given anew, the others are not") {
  const Directory images;
  const std::vector<std::string> keys = {"", "pipe:[123]", "file[1f:2a]", "pipe:[9]"};
  REQUIRE(criu::write_descriptors(images.fd, keys).has_value());
  const auto inherited = criu::read_descriptors(images.fd, images.path);
  REQUIRE(inherited.has_value());
  REQUIRE(inherited->size() == 2);
  CHECK((*inherited)[0].key == "pipe:[123]");
  CHECK((*inherited)[0].fd == 1);
  CHECK((*inherited)[1].key == "file[1f:2a]");
  CHECK((*inherited)[1].fd == 2);
}

TEST_CASE("descriptors.json: images without it are named") {
  const Directory images;
  CHECK(criu::read_descriptors(images.fd, images.path).error().text() ==
        images.path + ": open descriptors.json: no such file or directory");
}

TEST_CASE("stdio: files are external, pipes CRIU finds by itself") {
  CHECK(criu::external_files({"pipe:[1]", "file[1f:2a]", ""}) ==
        std::vector<std::string>{"file[1f:2a]"});
}

TEST_CASE("stdio: a file on a mount that the process sees is CRIU's own affair") {
  const auto keys = criu::stdio_keys({"/dev/null", "pipe:[1]", ""}, ::getpid());
  REQUIRE(keys.has_value());
  CHECK(*keys == std::vector<std::string>{"", "pipe:[1]", ""});
}
