// The rules of config.md but for `process`.
#include "oci-spec/validate.hpp"

#include <algorithm>

#include "oci-spec/validate_parts.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::oci {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_version_number(std::string_view text) {
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  return !text.empty() && !leading_zero && std::all_of(text.begin(), text.end(), is_digit);
}

// The part after "-" or "+": identifiers of [0-9A-Za-z-] between dots.
bool is_version_suffix(std::string_view text) {
  const auto fits = [](char c) { return is_digit(c) || is_letter(c) || c == '-'; };
  for (const std::string_view part : split(text, '.'))
    if (part.empty() || !std::all_of(part.begin(), part.end(), fits)) return false;
  return true;
}

bool is_semantic_version(std::string_view text) {
  const std::size_t suffix = text.find_first_of("-+");
  const std::vector<std::string_view> numbers = split(text.substr(0, suffix), '.');
  if (numbers.size() != 3 || !std::all_of(numbers.begin(), numbers.end(), is_version_number))
    return false;
  if (suffix == std::string_view::npos) return true;
  const std::string_view rest = text.substr(suffix);
  const std::size_t plus = rest.find('+');
  if (plus != std::string_view::npos && !is_version_suffix(rest.substr(plus + 1))) return false;
  return plus == 0 || is_version_suffix(rest.substr(1, plus - 1));
}

Result<void> check_version(const std::string& version) {
  if (!is_semantic_version(version))
    return broken(in_quotes(version) + " is not a semantic version like 1.3.0", "/ociVersion");
  if (!version.starts_with("1."))
    return broken(in_quotes(version) + " is not supported, expected 1.0.0 or a later 1.x",
                  "/ociVersion");
  return {};
}

Result<void> check_mounts(const std::vector<Mount>& mounts) {
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const Mount& mount = mounts[i];
    if (mount.destination.empty()) return broken("\"\" is not a path", "/mounts", i, "destination");
    if (!mount.uid_mappings.empty() && mount.gid_mappings.empty())
      return broken("missing, expected beside uidMappings", "/mounts", i, "gidMappings");
    if (mount.uid_mappings.empty() && !mount.gid_mappings.empty())
      return broken("missing, expected beside gidMappings", "/mounts", i, "uidMappings");
  }
  return {};
}

Result<void> check_hook_list(const std::vector<Hook>& hooks, std::string_view name) {
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    const Hook& hook = hooks[i];
    if (!hook.path.starts_with('/'))
      return broken(in_quotes(hook.path) + " is not an absolute path", "/hooks", name, i, "path");
    if (hook.timeout_s && *hook.timeout_s < 1)
      return broken(std::to_string(*hook.timeout_s) + " is not a number of seconds above zero",
                    "/hooks", name, i, "timeout");
  }
  return {};
}

// Linux: __NEW_UTS_LEN
constexpr std::size_t longest_host_name = 64;

Result<void> check_host_name(const Linux& config, const std::string& name,
                             std::string_view pointer) {
  if (name.empty()) return {};
  if (find_namespace(config, NamespaceType::uts) == nullptr)
    return broken("unable to set " + in_quotes(name) +
                      " without a private UTS namespace: add {\"type\": \"uts\"} to "
                      "/linux/namespaces",
                  pointer);
  if (name.size() > longest_host_name)
    return broken(
        in_quotes(name) + " is longer than " + std::to_string(longest_host_name) + " bytes",
        pointer);
  return {};
}

Result<void> check_spec(const Spec& spec) {
  TRY(check_version(spec.oci_version));
  if (spec.root.path.empty()) return broken("\"\" is not a path", "/root/path");
  TRY(check_mounts(spec.mounts));
  if (spec.process) TRY(check_process(*spec.process, "/process"));
  TRY(check_host_name(spec.linux_, spec.hostname, "/hostname"));
  TRY(check_host_name(spec.linux_, spec.domainname, "/domainname"));
  TRY(check_hooks(spec.hooks));
  if (spec.annotations.contains(""))
    return broken("an annotation's name is empty", "/annotations/");
  return check_linux(spec.linux_);
}

}  // namespace

const Namespace* find_namespace(const Linux& config, NamespaceType type) {
  const auto found = std::find_if(config.namespaces.begin(), config.namespaces.end(),
                                  [type](const Namespace& each) { return each.type == type; });
  return found == config.namespaces.end() ? nullptr : &*found;
}

Result<void> check_hooks(const Hooks& hooks) {
  TRY(check_hook_list(hooks.prestart, "prestart"));
  TRY(check_hook_list(hooks.create_runtime, "createRuntime"));
  TRY(check_hook_list(hooks.create_container, "createContainer"));
  TRY(check_hook_list(hooks.start_container, "startContainer"));
  TRY(check_hook_list(hooks.poststart, "poststart"));
  return check_hook_list(hooks.poststop, "poststop");
}

Result<void> validate(const Spec& spec) {
  return check_spec(spec).context("config.json");
}

Result<void> validate_process(const Process& process) {
  return check_process(process, "").context("process.json");
}

Result<void> validate_resources(const Resources& resources) {
  return check_resources(resources, "").context("resources.json");
}

}  // namespace coracle::oci
