// Stdio between dump and restore.
#include "runtime/container/criu_stdio.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "oci-spec/fields.hpp"
#include "oci-spec/json.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mountinfo.hpp"

namespace coracle::container::criu {
namespace {

constexpr const char* descriptors_file = "descriptors.json";
constexpr std::size_t stdio_count = 3;

using Texts = oci::Codec<std::vector<std::string>>;

// "mnt_id:\t27" in /proc/PID/fdinfo/FD.  proc_pid_fdinfo(5)
Result<int> mount_of(const std::string& process, const std::string& fd) {
  const std::string path = process + "/fdinfo/" + fd;
  const std::string text = TRY(sys::read_file(path));
  for (const std::string_view line : split(text, '\n')) {
    constexpr std::string_view name = "mnt_id:";
    if (line.starts_with(name))
      return parse_number<int>(trim(line.substr(name.size()))).value_or(-1);
  }
  return fail(path + " has no mnt_id");
}

// Empty: not open, or on a mount of the container, which CRIU knows.
Result<std::string> key_of_file(pid_t init, std::size_t number,
                                const std::vector<sys::MountInfo>& inside) {
  const std::string process = "/proc/" + std::to_string(init);
  const std::string fd = std::to_string(number);
  struct stat status = {};
  if (::stat((process + "/fd/" + fd).c_str(), &status) != 0) return std::string();
  const int mount = TRY(mount_of(process, fd));
  for (const sys::MountInfo& own : inside)
    if (own.id == mount) return std::string();
  std::array<char, 64> key = {};
  std::snprintf(key.data(), key.size(), "file[%x:%lx]", static_cast<unsigned>(mount),
                static_cast<unsigned long>(status.st_ino));
  return std::string(key.data());
}

}  // namespace

std::vector<std::string> stdio_links() {
  std::vector<std::string> links;
  for (std::size_t fd = 0; fd < stdio_count; ++fd) {
    std::array<char, 4096> target;
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    links.emplace_back(target.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  }
  return links;
}

Result<std::vector<std::string>> stdio_keys(const std::vector<std::string>& links, pid_t init) {
  const std::string text = TRY(sys::read_file("/proc/" + std::to_string(init) + "/mountinfo"));
  const std::vector<sys::MountInfo> inside = TRY(sys::parse_mountinfo(text));
  std::vector<std::string> keys = links;
  for (std::size_t fd = 0; fd < keys.size(); ++fd)
    if (keys[fd].starts_with('/')) keys[fd] = TRY(key_of_file(init, fd, inside));
  return keys;
}

std::vector<std::string> external_files(const std::vector<std::string>& keys) {
  std::vector<std::string> files;
  for (const std::string& key : keys)
    if (key.starts_with("file[")) files.push_back(key);
  return files;
}

Result<void> write_descriptors(const sys::Fd& images, const std::vector<std::string>& keys) {
  oci::json::Writer out(oci::json::Layout::compact);
  Texts::write(out, keys);
  return sys::replace_file_at(images, descriptors_file, std::move(out).text(), 0600);
}

Result<std::vector<InheritedFd>> read_descriptors(const sys::Fd& images, const std::string& path) {
  const std::string text = TRY(sys::read_file_at(images, descriptors_file).context(path));
  const oci::json::Document document = TRY(oci::json::parse(text, path + "/" + descriptors_file));
  const std::vector<std::string> keys = TRY(Texts::read(document.root()));
  std::vector<InheritedFd> inherited;
  for (std::size_t fd = 0; fd < keys.size() && fd < stdio_count; ++fd) {
    const std::string& key = keys[fd];
    if (key.starts_with("pipe:") || key.starts_with("file["))
      inherited.push_back({.key = key, .fd = static_cast<int>(fd)});
  }
  return inherited;
}

}  // namespace coracle::container::criu
