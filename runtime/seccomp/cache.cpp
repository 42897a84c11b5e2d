// A file is what it was compiled from and the filter, each after its size.
#include "runtime/seccomp/cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <type_traits>

#include "oci-spec/parse.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/own_image.hpp"

namespace coracle::seccomp {
namespace {

// A profile has one place, by its digest, and takes it from who was there.
constexpr std::size_t places = 128;
constexpr std::size_t largest_file = 4 << 20;

// Everything that shapes a filter.
std::string key_of(const oci::Seccomp& config, UnknownSyscalls unknown) {
  oci::Seccomp shaping = config;
  shaping.listener_path.clear();
  shaping.listener_metadata.clear();
  oci::json::Writer text(oci::json::Layout::compact);
  oci::Codec<oci::Seccomp>::write(text, shaping);
  utsname kernel = {};
  ::uname(&kernel);
  return join({sys::own_build_id(), library_version(), kernel.release, kernel.version,
               unknown == UnknownSyscalls::refuse ? "refuse" : "warn", std::move(text).text()},
              "\n");
}

void append_bytes(std::string& out, const void* bytes, std::size_t count) {
  const auto size = static_cast<std::uint32_t>(count);
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out.append(static_cast<const char*>(bytes), count);
}

// What append_bytes wrote, one after the other; nothing once a size is not possible.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next() {
    std::uint32_t size = 0;
    if (rest_.size() < sizeof size) return {};
    std::memcpy(&size, rest_.data(), sizeof size);
    rest_.remove_prefix(sizeof size);
    if (size > rest_.size()) return {};
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  template <class T>
  std::optional<T> next_as() {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto bytes = next();
    if (!bytes || bytes->size() != sizeof(T)) return {};
    T value = {};
    std::memcpy(&value, bytes->data(), sizeof value);
    return value;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::string render(const std::string& key, const Filter& filter) {
  std::string out;
  append_bytes(out, key.data(), key.size());
  append_bytes(out, &filter.flags, sizeof filter.flags);
  append_bytes(out, &filter.notifies, sizeof filter.notifies);
  append_bytes(out, filter.program.data(), filter.program.size() * sizeof(sock_filter));
  for (const std::string& warning : filter.warnings)
    append_bytes(out, warning.data(), warning.size());
  return out;
}

std::optional<Filter> parse(std::string_view text, const std::string& key) {
  Reader reader(text);
  if (reader.next() != std::optional<std::string_view>(key)) return {};
  const auto flags = reader.next_as<unsigned int>();
  const auto notifies = reader.next_as<bool>();
  const auto program = reader.next();
  if (!flags || !notifies || !program || program->size() % sizeof(sock_filter) != 0) return {};
  Filter filter;
  filter.flags = *flags;
  filter.notifies = *notifies;
  filter.program.resize(program->size() / sizeof(sock_filter));
  std::memcpy(filter.program.data(), program->data(), program->size());
  while (!reader.at_end()) {
    const auto warning = reader.next();
    if (!warning) return {};
    filter.warnings.emplace_back(*warning);
  }
  return filter;
}

// Nobody but us can have written what lies there.
Result<sys::Fd> open_own_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("mkdir " + path);
  sys::Fd directory = TRY(sys::open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  struct stat found = {};
  if (::fstat(directory.get(), &found) != 0) return fail_errno("fstat " + path);
  if (found.st_uid != ::geteuid() || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(path + " belongs to another user, or others may write it");
  return directory;
}

}  // namespace

Result<Filter> compile_cached(const oci::Seccomp& config, UnknownSyscalls unknown,
                              const std::string& directory) {
  TRY(check(config));
  const auto kept = sys::own_build_id().empty() ? fail("this program has no build id")
                                                : open_own_directory(directory);
  if (!kept) return compile(config, unknown);
  const std::string key = key_of(config, unknown);
  const std::string name = std::to_string(std::hash<std::string>{}(key) % places);
  if (const auto text = sys::read_file_at(*kept, name, largest_file)) {
    if (auto filter = parse(*text, key)) return *std::move(filter);
  }
  Filter filter = TRY(compile(config, unknown));
  std::ignore = sys::replace_file_at(*kept, name, render(key, filter), 0600);  // or the next time
  return filter;
}

}  // namespace coracle::seccomp
