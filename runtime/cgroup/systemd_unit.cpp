// cgroupsPath -> unit -> directories.
#include "runtime/cgroup/systemd_unit.hpp"

#include <algorithm>

#include "runtime/base/strings.hpp"

namespace coracle::cgroup::systemd {
namespace {

constexpr std::string_view slice_suffix = ".slice";

bool may_be_in_a_name(char c) {
  constexpr std::string_view others = ":-_.\\@";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

// What systemd would refuse with less context, or not take for what it is: "/".
Result<void> check_name(std::string_view name) {
  constexpr std::size_t longest = 255;
  if (name.size() > longest)
    return fail("unit name of " + std::to_string(name.size()) + " bytes, more than " +
                std::to_string(longest) + ": " + in_quotes(name));
  if (std::ranges::all_of(name, may_be_in_a_name)) return {};
  return fail("no name of a systemd unit: " + in_quotes(name));
}

// Names that could be taken for a file of the cgroup file system have a "_" before them there.
std::string escaped(std::string name) {
  constexpr std::string_view kinds[] = {
      "cgroup",  "cpu",  "cpuacct",      "cpuset",      "io",          "blkio",          "memory",
      "devices", "pids", "bpf-firewall", "bpf-devices", "bpf-foreign", "bpf-socket-bind"};
  const std::string_view kind = std::string_view(name).substr(0, name.find('.'));
  const bool reserved = name.starts_with('_') || name.starts_with('.') ||
                        std::ranges::find(kinds, kind) != std::end(kinds);
  return reserved ? "_" + name : name;
}

std::string directory_of(std::string_view path) {
  std::string directory;
  for (const std::string_view part : split(path, '/'))
    if (!part.empty()) directory += "/" + escaped(std::string(part));
  return directory;
}

}  // namespace

Result<std::string> expand_slice(std::string_view slice) {
  const auto invalid = [&] { return fail("invalid slice name: " + in_quotes(slice)); };
  if (!slice.ends_with(slice_suffix) || slice.find('/') != std::string_view::npos) return invalid();
  const std::string_view stem = slice.substr(0, slice.size() - slice_suffix.size());
  if (stem == "-") return std::string();
  std::string path;
  std::string prefix;
  for (const std::string_view part : split(stem, '-')) {
    if (part.empty()) return invalid();
    prefix += part;
    path += "/" + prefix + std::string(slice_suffix);
    prefix += '-';
  }
  return path;
}

Result<Unit> unit_of(std::string_view cgroups_path, std::string_view id, Whose whose) {
  const std::string path =
      cgroups_path.empty() ? ":runc:" + std::string(id) : std::string(cgroups_path);
  const auto parts = split(path, ':');
  if (parts.size() != 3)
    return fail(
        "/linux/cgroupsPath: expected cgroupsPath to be of format \"slice:prefix:name\" "
        "for systemd cgroups, got " +
        in_quotes(path) + " instead");
  Unit unit = {.slice = std::string(parts[0]), .name = std::string(parts[2])};
  if (unit.slice.empty()) unit.slice = whose == Whose::user ? "user.slice" : "system.slice";
  // runc's documentation calls the root slice so.
  if (unit.slice == "-") unit.slice = "-.slice";
  if (!unit.is_slice()) unit.name = std::string(parts[1]) + "-" + unit.name + ".scope";
  TRY(expand_slice(unit.slice).context("/linux/cgroupsPath"));
  TRY(check_name(unit.slice).context("/linux/cgroupsPath"));
  TRY(check_name(unit.name).context("/linux/cgroupsPath"));
  return unit;
}

Result<Paths> unit_paths(const Host& host, const Unit& unit, std::string_view manager) {
  std::string below;
  if (unit.is_slice()) {
    below = TRY(expand_slice(unit.name));
  } else {
    below = TRY(expand_slice(unit.slice));
    below += "/" + unit.name;
  }
  // The manager's own is as it is there.
  below = std::string(manager) + directory_of(below);
  Paths paths;
  for (const Hierarchy& hierarchy : host.v1)
    paths.v1[hierarchy.controllers.front()] = hierarchy.mount_point + below;
  if (!host.v2_mount_point.empty()) paths.v2 = host.v2_mount_point + below;
  return paths;
}

}  // namespace coracle::cgroup::systemd
