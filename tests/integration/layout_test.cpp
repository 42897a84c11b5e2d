// Where the linker has put the program's functions (runtime/layout.ld).
#include <elf.h>

#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"

using namespace coracle::test;

namespace {

template <class T>
T at(const std::string& file, std::size_t offset) {
  T value = {};
  REQUIRE(offset + sizeof value <= file.size());
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

// Name -> size of an ELF program's sections.
std::map<std::string, std::size_t> section_sizes(const std::string& file) {
  const auto header = at<Elf64_Ehdr>(file, 0);
  const auto section = [&](std::size_t i) {
    return at<Elf64_Shdr>(file, header.e_shoff + i * header.e_shentsize);
  };
  const std::size_t names = section(header.e_shstrndx).sh_offset;
  std::map<std::string, std::size_t> sizes;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    REQUIRE(names + section(i).sh_name < file.size());
    sizes[file.c_str() + names + section(i).sh_name] = section(i).sh_size;
  }
  return sizes;
}

}  // namespace

TEST_CASE("layout: what commands execute lies together, apart from what they do not") {
  if (std::string_view(CORACLE_BUILD_TYPE) != "Release")
    return skip_case("only the release build has a layout");
  auto sizes = section_sizes(read_file(CORACLE_BINARY));
  // Some 700 KiB of 2 MiB: names that fit nothing any more would leave it small.
  CHECK(sizes[".text_executed"] > sizes[".text"] / 4);
  CHECK(sizes[".text_executed"] < sizes[".text"]);
}
