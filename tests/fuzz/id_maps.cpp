// Id mappings: what is rendered has the mappings' numbers, and the kernel's rules hold for it; what
// is refused breaks one of them.
#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

#include "runtime/plan/plan.hpp"
#include "tests/fuzz/input.hpp"

using namespace coracle;

namespace {

using Mappings = std::vector<oci::IdMapping>;

Mappings mappings_from(fuzz::Input input) {
  Mappings mappings;
  while (!input.empty() && mappings.size() < 400) {
    // Small numbers meet each other more often.
    const bool small = input.number<std::uint8_t>() % 2 == 0;
    const auto number = [&input, small]() -> std::uint32_t {
      return small ? input.number<std::uint8_t>() : input.number<std::uint32_t>();
    };
    oci::IdMapping mapping;
    mapping.container_id = number();
    mapping.host_id = number();
    mapping.size = number();
    mappings.push_back(mapping);
  }
  return mappings;
}

bool overlap(std::uint64_t a, std::uint64_t b, std::uint64_t size_a, std::uint64_t size_b) {
  return a < b + size_b && b < a + size_a;
}

// user_namespaces(7), "Defining user and group ID mappings"; (uid_t)-1 is no id.
bool kernel_takes(const Mappings& mappings) {
  if (mappings.empty() || mappings.size() > 340) return false;
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const oci::IdMapping& one = mappings[i];
    if (one.size == 0) return false;
    if (std::uint64_t{one.container_id} + one.size > 0xffff'ffff) return false;
    if (std::uint64_t{one.host_id} + one.size > 0xffff'ffff) return false;
    for (std::size_t j = 0; j < i; ++j) {
      const oci::IdMapping& other = mappings[j];
      if (overlap(one.container_id, other.container_id, one.size, other.size)) return false;
      if (overlap(one.host_id, other.host_id, one.size, other.size)) return false;
    }
  }
  return true;
}

void check_text(const std::string& text, const Mappings& mappings) {
  const char* at = text.c_str();
  for (const oci::IdMapping& mapping : mappings) {
    std::uint32_t container = 0;
    std::uint32_t host = 0;
    std::uint32_t size = 0;
    int used = 0;
    const int read =
        std::sscanf(at, "%" SCNu32 " %" SCNu32 " %" SCNu32 "%n", &container, &host, &size, &used);
    fuzz::require(read == 3 && at[used] == '\n', "a line has three numbers");
    fuzz::require(
        container == mapping.container_id && host == mapping.host_id && size == mapping.size,
        "a line has the mapping's numbers");
    at += used + 1;
  }
  fuzz::require(*at == '\0', "there is one line for each mapping");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Mappings mappings = mappings_from(fuzz::Input(data, size));
  const auto text = plan::render_id_map(mappings);
  fuzz::require(text.has_value() == kernel_takes(mappings), "accepted as by the kernel's rules");
  if (text) check_text(*text, mappings);
  return 0;
}
