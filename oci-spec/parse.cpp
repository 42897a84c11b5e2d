// The fields of config.json but for the `linux` object.
#include "oci-spec/parse.hpp"

#include "oci-spec/write.hpp"

namespace coracle::oci {

template <>
struct Fields<Root> {
  static constexpr auto table = std::tuple{
      required("path", &Root::path),
      optional("readonly", &Root::readonly),
  };
};

template <>
struct Fields<Mount> {
  static constexpr auto table = std::tuple{
      required("destination", &Mount::destination),
      optional("type", &Mount::type),
      optional("source", &Mount::source),
      optional("options", &Mount::options),
      optional("uidMappings", &Mount::uid_mappings),
      optional("gidMappings", &Mount::gid_mappings),
  };
};

template <>
struct Fields<ConsoleSize> {
  static constexpr auto table = std::tuple{
      required("height", &ConsoleSize::height),
      required("width", &ConsoleSize::width),
  };
};

template <>
struct Fields<User> {
  static constexpr auto table = std::tuple{
      required("uid", &User::uid),
      required("gid", &User::gid),
      optional("umask", &User::umask),
      optional("additionalGids", &User::additional_gids),
  };
};

template <>
struct Fields<Capabilities> {
  static constexpr auto table = std::tuple{
      optional("bounding", &Capabilities::bounding),
      optional("effective", &Capabilities::effective),
      optional("inheritable", &Capabilities::inheritable),
      optional("permitted", &Capabilities::permitted),
      optional("ambient", &Capabilities::ambient),
  };
};

template <>
struct Fields<Rlimit> {
  static constexpr auto table = std::tuple{
      required("type", &Rlimit::type),
      required("hard", &Rlimit::hard),
      required("soft", &Rlimit::soft),
  };
};

template <>
struct Fields<Scheduler> {
  static constexpr auto table = std::tuple{
      required("policy", &Scheduler::policy),     optional("nice", &Scheduler::nice),
      optional("priority", &Scheduler::priority), optional("flags", &Scheduler::flags),
      optional("runtime", &Scheduler::runtime),   optional("deadline", &Scheduler::deadline),
      optional("period", &Scheduler::period),
  };
};

template <>
struct Fields<IoPriority> {
  static constexpr auto table = std::tuple{
      required("class", &IoPriority::class_),
      required("priority", &IoPriority::priority),
  };
};

template <>
struct Fields<ExecCpuAffinity> {
  static constexpr auto table = std::tuple{
      optional("initial", &ExecCpuAffinity::initial),
      optional("final", &ExecCpuAffinity::final),
  };
};

template <>
struct Fields<Process> {
  static constexpr auto table = std::tuple{
      optional("terminal", &Process::terminal),
      optional("consoleSize", &Process::console_size),
      // The schema lets it be absent: root, then.
      always_written("user", &Process::user),
      optional("args", &Process::args),
      optional("env", &Process::env),
      required("cwd", &Process::cwd),
      optional("capabilities", &Process::capabilities),
      optional("rlimits", &Process::rlimits),
      optional("noNewPrivileges", &Process::no_new_privileges),
      optional("apparmorProfile", &Process::apparmor_profile),
      optional("oomScoreAdj", &Process::oom_score_adj),
      optional("scheduler", &Process::scheduler),
      optional("selinuxLabel", &Process::selinux_label),
      optional("ioPriority", &Process::io_priority),
      optional("execCPUAffinity", &Process::exec_cpu_affinity),
  };
};

template <>
struct Fields<Hook> {
  static constexpr auto table = std::tuple{
      required("path", &Hook::path),
      optional("args", &Hook::args),
      optional("env", &Hook::env),
      optional("timeout", &Hook::timeout_s),
  };
};

template <>
struct Fields<Hooks> {
  static constexpr auto table = std::tuple{
      optional("prestart", &Hooks::prestart),
      optional("createRuntime", &Hooks::create_runtime),
      optional("createContainer", &Hooks::create_container),
      optional("startContainer", &Hooks::start_container),
      optional("poststart", &Hooks::poststart),
      optional("poststop", &Hooks::poststop),
  };
};

template <>
struct Fields<Spec> {
  static constexpr auto table = std::tuple{
      required("ociVersion", &Spec::oci_version),
      optional("process", &Spec::process),
      required("root", &Spec::root),
      optional("hostname", &Spec::hostname),
      optional("domainname", &Spec::domainname),
      optional("mounts", &Spec::mounts),
      optional("hooks", &Spec::hooks),
      optional("annotations", &Spec::annotations),
      optional("linux", &Spec::linux_),
  };
};

Result<Spec> Codec<Spec>::read(const json::Value& value) {
  return RecordCodec<Spec>::read(value);
}

void Codec<Spec>::write(json::Writer& out, const Spec& spec) {
  RecordCodec<Spec>::write(out, spec);
}

Result<Spec> parse_spec(std::string_view text, std::string_view name) {
  const json::Document document = TRY(json::parse(text, name));
  return Codec<Spec>::read(document.root());
}

Result<Process> parse_process(std::string_view text, std::string_view name) {
  const json::Document document = TRY(json::parse(text, name));
  return Codec<Process>::read(document.root());
}

Result<Resources> parse_resources(std::string_view text, std::string_view name) {
  const json::Document document = TRY(json::parse(text, name));
  return Codec<Resources>::read(document.root());
}

Result<std::vector<Mount>> parse_mounts(std::string_view text, std::string_view name) {
  const json::Document document = TRY(json::parse(text, name));
  return Codec<std::vector<Mount>>::read(document.root());
}

std::string write_spec(const Spec& spec, bool indented) {
  json::Writer out(indented ? json::Layout::indented : json::Layout::compact);
  Codec<Spec>::write(out, spec);
  return std::move(out).text();
}

std::string write_process(const Process& process, bool indented) {
  json::Writer out(indented ? json::Layout::indented : json::Layout::compact);
  Codec<Process>::write(out, process);
  return std::move(out).text();
}

}  // namespace coracle::oci
