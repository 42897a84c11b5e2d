// config.json: what is read can be written and read again as the same, and a plan can be made of it
// or is refused.
#include <string>
#include <string_view>

#include "oci-spec/parse.hpp"
#include "oci-spec/validate.hpp"
#include "oci-spec/write.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/fuzz/input.hpp"

using namespace coracle;

namespace {

plan::HostFacts host(bool privileged) {
  plan::HostFacts facts;
  facts.privileged = privileged;
  facts.euid = privileged ? 0 : 1000;
  facts.egid = facts.euid;
  facts.own_uid_map = {{0, 0, 4294967295}};
  facts.own_gid_map = {{0, 0, 4294967295}};
  facts.bounding_capabilities = (1ULL << 41) - 1;
  return facts;
}

void make_plans(const oci::Spec& spec) {
  for (const bool privileged : {true, false}) {
    const auto plan =
        plan::make_plan(spec, host(privileged), {.bundle = "/bundle", .id = "container"});
    fuzz::require(plan || !plan.error().what.empty(), "an error has a text");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto spec = oci::parse_spec(text);
  if (!spec) {
    fuzz::require(!spec.error().what.empty(), "an error has a text");
    return 0;
  }
  const std::string written = oci::write_spec(*spec, false);
  const auto again = oci::parse_spec(written);
  fuzz::require(again.has_value(), "what was written can be read");
  fuzz::require(oci::write_spec(*again, false) == written, "what was written is read as the same");
  if (oci::validate(*spec)) make_plans(*spec);
  return 0;
}
