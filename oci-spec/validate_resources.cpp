// The rules of linux.resources.  Spec: config-linux.md#control-groups
#include <algorithm>

#include "oci-spec/validate_parts.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::oci {

namespace {

// "64KB", "2MB", "1GB"
bool is_page_size(std::string_view text) {
  if (text.size() < 3 || !text.ends_with('B')) return false;
  const char unit = text[text.size() - 2];
  const std::string_view digits = text.substr(0, text.size() - 2);
  return (unit == 'K' || unit == 'M' || unit == 'G') && digits.front() != '0' &&
         digits.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<void> check_device_rules(const std::vector<DeviceRule>& rules, std::string_view pointer) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string& access = rules[i].access;
    if (access.empty() || access.find_first_not_of("rwm") != std::string::npos)
      return broken(in_quotes(access) + " is not a subset of the letters rwm", pointer, "devices",
                    i, "access");
  }
  return {};
}

Result<void> check_weights(const std::vector<WeightDevice>& devices, std::string_view pointer) {
  for (std::size_t i = 0; i < devices.size(); ++i)
    if (!devices[i].weight && !devices[i].leaf_weight)
      return broken("neither weight nor leafWeight is given", pointer, "blockIO", "weightDevice",
                    i);
  return {};
}

Result<void> check_unified(const std::map<std::string, std::string>& unified,
                           std::string_view pointer) {
  for (const auto& [file, text] : unified) {
    // It is opened below the cgroup's directory.
    if (file.empty() || file.contains('/') || file == "." || file == "..")
      return broken(in_quotes(file) + " is not the name of a cgroup file", pointer, "unified",
                    file);
  }
  return {};
}

}  // namespace

Result<void> check_resources(const Resources& resources, std::string_view pointer) {
  TRY(check_device_rules(resources.devices, pointer));
  if (resources.block_io) TRY(check_weights(resources.block_io->weight_device, pointer));
  for (std::size_t i = 0; i < resources.hugepage_limits.size(); ++i) {
    const std::string& size = resources.hugepage_limits[i].page_size;
    if (!is_page_size(size))
      return broken(in_quotes(size) + " is not a page size like 2MB", pointer, "hugepageLimits", i,
                    "pageSize");
  }
  for (const auto& [device, limits] : resources.rdma)
    if (!limits.hca_handles && !limits.hca_objects)
      return broken("neither hcaHandles nor hcaObjects is given", pointer, "rdma", device);
  return check_unified(resources.unified, pointer);
}

}  // namespace coracle::oci
