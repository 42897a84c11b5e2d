// One write(2) for each setting.
#include "runtime/cgroup/settings.hpp"

#include <algorithm>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup {
namespace {

std::string read_number(const std::string& path) {
  const auto text = sys::read_file(path);
  return text ? std::string(trim(*text)) : "unknown";
}

Result<void> write_setting(const std::string& dir, const Setting& setting) {
  auto written = sys::write_once(dir + "/" + setting.file, setting.value);
  if (written) return written;
  if (written.error().code == EBUSY && setting.file == "memory.limit_in_bytes") {
    return fail("unable to set memory limit to " + setting.value +
                " (current usage: " + read_number(dir + "/memory.usage_in_bytes") +
                ", peak usage: " + read_number(dir + "/memory.max_usage_in_bytes") + ")");
  }
  return std::move(written).context("controller " + setting.controller + ": set " + setting.file +
                                    " to " + in_quotes(setting.value));
}

std::string_view first_word(std::string_view text) {
  return text.substr(0, text.find(' '));
}

// "8:0 rbps=1024", "mlx5_0 hca_handle=2", "eth0 5"
bool is_about_one_device(const Setting& setting) {
  return first_word(setting.value).contains(':') || setting.file == "rdma.max" ||
         setting.file == "net_prio.ifpriomap";
}

std::string line_without_limit(const Setting& setting, std::string_view device) {
  const std::string start = std::string(device) + " ";
  if (setting.file == "io.max") return start + "rbps=max wbps=max riops=max wiops=max";
  if (setting.file == "rdma.max") return start + "hca_handle=max hca_object=max";
  if (setting.file.contains("weight")) return start + "default";
  return start + "0";
}

}  // namespace

std::size_t run_length(std::span<const Setting> settings) {
  const auto other = std::ranges::find_if(settings, [&](const Setting& setting) {
    return setting.controller != settings.front().controller;
  });
  return static_cast<std::size_t>(other - settings.begin());
}

Result<void> write_settings(const std::string& dir, std::span<const Setting> settings) {
  std::vector<const Setting*> rejected;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const Setting& setting = settings[i];
    auto written = write_setting(dir, setting);
    const int code = written ? 0 : written.error().code;
    if (code == ENOENT && setting.if_missing != IfMissing::fail) continue;
    if (setting.if_missing == IfMissing::use_next) ++i;
    if (code == EINVAL) {
      rejected.push_back(&setting);
    } else if (!written) {
      return written;
    }
  }
  for (const Setting* setting : rejected) TRY(write_setting(dir, *setting));
  return {};
}

std::vector<Setting> former_settings(const std::string& dir, std::span<const Setting> settings) {
  std::vector<Setting> former;
  for (const Setting& setting : settings) {
    const auto text = sys::read_file(dir + "/" + setting.file);
    if (!text) continue;
    former.push_back(setting);
    former.back().value = former_value(setting, *text);
  }
  return former;
}

std::vector<Setting> put_back(const std::string& dir, std::span<const Setting> former) {
  std::vector<Setting> left(former.begin(), former.end());
  std::erase_if(left, [&](const Setting& setting) {
    const auto text = sys::read_file(dir + "/" + setting.file);
    return text && former_value(setting, *text) == setting.value;
  });
  // Twice: limits that must not cross pass each other.
  for (int pass = 0; pass < 2; ++pass) {
    std::erase_if(left, [&](const Setting& setting) {
      return sys::write_once(dir + "/" + setting.file, setting.value).has_value();
    });
  }
  return left;
}

std::string former_value(const Setting& setting, std::string_view text) {
  const bool keyed = is_about_one_device(setting);
  // io.weight has lines for devices and one of this name for all others.
  const std::string_view wanted = keyed ? first_word(setting.value) : "default";
  const auto lines = split(trim(text), '\n');
  const auto line = std::ranges::find(lines, wanted, first_word);
  if (line != lines.end()) return std::string(*line);
  if (keyed) return line_without_limit(setting, wanted);
  // The one file that reads otherwise than it is written.
  const std::string_view switch_name = "oom_kill_disable ";
  if (lines[0].starts_with(switch_name)) return std::string(lines[0].substr(switch_name.size()));
  // write(2) of nothing would do nothing: an empty cpuset is a line break.
  return lines[0].empty() ? "\n" : std::string(lines[0]);
}

}  // namespace coracle::cgroup
