// Text -> Spec: types, ranges, words and required fields.  What types cannot
// hold is validate.hpp.  Spec: config.md
#pragma once

#include <string_view>

#include "oci-spec/config.hpp"
#include "oci-spec/fields.hpp"
#include "runtime/base/result.hpp"

namespace coracle::oci {

// Unknown properties are ignored; null counts as absent, because Go programs
// write it for empty lists.  Everything else that does not fit is one error:
// "config.json: /linux/uidMappings/0/size: 4294967296 is not a uint32".
// `name` opens the errors.
Result<Spec> parse_spec(std::string_view text, std::string_view name = "config.json");

// The process of `exec --process FILE`.
Result<Process> parse_process(std::string_view text, std::string_view name = "process.json");

// The limits of `update --resources FILE`.
Result<Resources> parse_resources(std::string_view text, std::string_view name = "resources.json");

// The list of `mounts add FILE`: what `mounts` in config.json would be.
Result<std::vector<Mount>> parse_mounts(std::string_view text,
                                        std::string_view name = "mounts.json");

// For a text of ours that holds one of these: container state holds a Spec.
template <>
struct Codec<Spec> {
  static constexpr std::string_view expected = "an object";
  static Result<Spec> read(const json::Value& value);
  static void write(json::Writer& out, const Spec& spec);
  static bool is_absent(const Spec&) { return false; }
};

// In parse_linux.cpp.
template <>
struct Codec<Linux> {
  static constexpr std::string_view expected = "an object";
  static Result<Linux> read(const json::Value& value);
  static void write(json::Writer& out, const Linux& config);
  static bool is_absent(const Linux& config);
};

// In parse_seccomp.cpp.
template <>
struct Codec<Seccomp> {
  static constexpr std::string_view expected = "an object";
  static Result<Seccomp> read(const json::Value& value);
  static void write(json::Writer& out, const Seccomp& seccomp);
  static bool is_absent(const Seccomp&) { return false; }
};

// In parse_resources.cpp.
template <>
struct Codec<Resources> {
  static constexpr std::string_view expected = "an object";
  static Result<Resources> read(const json::Value& value);
  static void write(json::Writer& out, const Resources& resources);
  static bool is_absent(const Resources&) { return false; }
};

// Spec: config-linux.md#user-namespace-mappings; also part of a mount.
template <>
struct Fields<IdMapping> {
  static constexpr auto table = std::tuple{
      required("containerID", &IdMapping::container_id),
      required("hostID", &IdMapping::host_id),
      required("size", &IdMapping::size),
  };
};

}  // namespace coracle::oci
