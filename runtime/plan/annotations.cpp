#include "runtime/plan/annotations.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/base/strings.hpp"

namespace coracle::plan {
namespace {

constexpr std::array<std::string_view, 4> mount_contexts = {"context", "fscontext", "defcontext",
                                                            "rootcontext"};

// The annotations of one configuration.
class Reader {
 public:
  explicit Reader(const oci::Spec& spec) : spec_(spec) {}

  std::string text(const std::string& name) const {
    const auto found = spec_.annotations.find(name);
    return found == spec_.annotations.end() ? std::string() : found->second;
  }
  bool is_on(const std::string& name) const {
    return spec_.annotations.contains(name) && text(name) != "0";
  }
  // For fail(): the JSON pointer, as RFC 6901 escapes it, and the value.
  std::string place(const std::string& name) const {
    std::string pointer;
    for (const char c : name) pointer += c == '/' ? std::string("~1") : std::string(1, c);
    return "/annotations/" + pointer + ": " + in_quotes(text(name));
  }
  bool runs_web_assembly() const {
    if (!spec_.process || spec_.process->args.empty()) return false;
    const std::string& program = spec_.process->args.front();
    return program.ends_with(".wasm") || program.ends_with(".wat");
  }

 private:
  const oci::Spec& spec_;
};

// "wasm-smart" and "compat-smart" mean: if the program is one for it.
Result<void> refuse_handlers(const Reader& reader) {
  // The process that only holds a pod's namespaces is an ordinary one.
  if (reader.text("io.kubernetes.cri.container-type") == "sandbox") return {};
  const std::string handler = reader.text("run.oci.handler");
  if (!handler.empty() && (handler != "wasm-smart" || reader.runs_web_assembly()))
    return fail(reader.place("run.oci.handler") +
                ": programs are executed by the kernel alone; there is no handler for WebAssembly "
                "or virtual machines");
  const std::string variant = reader.text("module.wasm.image/variant");
  if (variant == "compat" || (variant == "compat-smart" && reader.runs_web_assembly()))
    return fail(reader.place("module.wasm.image/variant") +
                ": programs are executed by the kernel alone; there is no handler for WebAssembly");
  return {};
}

Result<std::string> absolute_path(const Reader& reader, const std::string& name) {
  std::string path = reader.text(name);
  if (!path.empty() && !path.starts_with('/'))
    return fail(reader.place(name) + " is not an absolute path");
  return path;
}

Result<std::string> delegated(const Reader& reader) {
  const std::string name = "run.oci.delegate-cgroup";
  const std::string path = reader.text(name);
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) {
    if (part == "..") return fail(reader.place(name) + " has \"..\" in it");
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  return join(parts, "/");
}

Result<std::string> mount_context(const Reader& reader) {
  const std::string name = "run.oci.mount_context_type";
  std::string type = reader.text(name);
  if (type.empty()) return std::string("context");
  if (std::ranges::find(mount_contexts, type) == mount_contexts.end())
    return fail(reader.place(name) + " is not context, fscontext, defcontext or rootcontext");
  return type;
}

}  // namespace

Result<Annotations> read_annotations(const oci::Spec& spec) {
  const Reader reader(spec);
  TRY(refuse_handlers(reader));
  Annotations annotations;
  annotations.keep_original_groups = reader.is_on("run.oci.keep_original_groups");
  annotations.fail_on_unknown_syscall = reader.is_on("run.oci.seccomp_fail_unknown_syscall");
  annotations.seccomp_receiver = TRY(absolute_path(reader, "run.oci.seccomp.receiver"));
  annotations.pidfd_receiver = TRY(absolute_path(reader, "run.oci.pidfd_receiver"));
  annotations.delegate_cgroup = TRY(delegated(reader));
  annotations.mount_context = TRY(mount_context(reader));
  return annotations;
}

}  // namespace coracle::plan
