// What `create` computes before there is a second process, for counting its instructions:
// `bench_deterministic PHASE CONFIG DIRECTORY` does the phases read, parse, plan, and then either
// filter, which compiles, or cached, which has what was compiled before from DIRECTORY.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "oci-spec/parse.hpp"
#include "oci-spec/validate.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/seccomp/cache.hpp"
#include "runtime/seccomp/filter.hpp"
#include "runtime/sys/files.hpp"

namespace {

namespace oci = coracle::oci;
using coracle::Result;

constexpr std::array<std::string_view, 5> phases = {"read", "parse", "plan", "filter", "cached"};

// Those of a usual host, whatever this one is: root, cgroup version 2, AppArmor.
coracle::plan::HostFacts usual_facts() {
  const oci::IdMapping all = {.container_id = 0, .host_id = 0, .size = 4294967295U};
  return {.own_uid_map = {all},
          .own_gid_map = {all},
          .apparmor = true,
          .bounding_capabilities = (1ULL << 41U) - 1};
}

Result<void> work(std::string_view last, const std::string& path, const std::string& cache) {
  const std::string text = TRY(coracle::sys::read_file(path));
  if (last == "read") return {};
  const oci::Spec spec = TRY(oci::parse_spec(text));
  TRY(oci::validate(spec));
  if (last == "parse") return {};
  const coracle::plan::Plan plan =
      TRY(coracle::plan::make_plan(spec, usual_facts(), {.bundle = "/bundle", .id = "web1"}));
  if (last == "plan" || !spec.linux_.seccomp) return {};
  const oci::Seccomp& seccomp = *spec.linux_.seccomp;
  if (last == "filter") {
    TRY(coracle::seccomp::compile(seccomp));
  } else {
    const auto unknown = coracle::seccomp::UnknownSyscalls::warn;
    TRY(coracle::seccomp::compile_cached(seccomp, unknown, cache));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || std::ranges::find(phases, argv[1]) == phases.end()) {
    std::fputs("usage: bench_deterministic read|parse|plan|filter|cached CONFIG DIRECTORY\n",
               stderr);
    return 2;
  }
  const auto done = work(argv[1], argv[2], argv[3]);
  if (done) return 0;
  std::fprintf(stderr, "bench_deterministic: %s\n", done.error().text().c_str());
  return 1;
}
