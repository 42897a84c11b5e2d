// Features <-> JSON.
#include "oci-spec/features.hpp"

#include "oci-spec/fields.hpp"

namespace coracle::oci {

template <>
struct Fields<Features::Enabled> {
  static constexpr auto table = std::tuple{
      always_written("enabled", &Features::Enabled::enabled),
  };
};

template <>
struct Fields<Features::Cgroup> {
  static constexpr auto table = std::tuple{
      always_written("v1", &Features::Cgroup::v1),
      always_written("v2", &Features::Cgroup::v2),
      always_written("systemd", &Features::Cgroup::systemd),
      always_written("systemdUser", &Features::Cgroup::systemd_user),
      always_written("rdma", &Features::Cgroup::rdma),
  };
};

template <>
struct Fields<Features::Seccomp> {
  static constexpr auto table = std::tuple{
      always_written("enabled", &Features::Seccomp::enabled),
      always_written("actions", &Features::Seccomp::actions),
      always_written("operators", &Features::Seccomp::operators),
      always_written("archs", &Features::Seccomp::archs),
      always_written("knownFlags", &Features::Seccomp::known_flags),
      always_written("supportedFlags", &Features::Seccomp::supported_flags),
  };
};

template <>
struct Fields<Features::IntelRdt> {
  static constexpr auto table = std::tuple{
      always_written("enabled", &Features::IntelRdt::enabled),
      always_written("schemata", &Features::IntelRdt::schemata),
      always_written("monitoring", &Features::IntelRdt::monitoring),
  };
};

template <>
struct Fields<Features::MemoryPolicy> {
  static constexpr auto table = std::tuple{
      always_written("modes", &Features::MemoryPolicy::modes),
      always_written("flags", &Features::MemoryPolicy::flags),
  };
};

template <>
struct Fields<Features::MountExtensions> {
  static constexpr auto table = std::tuple{
      always_written("idmap", &Features::MountExtensions::idmap),
  };
};

template <>
struct Fields<Features::Linux> {
  static constexpr auto table = std::tuple{
      always_written("namespaces", &Features::Linux::namespaces),
      always_written("capabilities", &Features::Linux::capabilities),
      always_written("cgroup", &Features::Linux::cgroup),
      always_written("seccomp", &Features::Linux::seccomp),
      always_written("apparmor", &Features::Linux::apparmor),
      always_written("selinux", &Features::Linux::selinux),
      always_written("intelRdt", &Features::Linux::intel_rdt),
      always_written("memoryPolicy", &Features::Linux::memory_policy),
      always_written("mountExtensions", &Features::Linux::mount_extensions),
      always_written("netDevices", &Features::Linux::net_devices),
  };
};

template <>
struct Fields<Features> {
  static constexpr auto table = std::tuple{
      required("ociVersionMin", &Features::oci_version_min),
      required("ociVersionMax", &Features::oci_version_max),
      always_written("hooks", &Features::hooks),
      always_written("mountOptions", &Features::mount_options),
      always_written("linux", &Features::linux_),
      optional("annotations", &Features::annotations),
      optional("potentiallyUnsafeConfigAnnotations",
               &Features::potentially_unsafe_config_annotations),
  };
};

std::string write_features(const Features& features) {
  json::Writer out(json::Layout::indented);
  Codec<Features>::write(out, features);
  return std::move(out).text();
}

Result<Features> parse_features(std::string_view text, std::string_view name) {
  const json::Document document = TRY(json::parse(text, name));
  return Codec<Features>::read(document.root());
}

}  // namespace coracle::oci
