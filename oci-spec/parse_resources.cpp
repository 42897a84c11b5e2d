// The fields of linux.resources.  Spec: config-linux.md#control-groups
#include "oci-spec/parse.hpp"

namespace coracle::oci {

namespace {

// {"limit": 77}; an object without a limit says nothing.
struct PidsCodec {
  static constexpr std::string_view expected = "an object";
  static Result<std::optional<std::int64_t>> read(const json::Value& value) {
    if (value.kind() != json::Kind::object) return value.refuse(expected);
    const std::optional<json::Value> limit = value.find("limit");
    if (!limit) return std::nullopt;
    return Codec<std::optional<std::int64_t>>::read(*limit);
  }
  static void write(json::Writer& out, const std::optional<std::int64_t>& limit) {
    out.begin_object();
    out.key("limit");
    out.integer(*limit);
    out.end_object();
  }
  static bool is_absent(const std::optional<std::int64_t>& limit) { return !limit; }
};

// A device number of a rule: -1 is an old way to say "all".
struct RuleNumberCodec : Codec<std::optional<std::int64_t>> {
  static Result<std::optional<std::int64_t>> read(const json::Value& value) {
    const std::int64_t number = TRY(Codec<std::int64_t>::read(value));
    if (number == -1) return std::nullopt;
    if (number < 0) return value.refuse("a device number, or -1 for all");
    return number;
  }
};

// Absent and "" are "a".
struct RuleTypeCodec : Codec<DeviceRuleType> {
  static Result<DeviceRuleType> read(const json::Value& value) {
    if (value.kind() == json::Kind::string && value.text().empty()) return DeviceRuleType::all;
    return Codec<DeviceRuleType>::read(value);
  }
  static bool is_absent(DeviceRuleType type) { return type == DeviceRuleType::all; }
};

// Absent and "" are all three letters.
struct RuleAccessCodec : Codec<std::string> {
  static Result<std::string> read(const json::Value& value) {
    std::string letters = TRY(Codec<std::string>::read(value));
    if (letters.find_first_not_of("rwm") != std::string::npos)
      return value.refuse("a subset of the letters rwm");
    if (letters.empty()) letters = "rwm";
    return letters;
  }
};

}  // namespace

template <>
struct Fields<DeviceRule> {
  static constexpr auto table = std::tuple{
      required("allow", &DeviceRule::allow),
      optional<RuleTypeCodec>("type", &DeviceRule::type),
      optional<RuleNumberCodec>("major", &DeviceRule::major),
      optional<RuleNumberCodec>("minor", &DeviceRule::minor),
      optional<RuleAccessCodec>("access", &DeviceRule::access),
  };
};

template <>
struct Fields<Memory> {
  static constexpr auto table = std::tuple{
      optional("limit", &Memory::limit),
      optional("reservation", &Memory::reservation),
      optional("swap", &Memory::swap),
      optional("kernel", &Memory::kernel),
      optional("kernelTCP", &Memory::kernel_tcp),
      optional("swappiness", &Memory::swappiness),
      optional("disableOOMKiller", &Memory::disable_oom_killer),
      optional("useHierarchy", &Memory::use_hierarchy),
      optional("checkBeforeUpdate", &Memory::check_before_update),
  };
};

template <>
struct Fields<Cpu> {
  static constexpr auto table = std::tuple{
      optional("shares", &Cpu::shares),
      optional("quota", &Cpu::quota),
      optional("burst", &Cpu::burst),
      optional("period", &Cpu::period),
      optional("realtimeRuntime", &Cpu::realtime_runtime),
      optional("realtimePeriod", &Cpu::realtime_period),
      optional("cpus", &Cpu::cpus),
      optional("mems", &Cpu::mems),
      optional("idle", &Cpu::idle),
  };
};

template <>
struct Fields<WeightDevice> {
  static constexpr auto table = std::tuple{
      required("major", &WeightDevice::major),
      required("minor", &WeightDevice::minor),
      optional("weight", &WeightDevice::weight),
      optional("leafWeight", &WeightDevice::leaf_weight),
  };
};

template <>
struct Fields<ThrottleDevice> {
  static constexpr auto table = std::tuple{
      required("major", &ThrottleDevice::major),
      required("minor", &ThrottleDevice::minor),
      required("rate", &ThrottleDevice::rate),
  };
};

template <>
struct Fields<BlockIo> {
  static constexpr auto table = std::tuple{
      optional("weight", &BlockIo::weight),
      optional("leafWeight", &BlockIo::leaf_weight),
      optional("weightDevice", &BlockIo::weight_device),
      optional("throttleReadBpsDevice", &BlockIo::throttle_read_bps_device),
      optional("throttleWriteBpsDevice", &BlockIo::throttle_write_bps_device),
      optional("throttleReadIOPSDevice", &BlockIo::throttle_read_iops_device),
      optional("throttleWriteIOPSDevice", &BlockIo::throttle_write_iops_device),
  };
};

template <>
struct Fields<HugepageLimit> {
  static constexpr auto table = std::tuple{
      required("pageSize", &HugepageLimit::page_size),
      required("limit", &HugepageLimit::limit),
  };
};

template <>
struct Fields<InterfacePriority> {
  static constexpr auto table = std::tuple{
      required("name", &InterfacePriority::name),
      required("priority", &InterfacePriority::priority),
  };
};

template <>
struct Fields<Network> {
  static constexpr auto table = std::tuple{
      optional("classID", &Network::class_id),
      optional("priorities", &Network::priorities),
  };
};

template <>
struct Fields<Rdma> {
  static constexpr auto table = std::tuple{
      optional("hcaHandles", &Rdma::hca_handles),
      optional("hcaObjects", &Rdma::hca_objects),
  };
};

template <>
struct Fields<Resources> {
  static constexpr auto table = std::tuple{
      optional("devices", &Resources::devices),
      optional("memory", &Resources::memory),
      optional("cpu", &Resources::cpu),
      optional<PidsCodec>("pids", &Resources::pids_limit),
      optional("blockIO", &Resources::block_io),
      optional("hugepageLimits", &Resources::hugepage_limits),
      optional("network", &Resources::network),
      optional("rdma", &Resources::rdma),
      optional("unified", &Resources::unified),
  };
};

Result<Resources> Codec<Resources>::read(const json::Value& value) {
  return RecordCodec<Resources>::read(value);
}

void Codec<Resources>::write(json::Writer& out, const Resources& resources) {
  RecordCodec<Resources>::write(out, resources);
}

}  // namespace coracle::oci
