// Resources of one field, and what either version makes of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cgroup/cgroup.hpp"

// Each case names the fields that it is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace coracle::cgroup {

using Settings = std::vector<Setting>;
using enum IfMissing;

inline Settings v1(const oci::Resources& resources) {
  return *v1_settings(resources);
}
inline Settings v2(const oci::Resources& resources) {
  return *v2_settings(resources);
}
inline std::string v1_error(const oci::Resources& resources) {
  return v1_settings(resources).error().text();
}
inline std::string v2_error(const oci::Resources& resources) {
  return v2_settings(resources).error().text();
}

inline oci::Resources with(oci::Memory memory) {
  oci::Resources resources;
  resources.memory = memory;
  return resources;
}

inline oci::Resources with(oci::Cpu cpu) {
  oci::Resources resources;
  resources.cpu = cpu;
  return resources;
}

inline oci::Resources with(oci::BlockIo io) {
  oci::Resources resources;
  resources.block_io = io;
  return resources;
}

inline oci::Resources with(oci::Network network) {
  oci::Resources resources;
  resources.network = network;
  return resources;
}

inline oci::Resources with_pids(std::int64_t limit) {
  oci::Resources resources;
  resources.pids_limit = limit;
  return resources;
}

inline oci::Resources with_unified(std::map<std::string, std::string> unified) {
  oci::Resources resources;
  resources.unified = std::move(unified);
  return resources;
}

}  // namespace coracle::cgroup
