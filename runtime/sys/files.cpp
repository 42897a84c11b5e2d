#include "runtime/sys/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "runtime/base/strings.hpp"

namespace coracle::sys {
namespace {

// Holds nearly all that procfs has, states and configurations.
constexpr std::size_t chunk_size = 8192;

using Chunk = std::array<char, chunk_size>;  // not cleared: few files fill it

Result<std::size_t> read_chunk(const Fd& fd, Chunk& chunk) {
  ssize_t got = 0;
  do got = ::read(fd.get(), chunk.data(), chunk.size());
  while (got < 0 && errno == EINTR);
  if (got < 0) return fail_errno("read");
  return static_cast<std::size_t>(got);
}

Result<void> write_text_once(const Fd& fd, const std::string& path, std::string_view text) {
  ssize_t written = 0;
  do written = ::write(fd.get(), text.data(), text.size());
  while (written < 0 && errno == EINTR);
  if (written < 0) return fail_errno("write " + path);
  if (static_cast<std::size_t>(written) != text.size())
    return fail("write " + path + ": short write");
  return {};
}

}  // namespace

Result<Fd> open_file(const std::string& path, int flags, mode_t mode) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) return fail_errno("open " + path);
  return fd;
}

Result<Fd> open_at(const Fd& dir, const std::string& name, int flags, mode_t mode) {
  Fd fd(::openat(dir.get(), name.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) return fail_errno("open " + name);
  return fd;
}

Result<std::string> read_all(const Fd& fd, std::size_t most) {
  Chunk chunk;
  std::string text;
  while (true) {
    // procfs and cgroupfs, which are read most, report no size.
    const std::size_t got = TRY(read_chunk(fd, chunk));
    if (got == 0) return text;
    text.append(chunk.data(), got);
    if (text.size() > most) return fail("larger than " + std::to_string(most) + " bytes");
  }
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
  const Fd fd = TRY(open_file(path, O_RDONLY));
  return read_all(fd, most).context(path);
}

Result<std::string> read_file_at(const Fd& dir, const std::string& name, std::size_t most) {
  const Fd fd = TRY(open_at(dir, name, O_RDONLY));
  return read_all(fd, most).context(name);
}

Stem open_stem(std::string path) {
  Fd dir(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return {.path = std::move(path), .dir = std::move(dir)};
}

Result<std::string> read_record(const std::string& path) {
  return read_record(path, Stem{});
}

Result<std::string> read_record(const std::string& path, const Stem& stem) {
  const std::size_t size = stem.path.size();
  const bool below = stem.dir && path.starts_with(stem.path) && path[size] == '/';
  const std::size_t name = below ? path.find_first_not_of('/', size) : 0;
  if (name == std::string::npos) return read_record(path);  // the directory, with slashes
  const int from = below ? stem.dir.get() : AT_FDCWD;
  const Fd fd(::openat(from, path.c_str() + name, O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + path);
  Chunk chunk;
  const std::size_t got = TRY(read_chunk(fd, chunk).context(path));
  std::string text(chunk.data(), got);
  if (got == chunk.size()) text += TRY(read_all(fd).context(path));
  return text;
}

Result<void> write_once(const std::string& path, std::string_view text) {
  const Fd fd = TRY(open_file(path, O_WRONLY));
  return write_text_once(fd, path, text);
}

Result<void> write_once_at(const Fd& dir, const std::string& name, std::string_view text) {
  const Fd fd = TRY(open_at(dir, name, O_WRONLY));
  return write_text_once(fd, name, text);
}

Result<void> write_all(const Fd& fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> replace_file_at(const Fd& dir, const std::string& name, std::string_view text,
                             mode_t mode) {
  // The process id keeps two writers apart; a stale file of a killed one is
  // truncated by the next with the same id.
  const std::string hidden = "." + name + "." + std::to_string(::getpid());
  const Fd fd = TRY(open_at(dir, hidden, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
  auto written = write_all(fd, text);
  if (!written) {
    ::unlinkat(dir.get(), hidden.c_str(), 0);
    return std::move(written).context(name);
  }
  if (::renameat(dir.get(), hidden.c_str(), dir.get(), name.c_str()) != 0) {
    const int code = errno;
    ::unlinkat(dir.get(), hidden.c_str(), 0);
    return fail_errno("rename " + hidden + " to " + name, code);
  }
  return {};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return fail_errno("mkdir " + path);
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash == 0) return fail_errno("mkdir " + path, ENOENT);
  TRY(make_directories(path.substr(0, slash), mode));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return fail_errno("mkdir " + path);
  return {};
}

std::string clean_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!kept.empty()) kept.pop_back();
      continue;
    }
    kept.push_back(part);
  }
  std::string clean;
  for (const std::string_view part : kept) clean.append("/").append(part);
  return clean.empty() ? "/" : clean;
}

Result<std::string> absolute_path(std::string_view path) {
  if (path.starts_with('/')) return clean_path(path);
  std::string cwd(4096, '\0');
  if (::getcwd(cwd.data(), cwd.size()) == nullptr) return fail_errno("getcwd");
  cwd.resize(std::char_traits<char>::length(cwd.c_str()));
  return clean_path(cwd + "/" + std::string(path));
}

}  // namespace coracle::sys
