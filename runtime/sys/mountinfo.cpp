#include "runtime/sys/mountinfo.hpp"

#include "runtime/base/strings.hpp"

namespace coracle::sys {
namespace {

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

// "\040" is a blank: the kernel escapes blank, tab, newline, backslash and '#'.
std::string unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
                        is_octal(text[i + 2]) && is_octal(text[i + 3]);
    if (!escape) {
      plain += text[i];
      continue;
    }
    plain +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return plain;
}

// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
Result<MountInfo> parse_line(std::string_view line) {
  const std::vector<std::string_view> words = split(line, ' ');
  std::size_t dash = 6;
  MountInfo mount;
  for (; dash < words.size() && words[dash] != "-"; ++dash) {
    if (words[dash].starts_with("shared:")) mount.shared = true;
  }
  if (dash + 3 >= words.size()) return fail("mountinfo line " + in_quotes(line));
  const auto id = parse_number<int>(words[0]);
  const auto parent_id = parse_number<int>(words[1]);
  if (!id || !parent_id) return fail("mountinfo line " + in_quotes(line));
  mount.id = *id;
  mount.parent_id = *parent_id;
  mount.device = words[2];
  mount.root = unescape(words[3]);
  mount.mount_point = unescape(words[4]);
  mount.options = words[5];
  mount.type = unescape(words[dash + 1]);
  mount.source = unescape(words[dash + 2]);
  mount.super_options = unescape(words[dash + 3]);
  return mount;
}

}  // namespace

Result<std::vector<MountInfo>> parse_mountinfo(std::string_view text) {
  std::vector<MountInfo> mounts;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    mounts.push_back(TRY(parse_line(line)));
  }
  return mounts;
}

}  // namespace coracle::sys
