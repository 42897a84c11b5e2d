#include "runtime/container/id_map_writer.hpp"

#include <unistd.h>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/process.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

Result<void> write_proc_file(pid_t pid, const char* name, std::string_view text) {
  return sys::write_once("/proc/" + std::to_string(pid) + "/" + name, text);
}

// user_namespaces(7): the text must be shorter than a page.
Result<void> check_length(const char* pointer, const std::string& map) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (map.size() < page) return {};
  return fail(std::string(pointer) + ": the map is " + std::to_string(map.size()) +
              " bytes of text, and the kernel takes " + std::to_string(page - 1) +
              " bytes; merge mappings, or take smaller numbers");
}

Result<void> write_directly(pid_t pid, const plan::IdMaps& maps) {
  if (maps.deny_setgroups) TRY(write_proc_file(pid, "setgroups", "deny"));
  TRY(write_proc_file(pid, "uid_map", maps.uid_map));
  return write_proc_file(pid, "gid_map", maps.gid_map);
}

// newuidmap PID [CONTAINER HOST SIZE]...
Result<void> run_helper(const std::string& helper, pid_t pid,
                        const std::vector<oci::IdMapping>& mappings) {
  std::vector<std::string> argv = {helper, std::to_string(pid)};
  for (const oci::IdMapping& mapping : mappings) {
    argv.push_back(std::to_string(mapping.container_id));
    argv.push_back(std::to_string(mapping.host_id));
    argv.push_back(std::to_string(mapping.size));
  }
  auto run = sys::run_program(argv);
  if (!run && run.error().code == ENOENT)
    return fail(helper + " is not installed; Debian's package uidmap has it");
  const sys::Finished finished = TRY(std::move(run));
  if (finished.exit.code() == 0) return {};
  const std::string file = helper == "newuidmap" ? "/etc/subuid" : "/etc/subgid";
  return fail(helper + " refused the mapping: " + std::string(trim(finished.output)) + "; " + file +
              " must give these ids to uid " + std::to_string(::geteuid()));
}

}  // namespace

Result<void> write_id_maps(pid_t pid, const plan::IdMaps& maps) {
  const sys::timings::Phase phase("write id maps");
  TRY(check_length("/linux/uidMappings", maps.uid_map));
  TRY(check_length("/linux/gidMappings", maps.gid_map));
  switch (maps.writer) {
    case plan::IdMapWriter::none:
      return {};
    case plan::IdMapWriter::direct:
      return write_directly(pid, maps).context("map ids");
    case plan::IdMapWriter::helpers:
      TRY(run_helper("newuidmap", pid, maps.uid_mappings).context("map ids"));
      return run_helper("newgidmap", pid, maps.gid_mappings).context("map ids");
  }
  return {};
}

}  // namespace coracle::container
