// Device rules -> what every container has, lines for v1, properties for systemd.
// Source: Documentation/admin-guide/cgroup-v1/devices.rst
#include "runtime/cgroup/devices.hpp"

#include <algorithm>

#include "runtime/base/strings.hpp"
#include "runtime/cgroup/device_match.hpp"

namespace coracle::cgroup {
namespace {

using oci::DeviceRule;
using oci::DeviceRuleType;

// The state of a v1 devices cgroup: a default, and exceptions to it.
struct DeviceState {
  bool allow_by_default = false;
  std::vector<DeviceMatch> exceptions;  // no two for the same devices
};

std::string access_text(unsigned access) {
  std::string text;
  if ((access & BPF_DEVCG_ACC_READ) != 0) text += 'r';
  if ((access & BPF_DEVCG_ACC_WRITE) != 0) text += 'w';
  if ((access & BPF_DEVCG_ACC_MKNOD) != 0) text += 'm';
  return text;
}

std::string number_text(std::int64_t number) {
  return number == any_number ? "*" : std::to_string(number);
}

std::string text_of(const DeviceMatch& match) {
  const std::string numbers = number_text(match.major) + ":" + number_text(match.minor);
  return std::string{match.type, ' '} + numbers + " " + access_text(match.access);
}

DeviceRule allow(DeviceRuleType type, std::int64_t major, std::int64_t minor, const char* access) {
  return {.allow = true, .type = type, .major = major, .minor = minor, .access = access};
}

void add(DeviceState& state, const DeviceMatch& match) {
  for (DeviceMatch& exception : state.exceptions) {
    if (!exception.same_devices(match)) continue;
    exception.access |= match.access;
    return;
  }
  state.exceptions.push_back(match);
}

Result<void> subtract(DeviceState& state, const DeviceMatch& match) {
  for (DeviceMatch& exception : state.exceptions) {
    if (match.covers(exception)) {
      exception.access &= ~match.access;
    } else if (match.overlaps(exception) && (match.access & exception.access) != 0) {
      return fail("device rule \"" + text_of(match) + "\" cuts a hole into the opposite rule \"" +
                  text_of(exception) + "\": cgroup v1 cannot do that");
    }
  }
  std::erase_if(state.exceptions,
                [](const DeviceMatch& exception) { return exception.access == 0; });
  return {};
}

Result<DeviceState> state_of(const std::vector<DeviceRule>& rules) {
  DeviceState state;
  for (const DeviceRule& rule : rules) {
    if (is_everything(rule)) {
      state = {.allow_by_default = rule.allow, .exceptions = {}};
      continue;
    }
    for (const DeviceMatch& match : matches_of(rule)) {
      if (rule.allow == state.allow_by_default) {
        TRY(subtract(state, match));
      } else {
        add(state, match);
      }
    }
  }
  return state;
}

// "c 1:3 rwm"; "a *:* rwm" stands for a default of allow, whose exceptions the
// kernel does not show.
Result<DeviceState> parse_state(std::string_view devices_list) {
  DeviceState state;
  for (const std::string_view line : split(trim(devices_list), '\n')) {
    if (line.empty()) continue;
    if (line.starts_with('a')) return DeviceState{.allow_by_default = true, .exceptions = {}};
    const auto words = split(line, ' ');
    const auto numbers = split(words.size() == 3 ? words[1] : "", ':');
    if (numbers.size() != 2) return fail("devices.list has the line " + in_quotes(line));
    add(state, {.type = line[0],
                .major = parse_number<std::int64_t>(numbers[0]).value_or(any_number),
                .minor = parse_number<std::int64_t>(numbers[1]).value_or(any_number),
                .access = access_bits(words[2])});
  }
  return state;
}

// The part of `match` that `state` has no exception for.
DeviceMatch missing_part(const DeviceMatch& match, const DeviceState& state) {
  DeviceMatch rest = match;
  for (const DeviceMatch& exception : state.exceptions)
    if (exception.same_devices(match)) rest.access &= ~exception.access;
  return rest;
}

Setting device_setting(bool allowed, const std::string& value) {
  return {"devices", allowed ? "devices.allow" : "devices.deny", value};
}

}  // namespace

std::vector<DeviceRule> effective_device_rules(std::vector<DeviceRule> configured) {
  using enum DeviceRuleType;
  const DeviceRule always[] = {
      allow(character, any_number, any_number, "m"),
      allow(block, any_number, any_number, "m"),
      allow(character, 1, 3, "rwm"),             // null
      allow(character, 1, 5, "rwm"),             // zero
      allow(character, 1, 7, "rwm"),             // full
      allow(character, 1, 8, "rwm"),             // random
      allow(character, 1, 9, "rwm"),             // urandom
      allow(character, 5, 0, "rwm"),             // tty
      allow(character, 5, 2, "rwm"),             // ptmx
      allow(character, 10, 200, "rwm"),          // net/tun: engines cannot always add it
      allow(character, 136, any_number, "rwm"),  // pty slaves
  };
  configured.insert(configured.end(), std::begin(always), std::end(always));
  return configured;
}

bool allow_everything(const std::vector<DeviceRule>& rules) {
  const auto last = std::ranges::find_if(rules.rbegin(), rules.rend(), is_everything);
  return last != rules.rend() && last->allow &&
         std::ranges::all_of(last.base(), rules.end(), &DeviceRule::allow);
}

Result<std::vector<Setting>> v1_device_settings(std::string_view current,
                                                const std::vector<DeviceRule>& rules) {
  DeviceState source = TRY(parse_state(current));
  const DeviceState target = TRY(state_of(rules));
  std::vector<Setting> settings;
  const bool both_allow = source.allow_by_default && target.allow_by_default;
  // A new cgroup allows everything: nothing to write then, and while there are
  // sub-cgroups the kernel refuses to have it written.
  if (both_allow && target.exceptions.empty()) return settings;
  if (both_allow || source.allow_by_default != target.allow_by_default) {
    settings.push_back(device_setting(target.allow_by_default, "a *:* rwm"));
    source.exceptions.clear();
  }
  const bool exception_allows = !target.allow_by_default;
  for (const DeviceMatch& old : source.exceptions) {
    const DeviceMatch lost = missing_part(old, target);
    if (lost.access != 0) settings.push_back(device_setting(!exception_allows, text_of(lost)));
  }
  for (const DeviceMatch& wanted : target.exceptions) {
    const DeviceMatch gained = missing_part(wanted, source);
    if (gained.access != 0) settings.push_back(device_setting(exception_allows, text_of(gained)));
  }
  return settings;
}

std::optional<std::vector<UnitDevice>> unit_devices(const std::vector<DeviceRule>& rules) {
  const auto state = state_of(rules);
  if (!state || state->allow_by_default) return std::nullopt;
  std::vector<UnitDevice> devices;
  for (const DeviceMatch& match : state->exceptions) {
    if (match.major == any_number && match.minor != any_number) return std::nullopt;
    const std::string type = match.type == 'c' ? "char" : "block";
    const std::string node =
        match.minor == any_number
            ? type + "-" + number_text(match.major)
            : "/dev/" + type + "/" + number_text(match.major) + ":" + number_text(match.minor);
    devices.push_back({.node = node, .access = access_text(match.access)});
  }
  return devices;
}

}  // namespace coracle::cgroup
