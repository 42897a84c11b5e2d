// `features`: what this build can do, whatever the host.
#include "oci-spec/features.hpp"

#include "oci-spec/words.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/output.hpp"
#include "runtime/cli/version.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/seccomp/filter.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {help_option};

template <class E>
std::vector<std::string> words_of() {
  std::vector<std::string> words;
  for (const oci::Word<E>& each : oci::Words<E>::table) words.emplace_back(each.text);
  return words;
}

oci::Features::Seccomp seccomp_features() {
  return {.enabled = true,
          .actions = seccomp::known_actions(),
          .operators = seccomp::known_operators(),
          .archs = seccomp::known_architectures(),
          .known_flags = seccomp::known_flags(),
          .supported_flags = seccomp::supported_flags()};
}

oci::Features::Linux linux_features() {
  return {.namespaces = words_of<oci::NamespaceType>(),
          .capabilities = plan::capability_names(),
          .cgroup = {.v1 = true, .v2 = true, .systemd = true, .systemd_user = true, .rdma = true},
          .seccomp = seccomp_features(),
          .apparmor = {.enabled = true},
          .selinux = {.enabled = true},
          .intel_rdt = {.enabled = true, .schemata = true, .monitoring = true},
          .memory_policy = {.modes = words_of<oci::MemoryPolicyMode>(),
                            .flags = words_of<oci::MemoryPolicyFlag>()},
          .mount_extensions = {.idmap = {.enabled = true}},
          .net_devices = {.enabled = true}};
}

Result<int> run(const Globals&, const Arguments&) {
  const oci::Features features = {
      .oci_version_min = "1.0.0",
      .oci_version_max = spec_version,
      .hooks = {"prestart", "createRuntime", "createContainer", "startContainer", "poststart",
                "poststop"},
      .mount_options = plan::known_mount_options(),
      .linux_ = linux_features(),
      .annotations = {{"io.github.seccomp.libseccomp.version", seccomp::library_version()},
                      // What engines ask before they checkpoint.
                      {"org.opencontainers.runc.checkpoint.enabled", "true"},
                      {"org.coracle.version", version},
                      {"org.coracle.commit", commit}},
      // A file of criu's options and properties of a unit, which can name programs to run;
      // files of the host that are written, sockets that are connected to.
      .potentially_unsafe_config_annotations = {"org.criu.config", "org.systemd.property.",
                                                "run.oci."}};
  TRY(print(oci::write_features(features)));
  return 0;
}

}  // namespace

constexpr Command features_command = {
    .name = "features",
    .summary = "show the enabled features",
    .arguments = "",
    .description = "Prints the features structure of the OCI runtime specification.",
    .options = options,
    .quiet_stderr = true,
    .run = run,
};

}  // namespace coracle::cli
