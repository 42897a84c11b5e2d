#include "runtime/container/intel_rdt.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "runtime/base/rollback.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mountinfo.hpp"

namespace coracle::container {
namespace {

bool is_directory(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool has_schemata(const oci::IntelRdt& rdt) {
  return !rdt.l3_cache_schema.empty() || !rdt.mem_bw_schema.empty() || !rdt.schemata.empty();
}

// The kernel says more than errno about a refusal, in one line.
Error with_kernel_words(Error error, const std::string& root) {
  const auto words = sys::read_file(root + "/info/last_cmd_status", 4096);
  if (!words) return error;
  const std::string_view text = trim(*words);
  if (!text.empty() && text != "ok") error.what += " (" + std::string(text) + ")";
  return error;
}

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0) return fail_errno("mkdir " + path);
  return {};
}

Result<void> make_monitor(const RdtGroup& group) {
  if (group.monitor.empty()) return {};
  return make_directory(group.monitor);
}

Result<void> write_schemata(const RdtGroup& group, const oci::IntelRdt& rdt) {
  const bool compared = !group.is_new && !rdt.clos_id.empty();
  for (const std::string& text : render_schemata(rdt, compared))
    TRY(sys::write_once(group.path + "/schemata", text));
  return {};
}

Result<void> make_all(const RdtGroup& group, const oci::IntelRdt& rdt) {
  if (group.is_new) TRY(make_directory(group.path));
  Rollback made([&] {
    if (group.is_new) ::rmdir(group.path.c_str());
  });
  TRY(write_schemata(group, rdt));
  TRY(make_monitor(group));
  made.keep();
  return {};
}

Result<void> check_match(const RdtGroup& group, const oci::IntelRdt& rdt) {
  if (rdt.l3_cache_schema.empty() && rdt.mem_bw_schema.empty()) return {};
  const std::string path = group.path + "/schemata";
  const std::string there = TRY(sys::read_file(path));
  for (const std::string& wanted : {rdt.l3_cache_schema, rdt.mem_bw_schema}) {
    if (!wanted.empty() && !has_schema(there, wanted))
      return fail("linux.intelRdt: " + in_quotes(wanted) + " is not what " + path + " has");
  }
  return {};
}

// "0=0ff" and "0= ff" are one value; numbers are hexadecimal for caches,
// decimal for bandwidth, and the text without leading zeros tells both.
std::string plain_value(std::string_view value) {
  value = trim(value);
  value.remove_prefix(std::min(value.find_first_not_of('0'), value.size()));
  std::string plain(value);
  for (char& c : plain) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

struct Schema {
  std::string_view name;                      // "L3"
  std::map<std::string, std::string> values;  // by domain
};

// "L3:0=7f0;1=1f"; nothing where the form is another.
std::optional<Schema> parse_schema(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Schema schema = {.name = trim(line.substr(0, colon)), .values = {}};
  for (const std::string_view part : split(line.substr(colon + 1), ';')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    schema.values[std::string(trim(part.substr(0, equals)))] = plain_value(part.substr(equals + 1));
  }
  return schema;
}

bool holds(const Schema& wanted, const Schema& there) {
  if (wanted.name != there.name) return false;
  for (const auto& [domain, value] : wanted.values) {
    const auto found = there.values.find(domain);
    if (found == there.values.end() || found->second != value) return false;
  }
  return true;
}

}  // namespace

Result<std::string> find_resctrl(std::string_view mountinfo) {
  const std::vector<sys::MountInfo> mounts = TRY(sys::parse_mountinfo(mountinfo));
  for (const sys::MountInfo& mount : mounts) {
    // A bind mount of one group is no place for others.
    if (mount.type == "resctrl" && mount.root == "/") return mount.mount_point;
  }
  return fail(
      "linux.intelRdt: no resctrl file system is mounted here (mount -t resctrl resctrl "
      "/sys/fs/resctrl, on a CPU that has it)");
}

std::string rdt_group_path(const oci::IntelRdt& rdt, const std::string& id,
                           const std::string& root) {
  const std::string& name = rdt.clos_id.empty() ? id : rdt.clos_id;
  return name == "/" ? root : root + "/" + name;
}

Result<RdtGroup> choose_rdt_group(const oci::IntelRdt& rdt, const std::string& id,
                                  const std::string& root) {
  RdtGroup group = {.root = root, .path = rdt_group_path(rdt, id, root)};
  group.is_new = !is_directory(group.path);
  if (group.is_new && !rdt.clos_id.empty() && !has_schemata(rdt))
    return fail("linux.intelRdt: there is no group " + group.path +
                ", and no schemata are given to make it");
  if (!group.is_new && !rdt.clos_id.empty()) TRY(check_match(group, rdt));
  if (rdt.enable_monitoring) group.monitor = group.path + "/mon_groups/" + id;
  if (!group.monitor.empty() && is_directory(group.monitor))
    return fail("linux.intelRdt: monitoring group " + group.monitor + " exists");
  // A class of service takes its monitoring groups with it.
  group.owned = group.is_new && rdt.clos_id.empty() ? group.path : group.monitor;
  return group;
}

Result<void> make_rdt_group(const RdtGroup& group, const oci::IntelRdt& rdt) {
  auto made = make_all(group, rdt);
  if (made) return made;
  return std::unexpected(
      with_kernel_words(std::move(made).error(), group.root).context("linux.intelRdt"));
}

Result<void> join_rdt_group(const RdtGroup& group, pid_t pid) {
  // In this order: a monitoring group takes only processes of its own class.
  for (const std::string& path : {group.path, group.monitor}) {
    if (path.empty()) continue;
    auto written = sys::write_once(path + "/tasks", std::to_string(pid));
    if (!written)
      return std::unexpected(
          with_kernel_words(std::move(written).error(), group.root).context("linux.intelRdt"));
  }
  return {};
}

Result<void> remove_rdt_group(const std::string& owned) {
  if (owned.empty() || ::rmdir(owned.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno("linux.intelRdt: rmdir " + owned);
}

std::vector<std::string> render_schemata(const oci::IntelRdt& rdt, bool compared) {
  std::vector<std::string> writes;
  if (!compared && !rdt.l3_cache_schema.empty()) writes.push_back(rdt.l3_cache_schema + "\n");
  if (!compared && !rdt.mem_bw_schema.empty()) writes.push_back(rdt.mem_bw_schema + "\n");
  // One write may name a domain once only, and these may name those again.
  if (!rdt.schemata.empty()) writes.push_back(join(rdt.schemata, "\n") + "\n");
  return writes;
}

bool has_schema(std::string_view schemata, std::string_view wanted) {
  const auto parsed = parse_schema(wanted);
  if (!parsed) return false;
  for (const std::string_view line : split(schemata, '\n')) {
    const auto there = parse_schema(line);
    if (there && holds(*parsed, *there)) return true;
  }
  return false;
}

}  // namespace coracle::container
