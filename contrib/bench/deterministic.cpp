// What `create` computes before there is a second process, for counting its instructions:
// `bench_deterministic PHASE CONFIG` does the phases read, parse, plan and filter up to PHASE.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "oci-spec/parse.hpp"
#include "oci-spec/validate.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/seccomp/filter.hpp"
#include "runtime/sys/files.hpp"

namespace {

using coracle::Result;

constexpr std::array<std::string_view, 4> phases = {"read", "parse", "plan", "filter"};

// Those of a usual host, whatever this one is: root, cgroup version 2, AppArmor.
coracle::plan::HostFacts usual_facts() {
  const coracle::oci::IdMapping all = {.container_id = 0, .host_id = 0, .size = 4294967295U};
  return {.own_uid_map = {all},
          .own_gid_map = {all},
          .apparmor = true,
          .bounding_capabilities = (1ULL << 41U) - 1};
}

Result<void> work(std::size_t last, const std::string& path) {
  const std::string text = TRY(coracle::sys::read_file(path));
  if (last == 0) return {};
  const coracle::oci::Spec spec = TRY(coracle::oci::parse_spec(text));
  TRY(coracle::oci::validate(spec));
  if (last == 1) return {};
  const coracle::plan::Plan plan =
      TRY(coracle::plan::make_plan(spec, usual_facts(), {.bundle = "/bundle", .id = "web1"}));
  if (last == 2 || !spec.linux_.seccomp) return {};
  TRY(coracle::seccomp::compile(*spec.linux_.seccomp));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto* const phase = argc == 3 ? std::ranges::find(phases, argv[1]) : phases.end();
  if (phase == phases.end()) {
    std::fputs("usage: bench_deterministic read|parse|plan|filter CONFIG\n", stderr);
    return 2;
  }
  const auto done = work(static_cast<std::size_t>(phase - phases.begin()), argv[2]);
  if (done) return 0;
  std::fprintf(stderr, "bench_deterministic: %s\n", done.error().text().c_str());
  return 1;
}
