// The fields of the `linux` object.  Spec: config-linux.md
#include "oci-spec/parse.hpp"

namespace coracle::oci {

namespace {

// "rslave": the type's word, "r" before it for the whole tree.
struct PropagationCodec {
  static constexpr std::string_view expected = "a string";
  static Result<std::optional<RootfsPropagation>> read(const json::Value& value);
  static void write(json::Writer& out, const std::optional<RootfsPropagation>& held);
  static bool is_absent(const std::optional<RootfsPropagation>& held) { return !held; }
};

// {"domain": "LINUX32"}
struct PersonalityCodec {
  static constexpr std::string_view expected = "an object";
  static Result<std::optional<PersonalityDomain>> read(const json::Value& value);
  static void write(json::Writer& out, const std::optional<PersonalityDomain>& held);
  static bool is_absent(const std::optional<PersonalityDomain>& held) { return !held; }
};

}  // namespace

template <>
struct Words<Propagation> {
  static constexpr std::array table = std::to_array<Word<Propagation>>({
      {"shared", Propagation::shared},
      {"slave", Propagation::slave},
      {"private", Propagation::private_},
      {"unbindable", Propagation::unbindable},
  });
};

template <>
struct Fields<Namespace> {
  static constexpr auto table = std::tuple{
      required("type", &Namespace::type),
      optional("path", &Namespace::path),
  };
};

template <>
struct Fields<TimeOffset> {
  static constexpr auto table = std::tuple{
      optional("secs", &TimeOffset::secs),
      optional("nanosecs", &TimeOffset::nanosecs),
  };
};

template <>
struct Fields<Device> {
  static constexpr auto table = std::tuple{
      required("type", &Device::type),
      required("path", &Device::path),
      always_written("major", &Device::major),
      always_written("minor", &Device::minor),
      optional("fileMode", &Device::file_mode),
      optional("uid", &Device::uid),
      optional("gid", &Device::gid),
  };
};

// A device needs its numbers, a FIFO has none.
template <>
struct Codec<Device> : RecordCodec<Device> {
  static Result<Device> read(const json::Value& value) {
    Device device = TRY(RecordCodec<Device>::read(value));
    if (device.type == DeviceType::fifo) return device;
    for (const std::string_view number : {"major", "minor"})
      if (!value.find(number)) return value.fail_at("missing, expected an int64", number);
    return device;
  }
};

template <>
struct Fields<NetDevice> {
  static constexpr auto table = std::tuple{
      optional("name", &NetDevice::name),
  };
};

template <>
struct Fields<IntelRdt> {
  static constexpr auto table = std::tuple{
      optional("closID", &IntelRdt::clos_id),
      optional("schemata", &IntelRdt::schemata),
      optional("l3CacheSchema", &IntelRdt::l3_cache_schema),
      optional("memBwSchema", &IntelRdt::mem_bw_schema),
      optional("enableMonitoring", &IntelRdt::enable_monitoring),
  };
};

template <>
struct Fields<MemoryPolicy> {
  static constexpr auto table = std::tuple{
      required("mode", &MemoryPolicy::mode),
      optional("nodes", &MemoryPolicy::nodes),
      optional("flags", &MemoryPolicy::flags),
  };
};

template <>
struct Fields<Linux> {
  static constexpr auto table = std::tuple{
      optional("uidMappings", &Linux::uid_mappings),
      optional("gidMappings", &Linux::gid_mappings),
      optional("sysctl", &Linux::sysctl),
      optional("resources", &Linux::resources),
      optional("cgroupsPath", &Linux::cgroups_path),
      optional("namespaces", &Linux::namespaces),
      optional("devices", &Linux::devices),
      optional("netDevices", &Linux::net_devices),
      optional("seccomp", &Linux::seccomp),
      optional<PropagationCodec>("rootfsPropagation", &Linux::rootfs_propagation),
      optional("maskedPaths", &Linux::masked_paths),
      optional("readonlyPaths", &Linux::readonly_paths),
      optional("mountLabel", &Linux::mount_label),
      optional("intelRdt", &Linux::intel_rdt),
      optional("memoryPolicy", &Linux::memory_policy),
      optional<PersonalityCodec>("personality", &Linux::personality),
      optional("timeOffsets", &Linux::time_offsets),
  };
};

namespace {

Result<std::optional<RootfsPropagation>> PropagationCodec::read(const json::Value& value) {
  if (value.kind() != json::Kind::string) return value.refuse(expected);
  if (value.text().empty()) return std::nullopt;  // what Go makes of an absent one
  std::string_view text = value.text();
  const bool recursive = text.starts_with('r');
  if (recursive) text.remove_prefix(1);
  const std::optional<Propagation> type = from_word<Propagation>(text);
  if (!type) return value.refuse(any_word<Propagation>() + ", each also with an r before it");
  return RootfsPropagation{.type = *type, .recursive = recursive};
}

void PropagationCodec::write(json::Writer& out, const std::optional<RootfsPropagation>& held) {
  const std::string prefix = held->recursive ? "r" : "";
  out.string(prefix + std::string(word(held->type)));
}

Result<std::optional<PersonalityDomain>> PersonalityCodec::read(const json::Value& value) {
  if (value.kind() != json::Kind::object) return value.refuse(expected);
  const std::optional<json::Value> domain = value.find("domain");
  if (!domain) return value.fail_at("missing, expected a string", "domain");
  if (const std::optional<json::Value> flags = value.find("flags")) {
    const std::vector<std::string> named = TRY(Codec<std::vector<std::string>>::read(*flags));
    if (!named.empty())
      return flags->fail_at(in_quotes(named.front()) + " is not a flag: none is defined");
  }
  const PersonalityDomain known = TRY(Codec<PersonalityDomain>::read(*domain));
  return known;
}

void PersonalityCodec::write(json::Writer& out, const std::optional<PersonalityDomain>& held) {
  out.begin_object();
  out.key("domain");
  out.string(word(*held));
  out.end_object();
}

}  // namespace

Result<Linux> Codec<Linux>::read(const json::Value& value) {
  return RecordCodec<Linux>::read(value);
}

void Codec<Linux>::write(json::Writer& out, const Linux& config) {
  RecordCodec<Linux>::write(out, config);
}

bool Codec<Linux>::is_absent(const Linux& config) {
  return RecordCodec<Linux>::is_absent(config);
}

}  // namespace coracle::oci
